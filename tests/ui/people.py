"""Accounts, instruments and orders that look like a trading day, the same at every run."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from msgspec import structs

from copytrade_gui.domain.account import Account, AccountStatus, Role, SessionState
from copytrade_gui.domain.charges import Charges
from copytrade_gui.domain.divergence import Change, Divergence
from copytrade_gui.domain.events import Candidate, RecoveryReport, ReviewItem
from copytrade_gui.domain.ids import (
    AccountId,
    BrokerOrderId,
    PlanId,
    Tag,
    attempt_id,
    intent_id,
    order_tag,
)
from copytrade_gui.domain.instrument import (
    Exchange,
    Instrument,
    InstrumentKey,
    InstrumentKind,
    Quote,
)
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.money import Paise, order_value
from copytrade_gui.domain.order import OrderTerms, OrderType, Product, Side, State, Validity
from copytrade_gui.domain.records import OrderView, Timing
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.services.verbs import NO_COST, MarginNeeded, RowCost

# Tuesday, 24 November 2026, 11:42:07.250 IST: the market is open.
NOW_NS = int(datetime(2026, 11, 24, 6, 12, 7, 250_000, UTC).timestamp() * 1000) * 1_000_000
MASTER = AccountId("master-1")
KEY = b"a key for tests only"

FIRST = ("Aarav", "Vivaan", "Aditya", "Ananya", "Diya", "Ishaan", "Kabir", "Meera", "Nisha",
         "Rohan", "Saanvi", "Tara", "Vihaan", "Zoya", "Arjun", "Lakshmi", "Farhan", "Gurpreet",
         "Harini", "Jaideep")  # fmt: skip
LAST = ("Agarwal", "Banerjee", "Chatterjee", "Deshpande", "Fernandes", "Gupta", "Iyer", "Joshi",
        "Kapoor", "Malhotra", "Nair", "Patel", "Rao", "Reddy", "Sharma", "Singh", "Subramanian",
        "Trivedi", "Venkataraman", "Zaveri")  # fmt: skip


def spread(number: int, below: int) -> int:
    """A number below `below` that jumps about with `number`, the same at every run."""
    return (number * 7919 + 104729) % 99991 % below


def option(
    strike: int, kind: InstrumentKind, number: int, expiry: date = date(2026, 11, 26)
) -> Instrument:
    return Instrument(
        key=InstrumentKey(Exchange.NSEFO, str(number)),
        symbol=f"NIFTY {expiry:%d%b}".upper() + f" {strike} {kind}",
        name=f"Nifty 50 {strike} {kind}",
        underlying="NIFTY",
        kind=kind,
        lot_size=75,
        tick=Decimal("0.05"),
        strike=Decimal(strike),
        expiry=expiry,
    )


NIFTY_CE = option(26500, InstrumentKind.CALL, 54321)
NIFTY_PE = option(26400, InstrumentKind.PUT, 54322)
BANKNIFTY = Instrument(
    InstrumentKey(Exchange.NSEFO, "54400"), "BANKNIFTY 30DEC FUT", "Bank Nifty December",
    "BANKNIFTY", InstrumentKind.FUTURE, 35, Decimal("0.05"), None, date(2026, 12, 30),
)  # fmt: skip
RELIANCE = Instrument(
    InstrumentKey(Exchange.NSEEQ, "2885"), "RELIANCE", "Reliance Industries Limited", "RELIANCE",
    InstrumentKind.EQUITY, 1, Decimal("0.05"),
)  # fmt: skip
GOLD = Instrument(
    InstrumentKey(Exchange.MCXCOMM, "443"), "GOLDM 04DEC FUT", "Gold Mini December", "GOLDM",
    InstrumentKind.FUTURE, 100, Decimal(1), None, date(2026, 12, 4),
)  # fmt: skip
INDEX = Instrument(
    InstrumentKey(Exchange.NSEEQ, "26000"), "NIFTY 50", "Nifty 50 index", "NIFTY",
    InstrumentKind.INDEX, 1, Decimal("0.05"),
)  # fmt: skip
INSTRUMENTS = (
    NIFTY_CE, NIFTY_PE, BANKNIFTY, RELIANCE, GOLD, INDEX,
    *(option(26000 + 50 * n, InstrumentKind.CALL, 55000 + n) for n in range(20)),
    *(option(26000 + 50 * n, InstrumentKind.PUT, 56000 + n, date(2026, 12, 3)) for n in range(20)),
)  # fmt: skip
LAST_PRICE = {
    NIFTY_CE.key: Decimal("101.05"), NIFTY_PE.key: Decimal("88.40"),
    BANKNIFTY.key: Decimal("59214.60"), RELIANCE.key: Decimal("1547.30"), GOLD.key: Decimal(124310),
}  # fmt: skip


def quote(instrument: Instrument, now_ns: int) -> Quote | None:
    last = LAST_PRICE.get(instrument.key)
    if last is None:
        return None
    return Quote(
        instrument.key, last, last - instrument.tick, last + instrument.tick, last - 2, now_ns
    )


OVERFILL = "OVERFILL: order 261124000031877, BUY NIFTY 26NOV 26500 CE, filled 225 of 150 ordered."
DUPLICATE = (
    "DUPLICATE: orders 261124000031902 and 261124000031903 carry one tag, BUY 150 NIFTY 26NOV "
    "26500 CE where one was meant."
)


def accounts(followers: int) -> tuple[Account, ...]:
    master = Account(MASTER, "Raghav Menon", "IIFL90417", "app-master", master=True)
    second = Account(
        AccountId("master-2"), "Sunita Krishnamurthy HUF", "IIFL77120", "app-second", master=True
    )
    return (master, second, *(follower(number) for number in range(followers)))


def follower(number: int) -> Account:
    name = f"{FIRST[number % 20]} {LAST[(number // 20 + number * 3) % 20]}"
    if number == 7:
        name = "Venkata Satyanarayana Subramaniam & Sons (Hindu Undivided Family)"
    return Account(
        AccountId(f"f-{number:03d}"), name, f"IIFL{20000 + number * 37}", f"app-{number}",
        active=number % 23 != 4,
    )  # fmt: skip


def links(followers: int) -> tuple[Link, ...]:
    return tuple(map(link, range(followers)))


def link(number: int) -> Link:
    rule = (
        SizingRule(Strategy.RATIO, Decimal("0.5"), 1800)
        if number % 3 == 0
        else SizingRule(Strategy.RATIO, Decimal(1))
        if number % 3 == 1
        else SizingRule(Strategy.CAPITAL_PERCENT, Decimal(10))
    )
    if number % 11 == 5:
        rule = SizingRule(Strategy.FIXED, Decimal(75))
    return Link(MASTER, AccountId(f"f-{number:03d}"), rule)


def status(account: Account, number: int) -> AccountStatus:
    if account.master:
        session = SessionState.READY if account.account_id == MASTER else SessionState.LOGGED_OUT
        return AccountStatus(account.account_id, session, warm=session is SessionState.READY,
                             free_margin=Paise(48_12_345_50))  # fmt: skip
    session, reason = SessionState.READY, ""
    if number % 29 == 3:
        session = SessionState.LOGGED_OUT
    elif number % 97 == 11:
        session, reason = SessionState.BLOCKED, "this address is not registered (EC014)"
    elif number % 61 == 9:
        session = SessionState.EXPIRED
    return AccountStatus(
        account_id=account.account_id,
        session=session,
        session_reason=reason,
        warm=session is SessionState.READY,
        free_margin=None if session is not SessionState.READY
        else Paise(1_00_000_00 + spread(number, 9000) * 97_31),
        last_outcome="FILLED" if session is SessionState.READY else "",
        last_latency_ms=61 + spread(number, 190) / 10 if session is SessionState.READY else None,
        average_rank=spread(number, 100) / 100,
        halted=OVERFILL if number % 83 == 17 else "",
        halted_ns=NOW_NS - 12 * 60 * 1_000_000_000 if number % 83 == 17 else 0,
    )  # fmt: skip


def offline(status: AccountStatus) -> AccountStatus:
    """The same account, whose broker does not answer."""
    return replace(
        status,
        session=SessionState.OFFLINE,
        session_reason="The broker does not answer. Check this machine's network; the account goes "
        "on by itself when its order book can be read again.",
        warm=False,
    )


def order(
    plan: str,
    account: Account,
    state: State,
    *,
    instrument: Instrument = NIFTY_CE,
    side: Side = Side.BUY,
    quantity: int = 150,
    price: Decimal | None = Decimal("101.05"),
    at_ns: int = NOW_NS,
    latency_ms: float = 64.2,
    code: str = "",
    reason: str = "",
    filled: int | None = None,
    diverged: Divergence | None = None,
) -> OrderView:
    plan_id = PlanId(plan)
    intent = intent_id(plan_id, account.account_id, 1)
    attempt = attempt_id(intent, 1)
    left = state not in (State.BLOCKED, State.SKIPPED, State.PLANNED, State.STALE)
    there = state.open_at_broker or state in (State.FILLED, State.CANCELLED, State.REJECTED)
    amount = filled if filled is not None else quantity if state is State.FILLED else 0
    return OrderView(
        plan_id=plan_id,
        intent_id=intent,
        account_id=account.account_id,
        role=Role.MASTER if account.master else Role.FOLLOWER,
        terms=OrderTerms(
            instrument, side, quantity, Product.INTRADAY,
            OrderType.LIMIT if price is not None else OrderType.MARKET, Validity.DAY, price,
        ),
        state=state,
        code=code,
        reason=reason,
        attempt_id=attempt if left else None,
        attempt_number=1 if left else 0,
        tag=order_tag(KEY, attempt) if left else None,
        broker_order_id=BrokerOrderId(f"2611240000{spread(len(intent) * at_ns, 99999):05d}")
        if there else None,
        filled_quantity=amount,
        average_price=price if amount else None,
        timing=Timing(0, 9_000_000, round(latency_ms * 1e6)) if there else None,
        changed_ns=at_ns,
        diverged=diverged,
    )  # fmt: skip


def changed_at_broker(
    *changes: Change, quantity: int, cancelled: bool = False, at_ns: int = NOW_NS
) -> Divergence:
    return Divergence(quantity, changes, cancelled, at_ns, at_ns)


TROUBLES = {
    3: (State.BLOCKED, "no_session", "Logged out. Log in and try again."),
    9: (State.REJECTED, "EC812", "RMS: margin exceeds by ₹ 4,120.50"),
    11: (State.BLOCKED, "address", "This address is not registered at the broker."),
    17: (State.BLOCKED, "account_halted", f"{OVERFILL} Look at its books, then lift its halt."),
    26: (State.UNKNOWN, "", "The line broke after the order was written."),
    40: (State.REFUSED, "EC429", "Too many requests in this second."),
    52: (State.BLOCKED, "zero", "0.5 x gives 37, below one lot of 75."),
}


def plan_orders(
    plan: str,
    people: tuple[Account, ...],
    at_ns: int,
    instrument: Instrument = NIFTY_CE,
    side: Side = Side.BUY,
    price: Decimal | None = Decimal("101.05"),
    *,
    resting: bool = False,
    troubles: bool = True,
) -> list[OrderView]:
    lot = instrument.lot_size
    made = []
    for number, account in enumerate(a for a in people if not a.master):
        state, code, reason = State.FILLED, "", ""
        if resting:
            state = State.WORKING if number % 5 else State.PARTIAL
        if troubles and number in TROUBLES:
            state, code, reason = TROUBLES[number]
        if not account.active:
            state, code, reason = State.SKIPPED, "off", "Copying is turned off."
        latency = 61 + spread(number + len(plan), 160) / 10 + (40 if number % 71 == 13 else 0)
        made.append(
            order(
                plan, account, state, instrument=instrument, side=side, price=price,
                quantity=lot * (1 + number % 2), latency_ms=latency, code=code, reason=reason,
                at_ns=at_ns + round(latency * 1e6),
                filled=lot if state is State.PARTIAL else None,
            )
        )  # fmt: skip
    master = next(account for account in people if account.account_id == MASTER)
    own = order(
        plan, master, State.WORKING if resting else State.FILLED, instrument=instrument, side=side,
        price=price, quantity=2 * lot, latency_ms=60.8, at_ns=at_ns + 60_800_000,
    )  # fmt: skip
    return [own, *made]


def owners_changes(orders: list[OrderView]) -> list[OrderView]:
    """The master's order first; owners of its second, fourth and seventh copies changed theirs."""
    first, second, third = orders[2], orders[4], orders[7]
    more = first.terms.quantity * 2
    raised = changed_at_broker(
        Change("quantity", str(first.terms.quantity), str(more)), quantity=more
    )
    dearer = changed_at_broker(Change("price", "86.10", "84.00"), quantity=second.terms.quantity)
    gone = changed_at_broker(quantity=third.terms.quantity, cancelled=True)
    orders[2] = structs.replace(
        first,
        diverged=raised,
        state=State.PARTIAL,
        filled_quantity=more - 25,
        average_price=Decimal("86.10"),
    )
    orders[4] = structs.replace(second, diverged=dearer)
    orders[7] = structs.replace(
        third,
        diverged=gone,
        state=State.CANCELLED,
        filled_quantity=0,
        reason="Cancelled at the broker, not by this program.",
    )
    return orders


