"""The program's entrance. The simulated broker starts without the console, which it does not need.

A paper console waits for its broker: to load all of the program for it took two seconds more.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from copytrade_gui.app.process import prepare_process

_SIMULATOR = "simulator"
OTHER_WORDS = frozenset(
    {
        "audit", "bench", "close-day", "demo", "doctor", "followers", "paper", "positions",
        "sheets", "stop", _SIMULATOR, "-h", "--help",
    }
)  # fmt: skip
"""With one of these on the command line no console is opened."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; returns the exit code."""
    prepare_process()
    words = sys.argv[1:] if argv is None else list(argv)
    if words[:1] == [_SIMULATOR]:
        from copytrade_gui.app import simulated  # noqa: PLC0415 - nothing else of the program

        return simulated.main(words[1:], prog=f"copytrade-gui {_SIMULATOR}")
    starting = _begin(words)
    from copytrade_gui import commands  # noqa: PLC0415 - the simulator needs none of it

    code = commands.run(words)
    del starting  # it was there until something else was to be seen
    return code


def _begin(words: Sequence[str]) -> object:
    """Show that the console is being opened: to load all of it takes some seconds."""
    if not OTHER_WORDS.isdisjoint(words):
        return None
    from copytrade_gui.ui import starting  # noqa: PLC0415 - other commands load no Qt

    return starting.begin() if starting.screen_is_there() else None


if __name__ == "__main__":
    sys.exit(main())
