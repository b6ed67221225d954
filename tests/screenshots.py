"""The running program in pictures: ``python -m tests.screenshots --out FOLDER``.

The console trades at its paper broker on a screen of its own; each stop of the tour is
photographed from outside, so that a picture shows what a trader would see and nothing else.
"""

import argparse
import tempfile
from pathlib import Path

from tests.journeys.screen import Person, broker_running, screen_running
from tests.journeys.tour import tour
from tests.journeys.trader import choose, ready

ACCOUNTS = 11
SIZES = ("1366x768", "1920x1080")
SCHEMES = ("Dark", "Light")


def photograph_tour(out: Path, size: str, scheme: str) -> int:
    """One tour on a screen of this size; returns how many pictures were taken."""
    taken = 0
    with (
        tempfile.TemporaryDirectory(prefix="screenshots-") as scratch,
        broker_running(ACCOUNTS) as broker,
        screen_running(size) as display,
    ):
        folder = Path(scratch)
        person = Person(display, folder / "data", broker)
        try:
            person.start()
            ready(person)
            choose(person, scheme)
            for stop in tour(person, folder):
                person.settle()
                person.photograph(out / f"{scheme.lower()}-{size}-{stop}.png")
                taken += 1
        finally:
            person.leave()
    return taken


def main() -> None:
    """Photograph every tour, or those whose name has ``--only`` in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("screenshots"))
    parser.add_argument("--only", default="", help="part of a tour's name, such as dark-1366x768")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    taken = sum(
        photograph_tour(arguments.out, size, scheme)
        for scheme in SCHEMES
        for size in SIZES
        if arguments.only in f"{scheme.lower()}-{size}"
    )
    print(f"{taken} pictures in {arguments.out}")


if __name__ == "__main__":
    main()
