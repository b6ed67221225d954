"""Leaving copied positions: the preview, the act, and its report."""

from __future__ import annotations

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.money import Paise, order_value
from copytrade_gui.domain.records import OPERATOR
from copytrade_gui.domain.square_off import Scope, SquareOffReport
from copytrade_gui.engine.engine import Engine
from copytrade_gui.engine.planning.clearing import DeniedError
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.square_off_verbs import SquareOffPreview
from copytrade_gui.services.verbs import RefusedError


class SquareOffService:
    """Implements ``SquareOffVerbs`` on the engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def preview(self, scope: Scope) -> SquareOffPreview:
        """What would be closed, and why some of it would not."""
        lines = await self._engine.square_offs.preview(scope)
        lines.sort(key=lambda line: (line.instrument.symbol, line.account, line.key.product))
        priced = [line for line in lines if line.price is not None]
        return SquareOffPreview(
            lines=tuple(lines),
            value=Paise(sum(order_value(one.price, one.units) for one in priced if one.price)),
            unpriced=len(lines) - len(priced),
            blocked_by=self._engine.gate.why_not(),
        )

    @refusals_logged
    async def begin(self, scope: Scope, command: CommandId) -> None:
        """Begin to close it; the report tells the rest."""
        try:
            await self._engine.square_offs.begin(scope, command, OPERATOR)
        except DeniedError as denied:
            raise RefusedError(denied.sentence, code=denied.code) from denied

    async def report(self, command: CommandId | None = None) -> SquareOffReport | None:
        """How it stands."""
        return self._engine.square_offs.report(command)
