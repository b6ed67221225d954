"""Keeping the broker's day in a file, so that a restart goes on where it stopped."""

import os
import random
from pathlib import Path

import msgspec

from copytrade_gui.simulator import risk
from copytrade_gui.simulator.accounts import Account, Session
from copytrade_gui.simulator.broker import SimulatedBroker
from copytrade_gui.simulator.codes import EXCHANGES, PRODUCTS
from copytrade_gui.simulator.config import SimulatorConfig
from copytrade_gui.simulator.course import Move
from copytrade_gui.simulator.desk import AuthCode, Desk
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.instruments import Instrument
from copytrade_gui.simulator.ist import Clock
from copytrade_gui.simulator.ledger import Excess, WireOrder
from copytrade_gui.simulator.orders import Fill, Order
from copytrade_gui.simulator.positions import Holding, Position

VERSION = 1
_MONEY = ("cash", "pay_in", "blocked_for_payout", "collateral", "adhoc", "sale_credit",
          "blocked_by_orders", "position_margin", "realised")  # fmt: skip


class StateError(Exception):
    """A state file that cannot be used; the text says why and what to do."""


class _Account(msgspec.Struct):
    client_id: str
    role: str
    day: int
    calls: dict[str, int]
    orders: list[str]
    fills: list[Fill]
    resting: list[str]
    late: list[Order]
    positions: list[Position]
    holdings: list[Holding]
    events: list[tuple[int, int, str, str, int, int]]
    event_count: int
    money: dict[str, int]
    addresses: list[str]
    frozen_code: str
    squared_until: int = 0
    exchanges: list[str] = msgspec.field(default_factory=lambda: list(EXCHANGES))
    products: list[str] = msgspec.field(default_factory=lambda: list(PRODUCTS))


class _Session(msgspec.Struct):
    token: str
    client_id: str
    app_key: str
    issued_at: int
    expires_at: int
    alive: bool


class _State(msgspec.Struct):
    version: int
    config: SimulatorConfig
    order_count: int
    trade_count: int
    orders: list[Order]
    wire: list[WireOrder]
    excess: list[Excess]
    tags: dict[str, int]
    refused_for_rate: int
    accounts: list[_Account]
    sessions: list[_Session]
    codes: dict[str, AuthCode]
    anchors: dict[str, tuple[list[int], list[float]]]
    faults: list[Fault]
    course: list[Move] = msgspec.field(default_factory=list)


def encode(broker: SimulatedBroker) -> bytes:
    """Everything worth keeping, as bytes."""
    desk = broker.desk
    ledger = desk.ledger
    state = _State(
        VERSION,
        desk.furnishing(),
        desk.exchange.order_count,
        desk.exchange.trade_count,
        ledger.accepted,
        ledger.wire,
        ledger.excess,
        dict(ledger.tags),
        ledger.refused_for_rate,
        [_kept(account) for account in desk.accounts.values()],
        [
            _Session(s.token, s.account.client_id, s.app.key, s.issued_at, s.expires_at, s.alive)
            for s in desk.sessions.values()
        ],
        desk.codes,
        desk.prices.anchors(),
        desk.faults.specs(),
        desk.prices.course.moves,
    )
    return msgspec.msgpack.encode(state)


