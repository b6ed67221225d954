"""How much of a loop's time a coroutine takes, without what it waits for."""

from __future__ import annotations

import time
import types
from collections.abc import Coroutine, Generator
from typing import TypeVar

T = TypeVar("T")


@types.coroutine
def timed(work: Coroutine[object, None, T], turns_ns: list[int]) -> Generator[object, None, T]:
    """Await ``work``; the processor time of each of its turns on this thread is added, ns."""
    try:
        while True:
            started = time.thread_time_ns()
            try:
                waits_for = work.send(None)
            except StopIteration as ended:
                result: T = ended.value
                return result
            finally:
                turns_ns.append(time.thread_time_ns() - started)
            yield waits_for
    finally:
        work.close()
