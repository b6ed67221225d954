"""The engine's own thread and loop, for a program whose first loop belongs to a window.

A stalled window then delays no order: only verbs cross (each a coroutine run on the engine's
loop), and events come back as plain calls that the window queues.
"""

from __future__ import annotations

import asyncio
import functools
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import replace
from typing import Self, TypeVar, cast

from copytrade_gui.app.wiring import Opened, OpenOptions, open_console
from copytrade_gui.domain.events import Event
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.ports import EventSource, Unsubscribe
from copytrade_gui.services.console import Console

T = TypeVar("T")
ServiceT = TypeVar("ServiceT")

SWITCH_INTERVAL_S = 0.001
"""With Python's default of 5 ms a busy window delays an order by up to 21 ms, with 1 ms by 5."""
_BRAKES = {
    "pause": TradingState.PAUSE,
    "halt": TradingState.HALT,
    "kill": TradingState.KILL,
}


class EngineThread:
    """Runs an open console on a thread of its own. Used from the window's loop."""

    def __init__(self, options: OpenOptions) -> None:
        self._options = options
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._opened: Future[Opened] = Future()
        self._closing = asyncio.Event()
        self._ended: Future[None] = Future()

    async def __aenter__(self) -> Self:
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._thread.start()
        await asyncio.wrap_future(self._opened)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        await asyncio.wrap_future(self._ended)
        self._thread.join()

    @property
    def opened(self) -> Opened:
        """What is open over there; touch it only through ``call``."""
        return self._opened.result()

    def console(self) -> Console:
        """The console's verbs, carried across: each call runs on the engine's loop."""
        there, gate = self.opened.console, self.opened.engine.gate
        return replace(
            there.each(self._across),
            trading=self._across(there.trading, _BRAKES),
            events=_News(there.events, self._loop),
            window_answers=gate.window_answers,
            window_closed=gate.window_closed,
        )

    async def call(self, work: Coroutine[object, object, T]) -> T:
        """Run a coroutine on the engine's loop and await its result here."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def _across(self, service: ServiceT, brakes: dict[str, TradingState] | None = None) -> ServiceT:
        return cast("ServiceT", _Across(service, self, brakes or {}))

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # noqa: BLE001 - the window must hear of whatever it was
            target = self._ended if self._opened.done() else self._opened
            if not self._opened.done():
                self._ended.set_result(None)
            target.set_exception(error)
        else:
            self._ended.set_result(None)
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _serve(self) -> None:
        async with open_console(self._options) as opened:
            self._opened.set_result(opened)
            await self._closing.wait()


class _Across:
    """One service as seen from the window's loop. Stops brake the engine before they cross."""

    def __init__(
        self, service: object, thread: EngineThread, brakes: dict[str, TradingState]
    ) -> None:
        self._service = service
        self._thread = thread
        self._brakes = brakes

    def __getattr__(self, name: str) -> Callable[..., Coroutine[object, object, object]]:
        verb: Callable[..., Coroutine[object, object, object]] = getattr(self._service, name)
        brake = self._brakes.get(name)

        @functools.wraps(verb)
        async def carried(*args: object, **kwargs: object) -> object:
            if brake is not None:
                self._thread.opened.engine.brake(brake)
            return await self._thread.call(verb(*args, **kwargs))

        return carried


class _News:
    """The engine's news: subscribing happens over there, listening is a plain call from there."""

    def __init__(self, source: EventSource, loop: asyncio.AbstractEventLoop) -> None:
        self._source = source
        self._loop = loop

    def subscribe(self, listener: Callable[[Event], None]) -> Unsubscribe:
        """Hear every event from now on; ``listener`` is called on the engine's thread."""
        handle: list[Unsubscribe] = []
        self._loop.call_soon_threadsafe(lambda: handle.append(self._source.subscribe(listener)))

        def unsubscribe() -> None:
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(lambda: handle.pop()() if handle else None)

        return unsubscribe
