"""Followers as CSV: one line each, read whole or not at all."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from copytrade_gui.domain import sizing
from copytrade_gui.domain.account import Account, Role
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.number import plain
from copytrade_gui.domain.sizing import RuleProblem, SizingRule, Strategy
from copytrade_gui.domain.typed import quoted
from copytrade_gui.services.verbs import FollowerDraft, ImportProblem, RefusedError

COLUMNS = (
    "name",
    "client_id",
    "app_key",
    "app_secret",
    "strategy",
    "parameter",
    "max_quantity",
    "active",
)
REQUIRED = ("name", "client_id", "strategy", "parameter")
_YES = frozenset({"", "1", "yes", "y", "true", "on"})
_NO = frozenset({"0", "no", "n", "false", "off"})
MAX_BYTES = 5_000_000


def read_rule(strategy: str, parameter: str, max_quantity: str) -> SizingRule:
    """Read a sizing rule as typed. Raises RefusedError naming the field."""
    try:
        kind = Strategy(strategy.strip().lower())
    except ValueError:
        known = ", ".join(Strategy)
        raise RefusedError(
            f"Strategy {quoted(strategy)} is not known. Use one of: {known}.", field="strategy"
        ) from None
    rule = sizing.read_rule(kind, parameter, max_quantity)
    if isinstance(rule, RuleProblem):
        raise RefusedError(rule.sentence, field=rule.field)
    return rule


def read_follower(account_id: AccountId, master_id: AccountId, draft: FollowerDraft) -> Account:
    """Turn typed fields into a follower. Raises RefusedError naming the field."""
    name, client = draft.name.strip(), draft.client_id.strip()
    if not name:
        raise RefusedError("Name is empty. Give the follower a name.", field="name")
    if not client or not client.isalnum():
        raise RefusedError(
            f"Client id {quoted(draft.client_id)} must be the broker's, letters and digits.",
            field="client_id",
        )
    rule = read_rule(draft.strategy, draft.parameter, draft.max_quantity)
    return Account(
        account_id=account_id,
        role=Role.FOLLOWER,
        name=name,
        client_id=client,
        app_key=draft.app_key.strip(),
        active=draft.active,
        master_id=master_id,
        sizing=rule,
    )


def read_drafts(data: bytes) -> tuple[list[tuple[int, FollowerDraft]], list[ImportProblem]]:
    """Parse a CSV file into drafts by line number, with every problem found on the way.

    Raises:
        RefusedError: it is not a CSV file with our columns at all.
    """
    if len(data) > MAX_BYTES:
        raise RefusedError("File is above 5 MB. Split it.", field="file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedError(
            f"File is not UTF-8 text (byte {error.start}). Save it as CSV UTF-8.", field="file"
        ) from error
    reader = csv.reader(io.StringIO(text), strict=True)
    drafts: list[tuple[int, FollowerDraft]] = []
    problems: list[ImportProblem] = []
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        _check_header(header)
        for cells in reader:
            line = reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                problems.append(
                    ImportProblem(
                        line, "line", f"It has {len(cells)} fields, the header has {len(header)}."
                    )
                )
                continue
            row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
            drafts.append((line, _draft(row, line, problems)))
    except csv.Error as error:
        raise RefusedError(f"Line {reader.line_num} is not CSV: {error}.", field="file") from error
    if not drafts and not problems:
        raise RefusedError("File has a header but no followers. Add a line for each.", field="file")
    return drafts, problems


def _check_header(header: Sequence[str]) -> None:
    missing = [name for name in REQUIRED if name not in header]
    unknown = [name for name in header if name not in COLUMNS]
    if missing or unknown or len(set(header)) != len(header):
        wrong = f"misses {', '.join(missing)}" if missing else f"has unknown {', '.join(unknown)}"
        if not missing and not unknown:
            wrong = "names a column twice"
        raise RefusedError(
            f"Header {wrong}. The first line must name: {', '.join(COLUMNS)}.", field="header"
        )


def _draft(row: Mapping[str, str], line: int, problems: list[ImportProblem]) -> FollowerDraft:
    active = row.get("active", "").lower()
    if active not in _YES | _NO:
        problems.append(
            ImportProblem(line, "active", f"Active {quoted(active)} must be yes or no.")
        )
    return FollowerDraft(
        name=row["name"],
        client_id=row["client_id"],
        app_key=row.get("app_key", ""),
        app_secret=row.get("app_secret", ""),
        strategy=row["strategy"],
        parameter=row["parameter"],
        max_quantity=row.get("max_quantity", ""),
        active=active in _YES,
    )


def write_followers(accounts: Iterable[Account]) -> tuple[str, int]:
    """Followers as CSV text without secrets, and how many. Opens with a BOM for spreadsheets."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([name for name in COLUMNS if name != "app_secret"])
    count = 0
    for account in accounts:
        rule = account.sizing
        if account.role is not Role.FOLLOWER or rule is None:
            continue
        cap = "" if rule.max_quantity is None else str(rule.max_quantity)
        writer.writerow(
            [
                _safe(account.name),
                _safe(account.client_id),
                _safe(account.app_key),
                rule.strategy,
                plain(rule.parameter),
                cap,
                "yes" if account.active else "no",
            ]
        )
        count += 1
    return out.getvalue(), count


def _safe(cell: str) -> str:
    """Keep a spreadsheet from reading a name as a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell
