"""calendar.toml: holidays and special sessions, shipped with the program and added by its user."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path

from copytrade_gui.domain.account_field import text_problem
from copytrade_gui.domain.calendar import COMMODITY, Calendar, Holiday, SpecialSession
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.storage.files.edited_file import EditedFile, EditedFileError, name_in, toml_of

TEMPLATE = """\
# Holidays and special sessions of the exchanges, beyond those the program brings along.
# Read again within a minute of a change. Times are Indian. Examples:
#
# listed_until = 2027-12-31        # the last day for which the holidays below are known
# holidays = [
#   { day = 2027-01-26, name = "Republic Day" },
#   { day = 2027-03-22, name = "Holi", exchanges = "equity" },
#   { day = 2027-03-22, name = "Holi", exchanges = "commodity", opens = 17:00:00 },
# ]
# special_sessions = [
#   { day = 2027-10-29, name = "Muhurat", exchanges = "all", opens = 18:00:00, closes = 19:00:00 },
# ]
#
# exchanges: "all", "equity", "commodity", or a list such as ["NSEEQ", "NSEFO"].
"""
_GROUPS: Mapping[str, frozenset[Exchange]] = {
    "all": frozenset(Exchange),
    "equity": frozenset(Exchange) - COMMODITY - {Exchange.NCDEXCOMM},
    "commodity": COMMODITY | {Exchange.NCDEXCOMM},
}
_LONGEST_NAME = 60
_TOP = frozenset({"listed_until", "holidays", "special_sessions"})
_FIELDS = frozenset({"day", "name", "exchanges", "opens", "closes"})


class CalendarFile(EditedFile[Calendar]):
    """The calendar of one data folder: what its user adds, beside what the program ships."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, TEMPLATE, _read, _joined)


def _joined(own: Calendar, shipped: Calendar) -> Calendar:
    known = [until for until in (own.listed_until, shipped.listed_until) if until is not None]
    return Calendar(
        holidays=own.holidays + shipped.holidays,
        specials=own.specials + shipped.specials,
        listed_until=max(known, default=None),
    )


def _read(text: str, where: str) -> Calendar:
    content = toml_of(text, where)
    unknown = sorted(set(content) - _TOP)
    if unknown:
        raise EditedFileError(
            f"{where}: {name_in(unknown[0])} is not known. Use listed_until, holidays, "
            "special_sessions."
        )
    until = content.get("listed_until")
    if until is not None and not _is_date(until):
        raise EditedFileError(f"{where}: listed_until is no date. Write 2027-12-31, unquoted.")
    return Calendar(
        holidays=tuple(
            Holiday(_day(row, at), _name(row, at), _exchanges(row, at), opens, closes)
            for row, at in _rows(content, "holidays", where)
            for opens, closes in [_times(row, at)]
        ),
        specials=tuple(_special(row, at) for row, at in _rows(content, "special_sessions", where)),
        listed_until=until,
    )


def _rows(
    content: Mapping[str, object], name: str, where: str
) -> list[tuple[Mapping[str, object], str]]:
    rows = content.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise EditedFileError(f"{where}: {name} is no list of tables. Copy the example's form.")
    for number, row in enumerate(rows, 1):
        unknown = sorted(set(row) - _FIELDS)
        if unknown:
            raise EditedFileError(
                f"{where}: {name}, entry {number}: {name_in(unknown[0])} is not known. Use day, "
                "name, exchanges, opens, closes."
            )
    return [(row, f"{where}: {name}, entry {number}") for number, row in enumerate(rows, 1)]


def _is_date(value: object) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _day(row: Mapping[str, object], at: str) -> date:
    day = row.get("day")
    if not isinstance(day, date) or isinstance(day, datetime):
        raise EditedFileError(f"{at}: day is missing or no date. Write 2027-01-26, unquoted.")
    return day


def _name(row: Mapping[str, object], at: str) -> str:
    name = row.get("name")
    if not isinstance(name, str):
        raise EditedFileError(f'{at}: name is missing. Write it in quotes, such as "Holi".')
    problem = text_problem("name", name.strip(), _LONGEST_NAME)
    if problem is not None:
        raise EditedFileError(f"{at}: {problem}")
    return name.strip()


def _exchanges(row: Mapping[str, object], at: str) -> frozenset[Exchange]:
    said = row.get("exchanges", "all")
    if isinstance(said, str) and said in _GROUPS:
        return _GROUPS[said]
    try:
        found = frozenset(Exchange(one) for one in said) if isinstance(said, list) else frozenset()
    except (ValueError, TypeError):  # TypeError: a list in the list
        found = frozenset()
    if not found:
        raise EditedFileError(
            f'{at}: exchanges is not known. Write "all", "equity", "commodity", or a list '
            'such as ["NSEEQ", "NSEFO"].'
        )
    return found


def _times(row: Mapping[str, object], at: str) -> tuple[time | None, time | None]:
    found: list[time | None] = []
    for name in ("opens", "closes"):
        value = row.get(name)
        if value is not None and not isinstance(value, time):
            raise EditedFileError(f"{at}: {name} is no time. Write 18:00:00, unquoted.")
        found.append(value)
    opens, closes = found
    if opens is not None and closes is not None and opens >= closes:
        raise EditedFileError(f"{at}: closes is not after opens. Write the later time as closes.")
    return opens, closes


def _special(row: Mapping[str, object], at: str) -> SpecialSession:
    opens, closes = _times(row, at)
    if opens is None or closes is None:
        raise EditedFileError(
            f"{at}: opens and closes are both needed. Write them such as 18:00:00."
        )
    return SpecialSession(_day(row, at), _name(row, at), _exchanges(row, at), opens, closes)
