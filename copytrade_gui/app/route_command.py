"""Routes of a data folder in which no console runs, tried from the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from copytrade_gui.app.broker_settings import broker_settings
from copytrade_gui.app.closed_folder import closed_folder
from copytrade_gui.app.paper_broker import running_broker
from copytrade_gui.app.paper_command import NOT_RUNNING
from copytrade_gui.app.system_clock import SystemClock
from copytrade_gui.brokers.iifl.factory import iifl_broker
from copytrade_gui.domain.account import Account, same_client
from copytrade_gui.services.routes import try_route
from copytrade_gui.services.verbs import RefusedError

_AT_ONCE = 24


class Tried(msgspec.Struct, frozen=True):
    """What came of one account's route."""

    client_id: str
    name: str
    route: str
    good: bool
    sentence: str


async def try_routes(
    data_dir: Path | None, profile: str, clients: Sequence[str], *, paper: bool
) -> list[Tried]:
    """Connect once by each account's route, or by those of the named clients. Changes nothing.

    Raises:
        RefusedError: no such client, or no paper broker runs.
        StorageError, BrokerFailureError: the folder or the broker's address cannot be used.
    """
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        kept = await stack.enter_async_context(closed_folder(data_dir, profile, paper=paper))
        accounts = _chosen(kept.accounts, clients)
        line = None
        if paper:
            running = await stack.enter_async_context(running_broker(kept.folder, clock))
            if running is None:
                raise RefusedError(NOT_RUNNING)
            line = running[0]
        settings = broker_settings(kept.folder, line, kept.secrets)
        broker = await stack.enter_async_context(iifl_broker(settings, clock))
        slots = asyncio.Semaphore(_AT_ONCE)

        async def tried(account: Account) -> Tried:
            async with slots:
                report = await try_route(broker, account)
            way = account.route.in_words
            return Tried(account.client_id, account.name, way, report.good, report.sentence)

        return await asyncio.gather(*map(tried, accounts))


def _chosen(accounts: Sequence[Account], clients: Sequence[str]) -> Sequence[Account]:
    for client in clients:
        if not any(same_client(one.client_id, client) for one in accounts):
            raise RefusedError(f"Client id {client!r} is no account here.", field="client_id")
    return [
        one
        for one in accounts
        if not clients or any(same_client(one.client_id, client) for client in clients)
    ]
