"""Every check is asked of a real order, from facts as they come about, and decides what leaves.

``tests/domain/test_checks.py`` says of each check what it finds in given facts; here the engine
gathers them. The simulator's ledger says what left: nothing where a check blocks, whoever typed
what; where it holds, nothing before a person has typed the quantity,
and where it warns, nothing before he has let that warning pass.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import pytest

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.ban import BanList
from copytrade_gui.domain.basis import UNDECLARED, Basis, Declared
from copytrade_gui.domain.calendar import Calendar, indian_day
from copytrade_gui.domain.checks.account import ACCOUNT_CHECKS, OPENING_CHECKS
from copytrade_gui.domain.checks.check import Shown
from copytrade_gui.domain.checks.limits import NO_LIMITS, Limits
from copytrade_gui.domain.checks.plan import PLAN_CHECKS
from copytrade_gui.domain.checks.share import SHARE_CHECKS
from copytrade_gui.domain.contract_days import ContractDays
from copytrade_gui.domain.events import ChecksPassed, Event
from copytrade_gui.domain.habit import Ordered
from copytrade_gui.domain.halt import Finding
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.instrument import (
    Circuit,
    Exchange,
    InstrumentKey,
    InstrumentKind,
    PriceRange,
)
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import FanOut, OrderTerms, OrderType, Product, Side, State
from copytrade_gui.domain.rights import Rights
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.engine.planning.denied import DeniedError
from tests.engine.test_exits import F1
from tests.engine.test_leaving import begin
from tests.engine.test_market_status import halts
from tests.proof.rig import Console, World, world

BUY = Side.BUY


def nothing(_console: Console) -> None:
    """The order is as it is because of its terms alone."""


@dataclass(frozen=True)
class Case:
    """What brings a check's facts about, and words of the sentence that a person reads."""

    code: str
    words: str
    terms: Callable[[World], OrderTerms] = lambda made: made.terms(quantity=4, away=60)
    arrange: Callable[[Console], object] = nothing
    limits: Limits = NO_LIMITS
    before: int = 0
    """So many times the same order was placed before."""
    holds: bool = False
    """A person who types the quantity sends it."""
    warns: bool = False
    """A person who lets the warning pass sends it."""
    state: TradingState | None = None


def without_prices(console: Console) -> None:
    console.engine.core.quotes._newest.clear()


def old_prices(console: Console) -> None:
    """The last price is too old to go by; the close of the day before is not."""
    console.world.time.now_ns += 6_000_000_000


def closed_today(console: Console) -> None:
    console.engine.hours.calendar = Calendar(hours=())


def of(made: World, **more: object) -> OrderTerms:
    """An order that rests, with another field."""
    return replace(made.terms(quantity=4, away=60), **more)  # type: ignore[arg-type]  # named fields


def at(made: World, percent: int) -> OrderTerms:
    """A limit so many percent from the last price."""
    terms = made.terms(quantity=4)
    price = made.price(terms.instrument) * (100 + percent) / 100
    return replace(terms, price=price - price % terms.instrument.tick)


def on_mcx(made: World) -> OrderTerms:
    """A share that is called a commodity: its exchange quotes lots."""
    share = made.instruments[0]
    key = InstrumentKey(Exchange.MCXCOMM, share.key.instrument_id)
    return of(made, instrument=replace(share, key=key, kind=InstrumentKind.FUTURE),
              product=Product.NORMAL)  # fmt: skip


def stock_future(made: World) -> OrderTerms:
    """A limit in an index future that is called a stock's: no index is ever in a ban."""
    found = next(
        one for one in made.broker.desk.instruments.live
        if (one.underlying, one.kind) == ("NIFTY", "FUT")
    )  # fmt: skip
    future = replace(
        made.instruments[0],
        key=InstrumentKey(Exchange.NSEFO, str(found.id)),
        symbol="SAIL26DECFUT",
        underlying="SAIL",
        kind=InstrumentKind.FUTURE,
        lot_size=found.lot,
        tick=Decimal(found.tick) / 10_000,
    )
    last = made.price(future)
    return replace(made.terms(), instrument=future, quantity=4 * found.lot,
                   product=Product.NORMAL, price=last - 60 * future.tick)  # fmt: skip


