"""Every check, silent, warning, holding and blocking, with its code and words of its sentence."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from copytrade_gui.domain.account import AccountStatus, SessionState
from copytrade_gui.domain.basis import Basis
from copytrade_gui.domain.capabilities import Capabilities
from copytrade_gui.domain.checks.account import ACCOUNT_CHECKS, OPENING_CHECKS, AccountFacts
from copytrade_gui.domain.checks.check import Check, Finding, Level, blocking
from copytrade_gui.domain.checks.limits import NO_LIMITS, Limits
from copytrade_gui.domain.checks.plan import PLAN_CHECKS, PlanFacts, plan_findings
from copytrade_gui.domain.checks.share import SHARE_CHECKS, ShareFacts, share_findings
from copytrade_gui.domain.checks.table import verdicts
from copytrade_gui.domain.habit import Unlike
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import (
    DayBand,
    Exchange,
    Instrument,
    InstrumentKey,
    InstrumentKind,
    PriceRange,
)
from copytrade_gui.domain.link import CODES
from copytrade_gui.domain.margin import Margin
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import OrderTerms, OrderType, Product, Side, Validity
from copytrade_gui.domain.sizing import SizingRule, Strategy

TODAY = date(2026, 11, 30)
SHARE = Instrument(
    key=InstrumentKey(Exchange.NSEEQ, "2885"),
    symbol="RELIANCE-EQ",
    name="RELIANCE",
    underlying="RELIANCE",
    kind=InstrumentKind.EQUITY,
    lot_size=1,
    tick=Decimal("0.05"),
)
CALL = replace(
    SHARE,
    key=InstrumentKey(Exchange.NSEFO, "1"),
    symbol="NIFTY26DEC24000CE",
    kind=InstrumentKind.CALL,
    lot_size=65,
    strike=Decimal(24_000),
    expiry=date(2026, 12, 29),
)
BUY = OrderTerms(
    instrument=SHARE,
    side=Side.BUY,
    quantity=10,
    product=Product.INTRADAY,
    order_type=OrderType.LIMIT,
    validity=Validity.DAY,
    price=Decimal(1_000),
)
FACTS = PlanFacts(BUY, TODAY, Capabilities(), last=Decimal(1_000), limits=Limits())


def of(terms: OrderTerms, **more: object) -> PlanFacts:
    return replace(FACTS, terms=terms, **more)  # type: ignore[arg-type]  # named fields


def option(price: str, **more: object) -> PlanFacts:
    terms = replace(BUY, instrument=CALL, quantity=65, price=Decimal(price))
    return replace(of(terms, **more), last=Decimal(20))


RANGE = PriceRange(SHARE.key, Decimal(1_001), Decimal(1_020), 0)

PLANS = [
    ("", None, FACTS, ""),
    ("stopped", Level.BLOCK, replace(FACTS, stopped="Trading is paused by ravi."), "paused"),
    ("instrument", Level.BLOCK,
     of(replace(BUY, instrument=replace(SHARE, kind=InstrumentKind.INDEX))), "is an index"),
    ("instrument", Level.BLOCK,
     of(replace(BUY, instrument=replace(SHARE, expiry=date(2026, 11, 29)))), "expired"),
    ("quantity", Level.BLOCK, of(replace(BUY, quantity=0)), "multiple of 1"),
    ("quantity", Level.BLOCK, of(replace(BUY, instrument=CALL, quantity=64)), "multiple of 65"),
    ("not_taken", Level.BLOCK,
     replace(FACTS, takes=Capabilities(products=frozenset({Product.NORMAL}))), "NORMAL"),
    ("no_ioc", Level.BLOCK,
     of(replace(BUY, validity=Validity.IOC),
        takes=Capabilities(no_ioc_on=frozenset({Exchange.NSEEQ}))), "no IOC"),
    ("session", Level.BLOCK, replace(FACTS, closed="NSE is closed."), "closed"),
    ("lot_not_seen", Level.BLOCK, replace(FACTS, lot_unseen="Orders on MCX wait."), "wait"),
    ("old_contracts", Level.BLOCK, replace(FACTS, contracts_old="They are 1 day old."), "old"),
    ("ban", Level.BLOCK, replace(FACTS, banned="SAIL is in the ban list."), "in the ban list"),
    ("not_trading", Level.WARN, replace(FACTS, not_trading="NSEEQ is halted."), "is halted"),
    ("ban_unknown", Level.WARN, replace(FACTS, ban_unknown="No ban list of today."), "of today"),
    ("unusual_size", Level.HOLD, replace(FACTS, unlike=Unlike(size="10 times.")), "10 times"),
    ("new_instrument", Level.WARN, replace(FACTS, unlike=Unlike(instrument="Nothing of it.")),
     "Nothing"),
    ("cadence", Level.WARN, replace(FACTS, unlike=Unlike(cadence="Number 31.")), "31"),
    ("no_price", Level.BLOCK,
     of(replace(BUY, order_type=OrderType.MARKET, price=None), last=None), "Use LIMIT"),
    ("stop_side", Level.BLOCK,
     of(replace(BUY, order_type=OrderType.SLM, price=None, trigger=Decimal(990))), "above"),
    ("no_reference", Level.HOLD, replace(FACTS, last=None), "type the quantity"),
    ("collar", Level.HOLD, of(replace(BUY, price=Decimal("1030.05"))), "3 % above"),
    ("collar", Level.HOLD, replace(FACTS, last=None, close=Decimal(960)), "previous close"),
    ("", None, of(replace(BUY, price=Decimal(1_030))), ""),
    ("collar", Level.BLOCK, of(replace(BUY, price=Decimal(1_610))), "61 % above"),
    ("collar", Level.BLOCK, of(replace(BUY, side=Side.SELL, price=Decimal(100))), "90 % below"),
    ("", None, option("25"), ""),
    ("collar", Level.HOLD, option("25.05"), "25.2 % above"),
    ("collar", Level.BLOCK, option("30.05"), "nearer"),
    ("", None,
     of(replace(BUY, order_type=OrderType.SL, trigger=Decimal(1_100), price=Decimal(1_110))), ""),
    ("collar", Level.HOLD,
     of(replace(BUY, order_type=OrderType.SL, trigger=Decimal(1_100), price=Decimal(1_150))),
     "the trigger"),
    ("price_band", Level.BLOCK, replace(FACTS, price_range=RANGE), "outside 1,001 to 1,020"),
    ("", None, of(replace(BUY, price=Decimal(1_001)), price_range=RANGE), ""),
    ("", None, replace(FACTS, price_range=replace(RANGE, low=Decimal(1), high=Decimal(1_000))), ""),
    ("day_band", Level.BLOCK, replace(FACTS, day_band=DayBand(high=Decimal(999))),
     "lowest not known, highest 999. Write 999,"),
    ("day_band", Level.BLOCK, replace(FACTS, day_band=DayBand(Decimal(1_001), Decimal(1_200))),
     "Price 1,000 is outside the day's price band of RELIANCE-EQ: lowest 1,001, highest 1,200."),
    ("day_band", Level.BLOCK,
     of(replace(BUY, order_type=OrderType.SL, trigger=Decimal(1_100), price=Decimal(1_110)),
        day_band=DayBand(Decimal(900), Decimal(1_109))), "highest 1,109. Write 1,109"),
    ("", None, replace(FACTS, day_band=DayBand(Decimal(1_000), Decimal(1_000))), ""),
    ("", None, of(replace(BUY, order_type=OrderType.MARKET, price=None),
                  day_band=DayBand(Decimal(1), Decimal(2))), ""),
    ("duplicate_order", Level.HOLD, replace(FACTS, same_again=True), "a moment ago"),
    ("repeats", Level.BLOCK, replace(FACTS, plans=(5, 5, 5)), "10 seconds"),
    ("repeats", Level.BLOCK, replace(FACTS, plans=(0, 60, 60)), "in a minute"),
    ("repeats", Level.BLOCK, replace(FACTS, plans=(0, 0, 300)), "in an hour"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "level", "facts", "words"), PLANS)
def test_a_plan_is_asked(code: str, level: Level | None, facts: PlanFacts, words: str) -> None:
    found = plan_findings(facts)
    assert [one.code for one in found] == ([code] if code else [])
    for one in found:
        assert one.level is level
        assert words in one.sentence
        assert one.sentence.endswith(".")


READY = AccountStatus(AccountId("F001"), SessionState.READY)
SILENT = "The broker did not answer three calls."
ACCOUNTS = [
    ("", None, AccountFacts(READY, True), ""),
    ("account_halted", Level.BLOCK, AccountFacts(replace(READY, halted="DUPLICATE."), True),
     "DUPLICATE. Look at its books, then lift its halt."),
    ("offline", Level.BLOCK,
     AccountFacts(replace(READY, session=SessionState.OFFLINE, session_reason=SILENT), True),
     SILENT),
    ("no_session", Level.BLOCK, AccountFacts(READY, False), "Log it in."),
    ("no_session", Level.BLOCK, AccountFacts(replace(READY, session=SessionState.EXPIRED), True),
     "Log it in."),
    ("unread", Level.BLOCK, AccountFacts(replace(READY, unread=True), True), "not read whole"),
    ("address", Level.BLOCK, AccountFacts(READY, True, unregistered="Not registered."), "Not reg"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "level", "facts", "words"), ACCOUNTS)
def test_an_account_is_asked(
    code: str, level: Level | None, facts: AccountFacts, words: str
) -> None:
    found = blocking(ACCOUNT_CHECKS, facts)
    assert ([(found.code, found.level)] if found else []) == ([(code, level)] if code else [])
    assert not found or words in found.sentence


LOST = "Follower 1 lost ₹5,000 today."
LIVE = AccountFacts(READY, True, Basis.SELF, True)
OPENING = [
    ("", None, LIVE, ""),
    ("", None, AccountFacts(READY, True), ""),
    ("no_basis", Level.BLOCK, structs.replace(LIVE, basis=None), "no compliance basis"),
    ("no_basis", Level.BLOCK, structs.replace(LIVE, basis=Basis.SIMULATOR), "is the simulator"),
    ("loss_limit", Level.BLOCK, structs.replace(LIVE, status=replace(READY, only_exits=LOST)),
     LOST),
]  # fmt: skip


@pytest.mark.parametrize(("code", "level", "facts", "words"), OPENING)
def test_an_account_is_asked_before_what_opens(
    code: str, level: Level | None, facts: AccountFacts, words: str
) -> None:
    found = blocking(OPENING_CHECKS, facts)
    assert ([(found.code, found.level)] if found else []) == ([(code, level)] if code else [])
    assert not found or words in found.sentence


HUGE = SizingRule(Strategy.RATIO, Decimal(100_000))
SMALL = ShareFacts(10, Decimal(1_000), InstrumentKind.EQUITY, Limits())


def share(**more: object) -> ShareFacts:
    return structs.replace(SMALL, **more)


NEEDS = Margin(Paise(200_000), 30, Paise(100_000), units=5, price=Decimal(1_000), needed_age_s=12)
"""₹200 a unit, and ₹2,000 are free: 9 units are 90 % of that."""

SHARES = [
    ("", None, SMALL, ""),
    ("above_limit", Level.BLOCK, share(quantity=10**9, rule=HUGE), "1,00,000 x gives"),
    ("", None, share(quantity=250), ""),
    ("order_value", Level.HOLD, share(quantity=251), "₹2,51,000 is above half"),
    ("order_value", Level.BLOCK, share(quantity=501), "₹5,01,000 is above the limit"),
    ("", None, share(quantity=1_250, kind=InstrumentKind.FUTURE), ""),
    ("order_value", Level.HOLD, share(quantity=1_251, kind=InstrumentKind.FUTURE), "25,00,000"),
    ("segment", Level.BLOCK, share(no_segment="Not enabled."), "Not enabled."),
    ("", None, share(no_segment="Not enabled.", no_product="Nor that.", exits=True), ""),
    ("product", Level.BLOCK, share(no_product="Not for this account."), "Not for this account."),
    ("open_orders", Level.BLOCK, share(open_orders=50), "Cancel some"),
    ("orders_a_day", Level.BLOCK, share(orders_today=500), "500 orders today"),
    ("net_position", Level.BLOCK, share(net=-101, limits=Limits(net_position=100)), "101 units"),
    ("margin", Level.WARN, share(margin=NEEDS), "of margin (asked 12 s ago), above 90 %"),
    ("margin", Level.WARN, share(margin=structs.replace(NEEDS, free_age_s=600)),
     "free 10 minutes ago"),
    ("", None, share(quantity=9, margin=NEEDS), ""),
    ("", None, share(price=Decimal(900), margin=NEEDS), ""),
    ("", None, share(margin=NEEDS, exits=True), ""),
    ("", None, share(quantity=501, open_orders=99, orders_today=999, exits=True), ""),
    ("", None, share(quantity=99_999, limits=NO_LIMITS), ""),
]  # fmt: skip


@pytest.mark.parametrize(("code", "level", "facts", "words"), SHARES)
def test_a_share_is_asked(code: str, level: Level | None, facts: ShareFacts, words: str) -> None:
    found: list[Finding] = share_findings(facts)
    assert [(one.code, one.level) for one in found] == ([(code, level)] if code else [])
    assert not found or words in found[0].sentence


CASES: tuple[tuple[Sequence[Check[Any]], Sequence[tuple[str, Level | None, Any, str]]], ...] = (
    (PLAN_CHECKS, PLANS),
    (ACCOUNT_CHECKS, ACCOUNTS),
    (OPENING_CHECKS, OPENING),
    (SHARE_CHECKS, SHARES),
)
CODES_OF = {"not_taken": {"not_taken", "no_ioc"}}
"""What a check may call what it finds, where that is not its own code alone."""


@pytest.mark.parametrize(
    ("check", "cases"), [(check, cases) for checks, cases in CASES for check in checks]
)
def test_every_check_passes_and_finds_all_it_can_in_the_cases_here(
    check: Check[Any], cases: Sequence[tuple[str, Level | None, Any, str]]
) -> None:
    """What a check can do follows from what it calls; nothing of that is without a case."""
    source = inspect.getsource(check.ask)
    can = {level for level in Level if f"Level.{level.name}" in source}
    can |= {Level.BLOCK} if "_block(" in source else set()
    can |= {Level.WARN} if "_warn(" in source else set()
    codes = CODES_OF.get(check.code, {check.code})
    assert {level for code, level, _, _ in cases if code in codes} == can != set()
    assert {code for code, _, _, _ in cases} >= codes
    # It alone finds it, and nothing where no other case is its own.
    for code, level, facts, words in cases:
        found = check.ask(facts)
        if code in codes:
            assert found is not None
            assert (found.code, found.level) == (code, level)
            assert words in found.sentence
            assert found.sentence.endswith(".")
    clean = next(facts for code, _, facts, _ in cases if not code)
    assert check.ask(clean) is None


def test_every_code_of_a_link_is_a_verdict() -> None:
    assert {verdict.code for verdict in verdicts()} >= CODES


paise = st.one_of(st.none(), st.integers(0, 10**12).map(Paise))
limits = st.builds(
    Limits, order_value=paise, futures_value=paise, net_position=st.none() | st.integers(0, 99)
)


@given(limits, limits)
def test_limits_only_tighten(wide: Limits, own: Limits) -> None:
    both = wide.tightened(own)
    for name in ("order_value", "futures_value", "net_position"):
        given_ones = [one for one in (getattr(wide, name), getattr(own, name)) if one is not None]
        assert getattr(both, name) == min(given_ones, default=None)
