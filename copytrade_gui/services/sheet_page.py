"""A follower's sheet as it is read: a heading, tables and notes, the same in every kind of file."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from statistics import median

from msgspec import Struct

from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.charges import Charges
from copytrade_gui.domain.money import rupees
from copytrade_gui.domain.order import State
from copytrade_gui.domain.position import NOTHING
from copytrade_gui.services.day_sheet import Sheet, SheetOrder, SheetPosition, SheetTrade

Cell = str | int | Decimal | None
_PAISA = Decimal("0.01")
_TENTH = Decimal("0.1")
_PRICE = Decimal("0.0001")
NOT_KNOWN = "not known"
_TOTAL = "Total"
TRADES, ORDER, TRADE = "Trades", "Order", "Trade"
QUANTITY, PRICE = "Quantity", "Price ₹"
"""Words by which a sheet's trades are found again."""


class Table(Struct, frozen=True):
    """A title, the names of its columns with their units, and rows; ``total`` stands below them."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] = ()


class Page(Struct, frozen=True):
    """A sheet. ``heading`` are its first lines, the title first."""

    heading: tuple[str, ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...]


def page_of(sheet: Sheet, *, paper: bool) -> Page:
    """What a sheet says."""
    account = sheet.account
    heading = [f"{sheet.day:%d %b %Y}: {account.name}", f"Client id {account.client_id}"]
    if paper:
        heading.append("PAPER TRADING: no real orders")
    return Page(
        tuple(heading),
        (
            _summary(sheet),
            Table(
                TRADES,
                ("Time IST", "Instrument", "Exchange", "Product", "Side", QUANTITY, PRICE,
                 "Value ₹", ORDER, TRADE),
                tuple(_trade(one) for one in sheet.trades),
            ),
            Table(
                "Charges by order, ₹ (estimate)",
                ("Order", "Instrument", "Brokerage", "STT or CTT", "Exchange", "SEBI", "Stamp",
                 "GST", "Total"),
                tuple(row for one in sheet.orders for row in _charges(one)),
                (None, _TOTAL, *_parts(sheet.charges)) if sheet.charges.total else (),
            ),
            Table(
                "Profit and loss, ₹ (before charges)",
                ("Instrument", "Product", "Carried in", "Bought", "Bought ₹", "Sold", "Sold ₹",
                 "Held now", "Average", "Realised today", "Last price", "Open"),
                tuple(_position(one) for one in sheet.positions),
                _all_positions(sheet) if sheet.positions else (),
            ),
            Table(
                "Verdicts and slippage",
                ("Time IST", "Master", "Instrument", "Side", "Quantity", "Limit ₹", "Changed",
                 "Filled", "Average ₹", "Master's average ₹", "Slippage ₹", "Verdict", "Why",
                 "Order"),
                tuple(_verdict(one) for one in sheet.orders),
                (_TOTAL, *[None] * 9, money(sheet.slippage), None, None, None)
                if sheet.orders else (),
            ),
            Table(
                "Latency, ms",
                ("Time IST", "Instrument", "Call to first byte", "First byte to answer",
                 "Call to answer", "Order"),
                tuple(row for one in sheet.orders for row in _latency(one)),
            ),
        ),
        sheet.notes,
    )  # fmt: skip


def _summary(sheet: Sheet) -> Table:
    latencies = sheet.latencies_ms
    verdicts = [one.order for one in sheet.orders]
    rows: list[tuple[Cell, ...]] = [
        ("Master's orders with a verdict here", len(verdicts)),
        ("Sent to the broker", sum(one.attempt_id is not None for one in verdicts)),
        ("Filled, whole or in part", sum(one.filled_quantity > 0 for one in verdicts)),
        ("Not sent", sum(one.state in (State.BLOCKED, State.SKIPPED) for one in verdicts)),
        ("Trades", len(sheet.trades)),
        ("Bought, ₹", money(sheet.bought)),
        ("Sold, ₹", money(sheet.sold)),
        ("Realised today before charges, ₹", money(sheet.realised)),
        ("Charges (estimate), ₹", rupees(sheet.charges.total)),
        ("Realised today after charges, ₹", money(sheet.after_charges)),
        ("Open at the last prices, ₹", _known(sheet.open)),
        ("Slippage against masters, ₹ (above 0: dearer)", money(sheet.slippage)),
    ]
    if latencies:
        rows += [
            ("Call to answer, median ms", _tenths(median(latencies))),
            ("Call to answer, slowest ms", _tenths(latencies[-1])),
        ]
    return Table("Day in figures", ("What", "Figure"), tuple(rows))


def _trade(one: SheetTrade) -> tuple[Cell, ...]:
    terms = one.order.terms
    return (
        one.at_text or "trade not read",
        terms.instrument.symbol,
        terms.instrument.key.exchange.house,
        terms.product.value,
        terms.side.value,
        one.quantity,
        price(one.price),
        money(one.value),
        one.order.broker_order_id,
        one.trade_id,
    )


def _charges(one: SheetOrder) -> Sequence[tuple[Cell, ...]]:
    parts = one.charges
    if parts is None:
        return ()
    return ((one.order.broker_order_id, one.order.terms.instrument.symbol, *_parts(parts)),)


def _parts(parts: Charges) -> Sequence[Decimal]:
    """In rupees, in the order of their columns."""
    figures = (
        parts.brokerage, parts.tax, parts.exchange, parts.sebi, parts.stamp, parts.gst, parts.total
    )  # fmt: skip
    return [Decimal(part).scaleb(-2) for part in figures]


def _all_positions(sheet: Sheet) -> tuple[Cell, ...]:
    priced = all(one.priced for one in sheet.positions)
    return (
        _TOTAL, None, None, None,
        money(sum((one.position.bought_value for one in sheet.positions), NOTHING)), None,
        money(sum((one.position.sold_value for one in sheet.positions), NOTHING)), None, None,
        money(sheet.realised) if priced else NOT_KNOWN, None, _known(sheet.open),
    )  # fmt: skip


def _position(one: SheetPosition) -> tuple[Cell, ...]:
    held = one.position
    return (
        one.instrument.symbol,
        one.product.value,
        held.carried,
        held.bought,
        money(held.bought_value),
        held.sold,
        money(held.sold_value),
        held.net,
        NOT_KNOWN if not one.priced else None if held.average is None else price(held.average),
        money(held.realised_today) if one.priced else NOT_KNOWN,
        price(one.quote.last) if held.net and one.quote is not None else None,
        _known(one.open),
    )


def _verdict(one: SheetOrder) -> tuple[Cell, ...]:
    order, terms = one.order, one.order.terms
    master = one.master_average
    return (
        clock(one.made_ns),
        one.master,
        terms.instrument.symbol,
        terms.side.value,
        terms.quantity,
        None if terms.price is None else price(terms.price),
        one.changed,
        order.filled_quantity,
        None if order.average_price is None else price(order.average_price),
        None if master is None else price(master),
        None if one.slippage is None else money(one.slippage),
        f"{order.state.value} {order.code}".strip(),
        order.reason,
        order.broker_order_id,
    )


def _latency(one: SheetOrder) -> Sequence[tuple[Cell, ...]]:
    timing = one.order.timing
    if timing is None:
        return ()
    return (
        (
            clock(one.made_ns),
            one.order.terms.instrument.symbol,
            _tenths(timing.call_to_send_ms),
            _tenths(timing.send_to_reply_ms),
            _tenths(timing.call_to_reply_ms),
            one.order.broker_order_id,
        ),
    )


def money(amount: Decimal) -> Decimal:
    """Rupees to the paisa."""
    return amount.quantize(_PAISA, ROUND_HALF_EVEN)


def price(amount: Decimal) -> Decimal:
    """Rupees a unit: to four places, and to two at least."""
    shortest = amount.quantize(_PRICE, ROUND_HALF_EVEN)
    paise = money(amount)
    return paise if paise == shortest else shortest


def clock(at_ns: int) -> str:
    """The time of a UTC ns in India, to the millisecond."""
    at = ist(at_ns)
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"


def _known(amount: Decimal | None) -> Cell:
    return NOT_KNOWN if amount is None else money(amount)


def _tenths(value: float) -> Decimal:
    return Decimal(value).quantize(_TENTH, ROUND_HALF_EVEN)
