"""What is asked once a plan, of the master's order or of whatever asks for orders."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from copytrade_gui.domain.capabilities import Capabilities
from copytrade_gui.domain.checks.check import Check, Finding, Level, Tier, up_to_block
from copytrade_gui.domain.checks.limits import NO_LIMITS, Limits
from copytrade_gui.domain.draft import not_taken
from copytrade_gui.domain.habit import NOT_UNLIKE, Unlike
from copytrade_gui.domain.instrument import NO_BAND, DayBand, InstrumentKind, PriceRange
from copytrade_gui.domain.money import in_rupees
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import OrderTerms, OrderType, Side

COLLAR_PERCENT = 3
"""Shares and futures: how far a limit may stand from the last price before a person is asked."""
COLLAR_OPTION_PERCENT = 10
COLLAR_OPTION_RUPEES = 5
"""Options: the larger of both. Twice as far is blocked (docs/safety.md 10.8)."""
KEPT_TO_EXITS = frozenset({"old_contracts", "ban", "ban_unknown"})
"""Checks of orders that open: one that only reduces passes them."""


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What is known when a plan is asked for. Sentences are empty where nothing is in the way.

    ``last`` is a price of the last seconds, ``close`` the previous close, in rupees, None where
    not known. ``plans`` are how many plans of this instrument and side were made in the last
    10 seconds, then of everything in the last minute and hour.
    """

    terms: OrderTerms
    today: date
    takes: Capabilities
    stopped: str = ""
    closed: str = ""
    not_trading: str = ""
    """What the exchange says of its market, where that is halted or closed against the calendar."""
    lot_unseen: str = ""
    last: Decimal | None = None
    close: Decimal | None = None
    plans: tuple[int, int, int] = (0, 0, 0)
    same_again: bool = False
    limits: Limits = NO_LIMITS
    contracts_old: str = ""
    """Why only exits leave: the exchange's contract file is not of today."""
    banned: str = ""
    """Why only exits leave, of an order that opens."""
    ban_unknown: str = ""
    """Why nobody knows whether an order that opens may leave."""
    price_range: PriceRange | None = None
    """Prices that the exchange takes of a limit order now; None where it was not told lately."""
    day_band: DayBand = NO_BAND
    """The exchange's price band of the day, as far as the feed has told it lately."""
    unlike: Unlike = NOT_UNLIKE
    """What of an order that opens is unlike its master."""


def _warn(code: str, sentence: str, amount: int = 0) -> Finding | None:
    return Finding(code, Level.WARN, sentence, Decimal(amount)) if sentence else None


def _block(code: str, sentence: str) -> Finding | None:
    return Finding(code, Level.BLOCK, sentence) if sentence else None


def _stopped(facts: PlanFacts) -> Finding | None:
    return _block("stopped", facts.stopped)


def _instrument(facts: PlanFacts) -> Finding | None:
    instrument = facts.terms.instrument
    if not instrument.tradable:
        return _block("instrument", f"{instrument.symbol} is an index. Pick its future or option.")
    if instrument.expired(facts.today):
        return _block(
            "instrument",
            f"{instrument.symbol} expired on {instrument.expiry}. Pick a later expiry.",
        )
    return None


def _quantity(facts: PlanFacts) -> Finding | None:
    quantity, lot = facts.terms.quantity, facts.terms.instrument.lot_size
    wrong = quantity <= 0 or quantity % lot
    return _block("quantity", f"Quantity must be a multiple of {lot}." if wrong else "")


def _not_taken(facts: PlanFacts) -> Finding | None:
    terms = facts.terms
    for problem in not_taken(
        facts.takes,
        terms.instrument.key.exchange,
        terms.order_type,
        terms.product,
        terms.validity,
    ):
        code = "no_ioc" if problem.field == "validity" else "not_taken"
        return Finding(code, Level.BLOCK, problem.sentence)
    return None


def _session(facts: PlanFacts) -> Finding | None:
    return _block("session", facts.closed)


def _trading(facts: PlanFacts) -> Finding | None:
    return _warn("not_trading", facts.not_trading)


def _lot_seen(facts: PlanFacts) -> Finding | None:
    return _block("lot_not_seen", facts.lot_unseen)


def _reference(facts: PlanFacts) -> tuple[Decimal | None, str]:
    """What a limit is compared with: a stop's own trigger, else the last price or the close."""
    if facts.terms.trigger is not None:
        return facts.terms.trigger, "trigger"
    if facts.last is not None and facts.last > 0:
        return facts.last, "last price"
    return facts.close if facts.close and facts.close > 0 else None, "previous close"


def _no_reference(facts: PlanFacts) -> Finding | None:
    price = facts.terms.price
    if price is None or facts.limits.collar is None or _reference(facts)[0] is not None:
        return None
    return Finding(
        "no_reference",
        Level.HOLD,
        f"No price of {facts.terms.instrument.symbol} is known, so nobody can say whether "
        f"{grouped(price)} is a mistake. Wait for a quote, or type the quantity to "
        "send it unchecked.",
    )


