"""Rows of a file of followers beside the accounts and links here: one by one, and together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from copytrade_gui.domain.account import MOST_FOLLOWERS, Account, client_key
from copytrade_gui.domain.account_field import MOST_CLIENT_ID, MOST_NAME
from copytrade_gui.domain.group import in_step, written_otherwise
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import MOST_LINKS, Link, cycle, cycle_words
from copytrade_gui.domain.sizing import Strategy
from copytrade_gui.domain.typed import cut, listed, quoted
from copytrade_gui.services import follower_csv
from copytrade_gui.services.account_cells import (
    OF_ACCOUNT,
    YES,
    Owns,
    Wrong,
    account_text,
    merge_account,
)
from copytrade_gui.services.account_store import KEPT_SECRET, Secrets, free_id
from copytrade_gui.services.follower_csv import OF_LINK, plain_cells
from copytrade_gui.services.follower_table import KEY, TableRow
from copytrade_gui.services.follower_verbs import (
    ImportProblem,
    ImportRow,
    RowVerdict,
)

Key = tuple[AccountId, AccountId]
_WITHOUT_VALUE = frozenset(one.value for one in Strategy if one.kind.bounds is None)
"""Strategies that take no parameter."""


class ImportRows:
    """Goes through the rows; every row sees what those before it have changed."""

    def __init__(
        self,
        rows: Sequence[TableRow],
        accounts: Sequence[Account],
        links: Iterable[Link],
        master_id: AccountId | None,
        stored: Secrets,
        *,
        live: bool,
        owns: Owns,
    ) -> None:
        self._live, self._owns = live, owns
        self._accounts = {client_key(account.client_id): account for account in accounts}
        self._names = {account.account_id: account.name for account in accounts}
        self._links: dict[Key, Link] = {link.key: link for link in links}
        self._followed = {follower for _, follower in self._links}
        self._room = MOST_LINKS - len(self._links)
        self._default = master_id
        self._stored = stored
        self.secrets: dict[tuple[AccountId, str], str] = {}
        self._ids = {name: one.account_id for name, one in self._accounts.items()}
        self._masters = {one.account_id for one in accounts if one.master}
        for row in rows:  # a row may name a master who comes further down
            client = row.cells.get(KEY, "")
            name = client_key(client)
            if name not in self._ids:
                self._ids[name] = free_id(client, self._ids.values())
                self._names[self._ids[name]] = row.cells.get("name", client)
            if row.cells.get("is_master", "").lower() in YES:
                self._masters.add(self._ids[name])
        self._lines: dict[Key, int] = {}
        self._said: dict[tuple[AccountId, str], tuple[int, object]] = {}
        """What rows have said of accounts: the line, and the value."""
        self._multipliers: dict[str, tuple[int, Decimal]] = {}
        """What rows have said of groups: the line, and the multiplier."""
        self._of_groups: dict[str, set[int]] = {}
        """Lines that name a group's multiplier."""
        self._contested: dict[int, tuple[str, str]] = {}
        """Lines that a later one contradicts: the field, and the sentence."""

    # ------------------------------------------------------------ one row

    def row(self, row: TableRow) -> ImportRow:
        """What becomes of one row by itself."""
        problems: list[ImportProblem] = []

        def wrong(field: str, sentence: str) -> None:
            problems.append(ImportProblem(row.line, field, sentence))

        client = row.cells.get(KEY, "")
        held = self._accounts.get(client_key(client))
        name = self._ids.get(client_key(client), AccountId(""))
        if row.problem:
            wrong("line" if KEY in row.cells else KEY, row.problem)
            return _wrong(row, held, problems)
        if self._is_of_master(row, name):
            return self._row_of_master(row, held, name)
        master = self._master_of(row, held, name, wrong)
        if master is None:
            return _wrong(row, held, problems)
        key = (master, name)
        link = self._links.get(key)
        first = self._lines.setdefault(key, row.line)
        if first != row.line:
            wrong(KEY, self._twice(client, master, first, row.line))
            return _wrong(row, held, problems)
        known, cells = held or Account(name, "", client, ""), plain_cells(row)
        lacks = _lacks(row, held, link, wrong)
        account = merge_account(cells, known, wrong, live=self._live, owns=self._owns)
        if lacks:
            return _wrong(row, held, problems)
        after = follower_csv.merge_link(row, link, key, wrong)
        self._hear(row, account, wrong)
        if after is not None:
            after = self._in_group(row, after, wrong)
        if problems or after is None:
            return _wrong(row, held, problems)
        return self._take(row, (held, link), (account, after))

    def _is_of_master(self, row: TableRow, name: AccountId) -> bool:
        """True for the row of a master who copies nobody, if it says nothing of a link either."""
        return (
            name in self._masters
            and not any(field in row.cells for field in ("master", *OF_LINK))
            and not any(follower == name for _, follower in self._links)
        )

    def _row_of_master(self, row: TableRow, held: Account | None, name: AccountId) -> ImportRow:
        """What becomes of a row that is about a master's account alone."""
        problems: list[ImportProblem] = []

        def wrong(field: str, sentence: str) -> None:
            problems.append(ImportProblem(row.line, field, sentence))

        known = held or Account(name, "", row.cells[KEY], "")
        first = self._lines.setdefault((name, name), row.line)
        if first != row.line:
            wrong(KEY, self._twice(row.cells[KEY], name, first, row.line))
            return _wrong(row, held, problems)
        if held is None and "name" not in row.cells:
            wrong("name", "A new master needs a name. Write it.")
        account = merge_account(plain_cells(row), known, wrong, live=self._live, owns=self._owns)
        self._hear(row, account, wrong)
        if not account.master and not any(master == name for master, _ in self._links):
            wrong(
                "is_master",
                f"{known.name} would be no master and copy nobody. Remove him under Followers > "
                "Masters, or leave is_master empty.",
            )
        if problems:
            return _wrong(row, held, problems)
        return self._take(row, (held, None), (account, None))

    def _master_of(
        self, row: TableRow, held: Account | None, name: AccountId, wrong: Wrong
    ) -> AccountId | None:
        """Whose orders the row's account copies; None after telling why that is not known."""
        said = row.cells.get("master")
        own = [master for master, follower in self._links if follower == name]
        if said is None and not own and held is not None and held.master:
            named = listed([field for field in OF_LINK if field in row.cells], 3)
            wrong(
                "master",
                f"{quoted(row.cells[KEY])} is the master {held.name}. Leave {named} empty to "
                "change his account, or write under master whom he copies.",
            )
            return None
        if said is not None and self._ids.get(client_key(said)) == name:
            wrong(
                "master",
                f"{self._name(name)} cannot copy himself. Write another master, or of a master "
                "leave master and the sizing empty.",
            )
            return None
        if said is not None:
            master = self._ids.get(client_key(said))
            if master is None:
                wrong("master", f"Master {quoted(said)} is no account here. Check his client id.")
            elif master not in self._masters:
                wrong(
                    "master",
                    f"{self._name(master)} is no master here. Write yes under is_master in his own "
                    "row, or choose another.",
                )
                return None
            return master
        if len(own) == 1 or (own and not any(field in row.cells for field in OF_LINK)):
            return own[0]
        if not own and self._default is not None:
            return self._default
        if own and self._default in own:
            return self._default
        masters = " and ".join(self._name(master) for master in own) or "several masters are here"
        wrong("master", f"Master is not named: {masters}. Write his client id under master.")
        return None

    def _twice(self, client: str, master: AccountId, first: int, line: int) -> str:
        """What is wrong with the second row; nobody knows which of the two is meant."""
        whose = f" for master {self._name(master)}" if len(self._masters) > 1 else ""

        def words(other: int) -> str:
            return f"Client id {quoted(client)} stands in line {other} as well{whose}. Remove one."

        self._contested.setdefault(first, (KEY, words(line)))
        return words(first)

    def _hear(self, row: TableRow, account: Account, wrong: Wrong) -> None:
        """Two rows of one account must say the same of it."""
        for field in OF_ACCOUNT:
            if field not in row.cells:
                continue
            said = (account.account_id, field)
            of_secret = field in KEPT_SECRET
            now = row.cells.get(field) if of_secret else account_text(account, field)
            line, value = self._said.setdefault(said, (row.line, now))
            if value != now:
                words = field.replace("_", " ").capitalize()
                self._contradicts(row, line, field, words, wrong)

    def _contradicts(self, row: TableRow, line: int, field: str, words: str, wrong: Wrong) -> None:
        def told(other: int) -> str:
            return f"{words} is another one in line {other}. Write one of them in both."

        wrong(field, told(line))
        self._contested.setdefault(line, (field, told(row.line)))

    def _in_group(self, row: TableRow, link: Link, wrong: Wrong) -> Link:
        """The link with its group's multiplier: as a row says, or as the group has it here."""
        group = link.group
        if not group:
            return replace(link, group_multiplier=Decimal(1))
        others = [one for one in self._links.values() if one.key != link.key]
        if known := written_otherwise(group, others):
            wrong("group", f"Group {quoted(group)} is here already as {known}. Write it like that.")
        if "group_multiplier" in row.cells:
            said = row.line, link.group_multiplier
            line, multiplier = self._multipliers.setdefault(group, said)
            self._of_groups.setdefault(group, set()).add(row.line)
            if multiplier != link.group_multiplier:
                words = f"Group multiplier of {quoted(group)}"
                self._contradicts(row, line, "group_multiplier", words, wrong)
            return link
        if group in self._multipliers:
            return replace(link, group_multiplier=self._multipliers[group][1])
        (link,) = in_step([link], others)
        return link

    def _take(
        self,
        row: TableRow,
        before: tuple[Account | None, Link | None],
        after: tuple[Account, Link | None],
    ) -> ImportRow:
        account, link = after
        name = account.account_id
        known = {**self._stored, **self.secrets}
        stored = {field: known[name, field] for field in KEPT_SECRET if known.get((name, field))}
        master = "" if link is None else self._name(link.master_id)
        told = follower_csv.told(row, before, after, master, stored)
        self._accounts[client_key(account.client_id)] = account
        if link is not None:
            self._links[link.key] = link
        for field in follower_csv.secrets_that_change(row.cells, stored):
            self.secrets[name, field] = row.cells[field]
        return told

    # ------------------------------------------------------------ all of them

    def check(self, told: list[ImportRow]) -> list[ImportRow]:
        """The rows once more, with what is wrong with them together."""
        agreed = map(self._agreed, told)
        told = self._without_circle([*map(self._bounded, agreed)])
        return self._without_divided_groups(self._without_orphans(told))

    def _agreed(self, row: ImportRow) -> ImportRow:
        """A row that a later one contradicts is as wrong as that one."""
        if row.line not in self._contested or row.verdict is RowVerdict.WRONG:
            return row
        return _spoiled(row, *self._contested[row.line])

    def _bounded(self, row: ImportRow) -> ImportRow:
        """No more followers and links than a console has."""
        if row.follower is None or row.verdict is not RowVerdict.NEW:
            return row
        self._room -= 1
        name = row.follower.account.account_id
        fresh = name not in self._followed
        self._followed.add(name)
        if fresh and len(self._followed) > MOST_FOLLOWERS:
            return _spoiled(
                row,
                "line",
                f"It would be follower {len(self._followed)}; a console copies to at most "
                f"{MOST_FOLLOWERS}. Remove some first.",
            )
        if self._room < 0:
            return _spoiled(
                row,
                "line",
                f"A console has at most {MOST_LINKS} links between accounts. Remove some first.",
            )
        return row

    def _without_circle(self, told: list[ImportRow]) -> list[ImportRow]:
        links = dict(self._links)
        while found := cycle(links.values()):
            circle = set(zip([*found[1:], *found[:1]], found, strict=True))
            for number in reversed(range(len(told))):
                follower = told[number].follower
                if follower is not None and follower.link.key in circle:
                    words = cycle_words(found, self._name)
                    told[number] = _spoiled(
                        told[number], "master", f"It would be a circle: {words}. Leave one out."
                    )
                    del links[follower.link.key]
                    break
            else:
                break  # it is not the file's
        return told

    def _without_orphans(self, told: list[ImportRow]) -> list[ImportRow]:
        """Nobody stops being a master while he has followers."""
        masters = {master for master, _ in self._links}
        for number, row in enumerate(told):
            account = row.master if row.follower is None else row.follower.account
            if account is not None and not account.master and account.account_id in masters:
                told[number] = _spoiled(
                    row, "is_master", f"{account.name} still has followers of his own."
                )
        return told

    def _without_divided_groups(self, told: list[ImportRow]) -> list[ImportRow]:
        """A group's multiplier is that of all its followers, also of those the file leaves out."""
        wrong = {
            self._ids.get(client_key(row.client_id))
            for row in told
            if row.verdict is RowVerdict.WRONG
        }
        for group, (_, multiplier) in self._multipliers.items():
            others = [
                link
                for link in self._links.values()
                if link.group == group
                and link.group_multiplier != multiplier
                and link.follower_id not in wrong
            ]
            if not others:
                continue
            names = ", ".join(self._name(link.follower_id) for link in others[:3])
            for number, row in enumerate(told):
                if row.line in self._of_groups[group] and row.verdict is not RowVerdict.WRONG:
                    told[number] = _spoiled(
                        row,
                        "group_multiplier",
                        f"Group {quoted(group)} has followers who would keep another multiplier: "
                        f"{names}. Write it in their rows too, or set it in the window.",
                    )
        return told

    def _name(self, account: AccountId) -> str:
        return self._names.get(account, str(account))


