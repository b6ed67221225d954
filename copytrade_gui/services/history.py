"""What is remembered, as the window's tables and files want it."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import xlsxwriter

from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.waterfall import Waterfall, slippage
from copytrade_gui.ports import History
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.verbs import HistoryRow, LatencySample, RefusedError
from copytrade_gui.services.workbook import workbook, write_text
from copytrade_gui.services.written_file import private_file

EXPORT_LIMIT = 1_000_000
_LATER_NS = 1_000_000_000
"""An order's last fact is stored so long after its last change at the latest."""
_COLUMNS = (
    "time_ist", "account", "side", "quantity", "symbol", "type", "price", "state", "filled",
    "average_price", "reason", "broker_order_id", "tag", "call_to_ack_ms", "diverged",
)  # fmt: skip
Cell = str | float | int | Decimal | None


class HistoryService:
    """Implements ``HistoryVerbs`` on the stored history. ``paper`` marks every export."""

    def __init__(self, history: History, *, paper: bool) -> None:
        self._history = history
        self._paper = paper

    async def latency(self, limit: int) -> tuple[LatencySample, ...]:
        """The newest samples, oldest first."""
        return tuple(
            LatencySample(
                timed.attempt_id,
                timed.plan_id,
                timed.account_id,
                timed.at_ns,
                timed.timing,
                timed.rank,
                timed.role,
            )
            for timed in await self._history.latency(limit)
        )

    async def events(self, limit: int, text: str = "") -> tuple[HistoryRow, ...]:
        """The newest audit events that contain ``text``, newest first."""
        return tuple(
            HistoryRow(
                event.number,
                event.wall_ns,
                event.actor,
                event.kind,
                event.account_id,
                event.intent_id or event.plan_id,
                event.reason,
                event.body,
            )
            for event in await self._history.events(limit, text=text)
        )

    async def orders(self, limit: int) -> tuple[OrderView, ...]:
        """The newest orders of any day, newest first."""
        return await self._history.orders(limit)

    async def waterfall(self, order: OrderView) -> Waterfall:
        """When an order reached each stage, and what its fill cost against the master's."""
        until_ns = order.changed_ns + _LATER_NS
        known = await self._history.moments(order.plan_id, order.intent_id, until_ns)
        master = None
        if order.is_copy:
            master = await self._history.master_average(order.plan_id)
        terms = order.terms
        return Waterfall(
            {} if known is None else known.stages(),
            order.average_price,
            master,
            slippage(terms.side, order.filled_quantity, order.average_price, master),
        )

    @refusals_logged
    async def export_orders(self, path: Path) -> int:
        """Write all orders to a .csv or .xlsx file; returns how many rows."""
        writers: dict[str, Callable[[Path, Sequence[Sequence[Cell]]], None]] = {
            ".csv": _write_csv,
            ".xlsx": _write_xlsx,
        }
        write = writers.get(path.suffix.lower())
        if write is None:
            raise RefusedError(f"File {path.name} must end in .csv or .xlsx.", field="file")
        rows = [_cells(order) for order in await self._history.orders(EXPORT_LIMIT)]
        mark: list[list[Cell]] = [["PAPER TRADING: no real orders"]] if self._paper else []
        marked = [*mark, *rows]
        try:
            await asyncio.to_thread(write, path, marked)
        except (OSError, xlsxwriter.exceptions.XlsxWriterException) as error:
            raise RefusedError(f"File {path} cannot be written: {error}.", field="file") from error
        return len(rows)

    async def verify_audit(self) -> tuple[str, ...]:
        """Check the hash chain."""
        return await self._history.verify()


def _cells(order: OrderView) -> list[Cell]:
    terms = order.terms
    return [
        ist(order.changed_ns).strftime("%Y-%m-%d %H:%M:%S"),
        order.account_id,
        terms.side,
        terms.quantity,
        terms.instrument.symbol,
        terms.order_type,
        terms.price,
        order.state,
        order.filled_quantity,
        order.average_price,
        order.reason,
        order.broker_order_id,
        order.tag,
        None if order.timing is None else round(order.timing.call_to_reply_ms, 3),
        None if order.diverged is None else order.diverged.in_words,
    ]


def _write_csv(path: Path, rows: Sequence[Sequence[Cell]]) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    private_file(path)
    path.write_text("\ufeff" + out.getvalue(), encoding="utf-8")


def _write_xlsx(path: Path, rows: Sequence[Sequence[Cell]]) -> None:
    with workbook(path) as book:
        sheet = book.add_worksheet("Orders")
        sheet.write_row(0, 0, _COLUMNS, book.add_format({"bold": True}))
        amount = book.add_format({"num_format": "#,##0.00##"})
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    write_text(sheet, number, column, cell)
                elif cell is not None:
                    look = amount if isinstance(cell, Decimal) else None
                    sheet.write_number(number, column, cell, look)


def _harmless(cell: Cell) -> Cell:
    """Keep a spreadsheet from reading text as a formula."""
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@") else cell
