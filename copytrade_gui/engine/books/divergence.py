"""Was an order of ours changed or cancelled at the broker, and not by us (docs/safety.md 9.31)?

Only what a row plainly says counts. A field that is missing, unknown or shown in another of the
broker's manners is no change; neither is an older row that a stale book shows once more. Nobody
can tell from a book who pressed cancel, so the words only say that it was not us.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from copytrade_gui.domain.divergence import Change, Divergence
from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.ids import IntentId
from copytrade_gui.domain.instrument import LOT_QUOTED
from copytrade_gui.domain.order import OrderTerms, OrderType, Product, Side, State, Validity
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.ports import BrokerOrder

_SAYS_ITS_TERMS = frozenset({State.WORKING, State.TRIGGER_PENDING, State.PARTIAL, State.FILLED})
"""In these the row's terms are the order's own. Before, the broker may not have put them all in; a
change that is pending may still be refused; of an ended order some fields are emptied."""
_MAY_BE_FILLED = frozenset({State.FILLED, None})
"""Beside a quantity that is filled whole, a status text we do not know says nothing else."""
_LOWERED_BY_ITS_END = frozenset({State.CANCELLED, State.EXPIRED})
_MAY_BE_CANCELLED = frozenset(
    {
        State.ACKED,
        State.WORKING,
        State.TRIGGER_PENDING,
        State.PARTIAL,
        State.MODIFY_PENDING,
        State.CANCEL_PENDING,
        State.CANCELLED,
    }
)
_SHOWN_AS: Mapping[OrderType, frozenset[OrderType]] = {
    OrderType.LIMIT: frozenset({OrderType.LIMIT}),
    # With protection a MARKET order is a LIMIT order, and a SLM order is a SL order.
    OrderType.MARKET: frozenset({OrderType.MARKET, OrderType.LIMIT}),
    # A stop that was triggered may be shown as the order it became.
    OrderType.SL: frozenset({OrderType.SL, OrderType.LIMIT}),
    OrderType.SLM: frozenset(OrderType),
}
_CARRIED = frozenset({Product.NORMAL, Product.DELIVERY})
_PAISE = 100  # the broker's own samples show prices a hundredfold (docs/broker.md 9.6)


class Divergences:
    """Judges rows of complete reads of the order book."""

    def __init__(self, core: Core) -> None:
        self._clock = core.clock
        self._hours = core.hours
        self._lanes = core.lanes
        self._book = core.book
        self._news = core.news
        self._seen: dict[IntentId, set[tuple[Change, ...]]] = {}

    def judge(self, order: Order, row: BrokerOrder) -> Divergence | None:
        """The order's new mark, or None if the row tells nothing new."""
        held = order.diverged
        before = () if held is None else held.changes
        now = changes(order, row)
        if now != before and not self._is_news(order, row, now):
            now = before
        was_cancelled = held is not None and held.cancelled
        cancelled = was_cancelled or self._cancelled_by_others(order, row)
        if now == before and cancelled == was_cancelled:
            return None
        self._seen.setdefault(order.intent.intent_id, {()}).update((before, now))
        counts = [int(change.now) for change in now if change.field == "quantity"]
        quantity = counts[0] if counts else order.terms.quantity
        return Divergence(quantity, now, cancelled, self._clock.wall_ns(), row.updated_ns or 0)

    def tell(self, order: Order, mark: Divergence, before: OrderTerms) -> None:
        """The order was marked, and was ``before`` as that says: whoever copies it follows."""
        followed = self._is_followed(order, before)
        words = _alarm_words(order, mark, followed=followed)
        self._book.alarm("diverged", words, order, severity=Severity.WARNING)
        if followed:
            self._news.lead_changed(order, before, as_shown(order))

    def _is_followed(self, order: Order, before: OrderTerms) -> bool:
        """True for a master's order that was changed just now, not while the program was down."""
        lane = self._lanes.get(order.intent.account_id)
        if order.is_copy or order.state.ended or lane is None or lane.status.unread:
            return False
        return _copies_follow(order, before)

    def _is_news(self, order: Order, row: BrokerOrder, now: tuple[Change, ...]) -> bool:
        """A stale book shows again what was before: the broker's stamps tell, in whole seconds."""
        held = order.diverged
        if held is None or (row.state in _MAY_BE_FILLED and row.all_filled):
            return True
        if row.updated_ns is None or not held.updated_ns or row.updated_ns == held.updated_ns:
            return now not in self._seen.get(order.intent.intent_id, {(), held.changes})
        return row.updated_ns > held.updated_ns

    def _cancelled_by_others(self, order: Order, row: BrokerOrder) -> bool:
        """True if we did not ask for it, and neither words, validity nor the hour explain it."""
        return (
            row.state is State.CANCELLED
            and order.attempt_state in _MAY_BE_CANCELLED
            and row.filled_quantity < row.quantity
            and not order.cancel_requested
            and not row.rejection_reason
            and Validity.IOC not in (row.validity, order.intent.terms.validity)
            and not self._hours.explains_an_end(
                order, self._clock.wall_ns() if row.updated_ns is None else row.updated_ns
            )
        )


