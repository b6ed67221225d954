"""Starts coroutines from slots: kept, named, reported once, cancelled at close."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import TypeVar

from copytrade_gui.services.verbs import RefusedError

T = TypeVar("T")
OnError = Callable[[str], None]
_log = logging.getLogger(__name__)


def sentence_of(error: BaseException) -> str:
    """What the user reads of a failure: a refusal's own words, or that it was unexpected."""
    if isinstance(error, RefusedError):
        return error.sentence
    return f"This did not work: {str(error) or type(error).__name__}. The details are in the log."


def _loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class Tasks:
    """The window's running work. ``report`` hears failures that no starter wants to show itself."""

    def __init__(self, report: OnError) -> None:
        self._report = report
        self._running: set[asyncio.Task[object]] = set()
        self._closed = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of what still runs."""
        return tuple(sorted(task.get_name() for task in self._running))

    def start(
        self, work: Coroutine[object, object, T], *, name: str, on_error: OnError | None = None
    ) -> asyncio.Task[T] | None:
        """Run ``work`` on the window's loop; a failure is shown once through ``on_error``.

        After ``cancel_all``, and while no loop runs, nothing starts and None comes back.
        """
        # Qt may still deliver a timer while the loop stands: before its start, after its end.
        if self._closed or not _loop_runs():
            work.close()
            return None
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(lambda done: self._finish(done, on_error or self._report))
        return task

    async def cancel_all(self) -> None:
        """Cancel what runs and wait until it is gone; afterwards ``start`` does nothing."""
        self._closed = True
        running = [task for task in self._running if task is not asyncio.current_task()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _finish(self, task: asyncio.Task[T], on_error: OnError) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            return
        if isinstance(error, RefusedError):
            _log.info("%s refused: %s", task.get_name(), error.sentence)
        else:
            _log.error("%s failed", task.get_name(), exc_info=error)
        on_error(sentence_of(error))
