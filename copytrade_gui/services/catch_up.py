"""Catching up with a master's position: the preview, and the act of a person who agreed to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Protocol

from copytrade_gui.domain.catch_up import NOT_THERE, CatchUp, Missing
from copytrade_gui.domain.ids import AccountId, CommandId, IntentId
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.engine.engine import Engine
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.engine.signals.catching_up import Gap
from copytrade_gui.services.acting import acting
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.verbs import RefusedError


class CatchUpVerbs(Protocol):
    """What followers lack of a master's position, or have too many of."""

    async def missing(self, intents: Sequence[IntentId]) -> Missing:
        """Whom of these copies may be caught up, because nothing of them is at the broker by proof:
        what is in doubt never is sent again. Raises RefusedError: none, or of several positions.
        """

    async def preview(self, master: AccountId, of: PositionKey) -> CatchUp:
        """Compare every follower of this master with him, in the instrument and product of a
        copied position. Sends and stores nothing. Raises RefusedError.
        """

    async def begin(
        self,
        master: AccountId,
        of: PositionKey,
        agreed: Mapping[AccountId, int],
        command: CommandId,
    ) -> int:
        """Place what the preview showed for these followers, in units each; returns how many get
        an order. The same command twice is one plan. Who stands differently by now gets nothing.

        Raises RefusedError: nothing was stored or sent.
        """


class CatchUps:
    """Implements ``CatchUpVerbs`` on the engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def missing(self, intents: Sequence[IntentId]) -> Missing:
        """Whom of these copies may be caught up."""
        engine = self._engine
        found = [one for name in intents if (one := engine.book.get(name)) is not None]
        copies = [one for one in found if one.is_copy]
        if not copies:
            raise RefusedError("No copies are chosen. Choose copies that came to nothing.")
        parts = {(one.master_id, one.key, one.intent.terms.product) for one in copies}
        if len(parts) > 1:
            raise RefusedError(
                "These are copies of several masters, instruments or products. Choose those of one."
            )
        if any(one.closes for one in copies):
            raise RefusedError(
                "These were to close positions. Square off again: it goes by what is still held."
            )
        ((master, key, product),) = parts
        gone = [one for one in copies if one.state in NOT_THERE]
        if not gone:
            raise RefusedError(
                "Each of these is at the broker, is on its way, or may be there. Nothing is sent "
                "again before its absence is proven."
            )
        lanes = [engine.lanes.get(one.intent.account_id) for one in copies if one not in gone]
        there = sorted({lane.account.name for lane in lanes if lane is not None})
        left_out = (
            (f"Left out, because it is at the broker or may be: {', '.join(there)}.",)
            if there
            else ()
        )
        accounts = frozenset(one.intent.account_id for one in gone)
        return Missing(master, PositionKey(min(accounts), key, product), accounts, left_out)

    async def preview(self, master: AccountId, of: PositionKey) -> CatchUp:
        """Compare them."""
        return await self._engine.catching_up.preview(self._gap(master, of))

    @refusals_logged
    async def begin(
        self,
        master: AccountId,
        of: PositionKey,
        agreed: Mapping[AccountId, int],
        command: CommandId,
    ) -> int:
        """Place what a person agreed to."""
        engine, gap = self._engine, self._gap(master, of)
        await engine.catching_up.prepare(gap)
        try:
            placed = await engine.submission.submit(
                command,
                partial(engine.catching_up.clear, gap, dict(agreed), command),
                actor=acting(),
            )
        except DeniedError as denied:
            raise RefusedError(denied.sentence, code=denied.code) from denied
        return sum(not intent.state.ended for intent in placed.plan.intents)

    def _gap(self, master: AccountId, of: PositionKey) -> Gap:
        engine = self._engine
        ordered = (
            order.intent.terms.instrument
            for order in engine.book.of_account(of.account_id)
            if order.key == of.instrument
        )
        instrument = engine.copies.instruments.get(of.instrument) or next(ordered, None)
        if instrument is None:
            raise RefusedError("Nothing of this instrument was copied. Look again.", code="changed")
        return Gap(master, instrument, of.product)
