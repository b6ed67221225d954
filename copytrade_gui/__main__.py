"""The program's entrance. The simulated broker starts without the console, which it does not need.

A paper console waits for its broker: to load all of the program for it took two seconds more.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from copytrade_gui.app.process import prepare_process

_SIMULATOR = "simulator"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; returns the exit code."""
    prepare_process()
    words = sys.argv[1:] if argv is None else list(argv)
    if words[:1] == [_SIMULATOR]:
        from copytrade_gui.app import simulated  # noqa: PLC0415 - nothing else of the program

        return simulated.main(words[1:], prog=f"copytrade-gui {_SIMULATOR}")
    from copytrade_gui import commands  # noqa: PLC0415 - the simulator needs none of it

    return commands.run(words)


if __name__ == "__main__":
    sys.exit(main())
