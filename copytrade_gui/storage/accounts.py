"""The stored accounts. No secret is here: those live behind ``ports.SecretStore``."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import Connection, bindparam, case, delete, select
from sqlalchemy.dialects.sqlite import insert

from copytrade_gui.domain.account import Account, Role
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.storage.database.database import Database
from copytrade_gui.storage.database.engines import SqliteFailedError
from copytrade_gui.storage.database.tables import accounts
from copytrade_gui.storage.files.problems import StorageError

_MASTERS_FIRST = case((accounts.c.role == Role.MASTER.value, 0), else_=1)
_ALL = select(accounts).order_by(_MASTERS_FIRST, accounts.c.name, accounts.c.account_id)
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

    async def put(self, accounts: Sequence[Account]) -> None:
        """Add or replace accounts, all or none."""
        rows = [_row(account) for account in accounts]
        if not rows:
            return

        def store(connection: Connection) -> None:
            connection.execute(_PUT, rows)

        try:
            await self._database.write(store)
        except SqliteFailedError as error:
            raise StorageError(f"The accounts were not stored. {error}") from error

    async def remove(self, account_ids: Sequence[AccountId]) -> None:
        """Forget accounts, all or none; their history stays."""
        gone = [{"gone": account_id} for account_id in account_ids]
        if not gone:
            return

        def forget(connection: Connection) -> None:
            connection.execute(_REMOVE, gone)

        try:
            await self._database.write(forget)
        except SqliteFailedError as error:
            raise StorageError(f"The accounts were not removed. {error}") from error


def _row(account: Account) -> dict[str, str | int | None]:
    rule = account.sizing
    return {
        "account_id": account.account_id,
        "role": account.role.value,
        "name": account.name,
        "client_id": account.client_id,
        "app_key": account.app_key,
        "active": int(account.active),
        "master_id": account.master_id,
        "strategy": None if rule is None else rule.strategy.value,
        "parameter": None if rule is None else str(rule.parameter),
        "max_quantity": None if rule is None else rule.max_quantity,
    }


def _read_all(connection: Connection) -> tuple[Account, ...]:
    return tuple(
        Account(
            account_id=AccountId(row.account_id),
            role=Role(row.role),
            name=row.name,
            client_id=row.client_id,
            app_key=row.app_key,
            active=bool(row.active),
            master_id=None if row.master_id is None else AccountId(row.master_id),
            sizing=None
            if row.strategy is None
            else SizingRule(Strategy(row.strategy), Decimal(row.parameter), row.max_quantity),
        )
        for row in connection.execute(_ALL)
    )