def _lacks(row: TableRow, held: Account | None, link: Link | None, wrong: Wrong) -> bool:
    """True, and told, if the row names too little of what is new."""
    needed = ["name"] if held is None else []
    if link is None:
        needed += ["strategy"]
        if row.cells.get("strategy", "").lower() not in _WITHOUT_VALUE:
            needed += ["parameter"]
    missing = [field for field in needed if field not in row.cells]
    if missing:
        who = "A new follower" if held is None else "A further master's follower"
        wrong(missing[0], f"{who} needs {', '.join(needed)}; write {', '.join(missing)}.")
    return bool(missing)


def _spoiled(row: ImportRow, field: str, sentence: str) -> ImportRow:
    problem = ImportProblem(row.line, field, sentence)
    return ImportRow(
        row.line, row.client_id, row.name, RowVerdict.WRONG, sentence, problems=(problem,)
    )


def _wrong(row: TableRow, held: Account | None, problems: Sequence[ImportProblem]) -> ImportRow:
    return ImportRow(
        row.line,
        cut(row.cells.get(KEY, ""), MOST_CLIENT_ID),
        cut(row.cells.get("name", "" if held is None else held.name), MOST_NAME),
        RowVerdict.WRONG,
        " ".join(problem.sentence for problem in problems),
        problems=tuple(problems),
    )
