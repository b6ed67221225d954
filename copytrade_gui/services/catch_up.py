"""Catching up with a master's position: the preview, and the act of a person who agreed to it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Protocol

from copytrade_gui.domain.catch_up import CatchUp
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.engine.engine import Engine
from copytrade_gui.engine.planning.clearing import DeniedError
from copytrade_gui.engine.signals.catching_up import Gap
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.verbs import RefusedError


class CatchUpVerbs(Protocol):
    """What followers lack of a master's position, or have too many of."""

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
                command, partial(engine.catching_up.clear, gap, dict(agreed), command)
            )
        except DeniedError as denied:
            raise RefusedError(denied.sentence, code=denied.code) from denied
        return sum(not intent.state.ended for intent in placed.plan.intents)

    def _gap(self, master: AccountId, of: PositionKey) -> Gap:
        instrument = self._engine.copies.instruments.get(of.instrument)
        if instrument is None:
            raise RefusedError("Nothing of this instrument was copied. Look again.", code="changed")
        return Gap(master, instrument, of.product)
