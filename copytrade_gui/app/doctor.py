"""What would stop trading on this machine, found before the market opens."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from copytrade_gui.app.market_files import Content
from copytrade_gui.app.process import files_allowed, files_problem
from copytrade_gui.app.system_clock import SystemClock
from copytrade_gui.brokers.http.route import owns_address
from copytrade_gui.domain.account import Account, without_basis
from copytrade_gui.domain.calendar import contract_day, ist
from copytrade_gui.domain.route import RouteKind, why_unregistered
from copytrade_gui.ports import JournalFailureError
from copytrade_gui.storage.files.ban_file import BanFile
from copytrade_gui.storage.files.calendar_file import CalendarFile
from copytrade_gui.storage.files.charges_file import ChargesFile
from copytrade_gui.storage.files.edited_file import EditedFile, EditedFileError
from copytrade_gui.storage.files.folder import DataFolder, open_folder
from copytrade_gui.storage.files.freeze_file import FreezeFile
from copytrade_gui.storage.files.problems import SecondInstanceError, StorageError
from copytrade_gui.storage.instrument_index import is_sound
from copytrade_gui.storage.secrets.keyring_store import find_backend
from copytrade_gui.storage.store import open_store

_CONTRACT_FILE = re.compile(r"([A-Z]+)-(\d{4}-\d{2}-\d{2})\.csv")
MOST_ACCOUNTS = 501
"""A master and 500 followers."""
_EARLIEST = date(2026, 1, 1)
"""A clock that shows an earlier day was never set."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check. ``state`` is ok, warn or bad; bad would stop trading."""

    name: str
    state: str
    sentence: str


async def examine(data_dir: Path | None, profile: str) -> list[Finding]:
    """Look at Python, clock, keyring, folder, database and contract files of a profile."""
    findings = [_python(), _clock(), _keyring()]
    try:
        folder = open_folder(data_dir, profile)
    except StorageError as problem:
        return [*findings, Finding("data folder", "bad", str(problem))]
    findings.append(Finding("data folder", "ok", f"{folder.root} is private and writable."))
    return [
        *findings,
        _open_files(),
        *await _database(folder),
        contracts_finding(folder),
        calendar_finding(folder),
        *_edited(folder),
    ]


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        return Finding("python", "ok", f"Python {version}.")
    return Finding("python", "bad", f"Python {version} is not 3.11 to 3.13. Install one of those.")


def _open_files() -> Finding:
    problem = files_problem(MOST_ACCOUNTS)
    if problem is not None:
        return Finding("open files", "warn", problem)
    return Finding("open files", "ok", f"{files_allowed()}, enough for {MOST_ACCOUNTS} accounts.")


def _today() -> date:
    return ist(SystemClock().wall_ns()).date()


def _contract_day() -> date:
    return contract_day(SystemClock().wall_ns())


def _clock() -> Finding:
    today = _today()
    if today < _EARLIEST:
        return Finding("clock", "bad", f"The clock says {today}. Set it, best by NTP.")
    sentence = f"{today} in India; compared with the broker's clock once the console runs."
    return Finding("clock", "ok", sentence)


def _keyring() -> Finding:
    backend = find_backend()
    if backend is None:
        sentence = (
            "No keyring service, so live mode has no place for secrets; paper mode needs none. "
            "Install one for live mode (Debian: gnome-keyring)."
        )
        return Finding("keyring", "warn", sentence)
    return Finding("keyring", "ok", f"{type(backend).__module__}.{type(backend).__name__}.")


async def _database(folder: DataFolder) -> list[Finding]:
    """What the database is like, and what is stored of the accounts."""
    if not folder.database.exists():
        return [Finding("database", "ok", "None yet; the first start makes it.")]
    try:
        async with open_store(folder, SystemClock()) as store:
            accounts = await store.accounts.all()
            told = [_basis(accounts), _routes(accounts)]
            if store.warnings:
                return [Finding("database", "warn", " ".join(store.warnings)), *told]
    except SecondInstanceError:
        return [Finding("database", "ok", "In use by a running console.")]
    except (StorageError, JournalFailureError) as problem:
        return [Finding("database", "bad", str(problem))]
    return [Finding("database", "ok", "Sound, and of this version."), *told]