def not_by_us(order: Order) -> str:
    """Why an order ended as cancelled that the broker gives no reason for."""
    if order.cancel_requested or order.intent.terms.validity is Validity.IOC:
        return ""
    return "Cancelled at the broker, not by this program."


def made_larger(order: Order, row: BrokerOrder) -> bool:
    """True if a row for more units than we know of is not just counted in another way.

    It may prove nothing yet.
    """
    return not any(_same_count(one, row) for one in (order.sent_terms, *order.asked))


def shows(terms: OrderTerms, row: BrokerOrder) -> bool:
    """True if the row is for these terms, in all that it says of them."""
    found: dict[str, Change] = {}
    _put_all(found, terms, row)
    return not found


def changes(order: Order, row: BrokerOrder) -> tuple[Change, ...]:
    """What the row shows differently from what we sent; what it does not show stays as it was."""
    ours, held = (order.sent_terms, *order.asked), order.diverged
    terms = ours[-1]
    if held is None and any(_plainly_same(one, row) for one in ours):
        return ()
    found = {} if held is None else {change.field: change for change in held.changes}
    if row.state in _SAYS_ITS_TERMS or (row.state is None and row.all_filled):
        _put_all(found, terms, row)
    elif row.state in _LOWERED_BY_ITS_END and row.quantity > order.ordered:
        _put(found, "quantity", terms.quantity, row.quantity, same=_same_count(terms, row))
    return tuple(found[field] for field in sorted(found))


def as_shown(order: Order) -> OrderTerms:
    """What the order is for: what we asked for, with what was changed of it at the broker."""
    terms = order.terms
    for change in () if order.diverged is None else order.diverged.changes:
        if change.field == "quantity":
            terms = replace(terms, quantity=int(change.now))
        elif change.field == "price":
            terms = replace(terms, price=Decimal(change.now))
        elif change.field == "trigger":
            terms = replace(terms, trigger=Decimal(change.now))
        elif change.field == "type":
            terms = replace(terms, order_type=OrderType(change.now))
    return terms


def _copies_follow(order: Order, before: OrderTerms) -> bool:
    """True if what a master changed of his order is for its copies: all that they can take up.

    A commodity's quantity may be counted in lots by the broker and in units by us: what another
    number means is not known.
    """
    now = as_shown(order)
    counted_in_lots = now.instrument.key.exchange in LOT_QUOTED and now.instrument.lot_size > 1
    return now != before and not (counted_in_lots and now.quantity != before.quantity)


def _plainly_same(terms: OrderTerms, row: BrokerOrder) -> bool:
    return (
        row.quantity == terms.quantity
        and row.price == terms.price
        and row.trigger == (terms.trigger or 0)
        and row.order_type is terms.order_type
        and row.product is terms.product
        and row.validity is terms.validity
    )


def _put_all(found: dict[str, Change], terms: OrderTerms, row: BrokerOrder) -> None:
    _put(found, "quantity", terms.quantity, row.quantity, same=_same_count(terms, row))
    _put_words(found, terms, row)
    _put_prices(found, terms, row)


