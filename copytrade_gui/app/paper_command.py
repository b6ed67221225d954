"""The paper broker from the command line: whether it runs, its end, and an order at a master."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from copytrade_gui.app.paper import SimulatedAccount
from copytrade_gui.app.paper_broker import RunningLine, ended, running_broker
from copytrade_gui.app.simulator_control import SimulatorControl
from copytrade_gui.app.system_clock import SystemClock
from copytrade_gui.domain.account import Role, same_client
from copytrade_gui.domain.number import Bounds, NotANumber, read_number
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.storage.files.folder import PAPER_PROFILE, DataFolder, known_folder
from copytrade_gui.storage.files.instance_lock import InstanceLock
from copytrade_gui.storage.files.problems import SecondInstanceError

NOT_RUNNING = (
    "No paper broker runs. Open the console in paper mode: its broker runs as long as it is open, "
    "and longer with --keep-broker."
)
AnswerT = TypeVar("AnswerT")
_MOST_UNITS = 1_000_000
_MOST_PRICE = 10_000_000
_DECIDED = frozenset({"open", "trigger pending", "complete", "rejected", "cancelled"})
_DECIDED_S = 3.0
_LOOK_EVERY_S = 0.1


class Standing(msgspec.Struct, frozen=True):
    """How the paper broker stands. ``ends_after_h``: hours unused; 0: it ends with its console."""

    running: bool
    sentence: str
    process: int = 0
    accounts: int = 0
    orders: int = 0
    ends_after_h: float = 0


@dataclass(frozen=True, slots=True)
class PaperOrder:
    """An order as typed, for a master's own account at the paper broker; price "" is the market."""

    side: Side
    quantity: str
    symbol: str
    price: str = ""
    product: Product = Product.INTRADAY
    account: str = ""
    """A client id; "" is the first master."""


class Placed(msgspec.Struct, frozen=True):
    """What the paper broker says about an order that it took."""

    order_id: str
    client_id: str
    status: str
    side: str
    quantity: int
    price: str
    sentence: str = ""


class _Stay(msgspec.Struct, frozen=True):
    idle_s: float


class _Listed(msgspec.Struct, frozen=True):
    exchange: str
    instrument_id: str
    symbol: str
    step: int
    last: str


class _Refused(msgspec.Struct, frozen=True):
    error: str


async def standing(data_dir: Path | None) -> Standing:
    """Whether the paper broker runs, and until when. Raises FolderError, BrokerFailureError."""
    folder = known_folder(data_dir, PAPER_PROFILE)
    async with running_broker(folder, SystemClock()) as running:
        if running is None:
            return Standing(running=False, sentence=NOT_RUNNING)
        line, control = running
        idle_s = _read(await control.control("GET", "/stay", None), _Stay).idle_s
        accounts, orders = len(await control.accounts()), len(await control.ledger())
        ends = (
            f"It ends when nobody has used it for {idle_s / 3600:g} hours."
            if idle_s
            else "It ends with its console."
        )
        return Standing(
            running=True,
            sentence=f"The paper broker runs since {line.since} (process {line.pid}), with "
            f"{accounts} accounts and {orders} orders. {ends}",
            process=line.pid,
            accounts=accounts,
            orders=orders,
            ends_after_h=idle_s / 3600,
        )


async def stop(data_dir: Path | None) -> Standing:
    """End the paper broker, its day saved.

    Raises:
        RefusedError: a console trades at it, or it did not end.
        FolderError, BrokerFailureError: the folder cannot be used.
    """
    folder = known_folder(data_dir, PAPER_PROFILE)
    async with running_broker(folder, SystemClock()) as running:
        if running is None:
            return Standing(running=False, sentence="No paper broker runs; nothing was ended.")
        line, control = running
        _no_console(folder)
        if not await ended(folder, control):
            raise RefusedError(
                f"The paper broker (process {line.pid}) did not end within 10 s. End that process "
                "yourself; its day is saved."
            )
    return Standing(
        running=False, sentence=f"The paper broker has ended (process {line.pid}). Its day is kept."
    )


