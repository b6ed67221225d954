"""An account here is one account at the broker: editing, adding and importing never mix two up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from copytrade_gui.domain.account import Account, SessionState
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.services.follower_verbs import FollowerDraft
from copytrade_gui.services.followers import Followers
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.storage.secrets.paper_secrets import PaperSecrets
from tests.engine.test_leaving import begin, press
from tests.proof.rig import Console, world

MASTER = AccountId("M")


def draft(client: str, name: str = "") -> FollowerDraft:
    return FollowerDraft(
        name=name or f"Owner of {client}", client_id=client, app_key="key", app_secret="s3cret",
        strategy="ratio", parameter="1", max_quantity="", active=True,
    )  # fmt: skip


async def clients(followers: Followers) -> dict[AccountId, str]:
    accounts: tuple[Account, ...] = await followers.accounts()
    return {one.account_id: one.client_id for one in accounts if not one.master}


def played(script: object) -> None:
    async def run(console: Console) -> None:
        followers = Followers(console.engine, console.store.accounts, PaperSecrets())
        await script(console, followers)  # type: ignore[operator]  # a coroutine function

    with world(1) as made:
        made.live(run)


def test_the_old_client_id_of_an_edited_follower_is_another_account() -> None:
    async def script(console: Console, followers: Followers) -> None:
        first = (await followers.add(MASTER, draft("OLD1"))).account
        await followers.edit(MASTER, first.account_id, draft("NEW1"))
        second = (await followers.add(MASTER, draft("OLD1"))).account
        assert second.account_id != first.account_id
        held = await clients(followers)
        assert held[first.account_id] == "NEW1"
        assert held[second.account_id] == "OLD1"
        assert console.engine.lanes[first.account_id].account.client_id == "NEW1"

    played(script)


def test_an_import_finds_an_edited_follower_by_its_client_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def here(work: Callable[..., object], *args: object, **named: object) -> object:
        return work(*args, **named)

    monkeypatch.setattr(asyncio, "to_thread", here)  # virtual time waits for no thread

    async def script(console: Console, followers: Followers) -> None:
        first = (await followers.add(MASTER, draft("OLD1"))).account
        await followers.edit(MASTER, first.account_id, draft("NEW1"))
        path = tmp_path / "followers.csv"
        await followers.export_csv(path)
        lines = path.read_text(encoding="utf-8").splitlines()
        edited = next(line for line in lines if "NEW1" in line)
        path.write_text(
            "\n".join([*lines, edited.replace("NEW1", "OLD1")]) + "\n", encoding="utf-8"
        )
        done = await followers.import_csv(MASTER, path)
        assert [one.account.client_id for one in done.added] == ["OLD1"]
        held = await clients(followers)
        assert held[first.account_id] == "NEW1"
        assert sorted(held.values()).count("NEW1") == 1
        assert sorted(held.values()).count("OLD1") == 1

    played(script)


@pytest.mark.parametrize("again", ["ab123", "AB123", "Ab123"])
def test_one_client_id_is_one_account_however_it_is_written(again: str) -> None:
    async def script(_console: Console, followers: Followers) -> None:
        await followers.add(MASTER, draft("AB123"))
        with pytest.raises(RefusedError) as refused:
            await followers.add(MASTER, draft(again))
        assert refused.value.field == "client_id"

    played(script)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", "Two\nlines"), ("name", "\u202ereversed"), ("client_id", "\uff21\uff221"),
        ("client_id", "../A"), ("app_key", "key&v=2"), ("app_secret", "two words"),
    ],
)  # fmt: skip
def test_what_the_broker_cannot_mean_is_refused_at_every_entrance(field: str, text: str) -> None:
    async def script(_console: Console, followers: Followers) -> None:
        before = (await followers.add(MASTER, draft("AB123"))).account
        wrong = {"name": "N", "client_id": "CD1", "app_key": "k", "app_secret": "s", field: text}
        typed = replace(draft("CD1"), **wrong)  # type: ignore[arg-type]  # by the fields' names
        for work in (
            followers.add(MASTER, typed),
            followers.edit(MASTER, before.account_id, typed),
            followers.add_master(typed),
        ):
            with pytest.raises(RefusedError) as refused:
                await work
            assert refused.value.field == field
        assert (await clients(followers))[before.account_id] == "AB123"

    played(script)


def test_another_spelling_of_its_client_id_leaves_an_account_its_session() -> None:
    async def script(console: Console, followers: Followers) -> None:
        first = (await followers.add(MASTER, draft("ab123"))).account
        await followers.edit(MASTER, first.account_id, draft("AB123"))
        assert (await clients(followers))[first.account_id] == "AB123"
        assert not console.engine.lanes[first.account_id].status.session_reason

    played(script)


def test_another_client_id_ends_the_session_of_the_one_before() -> None:
    async def script(console: Console, _followers: Followers) -> None:
        first = console.world.accounts[1].account_id
        secrets = PaperSecrets()
        followers = Followers(console.engine, console.store.accounts, secrets)
        await secrets.put(first, "session", "1 token")
        await begin(console)
        await followers.edit(MASTER, first, draft("NEW1"))
        lane = console.engine.lanes[first]
        assert lane.session is None
        assert lane.status.session is SessionState.LOGGED_OUT
        assert await secrets.get(first, "session") is None

    played(script)


def test_a_client_id_does_not_change_on_a_day_with_orders() -> None:
    """Today's orders would be looked for in another account's books for the rest of the day."""

    async def script(console: Console, followers: Followers) -> None:
        first = console.world.accounts[1]
        await begin(console)
        await press(console, "one")
        await console.world.clock.sleep(30)
        assert not console.engine.has_open_orders(first.account_id)
        with pytest.raises(RefusedError) as refused:
            await followers.edit(MASTER, first.account_id, draft("NEW1"))
        assert refused.value.field == "client_id"
        await followers.edit(MASTER, first.account_id, draft(first.client_id, "Another name"))
        assert console.engine.lanes[first.account_id].session is not None

    played(script)


def test_an_account_that_is_put_back_overwrites_no_other() -> None:
    async def script(_console: Console, followers: Followers) -> None:
        added = await followers.add(MASTER, draft("OLD1"))
        first = added.account
        gone = replace(added, account=replace(first, client_id="NEW1"))
        await followers.edit(MASTER, first.account_id, draft("NEW1"))
        await followers.remove(MASTER, [first.account_id])
        second = (await followers.add(MASTER, draft("OLD1"))).account
        with pytest.raises(RefusedError):
            await followers.restore([gone])
        assert (await clients(followers))[second.account_id] == "OLD1"

    played(script)
