"""How the broker is reached from a folder: addresses, caches, each account's proxy login."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from copytrade_gui.app.paper import SimulatorLine
from copytrade_gui.brokers.iifl.factory import FeedSettings, IiflSettings
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.ports import BrokerFailureError, SecretStore
from copytrade_gui.services.account_store import PROXY_LOGIN
from copytrade_gui.storage.files.folder import DataFolder
from copytrade_gui.storage.files.problems import LockedSecretsError, StorageError


def broker_settings(
    folder: DataFolder, line: SimulatorLine | None, secrets: SecretStore, *, fast: bool = True
) -> IiflSettings:
    """How the broker is reached from this folder; ``line`` says where the simulated one is."""
    contracts = folder.cache / "contracts"
    known: dict[AccountId, str] = {}

    def login_of(account: AccountId) -> Callable[[], Awaitable[str]]:
        async def read() -> str:
            try:
                login = known[account] = await secrets.get(account, PROXY_LOGIN) or ""
            except StorageError as error:
                # A window that was locked with its keys forgotten still sees orders and cancels.
                if not isinstance(error, LockedSecretsError) or account not in known:
                    raise BrokerFailureError(str(error)) from error
                login = known[account]
            return login

        return read

    if line is None:
        return IiflSettings(
            cache_dir=contracts, fast_orders=fast, feed=FeedSettings(), proxy_login=login_of
        )
    feed = line.feed
    return IiflSettings(
        cache_dir=contracts,
        base_url=line.base_url,
        login_url=line.login_url,
        simulator=True,
        ca_file=None if line.ca_file is None else Path(line.ca_file),
        fast_orders=fast,
        feed=None if feed is None else FeedSettings(feed.host, feed.port, Path(feed.ca_file)),
        proxy_login=login_of,
    )