async def place(data_dir: Path | None, order: PaperOrder) -> Placed:
    """Place an order as a master's owner does at the broker's own page.

    Raises:
        RefusedError: what was typed is none, or the broker refuses; names the field.
        FolderError, BrokerFailureError: the folder or the broker cannot be used.
    """
    quantity = _number(order.quantity, "Quantity", _MOST_UNITS, whole=True)
    price = _number(order.price, "Price", _MOST_PRICE, whole=False) if order.price else ""
    folder = known_folder(data_dir, PAPER_PROFILE)
    async with running_broker(folder, SystemClock()) as running:
        if running is None:
            raise RefusedError(NOT_RUNNING)
        line, control = running
        account = _account(await control.accounts(), order.account)
        listed = await _listed(control, order.symbol)
        fields = {
            "exchange": listed.exchange,
            "instrumentId": listed.instrument_id,
            "transactionType": order.side.value,
            "quantity": quantity,
            "product": order.product.value,
            **({"orderType": "LIMIT", "price": price} if price else {}),
        }
        asked = {"client_id": account.client_id, "order": fields}
        placed = _read(await control.control("POST", "/owner/place", asked), Placed)
        status = await _settled(control, placed)
        return _told(msgspec.structs.replace(placed, status=status), listed, order, line)


async def _settled(control: SimulatorControl, placed: Placed) -> str:
    """What has become of it once the exchange has decided, or after 3 s."""
    until, status = time.monotonic() + _DECIDED_S, placed.status
    while status not in _DECIDED and time.monotonic() < until:
        await asyncio.sleep(_LOOK_EVERY_S)
        rows = [row for row in await control.ledger() if row.order_id == placed.order_id]
        status = rows[0].status if rows else status
    return status


def _told(placed: Placed, listed: _Listed, order: PaperOrder, line: RunningLine) -> Placed:
    at = f"at {order.price}" if order.price else f"at the market, last price {listed.last}"
    return msgspec.structs.replace(
        placed,
        sentence=f"{placed.side} {placed.quantity} {listed.symbol} {at}: order {placed.order_id} "
        f"of {placed.client_id} is {placed.status} at the paper broker (process {line.pid}).",
    )


def _number(typed: str, field: str, most: int, *, whole: bool) -> str:
    bounds = Bounds(most, "the most that can be typed here", example="10", whole=whole)
    read = read_number(typed, bounds, field)
    if isinstance(read, NotANumber):
        raise RefusedError(read.sentence, field=field.casefold())
    return f"{read.value:f}"


def _account(accounts: tuple[SimulatedAccount, ...], wanted: str) -> SimulatedAccount:
    masters = [one for one in accounts if one.role == Role.MASTER]
    chosen = [one for one in accounts if same_client(one.client_id, wanted)] if wanted else masters
    if not chosen:
        known = ", ".join(one.client_id for one in masters)
        raise RefusedError(
            f"Account {wanted!r} is none of the paper broker's. Its masters are {known}.",
            field="account",
        )
    return chosen[0]


async def _listed(control: SimulatorControl, symbol: str) -> _Listed:
    rows = await control.listed(symbol)
    found = msgspec.json.decode(rows, type=list[_Listed])
    if not found:
        raise RefusedError(
            f"Symbol {symbol!r} is not known at the paper broker. Write it as the console's search "
            "shows it, such as RELIANCE-EQ.",
            field="symbol",
        )
    return found[0]


def _no_console(folder: DataFolder) -> None:
    try:
        InstanceLock(folder.lock).release()
    except SecondInstanceError as open_console:
        raise RefusedError(
            f"A console trades at the paper broker (process {open_console.pid}). Close it first; "
            "to have both end together, take the tick from Keep paper broker running."
        ) from open_console


def _read(answer: bytes, wanted: type[AnswerT]) -> AnswerT:
    try:
        return msgspec.json.decode(answer, type=wanted)
    except msgspec.ValidationError:
        refused = msgspec.json.decode(answer, type=_Refused)
        raise RefusedError(f"The paper broker refuses: {refused.error}.") from None
