"""Contenders for an order that the master places at the broker himself, not here.

It is seen by the broker's feed, or by reading the master's book.
"""

from __future__ import annotations

import time

from msgspec import structs

from copytrade_gui.app.wiring import Opened
from copytrade_gui.bench.ours import Desk
from copytrade_gui.bench.watch import owners_order
from copytrade_gui.bench.words import Burst, Ready, Round
from copytrade_gui.domain.draft import Draft
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.seen import Follow


class Elsewhere(Desk):
    """A console whose master trades at the broker's own page; every order of his is copied."""

    _owners: dict[str, object] | None = None

    async def log_in(self) -> Ready:
        """Log in, and copy whatever is seen from now on."""
        ready = await super().log_in()
        master = self._master()
        await self._opened.console.masters.set_follow(master, Follow.COPY, CommandId("follow"))
        return ready

    async def _ask(self, draft: Draft, command: str) -> None:  # noqa: ARG002 - he has no ticket
        desk, order = self._opened.simulator, self._owners
        if desk is None or order is None:
            raise AssertionError("the bench's console has no simulator, or no order")
        await desk.control("POST", "/owner/place", order)

    async def burst(self, order: Round, draft: Draft, called_ns: int = 0) -> Burst:
        """From the moment in which he places it; ``seen_ms`` is when the console knew of it."""
        self._owners = owners_order(self._master_account().client_id, order)
        call = called_ns or time.monotonic_ns()
        measured = await super().burst(order, draft, call)
        seen = 0 if self.plan is None else self.plan.made_mono_ns
        return structs.replace(measured, seen_ms=(seen - call) / 1e6)


def desk(opened: Opened) -> Elsewhere:
    """The desk of an open console."""
    return Elsewhere(opened)
