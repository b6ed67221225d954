"""The one wait for what sockets, threads and windows bring about.

Nothing is judged by how long something takes: the machine may be busy. What has not come within
``PATIENCE_S`` does not come, and the failure says what was waited for.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable

import pytest

PATIENCE_S = 60.0


async def until(claim: Callable[[], object], *, pause_s: float = 0.002) -> None:
    """Let the loop turn until the claim holds; it is asked again after each pause."""
    end = time.monotonic() + PATIENCE_S
    while not claim():
        if time.monotonic() > end:
            pytest.fail(f"waited {PATIENCE_S:g} s in vain for: {_words(claim)}")
        await asyncio.sleep(pause_s)


def _words(claim: Callable[[], object]) -> str:
    """The claim as it stands in the test, and what it speaks of."""
    try:
        source = " ".join(inspect.getsource(claim).split())
    except (OSError, TypeError):
        return repr(claim)
    named = inspect.getclosurevars(claim).nonlocals
    return f"{source} with {named!r}"[:2_000]
