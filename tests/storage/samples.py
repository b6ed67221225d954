"""Plans, orders and a clock for the storage tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from msgspec import structs

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.ids import (
    AccountId,
    BrokerOrderId,
    CommandId,
    attempt_id,
    intent_id,
    order_tag,
    plan_id,
    signal_id,
)
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, InstrumentKind
from copytrade_gui.domain.order import (
    FanOut,
    OrderTerms,
    OrderType,
    Product,
    Side,
    State,
    Validity,
)
from copytrade_gui.domain.records import Attempt, Intent, OrderView, Plan, Signal, Timing
from copytrade_gui.ports import Timer

DAY = date(2026, 11, 23)
NOON_NS = 1_795_415_400_000_000_000  # 23 November 2026, 12:00 IST
KEY = bytes(range(32))
MASTER = AccountId("master")
INFY = Instrument(
    key=InstrumentKey(Exchange.NSEEQ, "1594"),
    symbol="INFY",
    name="Infosys",
    underlying="INFY",
    kind=InstrumentKind.EQUITY,
    lot_size=1,
    tick=Decimal("0.05"),
)
NIFTY_CALL = Instrument(
    key=InstrumentKey(Exchange.NSEFO, "51234"),
    symbol="NIFTY 26NOV 26000 CE",
    name="Nifty 50",
    underlying="NIFTY",
    kind=InstrumentKind.CALL,
    lot_size=65,
    tick=Decimal("0.05"),
    strike=Decimal(26000),
    expiry=date(2026, 11, 26),
)


class _Scheduled:
    def __init__(self, due_ns: int, call: Callable[[], None]) -> None:
        self.due_ns = due_ns
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        self.call = None


class HandClock:
    """Time that moves when the test says so."""

    def __init__(self, wall_ns: int = NOON_NS) -> None:
        self.wall = wall_ns
        self.mono = 1_000_000_000
        self._timers: list[_Scheduled] = []

    def wall_ns(self) -> int:
        return self.wall

    def mono_ns(self) -> int:
        return self.mono

    async def sleep(self, seconds: float) -> None:
        await self.advance(seconds)

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        timer = _Scheduled(self.mono + round(seconds * 1e9), call)
        self._timers.append(timer)
        return timer

    @property
    def waiting(self) -> int:
        """Timers that would still run."""
        return sum(1 for timer in self._timers if timer.call is not None)

    async def advance(self, seconds: float) -> None:
        """Move time and run what came due, in order; let started tasks run."""
        until = self.mono + round(seconds * 1e9)
        while True:
            due = [t for t in self._timers if t.call is not None and t.due_ns <= until]
            if not due:
                break
            timer = min(due, key=lambda one: one.due_ns)
            self._timers.remove(timer)
            self.wall += max(timer.due_ns - self.mono, 0)
            self.mono = max(timer.due_ns, self.mono)
            if timer.call is not None:
                timer.call()
            await asyncio.sleep(0)
        self.wall += until - self.mono
        self.mono = until
        await asyncio.sleep(0)


def terms(
    quantity: int = 10, price: str | None = "1500.05", instrument: Instrument = INFY
) -> OrderTerms:
    return OrderTerms(
        instrument=instrument,
        side=Side.BUY,
        quantity=quantity,
        product=Product.INTRADAY,
        order_type=OrderType.LIMIT,
        validity=Validity.DAY,
        price=None if price is None else Decimal(price),
    )


def make_plan(
    command: str = "c1",
    followers: int = 3,
    made_ns: int = NOON_NS,
    base: OrderTerms | None = None,
) -> Plan:
    """A master order from the ticket and its copies; the last follower is blocked."""
    base = base or terms()
    signal = signal_id(MASTER, f"cmd:{command}", 1)
    plan = plan_id(signal)
    accounts = [(MASTER, Role.MASTER)]
    accounts += [(AccountId(f"follower-{n:03d}"), Role.FOLLOWER) for n in range(1, followers + 1)]
    intents = [
        Intent(
            intent_id=intent_id(plan, account, 1),
            plan_id=plan,
            account_id=account,
            role=role,
            slice_number=1,
            terms=base if role is Role.MASTER else replace(base, quantity=base.quantity * rank),
            signal_age_ms=10_000,
            rank=rank,
        )
        for rank, (account, role) in enumerate(accounts)
    ]
    intents[-1] = structs.replace(
        intents[-1],
        state=State.BLOCKED,
        code="zero",
        reason="0.1 x gives 0, below one lot of 1.",
    )
    return Plan(
        plan_id=plan,
        signal=Signal(
            signal_id=signal,
            master_id=MASTER,
            order_ref=f"cmd:{command}",
            version=1,
            terms=base,
            fan_out=FanOut.WITH_MASTER,
            command_id=CommandId(command),
            made_ns=made_ns,
        ),
        intents=tuple(intents),
        made_ns=made_ns,
        made_mono_ns=5_000_000,
    )


def make_attempt(intent: Intent, number: int = 1, marked_ns: int = NOON_NS + 1) -> Attempt:
    attempt = attempt_id(intent.intent_id, number)
    return Attempt(
        attempt_id=attempt,
        intent_id=intent.intent_id,
        account_id=intent.account_id,
        number=number,
        tag=order_tag(KEY, attempt),
        marked_ns=marked_ns,
        deadline_ms=7_000,
    )


def first_attempts(plan: Plan) -> list[Attempt]:
    return [make_attempt(intent) for intent in plan.intents if intent.state is State.PLANNED]


def view_of(
    intent: Intent,
    attempt: Attempt | None,
    state: State,
    *,
    broker_order_id: str | None = None,
    filled: int = 0,
    average: str | None = None,
    code: str = "",
    reason: str = "",
    changed_ns: int = NOON_NS + 2,
    timing: Timing | None = None,
) -> OrderView:
    return OrderView(
        plan_id=intent.plan_id,
        intent_id=intent.intent_id,
        account_id=intent.account_id,
        role=intent.role,
        terms=intent.terms,
        state=state,
        code=code,
        reason=reason,
        attempt_id=None if attempt is None else attempt.attempt_id,
        attempt_number=0 if attempt is None else attempt.number,
        tag=None if attempt is None else attempt.tag,
        broker_order_id=None if broker_order_id is None else BrokerOrderId(broker_order_id),
        filled_quantity=filled,
        average_price=None if average is None else Decimal(average),
        timing=timing,
        changed_ns=changed_ns,
    )
