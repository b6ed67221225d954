"""The running program in pictures: ``python -m tests.screenshots --out FOLDER``.

The console trades at its paper broker on a screen of its own; each stop of the tour is
photographed from outside, so that a picture shows what a trader would see and nothing else.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.journeys.risk_tour import risks
from tests.journeys.screen import Person, broker_running, screen_running
from tests.journeys.tour import tour
from tests.journeys.trader import choose, ready

ACCOUNTS = 11
SIZES = ("1366x768", "1920x1080")
SCHEMES = ("Dark", "Light")


TOURS: dict[str, Callable[[Person, Path], Iterator[str]]] = {"tour": tour, "risks": risks}


def photograph_tour(out: Path, size: str, scheme: str, walk: str) -> int:
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
            for stop in TOURS[walk](person, folder):
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
    parser.add_argument("--only", default="", help="part of a name, such as dark-1366x768-risks")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    taken = sum(
        photograph_tour(arguments.out, size, scheme, walk)
        for scheme in SCHEMES
        for size in SIZES
        for walk in TOURS
        if arguments.only in f"{scheme.lower()}-{size}-{walk}"
    )
    print(f"{taken} pictures in {arguments.out}")


if __name__ == "__main__":
    main()
