"""How long an order waits for the journal: one full-sync commit of a plan of 500 and its marks."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal

from copytrade_gui.bench.fanout import machine
from copytrade_gui.bench.small_stand import paper_console, told
from copytrade_gui.domain.account import Role
from copytrade_gui.domain.ids import AccountId, CommandId, attempt_id, order_tag, signal_id
from copytrade_gui.domain.ids import intent_id as name_intent
from copytrade_gui.domain.ids import plan_id as name_plan
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.order import (
    FanOut,
    OrderTerms,
    OrderType,
    Product,
    Side,
    Validity,
)
from copytrade_gui.domain.records import Attempt, Intent, Plan, Signal

FOLLOWERS = 500
_KEY = b"the bench's installation"


def measure(rounds: int) -> dict[str, object]:
    """Commit so many plans; figures in ms."""
    return asyncio.run(_measure(rounds))


async def _measure(rounds: int) -> dict[str, object]:
    taken: list[float] = []
    async with paper_console(1) as opened:
        instrument = (await opened.console.market.search("RELIANCE-EQ", 1))[0]
        for number in range(rounds):
            plan = _plan(number, instrument)
            now = time.time_ns()
            marks = [_mark(plan, intent.account_id, now) for intent in plan.intents]
            started = time.perf_counter_ns()
            if not await opened.store.journal.commit_plan(plan, marks):
                raise AssertionError("a new plan was called known")
            taken.append((time.perf_counter_ns() - started) / 1e6)
            await asyncio.sleep(0.05)
    return {
        "bench": "journal",
        "rows": FOLLOWERS + 1,
        "rounds": rounds,
        **told("commit", taken),
        "machine": machine(),
    }


def _plan(number: int, instrument: Instrument) -> Plan:
    master = AccountId("M-bench")
    reference = f"cmd:bench-{number}"
    signal = Signal(
        signal_id=signal_id(master, reference, 1),
        master_id=master,
        order_ref=reference,
        version=1,
        terms=OrderTerms(
            instrument=instrument,
            side=Side.BUY,
            quantity=10,
            product=Product.INTRADAY,
            order_type=OrderType.LIMIT,
            validity=Validity.DAY,
            price=Decimal(1300),
            trigger=None,
        ),
        fan_out=FanOut.WITH_MASTER,
        command_id=CommandId(f"bench-{number}"),
        made_ns=time.time_ns(),
    )
    plan = name_plan(signal.signal_id)
    accounts = [master, *(AccountId(f"F-{follower:04d}") for follower in range(FOLLOWERS))]
    intents = tuple(
        Intent(
            intent_id=name_intent(plan, account, 1),
            plan_id=plan,
            account_id=account,
            role=Role.MASTER if account == master else Role.FOLLOWER,
            slice_number=1,
            terms=signal.terms,
            signal_age_ms=10_000,
            rank=rank,
        )
        for rank, account in enumerate(accounts)
    )
    return Plan(plan, signal, intents, signal.made_ns, time.monotonic_ns())


def _mark(plan: Plan, account: AccountId, marked_ns: int) -> Attempt:
    intent = name_intent(plan.plan_id, account, 1)
    name = attempt_id(intent, 1)
    return Attempt(name, intent, account, 1, order_tag(_KEY, name), marked_ns, 7000)
