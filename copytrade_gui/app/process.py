"""What this process asks of its system before it does anything: no dumps, and files enough."""

from __future__ import annotations

import ctypes
import logging
import sys
from typing import TextIO

log = logging.getLogger(__name__)

if sys.platform != "win32":
    import resource

_PR_SET_DUMPABLE = 4
MOST_FILES = 65_536
"""More are never asked for, so that a limit of a billion is not taken as meant."""
_FILES_OF_OUR_OWN = 128
_FILES_AN_ACCOUNT = 5
"""Connections: the one for orders and its spare, two for reads, and its feed."""


def prepare_process() -> None:
    """Called first of all, by every command."""
    _write_any_letter(sys.stdout, sys.stderr)
    _leave_no_dump()
    _allow_files()


def _write_any_letter(*streams: TextIO | None) -> None:
    """A letter that a terminal's code page lacks becomes a question mark, not the program's end."""
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)  # a program without a console has none
        if reconfigure is not None:
            reconfigure(errors="replace")


def _leave_no_dump() -> None:
    """A core dump would hold every session token; nor may others look into the memory."""
    if sys.platform == "win32":
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # A core that is piped to a collector ignores the limit; this it does not ignore.
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _allow_files() -> None:
    """Many desktops allow 1,024 open files unless a program asks for more, as it may."""
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError) as error:
        log.info("the number of open files stays %d: %s", soft, error)


def files_allowed() -> int:
    """How many files this process may have open; a large number where there is no such limit."""
    if sys.platform == "win32":
        return MOST_FILES
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_FILES if soft == resource.RLIM_INFINITY else soft


def files_problem(accounts: int) -> str | None:
    """One sentence if so many accounts need more open files than are allowed."""
    needed, allowed = _FILES_OF_OUR_OWN + _FILES_AN_ACCOUNT * accounts, files_allowed()
    if needed <= allowed:
        return None
    enough = max(0, (allowed - _FILES_OF_OUR_OWN) // _FILES_AN_ACCOUNT)
    return (
        f"{accounts} accounts need {needed} open files and this machine allows {allowed}, which is "
        f"enough for {enough}. Have the hard limit raised (ulimit -Hn {needed}), then start again."
    )
