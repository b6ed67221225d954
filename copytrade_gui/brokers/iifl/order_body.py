"""Domain to wire: the bodies of order requests, from templates in which two values change."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from copytrade_gui.brokers.iifl.shapes import MarginBody, ModifyBody, SpanBody
from copytrade_gui.domain.ids import Tag
from copytrade_gui.domain.instrument import LOT_QUOTED, Instrument
from copytrade_gui.domain.order import OrderTerms, OrderType
from copytrade_gui.ports import PreparedOrder

MARKET_PROTECTION_PERCENT = "1"
"""Sent on MARKET and SLM, which the broker refuses without since April 2026 (docs/broker.md 9.3).

Normally the engine has turned these types into LIMIT and SL before; this is the second net.
"""

_encode = msgspec.json.encode
_KEPT_TEMPLATES = 64

_Shape = tuple[str, str, str, str, str, str, Decimal | None, Decimal | None]


class OrderEncoder:
    """Encodes place requests. One encoder serves every account of a broker.

    All followers of a plan share their terms but for quantity and tag, so the rest is encoded
    once and kept as bytes.
    """

    def __init__(self) -> None:
        self._templates: dict[_Shape, tuple[bytes, bytes, bytes]] = {}
        # Followers of one size come with the very same terms object.
        self._made: dict[int, tuple[OrderTerms, bytes, bytes]] = {}

    def prepare(self, terms: OrderTerms, tag: Tag, algo_id: str = "") -> PreparedOrder:
        """Encode one order as the array of one that the broker wants (docs/broker.md 9.1).

        ``algo_id`` is the account's, of whose orders a registered algo asks it; letters, digits,
        ``_`` and ``-``.

        Raises:
            ValueError: a quantity that is no whole number of lots, or a tag that JSON would escape.
        """
        if not (tag.isascii() and tag.isalnum()):
            raise ValueError("An order tag holds letters and digits only.")
        made = self._made.get(id(terms))
        if made is None or made[0] is not terms:
            head, middle, tail = self._template(terms)
            made = (terms, b"%b%d%b" % (head, counted(terms), middle), tail)
            if len(self._made) >= _KEPT_TEMPLATES:
                self._made.clear()
            self._made[id(terms)] = made
        payload = b"%b%b%b" % (made[1], tag.encode("ascii"), made[2])
        if algo_id:
            payload = b'%b","algoId":"%b%b' % (payload[:-3], algo_id.encode("ascii"), payload[-3:])
        return PreparedOrder(tag=tag, payload=payload)

    def _template(self, terms: OrderTerms) -> tuple[bytes, bytes, bytes]:
        key = terms.instrument.key
        shape = (
            key.exchange.value,
            key.instrument_id,
            terms.side.value,
            terms.product.value,
            terms.order_type.value,
            terms.validity.value,
            terms.price,
            terms.trigger,
        )
        template = self._templates.get(shape)
        if template is None:
            if len(self._templates) >= _KEPT_TEMPLATES:
                self._templates.clear()
            template = self._templates[shape] = _build(terms)
        return template


def _build(terms: OrderTerms) -> tuple[bytes, bytes, bytes]:
    key = terms.instrument.key
    before = _encode(
        {
            "instrumentId": key.instrument_id,
            "exchange": key.exchange.value,
            "transactionType": terms.side.value,
        }
    )
    after: dict[str, str] = {
        "orderComplexity": "REGULAR",
        "product": terms.product.value,
        "orderType": terms.order_type.value,
        "validity": terms.validity.value,
    }
    price, trigger, protection = _prices(terms)
    if price is not None:
        after["price"] = price
    if trigger is not None:
        after["slTriggerPrice"] = trigger
    if protection is not None:
        after["marketProtectionPercent"] = protection
    return (
        b"[" + before[:-1] + b',"quantity":"',
        b'",' + _encode(after)[1:-1] + b',"orderTag":"',
        b'"}]',
    )


def _prices(terms: OrderTerms) -> tuple[str | None, str | None, str | None]:
    # EC977, EC978: a price or trigger that the type does not have must be absent, not zero.
    kind = terms.order_type
    price = f"{terms.price:f}" if kind.has_price and terms.price is not None else None
    trigger = f"{terms.trigger:f}" if kind.has_trigger and terms.trigger is not None else None
    protection = MARKET_PROTECTION_PERCENT if kind in (OrderType.MARKET, OrderType.SLM) else None
    return price, trigger, protection


def counted(terms: OrderTerms) -> int:
    """The quantity as the broker counts it: lots on the commodity segments, units elsewhere.

    Raises:
        ValueError: the units are no whole number of lots.
    """
    return _count(terms.instrument, terms.quantity)


def _count(instrument: Instrument, quantity: int) -> int:
    if instrument.key.exchange not in LOT_QUOTED:
        return quantity
    lots, rest = divmod(quantity, instrument.lot_size)
    if rest:
        raise ValueError(
            f"Quantity {quantity} is not a multiple of the lot of {instrument.lot_size}."
        )
    return lots


def modify_body(terms: OrderTerms) -> bytes:
    """Encode a modify request as a bare object, the form seen in use (docs/broker.md 9.4).

    Raises:
        ValueError: as ``counted``.
    """
    price, trigger, protection = _prices(terms)
    return _encode(
        ModifyBody(
            quantity=str(counted(terms)),
            order_type=terms.order_type.value,
            validity=terms.validity.value,
            price=price,
            sl_trigger_price=trigger,
            market_protection_percent=protection,
        )
    )


def margin_body(terms: OrderTerms) -> bytes:
    """Encode the question what margin one order would need (docs/broker.md 12).

    Raises:
        ValueError: as ``counted``.
    """
    price, trigger, _ = _prices(terms)
    key = terms.instrument.key
    return _encode(
        MarginBody(
            instrument_id=key.instrument_id,
            exchange=key.exchange.value,
            transaction_type=terms.side.value,
            quantity=str(counted(terms)),
            order_complexity="REGULAR",
            product=terms.product.value,
            order_type=terms.order_type.value,
            validity=terms.validity.value,
            price=price,
            sl_trigger_price=trigger,
        )
    )


def span_body(legs: list[OrderTerms]) -> bytes:
    """Encode the question what SPAN and exposure margin these orders need (docs/broker.md 12).

    Raises:
        ValueError: as ``counted``.
    """
    return _encode(
        [
            SpanBody(
                instrument_id=leg.instrument.key.instrument_id,
                exchange=leg.instrument.key.exchange.value,
                transaction_type=leg.side.value,
                quantity=str(counted(leg)),
            )
            for leg in legs
        ]
    )
