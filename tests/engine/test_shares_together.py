"""A plan finds what is the same for many followers once, and each gets what he would get alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from copytrade_gui.domain.account import Account, Role
from copytrade_gui.domain.checks.limits import NO_LIMITS, Limits
from copytrade_gui.domain.checks.share import Bounds
from copytrade_gui.domain.exits import Copy, Exiting
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, InstrumentKind
from copytrade_gui.domain.link import Link, NotCopied
from copytrade_gui.domain.margin import Margins
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import OrderTerms, OrderType, Product, Side, Validity
from copytrade_gui.domain.sizing import Override, Rounding, Sized, SizingRule, Strategy
from copytrade_gui.domain.sizing.ledger import NOTHING
from copytrade_gui.engine.orders.links import LaneFacts, Linked, LinkFacts
from copytrade_gui.engine.planning.exits import Cover
from copytrade_gui.engine.planning.planner import share_out
from copytrade_gui.engine.planning.share import Share
from copytrade_gui.engine.planning.share_checks import share_checked, untroubled

_MASTER = AccountId("M1")
_KEPT = NotCopied("close_only", "Only exits.")
_PAISE = st.one_of(st.none(), st.sampled_from([0, 1_000_000, 50_000_000]).map(Paise))
"""What an account has free: few figures, so that accounts share them."""
_RULES = st.builds(
    SizingRule,
    st.sampled_from(Strategy),
    st.sampled_from([Decimal(1), Decimal("0.5"), Decimal(3)]),
    st.sampled_from([None, 8]),
    st.sampled_from([None, 2]),
    st.sampled_from(Rounding),
    overrides=st.sampled_from(
        [(), (Override("NIFTY", SizingRule(Strategy.CAPITAL_PERCENT, Decimal(50))),)]
    ),
)
_RULE = SizingRule(Strategy.MIRROR, Decimal(1))
_FREE = st.sampled_from([0, 600_000, 90_000_000]).map(Paise)
_COPIES = st.one_of(
    st.none(),
    st.builds(
        Copy,
        st.sampled_from([0, 9]),
        st.sampled_from([0, 2]),
        st.sampled_from([0, 3]),
        st.sampled_from([NOTHING, Fraction(1, 2)]),
    ),
)
_EXITING = ((0, 0, 0), (2, 2, 2), (2, 2, 6), (1, 1, 1), (0, 2, 8), (1, 1, None), (0, 2, None))
"""Halves of an order that reduce at least and at most, and lots that the master holds."""
_LIMITS = (
    NO_LIMITS,
    replace(NO_LIMITS, futures_value=Paise(100_000)),
    replace(NO_LIMITS, open_orders=3),
    replace(NO_LIMITS, orders_a_day=3),
    replace(NO_LIMITS, net_position=10),
)


def _name(number: int) -> AccountId:
    return AccountId(f"F{number}")


def _facts(number: int, rule: SizingRule, capital: Paise | None) -> LinkFacts:
    account = Account(_name(number), f"C{number}", f"Follower {number}", Role.FOLLOWER)
    link = Link(_MASTER, account.account_id, rule)
    return Linked(link, LaneFacts(account, "", "", capital)).facts


def _terms(side: Side, quantity: int, lot: int) -> OrderTerms:
    key = InstrumentKey(Exchange.NSEFO, "1")
    instrument = Instrument(
        key, "NIFTY26DECFUT", "NIFTY", "NIFTY", InstrumentKind.FUTURE, lot, Decimal("0.05"),
        expiry=date(2026, 12, 31),
    )  # fmt: skip
    return OrderTerms(
        instrument, side, quantity * lot, Product.NORMAL, OrderType.LIMIT, Validity.DAY,
        Decimal(100),
    )  # fmt: skip


@given(
    rules=st.tuples(_RULES, _RULES),
    funds=st.tuples(_PAISE, _PAISE),
    copies=st.tuples(_COPIES, _COPIES),
    side=st.sampled_from(Side),
    lots=st.integers(1, 6),
    opened=st.sampled_from([None, None, 4]),
)
@settings(max_examples=30)
def test_each_follower_gets_what_he_would_get_alone(
    rules: tuple[SizingRule, ...],
    funds: tuple[Paise | None, ...],
    copies: tuple[Copy | None, ...],
    side: Side,
    lots: int,
    opened: int | None,
) -> None:
    """Of sixteen followers some are alike in all, others in all but rule, funds, copy or state."""
    facts = [_facts(number, rules[number & 1], funds[number >> 1 & 1]) for number in range(16)]
    names = [one.account.account_id for one in facts]
    terms = _terms(side, lots, 2)
    held = {name: copies[number >> 2 & 1] for number, name in enumerate(names)}
    for least, most, position in _EXITING:
        cover = Cover(
            Exiting(
                least * terms.quantity // 2,
                most * terms.quantity // 2,
                None if position is None else (position * lots, position * lots),
            ),
            {name: copy for name, copy in held.items() if copy is not None},
            {name: _KEPT for number, name in enumerate(names) if number >> 3},
            Paise(60_000_000),
            opened=opened,
        )
        together = share_out(terms, facts, Decimal(100), cover)
        for share, one in zip(together, facts, strict=True):
            (alone,) = share_out(terms, [one], Decimal(100), cover)
            assert (share.account, share.sized) == (alone.account, alone.sized)
            assert (share.again is None) == (alone.again is None)


@given(
    quantities=st.lists(st.integers(0, 20), min_size=1, max_size=4),
    orders=st.lists(st.integers(0, 4), min_size=8, max_size=8),
    nets=st.lists(st.integers(-9, 9), min_size=4, max_size=4),
    free=st.lists(_FREE, min_size=4, max_size=4),
    side=st.sampled_from(Side),
)
def test_where_the_worst_of_all_troubles_nobody_none_does(
    quantities: list[int], orders: list[int], nets: list[int], free: list[Paise], side: Side
) -> None:
    terms = _terms(side, 1, 1)
    shares = [Share(_facts(n, _RULE, None).account, Sized(q)) for n, q in enumerate(quantities)]
    names = [_name(number) for number in range(4)]
    told = Margins(
        {one: (paise, 3) for one, paise in zip(names, free, strict=True)},
        Paise(1_000_000), 20, Decimal(100), 9,
    )  # fmt: skip
    for limits, margins, exits in product(_LIMITS, (None, told), (False, True)):
        bounds = Bounds(
            limits,
            {},
            dict(zip(names, orders[:4], strict=True)),
            dict(zip(names, orders[4:], strict=True)),
            dict(zip(names, nets, strict=True)),
            margins=margins,
        )
        checked = [share_checked(one, terms, Decimal(100), bounds, exits=exits) for one in shares]
        if untroubled(shares, terms, Decimal(100), bounds, exits=exits):
            assert checked == shares


def test_limits_of_one_account_are_asked_of_him_alone() -> None:
    terms, cover = _terms(Side.BUY, 4, 1), Cover(Exiting(0, 0), {}, {})
    facts = [_facts(number, _RULE, None) for number in range(3)]
    bounds = Bounds(NO_LIMITS, {_name(1): Limits(futures_value=Paise(100))})
    shares = share_out(terms, facts, Decimal(100), cover, bounds)
    assert [share.sized.code for share in shares] == ["", "order_value", ""]


@given(rule=_RULES, capital=st.sampled_from([10_000_000, 90_000_000]).map(Paise))
def test_a_size_by_capital_goes_by_the_followers_own(rule: SizingRule, capital: Paise) -> None:
    terms, cover = _terms(Side.BUY, 4, 1), Cover(Exiting(0, 0), {}, {}, Paise(60_000_000))
    facts = [_facts(0, rule, capital), _facts(1, rule, Paise(capital * 3))]
    first, second = share_out(terms, facts, Decimal(100), cover)
    assert (facts[0].sized_by is facts[1].sized_by) == (not rule.asks_capital)
    of_capital = {Strategy.EQUITY, Strategy.CAPITAL_PERCENT, Strategy.RISK_PERCENT}
    if rule.basis(("NIFTY",)).strategy in of_capital:
        assert rule.asks_capital
    else:
        assert first.sized == second.sized


def test_a_capital_is_never_missing_where_it_was_told() -> None:
    for strategy in Strategy:
        facts = [_facts(0, SizingRule(strategy, Decimal(1)), Paise(90_000_000))]
        terms = _terms(Side.BUY, 4, 1)
        (share,) = share_out(
            terms, facts, Decimal(100), Cover(Exiting(0, 0), {}, {}, Paise(60_000_000))
        )
        assert share.sized.code != "no_capital"


def test_a_stored_value_without_a_meaning_is_its_followers_verdict_alone() -> None:
    facts = [_facts(0, SizingRule(Strategy.RATIO, Decimal("sNaN")), None), _facts(1, _RULE, None)]
    shares = share_out(_terms(Side.BUY, 4, 1), facts, Decimal(100), Cover(Exiting(0, 0), {}, {}))
    assert [(share.sized.quantity, share.sized.code) for share in shares] == [
        (0, "bad_rule"),
        (4, ""),
    ]
