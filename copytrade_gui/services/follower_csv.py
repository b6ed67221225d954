"""Followers as typed, and as rows of a CSV file: reading, merging with what is stored, writing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from copytrade_gui.domain import account_field, sizing
from copytrade_gui.domain.account import Account, Role
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.number import plain
from copytrade_gui.domain.sizing import RuleProblem, RuleTexts, SizingRule
from copytrade_gui.domain.typed import quoted
from copytrade_gui.services.follower_table import COLUMNS, KEY, TableRow
from copytrade_gui.services.verbs import (
    FieldChange,
    FollowerDraft,
    ImportProblem,
    ImportRow,
    RefusedError,
    RowVerdict,
)

_YES = frozenset({"1", "yes", "y", "true", "on"})
_NO = frozenset({"0", "no", "n", "false", "off"})
_NOTHING = "none"
"""How a file says that there is no cap, or no app key: an empty cell says nothing."""
_RULE = ("strategy", "parameter", "max_quantity")
_NEEDED = ("name", "strategy", "parameter")
"""What a row must name of a follower that is not here yet."""
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_WORDS = {"app_key": "app key", "parameter": "value", "max_quantity": "most units"}


def read_rule(strategy: str, parameter: str, max_quantity: str) -> SizingRule:
    """Read a sizing rule as typed. Raises RefusedError naming the field."""
    rule = sizing.read_rule(RuleTexts(strategy, parameter, max_quantity))
    if isinstance(rule, RuleProblem):
        raise RefusedError(rule.sentence, field=rule.field)
    return rule


def read_texts(name: str, client_id: str, app_key: str, app_secret: str) -> tuple[str, ...]:
    """The fields every account has, without the spaces around them. Raises RefusedError."""
    texts = tuple(text.strip() for text in (name, client_id, app_key, app_secret))
    for (field, problem_of), text in zip(_QUESTIONS.items(), texts, strict=True):
        problem = problem_of(text)
        if problem:
            raise RefusedError(problem, field=field)
    return texts


_QUESTIONS: dict[str, Callable[[str], str | None]] = {
    "name": account_field.name_problem,
    "client_id": account_field.client_id_problem,
    "app_key": account_field.app_key_problem,
    "app_secret": account_field.app_secret_problem,
}


def read_follower(account_id: AccountId, master_id: AccountId, draft: FollowerDraft) -> Account:
    """Turn typed fields into a follower. Raises RefusedError naming the field."""
    name, client, key, _ = read_texts(draft.name, draft.client_id, draft.app_key, draft.app_secret)
    return Account(
        account_id=account_id,
        role=Role.FOLLOWER,
        name=name,
        client_id=client,
        app_key=key,
        active=draft.active,
        master_id=master_id,
        sizing=read_rule(draft.strategy, draft.parameter, draft.max_quantity),
    )


# ------------------------------------------------------------ rows of a file


def merge(
    row: TableRow, held: Account | None, fresh: Account
) -> tuple[Account, list[ImportProblem]]:
    """A row's follower: as he is (``held``) or begins (``fresh``), with what the row names.

    The sizing rule is asked as a whole if a part of it is named, everything else by itself.
    """
    problems: list[ImportProblem] = []
    account = held or fresh
    cells = {name: _plain(name, cell) for name, cell in row.cells.items()}

    def wrong(field: str, sentence: str) -> None:
        problems.append(ImportProblem(row.line, field, sentence))

    missing = [field for field in _NEEDED if field not in cells] if held is None else []
    if missing:
        wrong(missing[0], f"A new follower needs {', '.join(_NEEDED)}; write {', '.join(missing)}.")
    for field, problem_of in _QUESTIONS.items():
        problem = problem_of(cells[field]) if field in cells else None
        if problem:
            wrong(field, problem)
    account = replace(
        account, name=cells.get("name", account.name), app_key=cells.get("app_key", account.app_key)
    )
    if "active" in cells:
        said = cells["active"].lower()
        if said not in _YES | _NO:
            wrong("active", f"Active {quoted(said)} must be yes or no.")
        account = replace(account, active=said in _YES)
    if not missing and any(field in cells for field in _RULE):
        try:
            account = replace(account, sizing=_merged_rule(cells, account.sizing))
        except RefusedError as refused:
            wrong(refused.field, refused.sentence)
    return account, problems


def _merged_rule(cells: dict[str, str], old: SizingRule | None) -> SizingRule:
    cap = cells.get("max_quantity")
    if cap is None:
        cap = "" if old is None or old.max_quantity is None else str(old.max_quantity)
    elif cap.lower() == _NOTHING:
        cap = ""
    strategy = cells.get("strategy", "" if old is None else old.strategy.value)
    parameter = cells.get("parameter", "" if old is None else plain(old.parameter))
    rule = read_rule(strategy, parameter, cap)
    if old is not None and rule.strategy is not old.strategy and "parameter" not in cells:
        raise RefusedError(
            f"Parameter is empty, and that of strategy {old.strategy} means nothing for "
            f"{rule.strategy}. Write one.",
            field="parameter",
        )
    return old if rule == old else rule


def told(row: TableRow, held: Account | None, account: Account, secret: str | None) -> ImportRow:
    """What becomes of a good row. ``secret`` is the app secret that is stored now, if any."""
    changes = [
        FieldChange(field, before, after)
        for field, before, after in (
            (field, "" if held is None else _text(held, field), _text(account, field))
            for field in COLUMNS
            if field not in (KEY, "app_secret")
        )
        if before != after
    ]
    named = row.cells.get("app_secret")
    if named is not None and named != secret:
        changes.append(FieldChange("app_secret", "stored" if secret else "", "the file's"))
    if held is None:
        rule = "" if account.sizing is None else account.sizing.in_words()
        verdict, words = (
            RowVerdict.NEW,
            f"new follower: {rule}, {'on' if account.active else 'off'}",
        )
    elif changes:
        verdict, words = RowVerdict.CHANGED, "; ".join(map(_in_words, changes))
    else:
        verdict, words = RowVerdict.UNCHANGED, "stays as it is"
    if account.sizing is not None:
        cells = row.cells.get("parameter", ""), row.cells.get("max_quantity", "")
        suffixes = sizing.understood(RuleTexts(account.sizing.strategy, *cells))
        words = f"{words}; {suffixes}" if suffixes else words
    sentence = f"{words[0].upper()}{words[1:]}."
    return ImportRow(
        row.line, account.client_id, account.name, verdict, sentence, tuple(changes), (), account
    )


def _in_words(change: FieldChange) -> str:
    if change.field == "active":
        return "switched on" if change.after == "yes" else "switched off"
    if change.field == "app_secret":
        return "app secret replaced" if change.before else "app secret added"
    before, after = change.before, change.after
    if change.field in ("name", "app_key"):
        before, after = quoted(before), quoted(after)
    return f"{_WORDS.get(change.field, change.field)} {before} becomes {after}"


# ------------------------------------------------------------ writing


def write_followers(accounts: Iterable[Account]) -> tuple[str, int]:
    """Followers as CSV text without secrets, and how many. Opens with a BOM for spreadsheets."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\n")
    columns = [name for name in COLUMNS if name != "app_secret"]
    writer.writerow(columns)
    count = 0
    for account in accounts:
        if account.role is not Role.FOLLOWER or account.sizing is None:
            continue
        writer.writerow([_guarded(name, _text(account, name)) for name in columns])
        count += 1
    return out.getvalue(), count


def _text(account: Account, field: str) -> str:
    """A field as a file spells it."""
    rule = account.sizing
    if field in ("name", KEY, "app_key"):
        text: str = getattr(account, field)
        return text or _NOTHING
    if field == "active":
        return "yes" if account.active else "no"
    if rule is None:
        return ""
    if field == "max_quantity":
        return _NOTHING if rule.max_quantity is None else str(rule.max_quantity)
    return rule.strategy.value if field == "strategy" else plain(rule.parameter)


_TEXTS = frozenset({"name", KEY, "app_key"})


def _guarded(field: str, cell: str) -> str:
    """Keep a spreadsheet from reading a text as a formula; ``_plain`` takes exactly that off."""
    return f"'{cell}" if field in _TEXTS and _FORMULA.match(cell) else cell


def _plain(field: str, cell: str) -> str:
    if field == "app_key" and cell.lower() == _NOTHING:
        return ""
    return cell[1:] if field in _TEXTS and _GUARDED.match(cell) else cell
