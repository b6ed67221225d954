"""Accounts and their app secrets as they are kept: stored together, all or none."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from copytrade_gui.domain.account import Account, client_key
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.route import DIRECT, RouteKind
from copytrade_gui.domain.route_field import NOTHING
from copytrade_gui.ports import AccountBook, SecretStore

APP_SECRET = "app_secret"  # noqa: S105 - the name of a secret, not one
"""The name under which an account's app secret lies in the secret store."""
PROXY_LOGIN = "proxy_login"
"""The name of ``user:password`` of the proxy that is its route."""
KEPT_SECRET = (APP_SECRET, PROXY_LOGIN)
"""What a person enters of an account and is never told again; a file's columns are named so."""
TOKEN = "session"  # noqa: S105 - the name of a secret, not one
"""The name under which its session of today lies there."""

Secrets = Mapping[tuple[AccountId, str], str]
"""What was entered, by account and name: empty keeps what is stored, ``none`` forgets a login."""

Enrolled = tuple[Account, str]
"""An account with its app secret, empty if it has none."""
Enrol = Callable[[Sequence[Enrolled]], Awaitable[Sequence[Enrolled]]]
"""Opens accounts at the paper broker; returns them, in order, with the key and secret they have
there. Raises RefusedError.
"""


class AccountStore:
    """The account book with its secret store. One call at a time: whoever calls sees to it."""

    def __init__(self, book: AccountBook, secrets: SecretStore, enrol: Enrol | None = None) -> None:
        """``enrol``: on paper, where a broker of ours has an account for every client id."""
        self._book = book
        self._secrets = secrets
        self._enrol = enrol

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
        secrets: Secrets,
    ) -> Sequence[Account]:
        """Add or change accounts and links in one act; an empty secret keeps the stored one, but a
        login belongs to its proxy and goes with it. Returns the accounts as they are stored.

        Secrets go first: an account is never stored without the one it came with. Raises what the
        book or the secret store raises; secrets are then as they were.
        """
        accounts, secrets = await self._enrolled(accounts, secrets)
        named: dict[tuple[AccountId, str], str | None] = dict(await self._outdated(accounts))
        for place, secret in secrets.items():
            if secret:
                forgets = place[1] == PROXY_LOGIN and secret.lower() == NOTHING
                named[place] = None if forgets else secret
        before = {place: await self._secrets.get(*place) for place in named}
        try:
            await self._put_secrets(named)
            await self._book.put(accounts, links)
        except BaseException:
            with contextlib.suppress(Exception):  # what failed first is what is told
                await self._put_secrets(before)
            raise
        return accounts

    async def _enrolled(
        self, accounts: Sequence[Account], secrets: Secrets
    ) -> tuple[Sequence[Account], Secrets]:
        """With those that are new, or another client's, as the paper broker has them."""
        if self._enrol is None or not accounts:
            return accounts, secrets
        held = {one.account_id: client_key(one.client_id) for one in await self._book.all()}
        fresh = [one for one in accounts if held.get(one.account_id) != client_key(one.client_id)]
        if not fresh:
            return accounts, secrets
        theirs = await self._enrol([(one, await self._app_secret(one, secrets)) for one in fresh])
        opened = {one.account_id: one for one, _ in theirs}
        given = {(one.account_id, APP_SECRET): secret for one, secret in theirs}
        return [opened.get(one.account_id, one) for one in accounts], {**secrets, **given}

    async def _app_secret(self, account: Account, secrets: Secrets) -> str:
        place = (account.account_id, APP_SECRET)
        return secrets.get(place) or await self._secrets.get(*place) or ""

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

    async def _outdated(
        self, accounts: Sequence[Account]
    ) -> Mapping[tuple[AccountId, str], str | None]:
        """Logins of proxies that these accounts leave."""
        held = {one.account_id: one.route for one in await self._book.all()} if accounts else {}
        return {
            (one.account_id, PROXY_LOGIN): None
            for one in accounts
            if (was := held.get(one.account_id, DIRECT)).kind is RouteKind.PROXY
            and was.address != one.route.address
        }

    async def _put_secrets(self, secrets: Mapping[tuple[AccountId, str], str | None]) -> None:
        await asyncio.gather(
            *(
                self._secrets.remove(*place)
                if secret is None
                else self._secrets.put(*place, secret)
                for place, secret in secrets.items()
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