def _basis(accounts: Sequence[Account]) -> Finding:
    if lacking := without_basis(accounts):
        return Finding("basis", "warn", lacking)
    if not accounts:
        return Finding("basis", "ok", "No account yet.")
    return Finding("basis", "ok", "Declared for every account.")


def _routes(accounts: Sequence[Account]) -> Finding:
    """Whether each account's route can be taken, as far as that shows without a connection."""
    lacking = [
        one.name
        for one in accounts
        if one.route.kind is RouteKind.SOURCE and not owns_address(one.route.address)
    ]
    wrong = [one.name for one in accounts if why_unregistered(one.route)]
    if lacking:
        names = f"{', '.join(lacking[:5])}{' and more' if len(lacking) > 5 else ''}"
        return Finding(
            "routes",
            "warn",
            f"This machine does not have the route's address of: {names}. "
            "Give it to the machine, or change the route.",
        )
    if wrong:
        names = f"{', '.join(wrong[:5])}{' and more' if len(wrong) > 5 else ''}"
        return Finding(
            "routes",
            "warn",
            f"The route's address is not registered for: {names}. Their orders "
            "are held. Register it at the broker and enter it, or change the route.",
        )
    entered = sum(bool(one.route.registered) for one in accounts)
    return Finding(
        "routes",
        "ok",
        f"Registered addresses are entered for {entered} of {len(accounts)} "
        "accounts. Test a route with: copytrade-gui followers route.",
    )


def calendar_finding(folder: DataFolder) -> Finding:
    """Whether the holidays of this year are known."""
    return _file(
        "calendar",
        CalendarFile(folder.calendar),
        lambda now: f"Holidays are known until {now.listed_until}.",
    )


def _edited(folder: DataFolder) -> list[Finding]:
    """What the other files that the user edits are like."""
    freeze = FreezeFile(folder.freeze)
    bans, rates = BanFile(folder.ban), ChargesFile(folder.charges)
    return [
        _file("freeze", freeze, lambda now: f"Quantities compared on {now.checked}."),
        _file("ban list", bans, lambda now: f"Of {now.checked}." if now.checked else "None kept."),
        _file("charges", rates, lambda now: f"Rates compared on {now.checked}."),
    ]


def _file(name: str, file: EditedFile[Content], good: Callable[[Content], str]) -> Finding:
    try:
        content = file.read_if_changed() or file.shipped
    except EditedFileError as error:
        return Finding(name, "warn", str(error))
    outdated = content.outdated(_today())
    return Finding(name, "warn" if outdated else "ok", outdated or good(content))


def contracts_finding(folder: DataFolder) -> Finding:
    """Whether the contract files of today are here."""
    index = folder.cache / "instruments.sqlite"
    if index.exists() and not is_sound(index):
        return Finding(
            "contract files", "warn", f"{index} is damaged; it is made anew at the next start."
        )
    days: dict[str, str] = {}
    for path in (folder.cache / "contracts").glob("*.csv"):
        if match := _CONTRACT_FILE.fullmatch(path.name):
            days[match[1]] = max(match[2], days.get(match[1], ""))
    if not days:
        return Finding("contract files", "warn", "None yet; fetched at the next start.")
    old = [
        f"{name} {day}" for name, day in sorted(days.items()) if day < _contract_day().isoformat()
    ]
    if old:
        sentence = f"Not of today: {', '.join(old)}. Fetched at the next start."
        return Finding("contract files", "warn", sentence)
    return Finding("contract files", "ok", f"Of today, {max(days.values())}.")
