"""The installed program's version, for status bar and about page."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version

DISTRIBUTION = "copytrade-gui"


@cache
def program_version() -> str:
    """The version as packaged; ``from source`` when the program was never installed."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "from source"
