"""The report of a day's check as plain text, for the window and the terminal alike."""

from __future__ import annotations

from collections import defaultdict

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.day import DayReport
from copytrade_gui.domain.number import grouped
from copytrade_gui.services.position_report import PositionLine, PositionReport


def day_lines(report: DayReport) -> list[str]:
    """The verdict first, then one section per finding; empty ones are said to be empty."""
    lines = [report.in_words, ""]
    if report.seal is not None:
        lines += [f"Sealed up to event {report.seal.events}, hash {report.seal.head}", ""]
    for title, found, remedy in (
        ("Not ended", report.not_ended, "cancel them, or wait until the broker has ended them"),
        ("Accounts that could not be read", report.unread, "log them in and check again"),
        ("Differences to the broker's books", report.differences, "nothing is traded to repair"),
        ("Waiting for your decision", report.reviews, "they do not keep the day open"),
        ("Still held", report.held, "the broker ends what is INTRADAY, the rest is carried over"),
    ):
        lines.append(f"{title}: {len(found)}, {remedy}" if found else f"{title}: none")
        lines += [f"   {entry}" for entry in found]
        lines.append("")
    lines.append(
        f"Read whole: {report.accounts} accounts with {grouped(report.orders)} orders, "
        f"{grouped(report.fills)} units filled; {grouped(report.absent)} orders called not placed "
        "were looked for again."
    )
    return [*lines, *report.notes]


def still_held(report: PositionReport) -> tuple[str, ...]:
    """A sentence for each instrument and product that masters or copies hold, by what is known."""
    found: dict[tuple[str, str], list[PositionLine]] = defaultdict(list)
    for line in report.lines:
        if line.net and (line.copied is not None or line.role is Role.MASTER):
            found[line.symbol, line.product or "product not known"].append(line)
    return tuple(_held(*key, lines) for key, lines in sorted(found.items()))


def _held(symbol: str, product: str, lines: list[PositionLine]) -> str:
    parts = [f"{line.account} {_signed(line.net)}" for line in lines if line.copied is None]
    copies = [line.net for line in lines if line.copied is not None]
    if copies:
        accounts = "1 account" if len(copies) == 1 else f"{len(copies)} accounts"
        parts.append(f"copies {_signed(sum(copies))} in {accounts}")
    return f"{symbol} {product}: {', '.join(parts)}."


def _signed(units: int) -> str:
    return f"{'+' if units > 0 else ''}{grouped(units)}"
