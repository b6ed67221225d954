"""What an import would do: the rows of a file beside the accounts and links that are here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Link
from copytrade_gui.services.account_cells import (
    Owns,
    anything,
)
from copytrade_gui.services.account_store import Secrets
from copytrade_gui.services.follower_table import TableRow
from copytrade_gui.services.follower_verbs import (
    ImportPreview,
    ImportRow,
    RowVerdict,
)
from copytrade_gui.services.import_rows import ImportRows


def preview_of(
    rows: Sequence[TableRow],
    accounts: Sequence[Account],
    links: Iterable[Link],
    master_id: AccountId | None,
    stored: Secrets,
    *,
    live: bool = False,
    owns: Owns = anything,
) -> tuple[ImportPreview, Secrets]:
    """What an import of these rows would do, and the secrets it would store.

    ``master_id`` is the master of rows that name none and whose account has no link yet; None if
    there are several and nobody chose one. ``live``: the accounts are at the broker, not on paper.
    """
    links, left = tuple(links), list(rows)
    wrong: list[ImportRow] = []
    while True:
        reading = ImportRows(left, accounts, links, master_id, stored, live=live, owns=owns)
        told = reading.check([reading.row(row) for row in left])
        bad = [row for row in told if row.verdict is RowVerdict.WRONG]
        if not bad:
            break
        # What a wrong row said may be what another one is good by: those left are read anew.
        wrong += [_without_others(row) for row in bad] if wrong else bad
        lines = {row.line for row in bad}
        left = [row for row in left if row.line not in lines]
    every = sorted([*told, *wrong], key=lambda row: row.line)
    return ImportPreview(tuple(every)), reading.secrets


def _without_others(row: ImportRow) -> ImportRow:
    """A row that is wrong only because others are."""
    words = f"Without the wrong rows: {row.sentence}"
    problems = tuple(
        replace(one, sentence=f"Without the wrong rows: {one.sentence}") for one in row.problems
    )
    return replace(row, sentence=words, problems=problems)
