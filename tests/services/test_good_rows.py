"""A file of which some rows are wrong: the others are taken if that is asked for, and no more."""

from __future__ import annotations

import asyncio
import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Link
from copytrade_gui.services.account_store import APP_SECRET, Secrets
from copytrade_gui.services.follower_files import FollowerFiles
from copytrade_gui.services.follower_import import preview_of
from copytrade_gui.services.follower_table import read_table
from copytrade_gui.services.follower_verbs import ImportPreview, RowVerdict
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.storage.secrets.paper_secrets import PaperSecrets
from tests.services.test_follower_files import ASHA, MASTER, SECOND, check

HEAD = "client_id,name,strategy,parameter,app_secret"
FILE = f"{HEAD}\nKX2,Ravi,ratio,1,s2\nKX3,Zoya,ratio,0\nKX4,Dev,fixed,75,s4\nKX5,Tara,,,s5\n"
HERE = (MASTER, SECOND)


class Kept:
    """Accounts and links in memory, with what an import stored."""

    def __init__(self, *accounts: Account) -> None:
        self.held = {one.account_id: one for one in accounts}
        self.linked: dict[tuple[AccountId, AccountId], Link] = {}
        self.secrets: dict[tuple[AccountId, str], str] = {}

    async def accounts(self) -> list[Account]:
        return list(self.held.values())

    async def links(self) -> list[Link]:
        return list(self.linked.values())

    async def keep(self, accounts: list[Account], links: list[Link], secrets: Secrets) -> None:
        self.held.update({one.account_id: one for one in accounts})
        self.linked.update({one.key: one for one in links})
        self.secrets.update(secrets)


def files(kept: Kept) -> FollowerFiles:
    return FollowerFiles(kept, PaperSecrets(), live=False)  # type: ignore[arg-type]  # lists are sequences


def clients(kept: Kept) -> set[str]:
    return {one.client_id for one in kept.held.values()}


def run(kept: Kept, path: Path, text: str, *, good_rows: bool) -> ImportPreview:
    path.write_text(text)

    async def work() -> ImportPreview:
        seen = await files(kept).check_csv(MASTER.account_id, path)
        return await files(kept).import_csv(MASTER.account_id, path, seen, good_rows=good_rows)

    return asyncio.run(work())


def test_the_good_rows_are_stored_and_nothing_of_the_wrong_ones(tmp_path: Path) -> None:
    kept, file = Kept(MASTER), tmp_path / "in.csv"
    with pytest.raises(RefusedError, match="Nothing was imported: 2 problems"):
        run(kept, file, FILE, good_rows=False)
    assert clients(kept) == {"MX1"}
    done = run(kept, file, FILE, good_rows=True)
    assert (done.takes, [row.line for row in done.wrong]) == (2, [3, 5])
    assert clients(kept) == {"MX1", "KX2", "KX4"}
    assert len(kept.linked) == 2
    assert set(kept.secrets.values()) == {"s2", "s4"}
    assert {name for _, name in kept.secrets} == {APP_SECRET}


def test_a_file_without_a_good_row_is_refused_as_a_whole(tmp_path: Path) -> None:
    kept = Kept(MASTER)
    with pytest.raises(RefusedError, match="Nothing was imported"):
        run(kept, tmp_path / "in.csv", f"{HEAD}\nKX3,Zoya,ratio,0,\n", good_rows=True)
    assert clients(kept) == {"MX1"}


def test_wrong_rows_are_written_as_they_stand_and_imported_once_they_are_mended(
    tmp_path: Path,
) -> None:
    kept, file, out = Kept(MASTER), tmp_path / "in.csv", tmp_path / "wrong.csv"
    text = FILE.replace("KX3,Zoya,ratio,0", "KX3,Zoya,ratio,0,s3,stray")
    seen = run(kept, file, text, good_rows=True)
    assert asyncio.run(files(kept).save_wrong_rows(file, seen, out)) == 2
    assert out.stat().st_mode & 0o777 == 0o600
    rows = list(csv.reader(out.read_text("utf-8-sig").splitlines()))
    assert rows[0][:2] == ["problem", "name"]
    assert [row[0].split(":")[0] for row in rows[1:]] == ["Line 3", "Line 5"]
    assert "stray" in rows[1]
    assert "strategy, parameter" in rows[2][0]
    again = asyncio.run(files(kept).check_csv(MASTER.account_id, out))
    assert not again.takes, "they are as wrong as before"
    mended = out.read_text("utf-8-sig").replace(",ratio,0,", ",ratio,2,").replace(",stray", "")
    mended = mended.replace("Tara,KX5,s5,,", "Tara,KX5,s5,ratio,1")
    done = run(kept, out, mended, good_rows=False)
    assert (done.takes, done.wrong) == (2, ())
    assert clients(kept) == {"MX1", "KX2", "KX3", "KX4", "KX5"}
    assert set(kept.secrets.values()) == {"s2", "s3", "s4", "s5"}


def test_the_source_is_not_written_over_and_a_changed_one_is_told(tmp_path: Path) -> None:
    kept, file = Kept(MASTER), tmp_path / "in.csv"
    seen = run(kept, file, FILE, good_rows=True)
    for out, text, words in (
        (file, FILE, "is the file itself"),
        (tmp_path / "x", HEAD + "\nK,", "changed"),
    ):
        file.write_text(text)
        with pytest.raises(RefusedError, match=words):
            asyncio.run(files(kept).save_wrong_rows(file, seen, out))
        assert file.read_text() == text


