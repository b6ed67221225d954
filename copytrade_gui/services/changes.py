"""Changes of working orders, as a person types them."""

from __future__ import annotations

from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.checks.check import Level
from copytrade_gui.domain.checks.plan import KEPT_TO_EXITS
from copytrade_gui.domain.draft import Draft, read_draft, read_quantity
from copytrade_gui.domain.habit import UNLIKE_HIM
from copytrade_gui.domain.ids import CommandId, IntentId
from copytrade_gui.domain.number import NotANumber
from copytrade_gui.domain.order import FanOut, OrderTerms
from copytrade_gui.engine.engine import Engine
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.ports import Clock, Journal
from copytrade_gui.services.acting import Commands
from copytrade_gui.services.master_verbs import ChangeDraft
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.verbs import RefusedError

_ASKED_AGAIN = UNLIKE_HIM | KEPT_TO_EXITS | {"duplicate_order", "repeats"}
"""Checks of a new order that say nothing about a change of one."""


class Changes:
    """Implements ``ChangeVerbs`` on the engine."""

    def __init__(self, engine: Engine, journal: Journal, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._commands = Commands(engine, journal, clock)

    @refusals_logged
    async def modify(
        self, intent: IntentId, draft: ChangeDraft, command: CommandId, confirmed: str = ""
    ) -> int:
        """Change a working order, and its copies if it is the master's."""
        order = self._engine.book.get(intent)
        if order is None or order.state.ended:
            raise RefusedError("This order does not work any more. Close this and look again.")
        after = self._read(order.terms, draft)
        if after == order.terms:
            raise RefusedError("Nothing is different. Type a new price, trigger or quantity.")
        self._check(after, confirmed)
        if after.quantity <= order.filled:
            raise RefusedError(
                f"{order.filled} units are filled already. Write more, or cancel the rest.",
                field="quantity",
            )
        what = f"{intent} {after.quantity} {after.price} {after.trigger}"
        if not await self._commands.record(command, "modify", what, refusal="Not changed"):
            return 0  # the same press again
        try:
            return await self._engine.modify(intent, after)
        except DeniedError as denied:
            raise RefusedError(denied.sentence, code=denied.code) from denied

    def _read(self, terms: OrderTerms, draft: ChangeDraft) -> OrderTerms:
        trigger = "" if terms.trigger is None else f"{terms.trigger:f}"
        typed = Draft(
            instrument=terms.instrument,
            side=terms.side,
            quantity=draft.quantity.strip() or str(terms.quantity),
            in_lots=False,
            product=terms.product,
            order_type=terms.order_type,
            validity=terms.validity,
            price=draft.price.strip() or ("" if terms.price is None else f"{terms.price:f}"),
            trigger=draft.trigger.strip() or trigger,
            fan_out=FanOut.WITH_MASTER,
        )
        last = self._engine.quotes.fresh_price(terms.instrument.key)
        today = ist(self._clock.wall_ns()).date()
        read = read_draft(typed, today, last, self._engine.core.takes)
        if isinstance(read, OrderTerms):
            return read
        raise RefusedError(read[0].sentence, field=read[0].field, code="draft")

    def _check(self, after: OrderTerms, confirmed: str) -> None:
        """The checks of a plan, but for those that only a new order is asked."""
        found = [
            one
            for one in self._engine.clearing.checks.findings(after)
            if one.code not in _ASKED_AGAIN
        ]
        for one in found:
            if one.level is Level.BLOCK:
                raise RefusedError(one.sentence, code=one.code)
        if found and typed_units(confirmed) != after.quantity:
            raise RefusedError(" ".join(one.sentence for one in found), code="hold")


def typed_units(confirmed: str) -> int | None:
    """Units typed to confirm; None if nothing was, or no number."""
    if not confirmed.strip():
        return None
    read = read_quantity(confirmed, in_lots=False)
    return None if isinstance(read, NotANumber) else int(read.value)
