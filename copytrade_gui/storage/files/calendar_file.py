"""calendar.toml: holidays and special sessions, shipped with the program and added by its user."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from importlib import resources
from pathlib import Path

from copytrade_gui.domain.calendar import COMMODITY, Calendar, Holiday, SpecialSession
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.problems import StorageError

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
_TOP = frozenset({"listed_until", "holidays", "special_sessions"})
_FIELDS = frozenset({"day", "name", "exchanges", "opens", "closes"})
_LONGEST = 256 * 1024


class CalendarFileError(StorageError):
    """The file cannot be used; the text names line or field and the remedy."""


class CalendarFile:
    """The user's file of one data folder, beside what the program ships."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._shipped = _read(shipped_text(), "the program's calendar.toml")
        self._seen: tuple[int, int] | None = None

    def read_if_changed(self) -> Calendar | None:
        """The calendar, if the file is another than at the last call; it is made if missing.

        Raises:
            CalendarFileError: it cannot be read; told once for each change of it.
        """
        try:
            stat = self._path.stat()
        except OSError:
            self._make()
            stat = None
        seen = (0, 0) if stat is None else (stat.st_mtime_ns, stat.st_size)
        if seen == self._seen:
            return None
        self._seen = seen
        if stat is None:
            return self._shipped
        try:
            with self._path.open("rb") as file:
                written = file.read(_LONGEST + 1)
        except OSError as error:
            raise CalendarFileError(
                f"{self._path} cannot be read ({error.strerror or error}). Give your user access."
            ) from error
        if len(written) > _LONGEST:
            raise CalendarFileError(f"{self._path} is longer than 256 KB. Shorten it.")
        try:
            text = written.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise CalendarFileError(f"{self._path} is not UTF-8 text. Save it as UTF-8.") from error
        own, shipped = _read(text, str(self._path)), self._shipped
        known = [until for until in (own.listed_until, shipped.listed_until) if until is not None]
        return Calendar(
            holidays=own.holidays + shipped.holidays,
            specials=own.specials + shipped.specials,
            listed_until=max(known, default=None),
        )

    @property
    def shipped(self) -> Calendar:
        """What the program brings along, for while the user's file cannot be read."""
        return self._shipped

    def _make(self) -> None:
        try:
            Files().replace(self._path, TEMPLATE.encode())
        except OSError:
            return  # it is a convenience; the shipped calendar holds without it


def shipped_text() -> str:
    """The calendar that comes with the program."""
    return (
        resources.files("copytrade_gui.storage.files").joinpath("calendar.toml").read_text("utf-8")
    )


def _read(text: str, where: str) -> Calendar:
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CalendarFileError(f"{where} is not in the form of TOML: {error}.") from error
    unknown = sorted(set(content) - _TOP)
    if unknown:
        raise CalendarFileError(
            f"{where}: {unknown[0]!r} is not known. Use listed_until, holidays, special_sessions."
        )
    until = content.get("listed_until")
    if until is not None and not _is_date(until):
        raise CalendarFileError(f"{where}: listed_until is no date. Write 2027-12-31, unquoted.")
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
        raise CalendarFileError(f"{where}: {name} is no list of tables. Copy the example's form.")
    for number, row in enumerate(rows, 1):
        unknown = sorted(set(row) - _FIELDS)
        if unknown:
            raise CalendarFileError(
                f"{where}: {name}, entry {number}: {unknown[0]!r} is not known. Use day, name, "
                "exchanges, opens, closes."
            )
    return [(row, f"{where}: {name}, entry {number}") for number, row in enumerate(rows, 1)]


def _is_date(value: object) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _day(row: Mapping[str, object], at: str) -> date:
    day = row.get("day")
    if not isinstance(day, date) or isinstance(day, datetime):
        raise CalendarFileError(f"{at}: day is missing or no date. Write 2027-01-26, unquoted.")
    return day


def _name(row: Mapping[str, object], at: str) -> str:
    name = row.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= 60 or not name.isprintable():
        raise CalendarFileError(f"{at}: name is missing, or longer than 60 characters.")
    return name


def _exchanges(row: Mapping[str, object], at: str) -> frozenset[Exchange]:
    said = row.get("exchanges", "all")
    if isinstance(said, str) and said in _GROUPS:
        return _GROUPS[said]
    try:
        found = frozenset(Exchange(one) for one in said) if isinstance(said, list) else frozenset()
    except (ValueError, TypeError):  # TypeError: a list in the list
        found = frozenset()
    if not found:
        raise CalendarFileError(
            f'{at}: exchanges is not known. Write "all", "equity", "commodity", or a list '
            'such as ["NSEEQ", "NSEFO"].'
        )
    return found


def _times(row: Mapping[str, object], at: str) -> tuple[time | None, time | None]:
    found: list[time | None] = []
    for name in ("opens", "closes"):
        value = row.get(name)
        if value is not None and not isinstance(value, time):
            raise CalendarFileError(f"{at}: {name} is no time. Write 18:00:00, unquoted.")
        found.append(value)
    return found[0], found[1]


def _special(row: Mapping[str, object], at: str) -> SpecialSession:
    opens, closes = _times(row, at)
    if opens is None or closes is None or opens >= closes:
        raise CalendarFileError(
            f"{at}: opens and closes are both needed, and opens comes first. Write 18:00:00."
        )
    return SpecialSession(_day(row, at), _name(row, at), _exchanges(row, at), opens, closes)
