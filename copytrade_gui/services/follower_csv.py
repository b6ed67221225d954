"""Followers as typed, and as rows of a CSV file: reading, merging with what is stored, writing.

A row is one account with its link to one master; an account with two masters has two rows.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from copytrade_gui.domain import basis, link_field, route, route_field, sizing
from copytrade_gui.domain.account import Account
from copytrade_gui.domain.group import put_in, read_multiplier
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Follower, Link, TimeWindow
from copytrade_gui.domain.link_field import EXITS, FILTERS, GUARD, LABELS, LinkProblem
from copytrade_gui.domain.number import NotANumber, plain
from copytrade_gui.domain.sizing import RuleProblem, RuleTexts, SizingRule, rule_texts
from copytrade_gui.domain.typed import quoted
from copytrade_gui.services.account_cells import (
    DECLARED,
    OF_ACCOUNT,
    ROUTED,
    Owns,
    Wrong,
    account_text,
    anything,
    read_account,
)
from copytrade_gui.services.account_store import KEPT_SECRET
from copytrade_gui.services.follower_table import COLUMNS, KEY, TableRow
from copytrade_gui.services.follower_verbs import (
    FieldChange,
    FollowerDraft,
    ImportRow,
    RowVerdict,
)
from copytrade_gui.services.verbs import RefusedError

_NOTHING = link_field.NOTHING
"""How a file says that there is no cap, group or app key: an empty cell says nothing."""
_RULE = (
    "strategy", "parameter", "max_quantity", "min_quantity", "rounding", "reverse", "overrides",
)  # fmt: skip
_WINDOW = ("from", "to")
_GROUP = ("group", "group_multiplier")
OF_LINK = (
    *_RULE, "copies", "when_short", "state", *_GROUP, *FILTERS, *_WINDOW, *GUARD, *EXITS,
    "reduce_drift",
)  # fmt: skip
_MAY_BE_NOTHING = frozenset(
    {"app_key", *DECLARED, *ROUTED, *_GROUP, *_RULE[1:], *FILTERS, *_WINDOW, *GUARD, *EXITS}
)
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_WORDS = {
    "app_key": "app key",
    "parameter": "value",
    "max_quantity": "most units",
    "min_quantity": "least units",
    **{
        field: label.lower()
        for field, label in {**LABELS, **basis.LABELS, **route_field.LABELS}.items()
    },
}


def read_rule(texts: RuleTexts) -> SizingRule:
    """Read a sizing rule as typed. Raises RefusedError naming the field."""
    rule = sizing.read_rule(texts)
    if isinstance(rule, RuleProblem):
        raise RefusedError(rule.sentence, field=rule.field)
    return rule


def read_follower(
    account_id: AccountId,
    master_id: AccountId,
    draft: FollowerDraft,
    account: Account | None = None,
    link: Link | None = None,
    *,
    live: bool = False,
    owns: Owns = anything,
) -> Follower:
    """Turn typed fields into a follower. Raises RefusedError naming the field.

    ``account`` and ``link`` are as they are stored: what the draft leaves out stays so. ``live``:
    it is at the broker, not on paper.
    """
    held = account or Account(account_id, "", "", "")
    account = read_account(draft, held, live=live, owns=owns)
    typed = {
        "strategy": draft.strategy, "parameter": draft.parameter,
        "max_quantity": draft.max_quantity, "min_quantity": draft.min_quantity,
        "rounding": draft.rounding, "reverse": draft.reverse, "overrides": draft.overrides,
        "copies": draft.copies, "when_short": draft.when_short,
        "reduce_drift": draft.reduce_drift,
        "state": draft.state, "group": draft.group, "sides": draft.sides,
        "products": draft.products, "exchanges": draft.exchanges, "symbols": draft.symbols,
        "not_symbols": draft.not_symbols, "from": draft.window_from, "to": draft.window_to,
        "slippage": draft.slippage, "delay": draft.delay, "beyond": draft.beyond,
        "stop_loss": draft.stop_loss, "target": draft.target, "exit_at": draft.exit_at,
    }  # fmt: skip
    cells = {field: text.strip() for field, text in typed.items() if text is not None}
    rule = _merged_rule(cells, None if link is None else link.sizing)
    kept = Link(master_id, account_id, rule) if link is None else replace(link, sizing=rule)

    def wrong(field: str, sentence: str) -> None:
        raise RefusedError(sentence, field=field)

    return Follower(account, _with_cells(kept, cells, wrong))


# ------------------------------------------------------------ rows of a file


def merge_link(
    row: TableRow, held: Link | None, key: tuple[AccountId, AccountId], wrong: Wrong
) -> Link | None:
    """A link with what the row names of it; ``key`` are the master and follower of a new one.

    The sizing rule is asked as a whole if a part of it is named, everything else by itself. None if
    it cannot be told.
    """
    cells = plain_cells(row)
    try:
        if held is None or any(field in cells for field in _RULE):
            rule = _merged_rule(cells, None if held is None else held.sizing)
            held = Link(*key, rule) if held is None else replace(held, sizing=rule)
    except RefusedError as refused:
        wrong(refused.field, refused.sentence)
        if held is None:
            return None
    return _with_cells(held, cells, wrong)


def _with_cells(link: Link, cells: Mapping[str, str], wrong: Wrong) -> Link:
    """A link with everything but its rule as the cells name it."""
    for field, read in (
        ("state", link_field.read_state),
        ("copies", link_field.read_copies),
        ("when_short", link_field.read_when_short),
        ("reduce_drift", link_field.read_reduce_drift),
    ):
        if field in cells:
            chosen = read(cells[field])
            if isinstance(chosen, LinkProblem):
                wrong(chosen.field, chosen.sentence)
            else:
                link = replace(link, **{field: chosen})  # type: ignore[arg-type]  # by name
    link = _with_group(link, cells, wrong)
    filters = link_field.read_filters(link.filters, cells)
    if isinstance(filters, LinkProblem):
        wrong(filters.field, filters.sentence)
    else:
        link = replace(link, filters=filters)
    if any(field in cells for field in _WINDOW):
        opens, closes = (cells.get(field, _time(link.window, field)) for field in _WINDOW)
        window = link_field.read_window(opens, closes)
        if isinstance(window, LinkProblem):
            wrong(window.field, window.sentence)
        else:
            link = replace(link, window=window)
    guard = link_field.read_guard(link.guard, cells)
    if isinstance(guard, LinkProblem):
        wrong(guard.field, guard.sentence)
        return link
    exits = link_field.read_exits(link.exits, cells, link.filters.exchanges)
    if isinstance(exits, LinkProblem):
        wrong(exits.field, exits.sentence)
        return link
    return replace(link, guard=guard, exits=exits)


def _with_group(link: Link, cells: Mapping[str, str], wrong: Wrong) -> Link:
    """A link in the group that the cells name; in another one it takes that one's multiplier."""
    if cells.get("group", link.group) != link.group:
        problem = link_field.group_problem(cells["group"])
        if problem:
            wrong("group", problem)
        link = put_in(link, cells["group"])
    if "group_multiplier" not in cells:
        return link
    multiplier = read_multiplier(cells["group_multiplier"] or "1")
    if isinstance(multiplier, NotANumber):
        wrong("group_multiplier", multiplier.sentence)
        return link
    if multiplier != 1 and not link.group:
        wrong("group_multiplier", "Group multiplier needs a group. Name one in the same row.")
    return replace(link, group_multiplier=multiplier)


