"""Accounts and their secrets are stored together, or neither is."""

from collections.abc import Sequence
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.account import Account, client_key
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Link
from copytrade_gui.ports import AccountBook
from copytrade_gui.services.account_store import APP_SECRET, AccountStore, free_id
from copytrade_gui.storage.secrets.paper_secrets import PaperSecrets

M = AccountId("M")
MASTER = Account(M, "Owner", "MX1", "key", master=True)


class FullDisk:
    """A book that takes nothing."""

    async def all(self) -> tuple[Account, ...]:
        return ()

    async def put(self, accounts: Sequence[Account], links: Sequence[Link]) -> None:
        raise OSError("No space left on device")


@pytest.mark.parametrize("before", ["old", None])
async def test_a_book_that_fails_leaves_the_secrets_as_they_were(before: str | None) -> None:
    secrets = PaperSecrets()
    if before is not None:
        await secrets.put(M, APP_SECRET, before)
    store = AccountStore(cast("AccountBook", FullDisk()), secrets)
    with pytest.raises(OSError, match="No space"):
        await store.put([MASTER], [], {(M, APP_SECRET): "new"})
    assert await secrets.get(M, APP_SECRET) == before


@given(st.lists(st.sampled_from(["kx1", "KX1", "Kx1", "kx1-2", "kx2"]), max_size=12))
def test_no_two_accounts_get_one_id_in_any_casing(client_ids: list[str]) -> None:
    taken: list[AccountId] = []
    for client_id in client_ids:
        taken.append(free_id(client_id, taken))
    assert len({client_key(name) for name in taken}) == len(client_ids)
