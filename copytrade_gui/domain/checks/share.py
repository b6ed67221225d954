"""What is asked of each account's share of a plan, once it is sized."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.checks.check import Check, Finding, Level, Tier, up_to_block
from copytrade_gui.domain.checks.limits import NO_LIMITS, Limits
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import InstrumentKind
from copytrade_gui.domain.margin import Margin, Margins
from copytrade_gui.domain.money import Paise, in_rupees, order_value, rupees
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import MAX_QUANTITY, PER_ORDER
from copytrade_gui.domain.sizing import SizingRule

SetFor = Callable[[AccountId], Sequence[tuple[str, Limits]]]
"""What was set beside the limits of all that bounds an account: whose it is, in words, and what."""


def _none_set(_account: AccountId) -> Sequence[tuple[str, Limits]]:
    return ()


class ShareFacts(Struct, frozen=True, gc=False):
    """One account's share. ``price`` is rupees a unit, None where no price is known.

    ``rule`` is what sized it, None of a master's own order; ``open_orders`` and ``orders_today``
    are of the account, ``net`` what its copies hold with this order and those that work or wait on
    its side, in signed units. ``exits`` is True for an order that only reduces: no limit keeps
    anybody in.
    """

    quantity: int
    price: Decimal | None
    kind: InstrumentKind
    limits: Limits
    rule: SizingRule | None = None
    open_orders: int = 0
    orders_today: int = 0
    net: int = 0
    exits: bool = False
    no_segment: str = ""
    no_product: str = ""
    """Why the broker lets the account open nothing in the segment, or with the product."""
    margin: Margin | None = None
    """What the account has free and the order needs; None where the broker has not told it."""
    account: AccountId = AccountId("")
    set_for: SetFor = _none_set

    def limit(self, name: str, in_words: str) -> str:
        """``the limit of 22 of its group Family``: one of its limits, and whose it is where a group
        or the account itself has it.
        """
        most = getattr(self.limits, name)
        whose = (one for one, limits in self.set_for(self.account) if getattr(limits, name) == most)
        of = next(whose, "")
        return f"the limit of {in_words} {of}".rstrip()


class Bounds(Struct, frozen=True, gc=False):
    """What all shares of a plan are bounded by, beside their own size.

    ``limits`` are those of all accounts, ``special`` the stricter ones of some. The counts are by
    account: open orders, orders of today, and units that its copies hold in the instrument.
    """

    limits: Limits
    special: Mapping[AccountId, Limits] = {}
    open_orders: Mapping[AccountId, int] = {}
    orders_today: Mapping[AccountId, int] = {}
    nets: Mapping[AccountId, int] = {}
    freeze: int | None = None
    """The most units the exchange takes in one order, None where none is known."""
    not_enabled: Mapping[AccountId, tuple[str, str]] = {}
    """Why the broker lets an account open nothing in the segment, or with the product; those alone
    of whom one of them is so."""
    margins: Margins | None = None
    """What such an order needs and accounts have free, None where the broker has not told it."""
    set_for: SetFor = _none_set
    """Asked only of an account that a limit keeps back."""


UNBOUNDED = Bounds(NO_LIMITS)


def _above_limit(facts: ShareFacts) -> Finding | None:
    if facts.quantity <= MAX_QUANTITY:
        return None
    return Finding(
        "above_limit",
        Level.BLOCK,
        f"{_rule(facts)} {grouped(facts.quantity)} units, above {grouped(MAX_QUANTITY)}, "
        f"{PER_ORDER}. Lower the follower's value, or cap it.",
    )


def _rule(facts: ShareFacts) -> str:
    return "It is" if facts.rule is None else f"{facts.rule.in_words()} gives"


def value_limit(kind: InstrumentKind, limits: Limits) -> Paise | None:
    """The most that one order may be worth, in paise: of shares and premium, or of futures."""
    return limits.futures_value if kind is InstrumentKind.FUTURE else limits.order_value


def _order_value(facts: ShareFacts) -> Finding | None:
    most = value_limit(facts.kind, facts.limits)
    if most is None or facts.price is None or facts.exits:
        return None
    value = order_value(facts.price, facts.quantity)
    if value * 2 <= most:
        return None
    level = Level.BLOCK if value > most else Level.HOLD
    name = "futures_value" if facts.kind is InstrumentKind.FUTURE else "order_value"
    limit = facts.limit(name, in_rupees(rupees(most)))
    what = "above" if level is Level.BLOCK else "above half of"
    remedy = (
        "Lower the size, or raise the limit."
        if level is Level.BLOCK
        else "Type the quantity to send it."
    )
    return Finding(
        "order_value",
        level,
        f"{in_rupees(rupees(value))} is {what} {limit} for one order. {remedy}",
    )


def _segment(facts: ShareFacts) -> Finding | None:
    if not facts.no_segment or facts.exits:
        return None
    return Finding("segment", Level.BLOCK, facts.no_segment)


def _product(facts: ShareFacts) -> Finding | None:
    if not facts.no_product or facts.exits:
        return None
    return Finding("product", Level.BLOCK, facts.no_product)


def _open_orders(facts: ShareFacts) -> Finding | None:
    most = facts.limits.open_orders
    if most is None or facts.open_orders < most or facts.exits:
        return None
    return Finding(
        "open_orders",
        Level.BLOCK,
        f"{facts.open_orders} of its orders are open, as many as "
        f"{facts.limit('open_orders', str(most))} allows. Cancel some first.",
    )


def _orders_today(facts: ShareFacts) -> Finding | None:
    most = facts.limits.orders_a_day
    if most is None or facts.orders_today < most or facts.exits:
        return None
    return Finding(
        "orders_a_day",
        Level.BLOCK,
        f"It had {facts.orders_today} orders today, as many as "
        f"{facts.limit('orders_a_day', str(most))} allows. Raise the limit if that is meant.",
    )


def _net_position(facts: ShareFacts) -> Finding | None:
    most = facts.limits.net_position
    if most is None or abs(facts.net) <= most or facts.exits:
        return None
    return Finding(
        "net_position",
        Level.BLOCK,
        f"Its copies would hold {grouped(abs(facts.net))} units, with what works or waits, above "
        f"{facts.limit('net_position', grouped(most))} in one instrument. Lower the size, or raise "
        "the limit.",
    )


def _margin(facts: ShareFacts) -> Finding | None:
    margin = facts.margin
    if margin is None or facts.exits or not margin.is_short(facts.quantity, facts.price):
        return None
    words = margin.in_words(facts.quantity, facts.price)
    lacks = Decimal(margin.of(facts.quantity, facts.price) - margin.free)
    return Finding("margin", Level.WARN, words, lacks)


SHARE_CHECKS: tuple[Check[ShareFacts], ...] = (
    Check("above_limit", Tier.SHARE, "no order is larger than any order here may be",
          "Lower the follower's value, or cap it.", _above_limit),
    Check("segment", Tier.SHARE, "the broker's profile of the account names the segment; exits "
          "pass", "Have it enabled at the broker, then log the account in again.", _segment),
    Check("product", Tier.SHARE, "the broker's profile of the account names the product; exits "
          "pass", "Choose another, or have it enabled at the broker and log the account in again.",
          _product),
    Check("order_value", Tier.SHARE, "what the order is worth: ₹5,00,000 of shares or premium, "
          "₹25,00,000 of futures, unless set; above half a person is asked",
          "Lower the size, or raise the limit.", _order_value),
    Check("open_orders", Tier.SHARE, "how many orders of the account are open: 50 unless set",
          "Cancel some first.", _open_orders),
    Check("orders_a_day", Tier.SHARE, "how many orders the account had today: 500 unless set",
          "Raise the limit if that is meant.", _orders_today),
    Check("net_position", Tier.SHARE, "units of one instrument that copies hold, with their orders "
          "that work or wait: off until set",
          "Lower the size, or raise the limit.", _net_position),
    Check("margin", Tier.SHARE, "the margin an entry needs, as the broker told it beforehand: 90 % "
          "of what was free", "Lower the size, add funds, or send it all the same.", _margin),
)  # fmt: skip
"""In the order in which they are asked."""


def share_findings(facts: ShareFacts) -> list[Finding]:
    """What is found of one account's share."""
    return up_to_block(check.ask(facts) for check in SHARE_CHECKS)
