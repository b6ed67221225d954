"""Every port has something plugged in, and it takes what the port says, by the same names.

mypy sees that where one is handed over; here it is seen that no port is left without one.
"""

import asyncio
import inspect
from collections.abc import Iterator

import pytest

from copytrade_gui import ports
from copytrade_gui.app.system_clock import SystemChance, SystemClock
from copytrade_gui.brokers.http.httpx_channel import HttpxChannel
from copytrade_gui.brokers.http.login_returns import LoginReturns
from copytrade_gui.brokers.http.order_channel import WarmChannel
from copytrade_gui.brokers.iifl.client import IiflBroker
from copytrade_gui.brokers.iifl.session import IiflSession
from copytrade_gui.engine.books.updates import _Feed
from copytrade_gui.engine.orders.bus import Bus
from copytrade_gui.engine.orders.quotes import Quotes
from copytrade_gui.storage.accounts import SqliteAccounts
from copytrade_gui.storage.files.kill_flag import KillFlagFile
from copytrade_gui.storage.files.stop_files import StopFilesOnDisk
from copytrade_gui.storage.instrument_index import SqliteInstrumentIndex
from copytrade_gui.storage.journal.history import SqliteHistory
from copytrade_gui.storage.journal.journal import SqliteJournal
from copytrade_gui.storage.journal.sealing import SqliteSeals
from copytrade_gui.storage.secrets.paper_secrets import PaperSecrets
from copytrade_gui.storage.secrets.passphrase import FilePassphrase, VaultPassphrase
from copytrade_gui.storage.secrets.secrets import VaultSecrets
from tests.proof.chance import SeededChance

PLUGS: list[tuple[type, type]] = [
    (ports.AccountBook, SqliteAccounts),
    (ports.Broker, IiflBroker),
    (ports.BrokerSession, IiflSession),
    (ports.Chance, SeededChance),
    (ports.Chance, SystemChance),
    (ports.Clock, SystemClock),
    (ports.EventSource, Bus),
    (ports.History, SqliteHistory),
    (ports.InstrumentIndex, SqliteInstrumentIndex),
    (ports.Journal, SqliteJournal),
    (ports.KillFlag, KillFlagFile),
    (ports.LoginReturns, LoginReturns),
    (ports.OrderChannel, HttpxChannel),
    (ports.OrderChannel, WarmChannel),
    (ports.Passphrase, FilePassphrase),
    (ports.Passphrase, VaultPassphrase),
    (ports.QuoteSource, Quotes),
    (ports.SealBook, SqliteSeals),
    (ports.SecretStore, PaperSecrets),
    (ports.SecretStore, VaultSecrets),
    (ports.StopFiles, StopFilesOnDisk),
    (ports.StopFiles, ports.NoStopFiles),
    (ports.Timer, asyncio.TimerHandle),
    (ports.UpdateListener, _Feed),
]


def all_ports() -> set[type]:
    return {
        one
        for one in (getattr(ports, name) for name in ports.__all__)
        if isinstance(one, type) and getattr(one, "_is_protocol", False)
    }


def differences(port: type, plug: type) -> Iterator[str]:
    """Where the plug would not take what the port says."""
    for name, says in vars(port).items():
        if name.startswith("_"):
            continue
        does = getattr(plug, name, None)
        if does is None:
            yield f"{name} is not there"
        elif inspect.isfunction(says) and inspect.isfunction(does):
            if inspect.iscoroutinefunction(says) != inspect.iscoroutinefunction(does):
                yield f"{name}: one of them is awaited"
            taken = inspect.signature(does).parameters
            for parameter in inspect.signature(says).parameters.values():
                if parameter.name not in taken or taken[parameter.name].kind is not parameter.kind:
                    yield f"{name}: {parameter}"


def test_every_port_has_a_plug() -> None:
    assert {port for port, _ in PLUGS} == all_ports()


@pytest.mark.parametrize(("port", "plug"), PLUGS, ids=lambda one: one.__name__)
def test_a_plug_takes_what_its_port_says(port: type, plug: type) -> None:
    assert list(differences(port, plug)) == []


def test_a_difference_is_noticed() -> None:
    class Deaf:
        def is_set(self, path: str) -> bool:
            return bool(path)

        async def set(self, why: str) -> None:
            await asyncio.sleep(0)

    assert list(differences(ports.KillFlag, Deaf)) == [
        "set: one of them is awaited",
        "clear is not there",
    ]