def _merged_rule(cells: Mapping[str, str], old: SizingRule | None) -> SizingRule:
    texts = RuleTexts("") if old is None else rule_texts(old)
    named = {field: cells[field] for field in _RULE if field in cells}
    if named.get("strategy", texts.strategy).strip().lower() != texts.strategy:
        named.setdefault("parameter", "")  # that of another strategy means something else
    return read_rule(replace(texts, **named))


# ------------------------------------------------------------ what becomes of a row


def told(
    row: TableRow,
    before: tuple[Account | None, Link | None],
    after: tuple[Account, Link | None],
    master: str,
    secrets: Mapping[str, str],
) -> ImportRow:
    """What becomes of a good row of a follower of ``master``, or without a link of a master.

    ``secrets`` are those of the account that are stored now, by name.
    """
    account, link = after
    old_account, old_link = before
    changes = [
        FieldChange(field, was, now)
        for field, was, now in (
            (field, _text(old_account, old_link, field), _text(account, link, field))
            for field in COLUMNS
            if field in (*OF_ACCOUNT, *OF_LINK) and field not in KEPT_SECRET
        )
        if was != now
    ]
    changes += [
        FieldChange(field, "stored" if field in secrets else "", "the file's")
        for field in secrets_that_change(row.cells, secrets)
    ]
    of_account = [change for change in changes if change.field in OF_ACCOUNT]
    on = "on" if account.active else "off"
    if old_account is None and link is None:
        verdict, parts = RowVerdict.NEW, [f"new master, {on}"]
    elif old_account is None and link is not None:
        verdict, parts = RowVerdict.NEW, [f"new follower: {link.sizing.in_words()}, {on}"]
        parts += _besides(link) + (["a master himself"] if account.master else [])
    elif old_link is None and link is not None:
        verdict = RowVerdict.NEW
        parts = [f"copies {quoted(master)} as well: {link.sizing.in_words()}"]
        parts += _besides(link) + [_in_words(change) for change in of_account]
    elif changes:
        verdict, parts = RowVerdict.CHANGED, [_in_words(change) for change in changes]
    else:
        verdict, parts = RowVerdict.UNCHANGED, ["stays as it is"]
    cells = row.cells.get("parameter", ""), row.cells.get("max_quantity", "")
    rule = None if link is None else RuleTexts(link.sizing.strategy, *cells)
    suffixes = "" if rule is None else sizing.understood(rule)
    words = "; ".join([*parts, suffixes] if suffixes else parts)
    way = account.route
    why = route.why_unregistered(way)
    if not why and (old_account is None or way != old_account.route):
        why = route.what_is_not_compared(way)
    sentence = f"{words[0].upper()}{words[1:]}. {why}".rstrip()
    return ImportRow(
        row.line,
        account.client_id,
        account.name,
        verdict,
        sentence,
        tuple(changes),
        (),
        None if link is None else Follower(account, link),
        account if link is None else None,
    )


