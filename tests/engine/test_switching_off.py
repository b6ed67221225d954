"""Switching followers off holds before the next byte, and many are stored in one act."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Follower, Link
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.ports import AccountBook
from copytrade_gui.services.follower_verbs import FollowerDraft
from copytrade_gui.services.followers import Followers
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.storage.secrets.paper_secrets import PaperSecrets
from tests.engine.test_leaving import begin, press
from tests.proof.judge import settled
from tests.proof.rig import Console, world

TRIPLE = SizingRule(Strategy.RATIO, Decimal(3))


class SlowBook:
    """The real account book behind a disk that takes its time, or fails."""

    def __init__(self, book: AccountBook) -> None:
        self._book = book
        self.may_store = asyncio.Event()
        self.may_store.set()
        self.asked = asyncio.Event()
        self.acts: list[int] = []
        self.failure: Exception | None = None

    async def all(self) -> tuple[Account, ...]:
        return await self._book.all()

    async def links(self) -> tuple[Link, ...]:
        return await self._book.links()

    async def put(self, accounts: Sequence[Account], links: Sequence[Link] = ()) -> None:
        await self._act(len(accounts) or len(links))
        await self._book.put(accounts, links)

    async def remove(
        self, account_ids: Sequence[AccountId], links: Collection[tuple[AccountId, AccountId]] = ()
    ) -> None:
        await self._act(len(account_ids))
        await self._book.remove(account_ids, links)

    async def _act(self, size: int) -> None:
        self.acts.append(size)
        self.asked.set()
        await self.may_store.wait()
        if self.failure is not None:
            raise self.failure


Script = Callable[[Console, Followers, SlowBook], Awaitable[None]]


def played(script: Script, followers: int = 4) -> dict[str, int]:
    """Orders at the broker by client when the script has run."""

    async def run(console: Console) -> None:
        book = SlowBook(console.store.accounts)
        await begin(console)
        await script(console, Followers(console.engine, book, PaperSecrets()), book)

    with world(followers) as made:
        made.live(run)
        counts: dict[str, int] = {}
        for order in made.broker.ledger.accepted:
            counts[order.account] = counts.get(order.account, 0) + 1
        return counts


def ids(console: Console) -> list[AccountId]:
    return [one.account_id for one in console.world.accounts if not one.master]


def draft_of(account: Account, name: str) -> FollowerDraft:
    return FollowerDraft(
        name=name, client_id=account.client_id, app_key=account.app_key, app_secret="",
        strategy="ratio", parameter="1", max_quantity="", active=True,
    )  # fmt: skip


def test_a_removal_that_is_not_stored_switches_nobody_on_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def script(console: Console, followers: Followers, book: SlowBook) -> None:
        first, second, *_ = ids(console)
        lanes, seen = console.engine.lanes, list[tuple[bool, bool]]()
        book.may_store.clear()
        gone = asyncio.ensure_future(followers.remove(console.world.master, [first, second]))
        await book.asked.wait()
        going = asyncio.ensure_future(followers.set_active([first], False))
        await asyncio.sleep(0)
        put = console.engine.put_account

        def watched(account: Account, actor: str) -> None:
            put(account, actor)
            seen.append((lanes[first].active, lanes[second].active))

        monkeypatch.setattr(console.engine, "put_account", watched)
        book.failure = OSError("The disk is full.")
        book.may_store.set()
        with pytest.raises(OSError, match="full"):
            await gone
        with pytest.raises(RefusedError, match="stopped, but only until the program ends"):
            await going
        assert seen
        assert not any(on for on, _ in seen)
        assert (lanes[first].active, lanes[second].active) == (False, True)

    played(script)


@pytest.mark.parametrize("busy", [False, True])
def test_nothing_more_leaves_while_the_switching_off_waits_for_the_disk(*, busy: bool) -> None:
    async def script(console: Console, followers: Followers, book: SlowBook) -> None:
        everybody = ids(console)
        book.may_store.clear()
        edits = []
        if busy:  # another change is being stored already
            first = console.engine.lanes[everybody[0]].account
            work = followers.edit(
                console.world.master, first.account_id, draft_of(first, "New name")
            )
            edits.append(asyncio.ensure_future(work))
            await book.asked.wait()
        going = asyncio.ensure_future(followers.set_active(everybody, False))
        await asyncio.sleep(0)
        await press(console, "one")
        (await settled(console, 1)).must_be_clean("all off")
        assert not going.done()
        book.may_store.set()
        await asyncio.gather(going, *edits)
        assert not any(one.active for one in await book.all() if not one.master)

    assert sorted(played(script).values()) == [1]  # the master's


def test_an_edit_that_was_being_stored_switches_nobody_on_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def script(console: Console, followers: Followers, book: SlowBook) -> None:
        first = ids(console)[0]
        lane = console.engine.lanes[first]
        book.may_store.clear()
        edit = asyncio.ensure_future(
            followers.edit(console.world.master, first, draft_of(lane.account, "New name"))
        )
        await book.asked.wait()
        going = asyncio.ensure_future(followers.set_active([first], False))
        await asyncio.sleep(0)
        seen: list[bool] = []
        put = console.engine.put_account

        def watched(account: Account, actor: str) -> None:
            put(account, actor)
            seen.append(lane.active)

        monkeypatch.setattr(console.engine, "put_account", watched)
        book.may_store.set()
        await asyncio.gather(edit, going)
        assert seen
        assert not any(seen), "for a moment he was on again"
        (account,) = [one for one in await book.all() if one.account_id == first]
        assert (account.name, account.active) == ("New name", False)
        await followers.set_active([first], True)
        assert console.engine.lanes[first].account.active

    played(script)


def test_an_import_that_was_being_stored_switches_nobody_on_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def here(work: Callable[..., object], *args: object, **named: object) -> object:
        return work(*args, **named)

    monkeypatch.setattr(asyncio, "to_thread", here)  # virtual time waits for no thread
    path = tmp_path / "followers.csv"

    async def script(console: Console, followers: Followers, book: SlowBook) -> None:
        first = console.engine.lanes[ids(console)[0]].account
        path.write_text(f"client_id,name\n{first.client_id.lower()},Another name\n")
        book.may_store.clear()
        work = asyncio.ensure_future(followers.import_csv(console.world.master, path))
        await book.asked.wait()
        going = asyncio.ensure_future(followers.set_active([first.account_id], False))
        await asyncio.sleep(0)
        book.may_store.set()
        await work
        await going
        (account,) = [a for a in await book.all() if a.account_id == first.account_id]
        assert account == replace(first, name="Another name", active=False)
        assert console.engine.lanes[first.account_id].account == account

    played(script)


def test_an_import_does_only_what_was_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def here(work: Callable[..., object], *args: object, **named: object) -> object:
        return work(*args, **named)

    monkeypatch.setattr(asyncio, "to_thread", here)
    path = tmp_path / "followers.csv"

    async def script(console: Console, followers: Followers, _book: SlowBook) -> None:
        first = console.engine.lanes[ids(console)[0]].account
        path.write_text(f"client_id,name\n{first.client_id},Another name\n")
        seen = await followers.check_csv(console.world.master, path)
        path.write_text(f"client_id,name,active\n{first.client_id},Another name,no\n")
        with pytest.raises(RefusedError) as refused:
            await followers.import_csv(console.world.master, path, seen)
        assert refused.value.code == "changed"
        assert console.engine.lanes[first.account_id].account == first
        path.write_text(f"client_id,name\n{first.client_id},Another name\n")
        await followers.import_csv(console.world.master, path, seen)
        assert console.engine.lanes[first.account_id].account.name == "Another name"

    played(script)


def test_off_that_cannot_be_stored_stays_off_and_says_so() -> None:
    async def script(console: Console, followers: Followers, book: SlowBook) -> None:
        book.failure = OSError("The disk is full.")
        with pytest.raises(RefusedError) as refused:
            await followers.set_active(ids(console), False)
        assert "until the program ends" in refused.value.sentence
        assert "The disk is full." in refused.value.sentence
        assert not any(one.active for one in (await followers.accounts())[1:])
        await press(console, "one")
        (await settled(console, 1)).must_be_clean("all off")

    assert sorted(played(script).values()) == [1]


def test_on_that_cannot_be_stored_changes_nothing() -> None:
    async def script(console: Console, followers: Followers, book: SlowBook) -> None:
        await followers.set_active(ids(console), False)
        book.failure = OSError("The disk is full.")
        for work in (
            followers.set_active(ids(console), True),
            followers.set_sizing(console.world.master, ids(console), TRIPLE),
            followers.remove(console.world.master, ids(console)),
        ):
            before = await followers.accounts()
            with pytest.raises(OSError, match="full"):
                await work
            assert await followers.accounts() == before

    played(script)


def test_many_are_switched_sized_removed_and_put_back_in_one_act_each() -> None:
    async def script(console: Console, followers: Followers, book: SlowBook) -> None:
        everybody = ids(console)
        count = len(everybody)
        master = console.world.master
        before = [
            Follower(lane.account, lane.links[master].link)
            for lane in map(console.engine.lanes.__getitem__, everybody)
        ]
        await followers.set_active(everybody, False)
        await followers.set_active(everybody, True)
        await followers.set_sizing(master, everybody, TRIPLE)
        assert [link.sizing for link in await book.links()] == [TRIPLE] * count
        await followers.remove(master, everybody)
        assert [one.account_id for one in await book.all()] == [master]
        assert [lane.account_id for lane in console.engine.lanes] == [master]
        assert await book.links() == ()
        await followers.restore(before)
        assert set(await book.all()) >= {one.account for one in before}
        assert set(await book.links()) == {one.link for one in before}
        assert book.acts == [count] * 5

    played(script)


def test_nobody_of_many_is_removed_if_one_has_an_open_order() -> None:
    async def script(console: Console, followers: Followers, _book: SlowBook) -> None:
        everybody = ids(console)
        await followers.set_active(everybody[1:], False)
        await press(console, "one", away=60)
        with pytest.raises(RefusedError) as refused:
            await followers.remove(console.world.master, everybody)
        assert console.engine.lanes[everybody[0]].account.name in refused.value.sentence
        assert {lane.account_id for lane in console.engine.lanes} > set(everybody)
        assert console.engine.lanes[everybody[0]].account.active
        (await settled(console, 1)).must_be_clean("one open")

    played(script)


def test_the_501st_follower_is_refused() -> None:
    async def script(console: Console, followers: Followers, _book: SlowBook) -> None:
        first = console.engine.lanes[ids(console)[0]].account
        for number in range(500 - len(ids(console))):
            name = AccountId(f"F-{number}")
            console.engine.put_account(replace(first, account_id=name, client_id=f"Z{number}"))
            console.engine.put_link(Link(console.world.master, name, TRIPLE), "test")
        with pytest.raises(RefusedError) as refused:
            await followers.add(
                console.world.master, replace(draft_of(first, "One more"), client_id="ONE1")
            )
        assert "500" in refused.value.sentence

    played(script)