def old_contracts(console: Console) -> None:
    """No contract file is of today."""
    yesterday = console.engine.hours.now.date() - timedelta(days=1)
    console.engine.exits.contracts = ContractDays(dict.fromkeys(Exchange, yesterday))


def in_a_ban(console: Console) -> None:
    """Every underlying of the rig is on the list of today."""
    names = {one.underlying for one in console.world.instruments} | {"SAIL"}
    banned = dict.fromkeys(Exchange, frozenset(names))
    console.engine.exits.bans = BanList(banned, console.engine.hours.now.date())


def old_list(console: Console) -> None:
    """The ban list is of yesterday."""
    in_a_ban(console)
    bans = console.engine.exits.bans
    assert bans.checked is not None
    console.engine.exits.bans = replace(bans, checked=bans.checked - timedelta(days=1))


def used_to(
    underlying: str, quantity: int, orders: int, lately: int = 0
) -> Callable[[Console], None]:
    """He ordered so many, an hour apart, and some in the last minutes."""

    def arrange(console: Console) -> None:
        now, hour = console.world.time.wall_ns(), 3_600 * 1_000_000_000
        ages = [*(hour * back for back in range(orders, 0, -1)), *range(lately)]
        console.engine.clearing.checks.habits.restore(
            (console.world.master, Ordered(underlying, quantity, now - age)) for age in ages
        )

    return arrange


def range_above(console: Console) -> None:
    """The exchange takes prices near the last one only, below which every order here rests."""
    made = console.world
    last = made.price(made.instruments[0])
    found = PriceRange(made.instruments[0].key, last, last * 2, made.time.wall_ns())
    console.engine.core.quotes.put_range(found)


def circuit_above(console: Console) -> None:
    """The lower circuit is the last price, below which every order here rests."""
    made = console.world
    last = made.price(made.instruments[0])
    found = Circuit(made.instruments[0].key, last, False, made.time.wall_ns())
    console.engine.core.quotes.put_circuit(found)


PLANS = [
    Case("stopped", "Trading is paused", state=TradingState.PAUSE),
    Case("instrument", "is an index",
         lambda m: of(m, instrument=replace(m.instruments[0], kind=InstrumentKind.INDEX))),
    Case("quantity", "multiple of 1", lambda m: of(m, quantity=0)),
    Case("not_taken", "DELIVERY is for",
         lambda m: of(m, product=Product.DELIVERY, instrument=replace(
             m.instruments[0], key=InstrumentKey(Exchange.NSEFO, "1")))),
    Case("session", "is closed", arrange=closed_today),
    Case("lot_not_seen", "size of a lot", on_mcx),
    Case("old_contracts", "1 day old", arrange=old_contracts),
    Case("ban", "only what reduces", arrange=in_a_ban),
    Case("ban_unknown", "whether SAIL may be opened", stock_future, old_list, warns=True),
    Case("unusual_size", "10 times what the master usually orders in INFY",
         lambda m: of(m, quantity=11), used_to("INFY", 1, 5), holds=True),
    Case("new_instrument", "ordered nothing of INFY", arrange=used_to("SBIN", 4, 20), warns=True),
    Case("cadence", "order number 4 in 10 minutes", arrange=used_to("INFY", 4, 20, 3), warns=True),
    Case("no_price", "Use LIMIT", lambda m: of(m, order_type=OrderType.MARKET, price=None),
         without_prices),
    Case("stop_side", "must have its trigger above",
         lambda m: of(m, order_type=OrderType.SL, trigger=m.terms(away=60).price)),
    Case("no_reference", "No price of", arrange=without_prices, limits=Limits(), holds=True),
    Case("collar", "% above", lambda m: at(m, 4), limits=Limits(), holds=True),
    Case("collar", "Write a price that is nearer", lambda m: at(m, 50), limits=Limits()),
    Case("collar", "above the previous close", lambda m: at(m, 4), old_prices, limits=Limits(),
         holds=True),
    Case("not_trading", "that its market is halted. The order may be", arrange=halts, warns=True),
    Case("price_band", "in which the exchange takes orders", arrange=range_above),
    Case("day_band", "lowest 1,", arrange=circuit_above),
    Case("duplicate_order", "a moment ago", limits=Limits(), before=1, holds=True),
    Case("repeats", "in 10 seconds", limits=replace(NO_LIMITS, repeats=2), before=2),
]  # fmt: skip


