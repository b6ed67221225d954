"""Square-offs as a window test plays them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.money import Paise, order_value
from copytrade_gui.domain.order import Product
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.domain.square_off import (
    Leg,
    LegState,
    Line,
    Scope,
    SquareOffReport,
    chosen_in,
)
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.leaving_stops import must_be_explained
from copytrade_gui.services.square_off_verbs import SquareOffPreview, must_mean_owners
from copytrade_gui.services.verbs import RefusedError
from tests.ui import people


@dataclass
class FakeSquareOffs:
    """Knows ``lines``; remembers what was begun, and tells ``told`` of it."""

    lines: tuple[Line, ...] = ()
    begun: list[tuple[Scope, CommandId]] = field(default_factory=list)
    told: SquareOffReport | None = None
    refuse: RefusedError | None = None
    blocked_by: str = ""
    stopped: TradingState | None = None

    async def preview(self, scope: Scope) -> SquareOffPreview:
        found = tuple(line for line in self.lines if chosen_in(scope, line.key))
        value = Paise(sum(order_value(one.price, one.units) for one in found if one.price))
        unpriced = sum(one.price is None for one in found if one.units)
        return SquareOffPreview(found, value, unpriced, self.blocked_by, self.stopped)

    async def begin(
        self, scope: Scope, command: CommandId, reason: str = "", word: str = "", own: str = ""
    ) -> None:
        must_mean_owners(scope, own)
        if self.refuse is not None:
            raise self.refuse
        if self.stopped is not None:
            must_be_explained(self.stopped, reason, word)
        self.begun.append((scope, command))

    async def report(self, command: CommandId | None = None) -> SquareOffReport | None:
        return self.told

    async def broken_off(self) -> SquareOffReport | None:
        told = self.told
        return told if told is not None and told.broken_off and told.left else None


def line(
    account: Account,
    instrument: Instrument,
    held: int,
    *,
    units: int | None = None,
    code: str = "",
    reason: str = "",
    orders: int = 0,
    product: Product = Product.NORMAL,
) -> Line:
    last = people.LAST_PRICE[instrument.key]
    return Line(
        key=PositionKey(account.account_id, instrument.key, product),
        account=account.name,
        instrument=instrument,
        held=held,
        units=abs(held) if units is None else units,
        code=code,
        reason=reason,
        orders=orders,
        price=(last * Decimal("0.99")).quantize(Decimal("0.05")),
    )


def report(
    lines: Sequence[Line], states: Sequence[LegState], *, over: bool = True, broken: bool = False
) -> SquareOffReport:
    """A report of these lines; what is not closed is left whole."""
    legs = []
    for one, state in zip(lines, states, strict=True):
        done = state in (LegState.CLOSED, LegState.CHECKED, LegState.UNPROVEN)
        legs.append(
            Leg(
                key=one.key,
                account=one.account,
                instrument=one.instrument,
                before=one.held,
                closed=abs(one.held) if done else 0,
                left=0 if done else one.held,
                state=state,
                reason="" if done else one.reason or "RMS: margin exceeds by ₹ 4,120.50",
                at_broker=0 if state is LegState.CLOSED else None,
            )
        )
    return SquareOffReport(
        command_id=CommandId("off"),
        began_ns=people.NOW_NS,
        legs=tuple(legs),
        cancelled=sum(one.orders for one in lines),
        over=over,
        broken_off=broken,
    )
