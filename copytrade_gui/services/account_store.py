"""Accounts and their app secrets as they are kept: stored together, all or none."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Mapping, Sequence

from copytrade_gui.domain.account import Account, client_key
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Link
from copytrade_gui.ports import AccountBook, SecretStore

APP_SECRET = "app_secret"  # noqa: S105 - the name of a secret, not one
"""The name under which an account's app secret lies in the secret store."""
TOKEN = "session"  # noqa: S105 - the name of a secret, not one
"""The name under which its session of today lies there."""


class AccountStore:
    """The account book with its secret store. One call at a time: whoever calls sees to it."""

    def __init__(self, book: AccountBook, secrets: SecretStore) -> None:
        self._book = book
        self._secrets = secrets

    async def all(self) -> tuple[Account, ...]:
        """Every account, masters first, then by name."""
        return await self._book.all()

    async def links(self) -> tuple[Link, ...]:
        """Every link, by the follower's name."""
        return await self._book.links()

    async def put(
        self,
        accounts: Sequence[Account],
        links: Sequence[Link],
        app_secrets: Mapping[AccountId, str],
    ) -> None:
        """Add or change accounts and links in one act; an empty secret keeps the stored one.

        Secrets go first: an account is never stored without the one it came with. Raises what the
        book or the secret store raises; secrets are then as they were.
        """
        named = {name: secret for name, secret in app_secrets.items() if secret}
        before = {name: await self._secrets.get(name, APP_SECRET) for name in named}
        try:
            await self._put_secrets(named)
            await self._book.put(accounts, links)
        except BaseException:
            with contextlib.suppress(Exception):  # what failed first is what is told
                await self._put_secrets(before)
            raise

    async def remove(
        self, accounts: Sequence[AccountId], links: Collection[tuple[AccountId, AccountId]]
    ) -> None:
        """Forget accounts with their links and sessions, and ``links``, by master and follower.

        An account's id may be given to another client later.
        """
        await self._book.remove(accounts, links)
        await asyncio.gather(*(self._secrets.remove(name, TOKEN) for name in accounts))

    async def forget_session(self, account: AccountId) -> None:
        """Forget one session of today."""
        await self._secrets.remove(account, TOKEN)

    async def _put_secrets(self, secrets: Mapping[AccountId, str | None]) -> None:
        await asyncio.gather(
            *(
                self._secrets.remove(name, APP_SECRET)
                if secret is None
                else self._secrets.put(name, APP_SECRET, secret)
                for name, secret in secrets.items()
            )
        )


def free_id(client_id: str, taken: Collection[AccountId]) -> AccountId:
    """An id for a new follower: an account that was edited keeps the one it was added with.

    Ids that differ only in casing are one to some key stores, so none is given twice.
    """
    folded = {client_key(name) for name in taken}
    first = name = f"F-{client_id.strip()}"
    number = 1
    while client_key(name) in folded:
        number += 1
        name = f"{first}-{number}"
    return AccountId(name)
