"""The stored accounts and their links. No secret is here: see ``ports.SecretStore``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.basis import Basis, Declared
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.route import Family, Route, RouteKind
from copytrade_gui.storage.database.database import Database
from copytrade_gui.storage.database.engines import SqliteFailedError
from copytrade_gui.storage.database.tables import accounts
from copytrade_gui.storage.files.problems import StorageError
from copytrade_gui.storage.links import put_links, read_links, remove_links, remove_links_of

_ALL = select(accounts).order_by(accounts.c.master.desc(), accounts.c.name, accounts.c.account_id)
_FRESH = insert(accounts)
_PUT = _FRESH.on_conflict_do_update(
    index_elements=[accounts.c.account_id],
    set_={column.name: _FRESH.excluded[column.name] for column in accounts.columns},
)
_REMOVE = delete(accounts).where(accounts.c.account_id == bindparam("gone"))


class SqliteAccounts:
    """``ports.AccountBook``. Raises StorageError when the database refuses."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> tuple[Account, ...]:
        """Every account, masters first, then by name."""
        return await self._database.read(_read_all)

    async def links(self) -> tuple[Link, ...]:
        """Every link, by the follower's name."""
        return await self._database.read(read_links)

    async def put(self, accounts: Sequence[Account], links: Sequence[Link] = ()) -> None:
        """Add or replace accounts and links, all or none."""
        rows = [_row(account) for account in accounts]

        def store(connection: Connection) -> None:
            if rows:
                connection.execute(_PUT, rows)
            put_links(connection, links)

        if rows or links:
            await self._write(store, "stored")

    async def remove(
        self,
        account_ids: Sequence[AccountId],
        links: Collection[tuple[AccountId, AccountId]] = (),
    ) -> None:
        """Forget accounts with every link of theirs, and these links, all or none."""
        gone = [{"gone": account_id} for account_id in account_ids]

        def forget(connection: Connection) -> None:
            remove_links(connection, links)
            remove_links_of(connection, account_ids)
            if gone:
                connection.execute(_REMOVE, gone)

        if gone or links:
            await self._write(forget, "removed")

    async def _write(self, work: Callable[[Connection], None], done: str) -> None:
        try:
            await self._database.write(work)
        except SqliteFailedError as error:
            raise StorageError(f"The accounts were not {done}. {error}") from error


def _row(account: Account) -> dict[str, str | int]:
    return {
        "account_id": account.account_id,
        "name": account.name,
        "client_id": account.client_id,
        "app_key": account.app_key,
        "active": int(account.active),
        "master": int(account.master),
        "basis": account.declared.basis or "",
        "basis_reference": account.declared.reference,
        "algo_id": account.declared.algo_id,
        "route": account.route.kind.value,
        "route_address": account.route.address,
        "address_family": account.route.family.value,
        "registered_addresses": " ".join(account.route.registered),
    }


def _read_all(connection: Connection) -> tuple[Account, ...]:
    return tuple(
        Account(
            account_id=AccountId(row.account_id),
            name=row.name,
            client_id=row.client_id,
            app_key=row.app_key,
            active=bool(row.active),
            master=bool(row.master),
            declared=Declared(
                Basis(row.basis) if row.basis else None, row.basis_reference, row.algo_id
            ),
            route=Route(
                RouteKind(row.route),
                row.route_address,
                Family(row.address_family),
                tuple(row.registered_addresses.split()),
            ),
        )
        for row in connection.execute(_ALL)
    )