def collar(terms: OrderTerms, reference: Decimal) -> Decimal:
    """How far in rupees a limit may stand from the reference before a person is asked."""
    if not terms.instrument.kind.is_option:
        return reference * COLLAR_PERCENT / 100
    return max(reference * COLLAR_OPTION_PERCENT / 100, Decimal(COLLAR_OPTION_RUPEES))


def _collar(facts: PlanFacts) -> Finding | None:
    price, (reference, name), times = facts.terms.price, _reference(facts), facts.limits.collar
    if price is None or reference is None or times is None:
        return None
    allowed, far = collar(facts.terms, reference) * times, abs(price - reference)
    if far <= allowed:
        return None
    level = Level.BLOCK if far > allowed * 2 else Level.HOLD
    percent = (far / reference * 100).quantize(Decimal("0.1"))
    where = "above" if price > reference else "below"
    usual = in_rupees(allowed)
    remedy = {
        Level.BLOCK: "Write a price that is nearer.",
        Level.HOLD: "Check it, and type the quantity to send it.",
    }[level]
    return Finding(
        "collar",
        level,
        f"Price {grouped(price)} is {grouped(percent)} % {where} the {name} of "
        f"{facts.terms.instrument.symbol}, {grouped(reference)}; {usual} away is usual. "
        f"{remedy}",
    )


def _band(facts: PlanFacts) -> Finding | None:
    price, taken = facts.terms.price, facts.price_range
    if price is None or taken is None or facts.terms.trigger is not None:
        return None  # a stop's limit is compared when it triggers
    if taken.low <= price <= taken.high:
        return None
    return _block(
        "price_band",
        f"Price {grouped(price)} is outside {grouped(taken.low)} to {grouped(taken.high)}, in "
        f"which the exchange takes orders of {facts.terms.instrument.symbol} now. Write a price "
        "inside.",
    )


def _day_band(facts: PlanFacts) -> Finding | None:
    """Of a stop as well: its limit is never taken outside the band, triggered or not."""
    price, band = facts.terms.price, facts.day_band
    if price is None or band.holds(price):
        return None
    low, high = ("not known" if edge is None else grouped(edge) for edge in (band.low, band.high))
    return _block(
        "day_band",
        f"Price {grouped(price)} is outside the day's price band of "
        f"{facts.terms.instrument.symbol}: lowest {low}, highest {high}. Write "
        f"{grouped(band.nearest(price))}, or a price inside.",
    )


def not_known(terms: OrderTerms, taken: PriceRange | None, band: DayBand) -> tuple[str, ...]:
    """What a limit price would be compared with and nobody has told lately, in words."""
    missing, kind = [], terms.instrument.kind
    if terms.price is None:
        return ()
    if kind is not InstrumentKind.EQUITY and taken is None:
        missing.append("the exchange's price protection range")
    if not kind.is_option:
        edges = (("lowest", band.low), ("highest", band.high))
        unknown = [name for name, edge in edges if edge is None]
        if unknown:
            missing.append(f"the {' and the '.join(unknown)} price of the day's band")
    return tuple(missing)


def _stop_side(facts: PlanFacts) -> Finding | None:
    terms, last = facts.terms, facts.last
    if terms.trigger is None or last is None:
        return None
    buys = terms.side is Side.BUY
    if terms.trigger > last if buys else terms.trigger < last:
        return None
    side, remedy = ("above", "Raise it") if buys else ("below", "Lower it")
    return _block(
        "stop_side",
        f"A stop that {'buys' if buys else 'sells'} must have its trigger {side} the last price "
        f"{last}; {terms.trigger} would trigger at once. {remedy}, or use LIMIT.",
    )


def _protected(facts: PlanFacts) -> Finding | None:
    terms = facts.terms
    if terms.order_type is not OrderType.MARKET or facts.last is not None:
        return None
    return _block(
        "no_price",
        f"Type {terms.order_type} needs a price from the last 5 seconds for its protection, "
        f"and none is known for {terms.instrument.symbol}. Use LIMIT, or wait for the quote.",
    )


def _same_again(facts: PlanFacts) -> Finding | None:
    if not facts.same_again:
        return None
    terms = facts.terms
    return Finding(
        "duplicate_order",
        Level.HOLD,
        f"{terms.side} {grouped(terms.quantity)} {terms.instrument.symbol} was ordered a moment "
        "ago. If it is meant once more, type the quantity.",
    )


def _old_contracts(facts: PlanFacts) -> Finding | None:
    return _block("old_contracts", facts.contracts_old)


def _ban(facts: PlanFacts) -> Finding | None:
    return _block("ban", facts.banned)


def _ban_unknown(facts: PlanFacts) -> Finding | None:
    return _warn("ban_unknown", facts.ban_unknown)


def _unusual_size(facts: PlanFacts) -> Finding | None:
    size = facts.unlike.size
    return Finding("unusual_size", Level.HOLD, size) if size else None