async def place(
    console: Console,
    terms: OrderTerms,
    confirmed: int | None = None,
    despite: Collection[Shown] | None = (),
) -> None:
    command = CommandId(f"press at {console.world.time.now_ns}")
    await console.engine.submit(
        console.world.master, terms, FanOut.WITH_MASTER, command, confirmed, despite=despite
    )
    console.world.time.now_ns += 1_000


def left(console: Console) -> int:
    """Orders that reached the broker."""
    return len(console.world.broker.ledger.accepted)


@pytest.mark.parametrize("case", PLANS, ids=lambda case: f"{case.code} {case.words}")
def test_a_check_of_a_plan_decides_what_leaves(case: Case) -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        heard: list[Event] = []
        engine.bus.subscribe(heard.append, ChecksPassed)
        await begin(console)
        console.see_price()
        terms = case.terms(made)
        engine.clearing.limits.put(None, case.limits)
        for _ in range(case.before):
            await place(console, terms)
        await made.clock.sleep(0.5 if case.before else 0)
        case.arrange(console)
        if case.state is not None:
            await engine.stop_trading(case.state, "operator", "test")
        accepted = left(console)
        with pytest.raises(DeniedError) as denied:
            await place(console, terms)
        level = "warn" if case.warns else "hold" if case.holds else case.code
        assert denied.value.code == level
        assert case.words in denied.value.sentence
        assert denied.value.sentence.endswith(".")
        await made.clock.sleep(1)
        assert left(console) == accepted
        if case.warns:
            with pytest.raises(DeniedError):
                await place(console, terms, despite=[Shown("another")])
            await place(console, terms, despite=denied.value.found)
        elif not case.holds:
            with pytest.raises(DeniedError):
                await place(console, terms, terms.quantity, despite=[Shown(case.code)])
        else:
            with pytest.raises(DeniedError):
                await place(console, terms, despite=[Shown(case.code)])
            with pytest.raises(DeniedError):
                await place(console, terms, terms.quantity + 1)
            await place(console, terms, terms.quantity)
        await made.clock.sleep(1)
        assert left(console) == accepted + (2 if case.holds or case.warns else 0)
        passed = [one for one in heard if isinstance(one, ChecksPassed)]
        assert [one.actor for one in passed] == ["operator"] * (case.holds or case.warns)
        assert all(case.words in " ".join(one.found) for one in passed)

    with world(1, settings=EngineSettings(lots_seen_first=True, keeps_sessions=True)) as made:
        made.live(script)


def halted(console: Console) -> None:
    console.engine.core.halts.found(F1, "overfill 1", "Filled 12 of 10.")


def offline(console: Console) -> None:
    lane = console.engine.lanes[F1]
    console.engine.core.account_news.session(lane, SessionState.OFFLINE, "It does not answer.")


def logged_out(console: Console) -> None:
    console.engine.detach(F1, SessionState.LOGGED_OUT)


def unread(console: Console) -> None:
    console.engine.lanes.must_be_read([F1])


def undeclared(console: Console) -> None:
    console.engine.put_account(replace(console.engine.lanes[F1].account, declared=UNDECLARED))


