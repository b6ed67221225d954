"""On what basis accounts are traded, as a person declares it: by form, for several, by file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path

import pytest

from copytrade_gui.domain.basis import SIMULATED, UNDECLARED, Basis, Declared
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.services.follower_verbs import FollowerDraft, RowVerdict
from copytrade_gui.services.verbs import RefusedError
from tests.proof.rig import Console, world
from tests.services.rig import InPlace, Services

MASTER, F1, F2 = AccountId("M"), AccountId("F001"), AccountId("F002")
SPOUSE = Declared(Basis.FAMILY, "spouse")


def on_a_live_console(script: Callable[[Services], Coroutine[object, object, None]]) -> None:
    async def live(console: Console) -> None:
        asyncio.get_running_loop().set_default_executor(InPlace())
        await script(Services(console))

    with world(2, settings=EngineSettings(needs_basis=True)) as made:
        made.live(live)


async def declared(here: Services) -> dict[AccountId, Declared]:
    """As it is stored, which is how the engine goes by it."""
    stored = {one.account_id: one.declared for one in await here.console.store.accounts.all()}
    assert stored == {lane.account_id: lane.account.declared for lane in here.engine.lanes}
    return stored


def test_several_accounts_are_declared_at_once_and_the_master_with_them() -> None:
    async def script(here: Services) -> None:
        said = {"basis": "family", "basis_reference": "spouse"}
        assert await here.followers.set_basis([MASTER, F1], said) == 2
        assert await declared(here) == {MASTER: SPOUSE, F1: SPOUSE, F2: UNDECLARED}
        assert await here.followers.set_basis([MASTER, F1, F2], said) == 1
        # Another basis takes the reference of the one before with it; an algo id stays.
        await here.followers.set_basis([F1], {"algo_id": "ALGO-1"})
        await here.followers.set_basis([F1], {"basis": "self"})
        assert (await declared(here))[F1] == Declared(Basis.SELF, "", "ALGO-1")
        await here.console.store.journal.flush()
        told = await here.console.store.history.events(100, kind="BasisChanged")
        assert len(told) == 5
        assert {row.actor for row in told} == {"operator"}

    on_a_live_console(script)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"basis": "simulator"}, "basis"), ({"basis": "friend"}, "basis"),
        ({"basis": "family"}, "basis_reference"), ({"basis_reference": "spouse"}, "basis"),
        ({"basis": "family", "basis_reference": "brother"}, "basis_reference"),
        ({"basis": "self", "algo_id": "x" * 13}, "algo_id"),
    ],
)  # fmt: skip
def test_what_says_too_little_of_a_live_account_is_refused_at_every_entrance(
    said: dict[str, str], field: str, tmp_path: Path
) -> None:
    """All or none: the others keep what they have as well."""

    async def script(here: Services) -> None:
        before = await declared(here)
        new = FollowerDraft(
            name="N", client_id="ZZ1", app_key="k", app_secret="s",
            strategy="ratio", parameter="1",
            **said,  # type: ignore[arg-type]  # by the fields' names
        )  # fmt: skip
        for work in (
            here.followers.set_basis([F2, F1], said),
            here.followers.edit(MASTER, F1, FollowerDraft(**said)),  # type: ignore[arg-type]  # by name
            here.followers.add(MASTER, new),
            here.followers.add_master(new),
        ):
            with pytest.raises(RefusedError) as refused:
                await work
            assert refused.value.field == field
            assert refused.value.sentence.endswith(".")
        file = tmp_path / "followers.csv"
        client = here.engine.lanes[F1].account.client_id
        file.write_text(f"client_id,{','.join(said)}\n{client},{','.join(said.values())}\n")
        preview = await here.followers.check_csv(MASTER, file)
        (row,) = preview.rows
        assert (row.verdict, [one.field for one in row.problems]) == (RowVerdict.WRONG, [field])
        with pytest.raises(RefusedError, match="Nothing was imported"):
            await here.followers.import_csv(MASTER, file)
        assert await declared(here) == before

    on_a_live_console(script)


def test_a_file_names_its_columns_as_the_window_does_and_tells_each_change(tmp_path: Path) -> None:
    async def script(here: Services) -> None:
        client = here.engine.lanes[F1].account.client_id
        file = tmp_path / "followers.csv"
        file.write_text(
            f"Client id,Basis,Basis reference,Algo id\n{client},Family,dependent child,ALGO-1\n"
        )
        (row,) = (await here.followers.check_csv(MASTER, file)).rows
        assert row.sentence == (
            "Basis none becomes family; basis reference none becomes dependent child; algo id none "
            "becomes ALGO-1."
        )
        await here.followers.import_csv(MASTER, file)
        child = Declared(Basis.FAMILY, "dependent child", "ALGO-1")
        assert (await declared(here))[F1] == child
        await here.followers.export_csv(file)
        await here.followers.set_basis([F1], {"basis": "", "algo_id": ""})
        await here.followers.import_csv(MASTER, file)
        assert (await declared(here))[F1] == child

    on_a_live_console(script)


def test_a_live_account_that_was_on_paper_can_be_edited_and_stays_without_one() -> None:
    """A folder of paper opened live: what is not touched is not asked about."""

    async def script(here: Services) -> None:
        made = await here.followers.edit(MASTER, F1, FollowerDraft(name="Asha"))
        assert made.account.declared == SIMULATED
        assert here.engine.lanes[F1].only_exits is not None

    async def live(console: Console) -> None:
        await script(Services(console))

    with world(1, settings=EngineSettings(needs_basis=True)) as made:
        made.accounts = [replace(one, declared=SIMULATED) for one in made.accounts]
        made.live(live)
