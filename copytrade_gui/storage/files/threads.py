"""Blocking calls off the loop: one in a thread that ends with it, or many on one thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


async def in_own_thread(call: Callable[[], T], name: str) -> T:
    """Run ``call`` off the loop. If the caller is cancelled, the call runs on unheard."""
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, call)
    finally:
        pool.shutdown(wait=False)


class OneThread:
    """A thread that runs calls one after the other."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    def start(self, call: Callable[[], T]) -> Future[T]:
        """Have ``call`` run when its turn comes."""
        return self._pool.submit(call)

    async def run(self, call: Callable[[], T]) -> T:
        """Await ``call``. It runs to its end also if the caller is cancelled."""
        return await asyncio.shield(asyncio.wrap_future(self.start(call)))

    def close(self) -> None:
        """End the thread once what was started has ended."""
        self._pool.shutdown(wait=True)