@pytest.mark.parametrize(
    ("rows", "verdicts"),
    [
        # His master comes in a row that is wrong: without it nobody knows him.
        (
            "KX2,Ravi,ratio,0,MX1,yes,,\nKX3,Zoya,ratio,1,KX2,,,\nKX4,Dev,ratio,1,MX1,,,",
            ["wrong", "wrong", "new"],
        ),
        # Nobody knows which of the two is meant.
        (
            "KX2,Ravi,ratio,1,,,,\nkx2,Ravi,ratio,9,,,,\nKX4,Dev,ratio,1,,,,",
            ["wrong", "wrong", "new"],
        ),
        (
            "KX2,Ravi,ratio,1,,,G,2\nKX3,Zoya,ratio,1,,,G,3\nKX4,Dev,ratio,1,,,,",
            ["wrong", "wrong", "new"],
        ),
        # A group's multiplier is given by a row that is left out.
        (
            "KX2,Ravi,ratio,0,,,G,2\nKX3,Zoya,ratio,1,,,G,\nKX4,Dev,ratio,1,,,,",
            ["wrong", "new", "new"],
        ),
    ],
)
def test_a_good_row_is_good_without_the_wrong_ones(rows: str, verdicts: list[str]) -> None:
    head = "client_id,name,strategy,parameter,master,is_master,group,group_multiplier"
    preview = check(f"{head}\n{rows}\n")
    assert [row.verdict.value for row in preview.rows] == verdicts
    assert all(one.link.group_multiplier == 1 for one in preview.added)


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["KX2", "kx2", "KX3", "KX4", "MX1", "MX2", "bad id", "KX10081"]),
        st.sampled_from(["Ravi", "Zoya", ""]),
        st.sampled_from(["ratio,1", "ratio,0", ",", "fixed,75"]),
        st.sampled_from(["", "MX1", "MX2", "KX2", "KX3"]),
        st.sampled_from(["", "yes", "no"]),
        st.sampled_from([",", "G,2", "G,3", "G,"]),
    ).map(",".join),
    min_size=1,
    max_size=7,
)


@given(ROWS)
def test_any_file_without_its_wrong_rows_is_good_and_does_what_was_told(rows: list[str]) -> None:
    head = "client_id,name,strategy,parameter,master,is_master,group,group_multiplier"
    told = check("\n".join([head, *rows]) + "\n", ASHA)
    left = [head, *(rows[one.line - 2] for one in told.rows if one.verdict is not RowVerdict.WRONG)]
    if len(left) == 1:
        assert not told.takes
        return
    alone = check("\n".join(left) + "\n", ASHA)
    assert not alone.problems
    good = [replace(row, line=0) for row in told.rows if row.verdict is not RowVerdict.WRONG]
    assert good == [replace(row, line=0) for row in alone.rows]


# ------------------------------------------------------------ masters in a file


def of_master(text: str) -> ImportPreview:
    links = [ASHA.link]
    accounts = (*HERE, ASHA.account)
    return preview_of(read_table(text.encode()), accounts, links, MASTER.account_id, {})[0]


def test_a_masters_row_changes_his_account_as_it_names_it(tmp_path: Path) -> None:
    head = "client_id,name,app_key,app_secret,route,route_address"
    row = f"{head}\nmx1,Desk,key-9,new,source,127.0.0.9\n"
    kept = Kept(*HERE)
    done = run(kept, tmp_path / "in.csv", row, good_rows=False)
    (told,) = done.rows
    assert told.verdict is RowVerdict.CHANGED
    assert "app secret" in told.sentence
    after = kept.held[MASTER.account_id]
    assert (after.name, after.app_key, after.master) == ("Desk", "key-9", True)
    assert after.route.address == "127.0.0.9"
    assert kept.secrets == {(MASTER.account_id, APP_SECRET): "new"}
    assert not kept.linked


def test_a_new_master_comes_by_a_file_and_followers_of_his_with_him(tmp_path: Path) -> None:
    head = "client_id,name,is_master,strategy,parameter,master"
    text = f"{head}\nMX9,Third,yes,,,\nKX2,Ravi,,ratio,1,MX9\n"
    kept = Kept(*HERE)
    done = run(kept, tmp_path / "in.csv", text, good_rows=False)
    assert done.noun == "account"
    (third,) = (one for one in kept.held.values() if one.client_id == "MX9")
    assert third.master
    assert [master for master, _ in kept.linked] == [third.account_id]


@pytest.mark.parametrize(
    ("row", "field", "words"),
    [
        (
            "MX1,Owner,ratio,1,,",
            "master",
            "is the master Owner. Leave strategy, parameter empty to",
        ),
        ("MX1,,,,MX1,", "master", "Owner cannot copy himself."),
        ("MX2,,,,,no", "is_master", "would be no master and copy nobody"),
        ("MX1,,,,,no", "is_master", "still has followers of his own"),
        ("MX9,,,,,yes", "name", "A new master needs a name."),
    ],
)
def test_what_a_masters_row_cannot_say_is_told_with_the_remedy(
    row: str, field: str, words: str
) -> None:
    (problem,) = of_master(f"client_id,name,strategy,parameter,master,is_master\n{row}\n").problems
    assert problem.field == field
    assert words in problem.sentence
