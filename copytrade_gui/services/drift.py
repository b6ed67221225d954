"""Copies against the broker's books, continuously, from what is read and told anyway."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.drift import of_those
from copytrade_gui.domain.events import Event, OrderChanged
from copytrade_gui.domain.exits import OUT_OF_HOLDINGS
from copytrade_gui.domain.ids import AccountId, CommandId, PlanId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.domain.square_off import Chosen, Scope
from copytrade_gui.engine.books.account_positions import PositionsRead
from copytrade_gui.engine.books.owner_orders import OwnersDay
from copytrade_gui.engine.engine import Engine
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.closable import position_of
from copytrade_gui.engine.planning.other_orders import UNREAD
from copytrade_gui.ports import (
    IGNORE_DRIFT_VERB,
    Clock,
    Journal,
    JournalFailureError,
    drift_subject,
)
from copytrade_gui.services.drift_report import Differed, DriftReport, Facts, drift_of
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.verbs import RefusedError

_OPERATOR = "operator"


def facts_of(engine: Engine) -> Facts:
    """What is known at this moment; to be called on the engine's loop."""
    copies = engine.copies.held()
    lanes = [lane for lane in engine.lanes if lane.account_id in engine.copies.accounts]
    doubtful: set[PositionKey] = set()
    on_the_way: dict[PositionKey, int] = {}
    for lane in lanes:
        for order in _unended(engine, lane):
            key = position_of(order)
            left = max(0, order.ordered - order.filled)
            signed = left if order.intent.terms.side is Side.BUY else -left
            on_the_way[key] = on_the_way.get(key, 0) + signed
            if order.attempt_state in UNREAD:
                doubtful.add(key)
    books: dict[AccountId, PositionsRead] = {}
    owners: dict[AccountId, OwnersDay] = {}
    behind: set[AccountId] = set()
    for lane in lanes:
        account = lane.account_id
        book = books[account] = engine.positions.book(account)
        if engine.positions.filled_ns(account) > book.began_ns:
            behind.add(account)
        if (day := engine.owner_orders.of(account)) is not None:
            owners[account] = day
    links = tuple(engine.exits.ledger.held_by_links())
    parts = {(master, (key.instrument, key.product)) for master, key, _ in links}
    return Facts(
        accounts={lane.account_id: lane.account for lane in lanes},
        copies=copies,
        instruments=dict(engine.copies.instruments),
        books=books,
        owners=owners,
        why_not={
            lane.account_id: lane.status.session_reason or "It is not logged in. Log it in."
            for lane in lanes
            if not lane.logged_in
        },
        behind=frozenset(behind),
        doubtful=frozenset(doubtful),
        on_the_way=on_the_way,
        links=links,
        out=frozenset(
            (master, (key, product))
            for master, (key, product) in parts
            if _is_out(engine, master, key, product)
        ),
        ignored=dict(engine.ignored_drift),
    )


def _unended(engine: Engine, lane: Lane) -> list[Order]:
    """Orders of ours in the account that may still fill: at the broker, in doubt, or waiting."""
    opened, waiting = engine.book.open_of(lane.account_id), lane.queue
    return [*opened, *(order for order in waiting if order not in opened)]


def _is_out(engine: Engine, master: AccountId, key: InstrumentKey, product: Product) -> bool:
    """True if a master holds none of it for certain, and no order of his may change that."""
    lane = engine.lanes.get(master)
    if lane is None or product in OUT_OF_HOLDINGS:
        return False  # shares that were delivered stand in no position book
    if engine.exits.masters.of(master, key, product) != (0,):
        return False
    if any(order.key == key for order in _unended(engine, lane)):
        return False
    day = engine.owner_orders.of(master)
    return day is not None and all(part[0] != key for part in day.working)


class Drift:
    """Implements ``DriftVerbs`` on the engine.

    The facts of the moment are taken on the orders' loop; what follows from them is worked out in a
    thread, and only when something has changed.
    """

    def __init__(self, engine: Engine, journal: Journal, clock: Clock) -> None:
        self._engine = engine
        self._journal = journal
        self._clock = clock
        self._made = DriftReport()
        self._made_of: object = None
        self._differed: Differed = {}
        self._orders = 0
        """How often an order has changed."""
        self._lock = asyncio.Lock()
        engine.bus.subscribe(self._on_order, OrderChanged)

    async def report(self) -> DriftReport:
        """Every copied position as it stands now."""
        async with self._lock:
            engine = self._engine
            stamp = (
                engine.copies.version,
                engine.positions.version,
                engine.owner_orders.reads if self._differed else engine.owner_orders.version,
                sum(lane.version for lane in engine.lanes),
                self._orders,
                tuple(engine.ignored_drift.items()),
                indian_day(self._clock.wall_ns()),
            )
            if stamp != self._made_of:
                facts = facts_of(engine)
                self._made = await asyncio.to_thread(drift_of, facts, self._differed)
                self._made_of = stamp
        await self._forget_flat()
        return self._made

    @refusals_logged
    async def ignore(self, key: PositionKey, units: int, command: CommandId) -> None:
        """A person knows that a position is off by so many units."""
        lines = (await self.report()).lines
        line = next((one for one in lines if one.key == key), None)
        if line is None or not line.verdict.units or line.verdict.units != units:
            raise RefusedError("It stands differently by now. Look again.", code="changed")
        try:
            await self._record(key, units, command, _OPERATOR)
        except JournalFailureError as failure:
            self._engine.storage_failed(str(failure))
            raise RefusedError(f"Nothing was done: {failure}", code="not_recorded") from failure
        self._engine.ignored_drift[key] = units

    async def unmatched_exit(self, plans: Sequence[PlanId]) -> Scope:
        """What a square-off may close of these plans."""
        book, ledger = self._engine.book, self._engine.exits.ledger
        filled: dict[PositionKey, int] = {}
        masters: dict[PositionKey, tuple[AccountId, ...]] = {}
        for order in (order for plan in plans for order in book.of_plan(plan)):
            if order.intent.role is Role.FOLLOWER and order.filled:
                key = position_of(order)
                side = order.intent.terms.side
                filled[key] = filled.get(key, 0) + (
                    order.filled if side is Side.BUY else -order.filled
                )
                masters[key] = (*masters.get(key, ()), order.master_id)
        return tuple(
            Chosen(key.account_id, key.instrument, key.product, net - excess, masters[key])
            for key, units in filled.items()
            if (net := ledger.copied_of(key)) and (excess := of_those(units, net))
        )

    def _on_order(self, _event: Event) -> None:
        self._orders += 1

    async def _forget_flat(self) -> None:
        """What was to be ignored until it is flat, and is, is forgotten."""
        held = {line.key for line in self._made.lines if line.copied or line.verdict.units}
        for key in [one for one in self._engine.ignored_drift if one not in held]:
            del self._engine.ignored_drift[key]
            try:
                name = CommandId(f"flat:{drift_subject(key, 0)}:{self._clock.wall_ns()}")
                await self._record(key, 0, name, "engine")
            except JournalFailureError as failure:
                self._engine.storage_failed(str(failure))

    async def _record(self, key: PositionKey, units: int, command: CommandId, actor: str) -> None:
        await self._journal.commit_command(
            command, actor, IGNORE_DRIFT_VERB, drift_subject(key, units), "", self._clock.wall_ns()
        )