def _new_instrument(facts: PlanFacts) -> Finding | None:
    return _warn("new_instrument", facts.unlike.instrument)


def _cadence(facts: PlanFacts) -> Finding | None:
    return _warn("cadence", facts.unlike.cadence, facts.unlike.orders)


def _repeats(facts: PlanFacts) -> Finding | None:
    limits = facts.limits
    counted = (
        (facts.plans[0], limits.repeats, "of this instrument and side in 10 seconds"),
        (facts.plans[1], limits.plans_a_minute, "in a minute"),
        (facts.plans[2], limits.plans_an_hour, "in an hour"),
    )
    for made, most, when in counted:
        if most is not None and made >= most:
            return _block(
                "repeats",
                f"{made} plans {when} are as many as the limit of {most} allows. Trading is "
                "halted; see what repeats itself, then resume.",
            )
    return None


PLAN_CHECKS: tuple[Check[PlanFacts], ...] = (
    Check("stopped", Tier.PLAN, "PAUSE, HALT, KILL, the kill flag's file, this machine's clock and "
          "the window's answer", "Resume, set the clock, or wait for the window.", _stopped),
    Check("instrument", Tier.PLAN, "the contract can be traded and has not expired",
          "Pick another instrument.", _instrument),
    Check("quantity", Tier.PLAN, "a whole number of lots above 0", "Write whole lots.", _quantity),
    Check("not_taken", Tier.PLAN, "what the broker takes: exchange, order type, product, validity",
          "Choose another.", _not_taken),
    Check("session", Tier.PLAN, "continuous trading of the exchange",
          "Place it when the exchange trades.", _session),
    Check("not_trading", Tier.PLAN, "the exchange has not said that its market is halted, nor that "
          "it is closed while the calendar has it open", "Wait until it trades, or send it all the "
          "same.", _trading),
    Check("lot_not_seen", Tier.PLAN, "on commodities, the size of a lot as the broker's position "
          "book shows it", "Open the smallest position on the broker's page once.", _lot_seen),
    Check("old_contracts", Tier.PLAN, "the exchange's contract file is of today: with an older one "
          "only exits pass", "Wait for today's file; it is asked for every 5 minutes.",
          _old_contracts),
    Check("ban", Tier.PLAN, "the underlying is in no ban of today: in a ban only exits pass",
          "Wait until it is off the exchange's list.", _ban),
    Check("ban_unknown", Tier.PLAN, "the ban list of today is known, for futures and options of a "
          "stock", "Look at the exchange's list and write it into ban.toml, or send it all the "
          "same.", _ban_unknown),
    Check("unusual_size", Tier.PLAN, "the master's quantity against the middle one of his orders "
          "in the underlying, of four weeks: ten times", "If it is not his doing, pause copying; "
          "if it is meant, type the quantity.", _unusual_size),
    Check("new_instrument", Tier.PLAN, "the master has ordered something of the underlying in four "
          "weeks", "If it is not his doing, pause copying; else send it all the same.",
          _new_instrument),
    Check("cadence", Tier.PLAN, "the master's orders in ten minutes, against the most before: "
          "three times", "If it is not his doing, pause copying; else send it all the same.",
          _cadence),
    Check("no_price", Tier.PLAN, "a price of the last 5 seconds to protect a MARKET order by",
          "Wait for the quote, or use LIMIT.", _protected),
    Check("stop_side", Tier.PLAN, "a stop's trigger on the right side of the last price",
          "Move the trigger, or use LIMIT.", _stop_side),
    Check("no_reference", Tier.PLAN, "any price to compare a limit with: the last, or the previous "
          "close", "Wait for a quote, or type the quantity.", _no_reference),
    Check("collar", Tier.PLAN, "the limit price against the last price: 3 %, options 10 % or ₹5; "
          "twice as far is blocked", "Write a nearer price; inside twice the collar type the "
          "quantity.", _collar),
    Check("price_band", Tier.PLAN, "the limit price inside the range in which the exchange takes "
          "orders, where the feed has told it in the last minute", "Write a price inside.", _band),
    Check("day_band", Tier.PLAN, "the limit price inside the exchange's price band of the day "
          "(lower and upper circuit), where the feed has told an edge of it in the last 15 minutes",
          "Write a price inside.", _day_band),
    Check("duplicate_order", Tier.PLAN, "the same order from another plan within 2 seconds",
          "If it is meant, type the quantity.", _same_again),
    Check("repeats", Tier.PLAN, "how many plans were made in 10 seconds, a minute and an hour",
          "See what repeats itself, then resume.", _repeats),
)  # fmt: skip
"""In the order in which they are asked."""


def plan_findings(facts: PlanFacts, without: Collection[str] = ()) -> list[Finding]:
    """What is found of a plan; ``without`` are codes of checks that are not asked."""
    return up_to_block(check.ask(facts) for check in PLAN_CHECKS if check.code not in without)