def _put(found: dict[str, Change], field: str, sent: object, now: object, *, same: bool) -> None:
    if same:
        found.pop(field, None)
    else:
        found[field] = Change(field, str(sent), str(now))


def _same_count(terms: OrderTerms, row: BrokerOrder) -> bool:
    """Equal, or counted in lots by the one and in units by the other."""
    own, shown, lot = terms.quantity, row.quantity, terms.instrument.lot_size
    counted_in_lots = terms.instrument.key.exchange in LOT_QUOTED and lot > 1
    return own == shown or (counted_in_lots and (shown == own * lot or own == shown * lot))


def _put_words(found: dict[str, Change], terms: OrderTerms, row: BrokerOrder) -> None:
    """A word that we do not know is None, and says nothing."""
    if row.order_type is not None:
        alike = row.order_type in _SHOWN_AS[terms.order_type]
        _put(found, "type", terms.order_type, row.order_type, same=alike)
    if row.product is not None:
        alike = row.product is terms.product or {row.product, terms.product} <= _CARRIED
        _put(found, "product", terms.product, row.product, same=alike)
    if row.validity is not None:
        alike = row.validity is terms.validity
        _put(found, "validity", terms.validity, row.validity, same=alike)


def _put_prices(found: dict[str, Change], terms: OrderTerms, row: BrokerOrder) -> None:
    """A price of 0 is one that is not shown; one that the type has no use for says nothing."""
    shown = row.order_type
    if shown is None:
        return
    if not shown.has_price:
        found.pop("price", None)
    elif terms.order_type.has_price and row.price > 0 and not _may_be_average(terms, row):
        _put_price(found, "price", terms, terms.price, row.price)
    if shown.has_trigger:
        if row.trigger > 0:
            _put_price(found, "trigger", terms, terms.trigger, row.trigger)
    elif terms.trigger is None:
        found.pop("trigger", None)


def _may_be_average(terms: OrderTerms, row: BrokerOrder) -> bool:
    """Some books show the average in the place of the price; it is never worse than the limit."""
    if not row.filled_quantity or row.price != row.average_price or terms.price is None:
        return False
    return row.price <= terms.price if terms.side is Side.BUY else row.price >= terms.price


def _put_price(
    found: dict[str, Change], field: str, terms: OrderTerms, sent: Decimal | None, now: Decimal
) -> None:
    if sent is None:
        found[field] = Change(field, "none", _rupees(now))
        return
    # Nobody can change a price by less than a tick; the broker may round one.
    grain = max(terms.instrument.tick, Decimal("0.0001"))
    alike = abs(now - sent) < grain or abs(now - sent * _PAISE) < grain * _PAISE
    _put(found, field, _rupees(sent), _rupees(now), same=alike)


def _rupees(price: Decimal) -> str:
    """Two decimals, more where the tick has more."""
    paise = price.quantize(Decimal("0.01"))
    return f"{paise:f}" if paise == price else f"{price.normalize():f}"


def _alarm_words(order: Order, mark: Divergence, *, followed: bool) -> str:
    """One sentence for the operator: what was done, and what the program does about it.

    ``followed``: its copies are changed with it.
    """
    terms = order.sent_terms
    master = not order.is_copy
    what = (
        f"{'Master order' if master else 'Copy'} {terms.side} {terms.quantity} "
        f"{terms.instrument.symbol} of {order.intent.account_id} ({order.broker_order_id})"
    )
    if mark.cancelled:
        changed = f" after a change ({mark.changes_in_words})" if mark.changes else ""
        rest = "look at its copies" if master else "it is not placed again; ask the account's owner"
        return f"DIVERGED: {what} was cancelled at the broker, not by us{changed}: {rest}."
    rest = (
        "its copies follow"
        if followed
        else "its copies were not changed with it, so look at them"
        if master
        else "it is tracked but not followed any more, so cancel it yourself if it should go"
    )
    return f"DIVERGED: {what} was changed at the broker, not by us ({mark.in_words}): {rest}."