def lost(console: Console) -> None:
    today = indian_day(console.world.time.wall_ns())
    found = Finding("day_loss 1", "Lost ₹5,000.", only_exits=True, day=today)
    console.engine.core.halts.stop(F1, found)


def twice(console: Console) -> None:
    """He copies a hundred million times as much."""
    link = next(one for one in console.world.links if one.follower_id == F1)
    rule = SizingRule(Strategy.RATIO, Decimal(100_000_000))
    console.engine.put_link(replace(link, sizing=rule), "operator")


def mine(**limits: int) -> Callable[[Console], None]:
    """A limit of this follower alone."""

    def arrange(console: Console) -> None:
        own = replace(NO_LIMITS, **limits)  # type: ignore[arg-type]  # paise are integers
        console.engine.clearing.limits.put(F1, own)

    return arrange


def may(*exchanges: str, products: tuple[str, ...] = ()) -> Callable[[Console], None]:
    """The profile of this follower names these and nothing else."""

    def arrange(console: Console) -> None:
        console.engine.note_rights(F1, Rights(exchanges, products))
        if products:  # it is asked where limits are set, and where none is
            console.engine.clearing.limits.put(None, Limits())

    return arrange


ACCOUNTS = [
    Case("account_halted", "Filled 12 of 10.", arrange=halted),
    Case("offline", "It does not answer.", arrange=offline),
    Case("no_session", "Log it in.", arrange=logged_out),
    Case("unread", "not read whole", arrange=unread),
]
OPENING = [
    Case("no_basis", "no compliance basis", arrange=undeclared),
    Case("loss_limit", "Lost ₹5,000.", arrange=lost),
]
SHARES = [
    Case("above_limit", "Lower the follower's value", arrange=twice),
    Case("segment", "has not enabled NSE shares (NSEEQ)", arrange=may("NSEFO", "MCXCOMM")),
    Case("product", "does not let this account use", arrange=may("NSE", products=("DELIVERY",))),
    Case("order_value", "above the limit", arrange=mine(order_value=Paise(100))),
    Case("open_orders", "as many as the limit of 1", arrange=mine(open_orders=1), before=1),
    Case("orders_a_day", "as many as the limit of 1", arrange=mine(orders_a_day=1), before=1),
    Case("net_position", "would hold 2 units", arrange=mine(net_position=1)),
]


ELSEWHERE = {"margin", "address"}
"""``test_margin`` plays what warns, ``test_routes`` the address."""


@pytest.mark.parametrize("case", [*ACCOUNTS, *OPENING, *SHARES], ids=lambda case: case.code)
def test_a_check_of_an_account_keeps_its_order_back_and_nobody_elses(case: Case) -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begin(console)
        console.see_price()
        terms = case.terms(made)
        for _ in range(case.before):
            await place(console, terms)
        await made.clock.sleep(0.5)
        case.arrange(console)
        accepted = left(console)
        await place(console, terms)
        await made.clock.sleep(3)
        plan = list(engine.book.plans.values())[-1]
        of_account = {one.intent.account_id: one for one in engine.book.of_plan(plan.plan_id)}
        kept = of_account.pop(F1)
        assert (kept.state, kept.code) == (State.BLOCKED, case.code)
        assert case.words in kept.reason
        assert {one.state for one in of_account.values()} == {State.WORKING}
        assert left(console) == accepted + 2

    with world(2, settings=EngineSettings(needs_basis=True)) as made:
        made.accounts = [replace(one, declared=Declared(Basis.SELF)) for one in made.accounts]
        made.live(script)


def test_no_check_is_without_a_case_here() -> None:
    for cases, checks in (
        (PLANS, PLAN_CHECKS),
        (ACCOUNTS, ACCOUNT_CHECKS),
        (OPENING, OPENING_CHECKS),
        (SHARES, SHARE_CHECKS),
    ):
        assert {case.code for case in cases} == {check.code for check in checks} - ELSEWHERE
