"""The report of a day's check as plain text, for the window and the terminal alike."""

from __future__ import annotations

from copytrade_gui.domain.day import DayReport


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
    ):
        lines.append(f"{title}: {len(found)}, {remedy}" if found else f"{title}: none")
        lines += [f"   {entry}" for entry in found]
        lines.append("")
    lines.append(
        f"Read whole: {report.accounts} accounts with {report.orders} orders, {report.fills} units "
        f"filled; {report.absent} orders called not placed were looked for again."
    )
    return [*lines, *report.notes]
