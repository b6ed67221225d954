"""The report of a day as text: the verdict first, and nothing that was found left out."""

from datetime import date

from copytrade_gui.domain.day import DayReport, DaySeal
from copytrade_gui.services.day_words import day_lines

DAY = date(2026, 11, 24)


def test_everything_that_was_found_has_its_line() -> None:
    found = [(f"found {number}",) for number in range(6)]
    open_, unread, differences, reviews, notes, held = found
    report = DayReport(
        DAY, 1, "operator", 5, 50, 2, 1, open_, unread, differences, reviews, notes, held=held
    )
    lines = day_lines(report)
    assert lines[0] == report.in_words
    for (words,) in found:
        assert words in {line.strip() for line in lines}
    assert "5 orders, 50 units filled; 1 orders called not placed" in "\n".join(lines)


def test_a_sealed_day_names_its_seal_and_says_what_is_empty() -> None:
    seal = DaySeal(DAY, 5, 50, 2, 0, (), "operator", 1, events=7, head="ab" * 32)
    lines = day_lines(DayReport(DAY, 1, "operator", 5, 50, 2, 0, seal=seal))
    assert f"Sealed up to event 7, hash {'ab' * 32}" in lines
    assert "Not ended: none" in lines
