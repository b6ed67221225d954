from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Link, LinkState
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.storage.database.engines import Connecting
from copytrade_gui.storage.files.folder import DataFolder
from copytrade_gui.storage.files.problems import StorageError
from copytrade_gui.storage.store import Seams, Store, open_store
from tests.storage.faulty import Fault, Script, failing
from tests.storage.make_old_database import LINKS, SECOND
from tests.storage.samples import MASTER, HandClock

RULE = SizingRule(Strategy.FIXED, Decimal(75), 150)
OWNER = Account(MASTER, "Zoya", "Z1", "key", master=True)
HALF = Account(AccountId("f2"), "Follower 2", "C2", "key")
TENTH = Account(AccountId("f1"), "Follower 1", "C1", "key", active=False)


async def test_accounts_come_back_as_they_were_masters_first(store: Store) -> None:
    await store.accounts.put([HALF, TENTH, OWNER])
    assert await store.accounts.all() == (OWNER, TENTH, HALF)


async def test_an_account_is_replaced_and_forgotten(store: Store) -> None:
    await store.accounts.put([OWNER, HALF])
    off = replace(HALF, active=False, master=True, name="Away")
    await store.accounts.put([off])
    assert await store.accounts.all() == (off, OWNER)
    await store.accounts.remove([off.account_id])
    await store.accounts.remove([off.account_id])
    assert await store.accounts.all() == (OWNER,)


async def test_links_come_back_as_they_were_and_go_with_their_accounts(store: Store) -> None:
    names = {name for link in LINKS for name in link.key}
    accounts = [Account(name, str(name), str(name), "key") for name in names]
    await store.accounts.put(accounts, LINKS)
    assert set(await store.accounts.links()) == set(LINKS)
    first, *others = LINKS
    changed = replace(first, group="Other", state=LinkState.FROZEN, sizing=RULE)
    await store.accounts.put([], [changed])
    assert set(await store.accounts.links()) == {changed, *others}
    await store.accounts.remove([], [first.key])
    assert set(await store.accounts.links()) == set(others)
    await store.accounts.remove([SECOND])  # a master and a follower
    assert set(await store.accounts.links()) == {one for one in others if SECOND not in one.key}


async def test_a_link_of_nobody_is_not_stored(store: Store) -> None:
    await store.accounts.put([OWNER])
    with pytest.raises(StorageError, match="not stored"):
        await store.accounts.put([HALF], [Link(MASTER, AccountId("nobody"), RULE)])
    assert await store.accounts.all() == (OWNER,)


async def test_accounts_are_put_all_or_none(folder: DataFolder, clock: HandClock) -> None:
    script = Script(Fault.FULL)
    seams = Seams(connecting=Connecting(failing(script)), reserve_bytes=65_536)
    async with open_store(folder, clock, inline=True, seams=seams) as store:
        await store.accounts.put([OWNER])
        script.first = script.seen + 3  # the commit
        with pytest.raises(StorageError, match=r"not stored\. The disk is full"):
            await store.accounts.put([HALF, TENTH])
        script.heal()
        assert await store.accounts.all() == (OWNER,)