def days_orders(people: tuple[Account, ...]) -> tuple[OrderView, ...]:
    """A morning of five master orders, newest first."""
    minute = 60 * 1_000_000_000
    plans = [
        plan_orders("P1", people, NOW_NS - 95 * minute, RELIANCE, Side.BUY, Decimal("1547.30"),
                    troubles=False),
        plan_orders("P2", people, NOW_NS - 61 * minute, BANKNIFTY, Side.SELL,
                    Decimal("59214.60"), troubles=False),
        plan_orders("P3", people, NOW_NS - 33 * minute, NIFTY_PE, Side.SELL, Decimal("88.40")),
        plan_orders("P4", people, NOW_NS - 12 * minute, NIFTY_PE, Side.BUY, Decimal("86.10"),
                    resting=True, troubles=False),
        plan_orders("P5", people, NOW_NS - minute // 4, NIFTY_CE, Side.BUY, Decimal("101.05")),
    ]  # fmt: skip
    return tuple(view for plan in reversed(plans) for view in reversed(plan))


def reviews(people: tuple[Account, ...]) -> tuple[ReviewItem, ...]:
    items = []
    for number in (5, 6):
        account = people[number]
        sent = order("P5", account, State.REVIEW, at_ns=NOW_NS - 90 * 1_000_000_000)
        rows = (
            Candidate(BrokerOrderId("261124000031877"), "Open", 150, 0, "101.05", "11:40:37"),
            Candidate(BrokerOrderId("261124000031902"), "Complete", 150, 150, "101.05", "11:40:38"),
        )
        items.append(
            ReviewItem(
                sent.intent_id, account.account_id, Tag(sent.tag or ""), sent,
                "The line broke after the order was written, and two complete reads of the book "
                "show no order with our tag.",
                rows if number == 5 else (),
            )
        )  # fmt: skip
    return tuple(items)


def recovery(people: tuple[Account, ...]) -> RecoveryReport:
    orders = days_orders(people)
    unknown = structs.replace(orders[-3], state=State.UNKNOWN)
    differ = (
        f"{people[5].name}: NIFTY 26NOV 26500 CE: the positions say 225 bought and 0 sold today, "
        "the trade book 150 and 0. Compare the position at the broker."
    )
    return RecoveryReport(
        started_ns=NOW_NS - 40 * 1_000_000_000,
        proven=orders[:14],
        unknown=(unknown,),
        stale=orders[20:22],
        missed_master_orders=("SELL 75 NIFTY 26NOV 26500 CE at 98.20, placed 11:21:06 elsewhere",),
        differences=(differ,),
        unread_accounts=(people[9].account_id,),
        needs_resume=True,
    )


def margin_and_charges(value: Paise, orders: int) -> tuple[MarginNeeded, Charges]:
    """What orders worth so much together need and cost."""
    return MarginNeeded(Paise(value // 5), 12), Charges(brokerage=orders * 2_000, gst=orders * 360)


def row_cost(price: Decimal, quantity: int, *, is_master: bool) -> RowCost:
    """What so many units are worth and need in an account that held nothing."""
    if not quantity:
        return NO_COST
    value = order_value(price, quantity)
    return RowCost(1, value, Paise(value // 5), False, None if is_master else quantity)
