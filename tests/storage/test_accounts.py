from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.account import Account, Role
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.storage.database.engines import Connecting
from copytrade_gui.storage.files.folder import DataFolder
from copytrade_gui.storage.files.problems import StorageError
from copytrade_gui.storage.store import Seams, Store, open_store
from tests.storage.faulty import Fault, Script, failing
from tests.storage.samples import MASTER, HandClock

OWNER = Account(MASTER, Role.MASTER, "Zoya", "Z1", "key")


def follower(number: int, rule: SizingRule) -> Account:
    return Account(
        AccountId(f"f{number}"),
        Role.FOLLOWER,
        f"Follower {number}",
        f"C{number}",
        "key",
        master_id=MASTER,
        sizing=rule,
    )


HALF = follower(2, SizingRule(Strategy.RATIO, Decimal("0.5")))
TENTH = follower(1, SizingRule(Strategy.CAPITAL_PERCENT, Decimal("12.75"), 500))


async def test_accounts_come_back_as_they_were_masters_first(store: Store) -> None:
    await store.accounts.put([HALF, TENTH, OWNER])
    assert await store.accounts.all() == (OWNER, TENTH, HALF)


async def test_an_account_is_replaced_and_forgotten(store: Store) -> None:
    await store.accounts.put([OWNER, HALF])
    off = replace(HALF, active=False, name="Away")
    await store.accounts.put([off])
    assert await store.accounts.all() == (OWNER, off)
    await store.accounts.remove([off.account_id])
    await store.accounts.remove([off.account_id])
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
