"""The rows of order book, order history and trade book, and the bodies around them."""

import msgspec

from copytrade_gui.simulator import rupees
from copytrade_gui.simulator.codes import text_of
from copytrade_gui.simulator.config import Switches
from copytrade_gui.simulator.ist import stamp
from copytrade_gui.simulator.orders import Fill, Order, Step

_encode = msgspec.json.encode

_EMPTY = {"orders": "EC916", "trades": "EC926", "positions": "EC920", "holdings": "EC922"}
_FAILED = {"orders": "EC915", "trades": "EC927", "positions": "EC919", "holdings": "EC921"}
_STATUS_ROW = b'{"status":"Success","message":"Success"}'


def status_text(text: str, switches: Switches, number: int) -> str:
    """A status of the ``number``-th order, in the case this broker is set to use."""
    case = switches.status_case
    if case == "mixed":
        case = ("lower", "snake")[number % 2]
    match case:
        case "title":
            return text.title()
        case "upper":
            return text.upper()
        case "snake":
            return text.upper().replace(" ", "_")
        case _:
            return text


def order_fields(order: Order, switches: Switches, step: Step | None = None) -> dict[str, object]:
    """A book row as plain values, all strings; with a step, the row as it stood then."""
    terms = order.terms
    instrument = terms.instrument
    if step is None:
        status = order.shown_status or order.status
        if order.shown_end and not order.live:
            status = order.shown_end
        quantity, filled, value = terms.quantity, order.filled, order.value
        kind, price, trigger = terms.kind, terms.price, terms.trigger
        reason, updated = order.reason, order.updated_at
    else:
        status, quantity, filled, value = step.status, step.quantity, step.filled, step.value
        kind, price, trigger = step.kind, step.price, step.trigger
        reason, updated = step.reason, step.at
    updated_text = stamp(updated)
    fields: dict[str, object] = {
        "clientId": order.account,
        "placedBy": order.placed_by,
        "brokerOrderId": order.order_id,
        "exchangeOrderId": order.exchange_id,
        "orderStatus": status_text(status, switches, order.number),
        "formattedInstrumentName": instrument.name,
        "tradingSymbol": instrument.symbol,
        "instrumentId": str(instrument.id),
        "exchange": instrument.exchange,
        "transactionType": "BUY" if terms.buy else "SELL",
        "quantity": str(quantity),
        "product": terms.product,
        "orderComplexity": terms.complexity,
        "orderType": kind,
        "validity": terms.validity,
        "price": rupees.text(price),
        "averageTradedPrice": rupees.text(rupees.average(value, filled)),
        "slTriggerPrice": rupees.text(trigger),
        switches.disclosed_name: str(terms.disclosed),
        "marketProtectionPercent": terms.protection,
        "exchangeTimestamp": stamp(order.accepted_at),
        "exchangeUpdateTime": updated_text,
        "brokerUpdateTime": updated_text,
        "rejectionReason": reason,
        "mainLegOrderId": order.parent,
        "pendingQuantity": str(quantity - filled),
        "filledQuantity": str(filled),
        "appKey": order.app_key,
        "apiOrderSource": terms.source,
        "algoId": terms.algo,
        "source": terms.channel,
        "orderTag": order.label,
    }
    fields.update(order.words)
    return fields


def order_row(order: Order, switches: Switches) -> bytes:
    """The book row as JSON, kept until the order changes."""
    if not order.row:
        order.row = _encode(order_fields(order, switches))
    return order.row


def history_rows(order: Order, switches: Switches) -> list[bytes]:
    """One row per state change, oldest first, with the quantity cancelled so far."""
    rows = []
    for step in order.steps:
        fields = order_fields(order, switches, step)
        fields["cancelledQuantity"] = (
            str(step.quantity - step.filled) if step.status.startswith("cancelled") else "0"
        )
        rows.append(_encode(fields))
    return rows


def stale_row(order: Order, at: int, switches: Switches) -> bytes | None:
    """The row as it stood at an earlier moment; None when the order was not there yet."""
    step = None
    for candidate in order.steps:
        if candidate.at > at:
            break
        step = candidate
    return None if step is None else _encode(order_fields(order, switches, step))


def trade_row(fill: Fill, order: Order) -> bytes:
    """A row of the trade book as JSON, kept for good."""
    if not fill.row:
        terms = order.terms
        instrument = terms.instrument
        fields: dict[str, object] = {
            "clientId": order.account,
            "placedBy": order.placed_by,
            "brokerOrderId": order.order_id,
            "exchangeOrderId": order.exchange_id,
            "exchangeTradeId": fill.trade_id,
            "formattedInstrumentName": instrument.name,
            "tradingSymbol": instrument.symbol,
            "instrumentId": str(instrument.id),
            "exchange": instrument.exchange,
            "transactionType": "BUY" if terms.buy else "SELL",
            "product": terms.product,
            "orderComplexity": terms.complexity,
            "orderType": terms.kind,
            "validity": terms.validity,
            "tradedPrice": rupees.text(fill.price),
            "filledQuantity": str(fill.quantity),
            "fillTimestamp": stamp(fill.at),
            "algoId": terms.algo,
            "orderTag": order.label,
        }
        fields.update(order.words)
        fill.row = _encode(fields)
    return fill.row


def book_body(book: str, rows: list[bytes], switches: Switches) -> bytes:
    """A whole book in the form this broker is set to use; an empty one says so by a code."""
    return joined_body(book, b",".join(rows), switches)


def joined_body(book: str, rows: bytes, switches: Switches) -> bytes:
    """The same from rows with commas between."""
    if not rows:
        return empty_body(book, switches)
    before, after = b"[", b"]"
    if switches.status_row:
        rows += b"," + _STATUS_ROW
    if switches.books == "keyed":
        before, after = b'{"' + book.encode() + b'":[', b"]}"
    elif switches.books == "listed" and book == "positions":
        before, after = b'{"positionList":[', b"]}"
    if switches.books != "bare":
        before, after = b'{"status":"Ok","message":"Success","result":' + before, after + b"}"
    return b"".join((before, rows, after))


def empty_body(book: str, switches: Switches) -> bytes:
    """What an empty book looks like."""
    if switches.empty_books == "list":
        return b"[]" if switches.books == "bare" else b'{"status":"Ok","result":[]}'
    if switches.empty_books == "stub":
        return b'{"status":"Ok","result":{"status":"ok"}}'
    if switches.empty_books == "stub_row":
        return b'{"status":"Ok","message":"Success","result":[' + _STATUS_ROW + b"]}"
    code = _EMPTY[book]
    inner = _encode({"status": code, "message": text_of(code)})
    as_array = book in {"positions", "holdings"}
    if switches.empty_books == "array" or (switches.empty_books == "live" and as_array):
        inner = b"[" + inner + b"]"
    return b'{"status":"Ok","result":' + inner + b"}"


def failed_code(book: str) -> str:
    """The code of a book that could not be fetched."""
    return _FAILED[book]
