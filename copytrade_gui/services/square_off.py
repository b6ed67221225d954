"""Leaving copied positions: the preview, the act, and its report."""

from __future__ import annotations

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.money import Paise, order_value
from copytrade_gui.domain.square_off import Scope, SquareOffReport
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.engine import Engine
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.ports import JournalFailureError
from copytrade_gui.services.acting import acting
from copytrade_gui.services.leaving_stops import must_be_explained
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.square_off_verbs import SquareOffPreview, must_mean_owners
from copytrade_gui.services.verbs import RefusedError

_INTO_REDUCE = (TradingState.PAUSE, TradingState.HALT, TradingState.KILL)
"""While these are on nothing new leaves; a confirmed act lets what reduces leave again."""


class SquareOffService:
    """Implements ``SquareOffVerbs`` on the engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def preview(self, scope: Scope) -> SquareOffPreview:
        """What would be closed, and why some of it would not."""
        lines = await self._engine.square_offs.preview(scope)
        lines.sort(key=lambda line: (line.instrument.symbol, line.account, line.key.product))
        gate = self._engine.gate
        stopped = gate.state if gate.state in _INTO_REDUCE else None
        leaving = [line for line in lines if line.units]
        priced = [line for line in leaving if line.price is not None]
        return SquareOffPreview(
            lines=tuple(lines),
            value=Paise(sum(order_value(one.price, one.units) for one in priced if one.price)),
            unpriced=len(leaving) - len(priced),
            blocked_by=gate.why_unfit() if stopped else gate.why_not(),
            stopped=stopped,
        )

    @refusals_logged
    async def begin(
        self, scope: Scope, command: CommandId, reason: str = "", word: str = "", own: str = ""
    ) -> None:
        """Begin to close it, out of a stop too; the report tells the rest."""
        must_mean_owners(scope, own)
        try:
            await self._let_exits_leave(scope, reason, word)
            await self._engine.square_offs.begin(scope, command, acting())
        except DeniedError as denied:
            raise RefusedError(denied.sentence, code=denied.code) from denied

    async def _let_exits_leave(self, scope: Scope, reason: str, word: str) -> None:
        """Go over from a stop to REDUCE, where there is something to be squared off.

        Raises RefusedError and DeniedError: the stop stays.
        """
        gate = self._engine.gate
        stopped = gate.state
        if stopped not in _INTO_REDUCE:
            return
        must_be_explained(stopped, reason, word)
        self._engine.square_offs.must_hold(scope)
        if unfit := gate.why_unfit():
            raise DeniedError("stopped", unfit)
        why = f"Squaring off. {reason.strip()}".strip()
        try:
            await self._engine.resume(acting(), why, TradingState.REDUCE)
        except JournalFailureError as failure:
            raise RefusedError(f"Still {stopped}: {failure}", code="not_recorded") from failure

    async def report(self, command: CommandId | None = None) -> SquareOffReport | None:
        """How it stands."""
        return self._engine.square_offs.report(command)

    async def broken_off(self) -> SquareOffReport | None:
        """The one to go on with."""
        return self._engine.square_offs.broken_off()