def secrets_that_change(cells: Mapping[str, str], stored: Mapping[str, str]) -> list[str]:
    """Names of secrets of which a row says another than the one that is stored."""
    return [
        field
        for field in KEPT_SECRET
        if field in cells and cells[field] != stored.get(field, _NOTHING)
    ]


def _besides(link: Link) -> list[str]:
    """What a new link has besides its rule."""
    plain_link = Link(link.master_id, link.follower_id, link.sizing)
    return [
        f"{_WORDS[field]} {_of_link(link, field)}"
        for field in OF_LINK
        if _of_link(link, field) != _of_link(plain_link, field)
    ]


def _in_words(change: FieldChange) -> str:
    if change.field == "active":
        return "switched on" if change.after == "yes" else "switched off"
    if change.field == "is_master":
        return "becomes a master" if change.after == "yes" else "is a master no more"
    if change.field in KEPT_SECRET:
        word = change.field.replace("_", " ")
        return f"{word} replaced" if change.before else f"{word} added"
    before, after = change.before, change.after
    if change.field in ("name", "app_key"):
        before, after = quoted(before), quoted(after)
    return f"{_WORDS.get(change.field, change.field)} {before} becomes {after}"


# ------------------------------------------------------------ writing


def write_followers(
    followers: Iterable[Follower], client_of: Callable[[AccountId], str]
) -> tuple[str, int]:
    """Followers as CSV text without secrets, and how many rows. Begins with a BOM for spreadsheets.

    ``client_of`` says a master's client id.
    """
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\n")
    columns = [name for name in COLUMNS if name not in KEPT_SECRET]
    writer.writerow(columns)
    count = 0
    for one in followers:
        master = client_of(one.link.master_id)
        writer.writerow(
            [
                _guarded(name, master if name == "master" else _text(one.account, one.link, name))
                for name in columns
            ]
        )
        count += 1
    return out.getvalue(), count


def _text(account: Account | None, link: Link | None, field: str) -> str:
    """A field as a file spells it; empty for what is not there."""
    if field in OF_LINK:
        return "" if link is None else _of_link(link, field)
    return "" if account is None else account_text(account, field)


def _of_link(link: Link, field: str) -> str:
    if field in _RULE:
        text: str = getattr(rule_texts(link.sizing), field)
    elif field in FILTERS:
        text = link_field.list_text(getattr(link.filters, field))
    elif field in _WINDOW:
        text = _time(link.window, field)
    elif field in GUARD:
        text = link_field.guard_text(link.guard, field)
    elif field in EXITS:
        text = link_field.exits_text(link.exits, field)
    elif field == "group_multiplier":
        text = "" if link.group_multiplier == 1 else plain(link.group_multiplier)
    else:
        text = link.group if field == "group" else getattr(link, field).value
    return text or _NOTHING


def _time(window: TimeWindow | None, field: str) -> str:
    if window is None:
        return ""
    return link_field.time_text(window.opens if field == "from" else window.closes)


_TEXTS = frozenset({"name", KEY, "app_key", "group", "basis_reference", "algo_id"})


def _guarded(field: str, cell: str) -> str:
    """Keep a spreadsheet from reading a text as a formula; ``_plain`` takes exactly that off."""
    return f"'{cell}" if field in _TEXTS and _FORMULA.match(cell) else cell


def plain_cells(row: TableRow) -> dict[str, str]:
    """What the row's cells say, without what was put around it for a spreadsheet."""
    return {field: _plain(field, cell) for field, cell in row.cells.items()}


def _plain(field: str, cell: str) -> str:
    if field in _MAY_BE_NOTHING and cell.lower() == _NOTHING:
        return ""
    return cell[1:] if field in _TEXTS and _GUARDED.match(cell) else cell