def save(broker: SimulatedBroker, path: Path, *, durable: bool = False) -> None:
    """Write the state beside its place and move it there in one step; rights 0600.

    Raises:
        OSError: the folder cannot be written.
    """
    beside = path.with_name(path.name + ".new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(encode(broker))
        if durable:
            out.flush()
            os.fsync(out.fileno())
    beside.replace(path)


def load(path: Path, wanted: SimulatorConfig, clock: Clock) -> SimulatedBroker:
    """The broker of a state file; it keeps its seed and switches, and gains missing accounts.

    Raises:
        StateError: the file is damaged or of another version.
        OSError: it cannot be read.
    """
    try:
        state = msgspec.msgpack.decode(path.read_bytes(), type=_State)
    except (msgspec.DecodeError, msgspec.ValidationError) as problem:
        raise StateError(
            f"state file {path} is damaged ({problem}); move it away or name another"
        ) from problem
    if state.version != VERSION:
        raise StateError(
            f"state file {path} has version {state.version}, this program reads {VERSION}; "
            "move it away or name another"
        )
    broker = SimulatedBroker(state.config, clock)
    _restore(broker.desk, state)
    for fault in state.faults:
        broker.add_fault(fault)
    _open_missing(broker.desk, wanted)
    return broker


def _open_missing(desk: Desk, wanted: SimulatorConfig) -> None:
    masters = sum(account.role == "master" for account in desk.accounts.values())
    followers = len(desk.accounts) - masters
    more_masters = max(0, wanted.masters - masters)
    more_followers = max(0, wanted.accounts - wanted.masters - followers)
    desk.open_accounts(more_masters + more_followers, masters=more_masters)


def _kept(a: Account) -> _Account:
    return _Account(
        a.client_id, a.role, a.day, dict(a.calls), list(a.orders), a.fills, list(a.resting),
        list(a.late.values()), list(a.positions.values()), list(a.holdings.values()),
        a.events, a.event_count, {name: getattr(a, name) for name in _MONEY},
        a.app.addresses, a.frozen_code, a.squared_until, a.exchanges, a.products,
    )  # fmt: skip


def _restore(desk: Desk, state: _State) -> None:
    desk.exchange.order_count = state.order_count
    desk.exchange.trade_count = state.trade_count
    desk.dice = random.Random(f"{state.config.seed}/desk/{state.order_count}")
    begun = f"{state.order_count}/{len(state.sessions)}"
    desk.keys = random.Random(f"{state.config.source_of_keys}/desk/{begun}")
    ledger = desk.ledger
    ledger.wire, ledger.excess = state.wire, state.excess
    ledger.tags.update(state.tags)
    ledger.refused_for_rate = state.refused_for_rate
    by_id: dict[str, Order] = {}
    for order in state.orders:
        _resolve(order, desk)
        ledger.accepted.append(order)
        by_id[order.order_id] = order
    for kept in state.accounts:
        _restore_account(desk, kept, by_id, state.order_count)
    for s in state.sessions:
        account = desk.accounts[s.client_id]
        session = Session(
            account, desk.apps[s.app_key], s.token, issued_at=s.issued_at, expires_at=s.expires_at
        )
        session.alive = s.alive
        desk.sessions[s.token] = session
        account.sessions.append(session)
    desk.codes.update(state.codes)
    desk.prices.restore(state.anchors, state.course)


def _restore_account(desk: Desk, kept: _Account, by_id: dict[str, Order], count: int) -> None:
    account = desk.accounts[kept.client_id]
    account.role, account.day = kept.role, kept.day
    account.calls.update(kept.calls)
    account.orders = {order_id: by_id[order_id] for order_id in kept.orders}
    account.resting = {order_id: by_id[order_id] for order_id in kept.resting}
    for order in kept.late:
        _resolve(order, desk)
        account.late[order.order_id] = order
    account.fills = kept.fills
    account.positions = {}
    for position in kept.positions:
        position.instrument = _known(position.instrument, desk)
        account.positions[*position.instrument.key, position.product] = position
    account.holdings = {(one.symbol, one.product): one for one in kept.holdings}
    account.events, account.event_count = kept.events, kept.event_count
    account.squared_until = kept.squared_until
    for order in account.orders.values():
        risk.hold_again(account, order)
    for name, value in kept.money.items():
        if name in _MONEY:
            setattr(account, name, value)
    account.app.addresses, account.frozen_code = kept.addresses, kept.frozen_code
    account.exchanges, account.products = kept.exchanges, kept.products
    account.rng = random.Random(f"{desk.config.seed}/{account.client_id}/{count}")


def _resolve(order: Order, desk: Desk) -> None:
    order.terms.instrument = _known(order.terms.instrument, desk)
    if order.next_terms is not None:
        order.next_terms.instrument = order.terms.instrument


def _known(instrument: Instrument, desk: Desk) -> Instrument:
    """The living object for a stored instrument; one that has expired since is brought back."""
    return desk.instruments.by_key.setdefault(instrument.key, instrument)
