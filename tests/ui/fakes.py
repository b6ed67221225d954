"""A console without an engine: the same verbs, answered at once from memory."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from copytrade_gui.domain.account import Account, AccountStatus, SessionState
from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.caution import Portion, cautions
from copytrade_gui.domain.checks.check import Shown
from copytrade_gui.domain.day import DayReport
from copytrade_gui.domain.draft import Draft, read_draft
from copytrade_gui.domain.events import (
    AccountChanged,
    LampChanged,
    OrderChanged,
    PlanSettled,
    RecoveryReport,
    ReviewItem,
    TradingStateChanged,
)
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, CommandId, IntentId, PlanId
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.money import Paise, order_value
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.sizing import MasterOrder, size
from copytrade_gui.domain.trading_state import StateChange, TradingState
from copytrade_gui.services.console import Console
from copytrade_gui.services.paper import PaperVerbs
from copytrade_gui.services.verbs import LoginPage, Preview, PreviewRow, RefusedError, Submitted
from tests.ui import days, people
from tests.ui.fake_cancels import FakeCancels
from tests.ui.fake_drift import FakeCatchUps, FakeDrift
from tests.ui.fake_events import FakeEvents
from tests.ui.fake_followers import FakeFollowers
from tests.ui.fake_history import FakeHistory
from tests.ui.fake_limits import FakeLimits
from tests.ui.fake_lock import FakeLock
from tests.ui.fake_market import FakeMarket
from tests.ui.fake_modes import FakeModes
from tests.ui.fake_positions import FakePositions
from tests.ui.fake_routes import FakeRoutes
from tests.ui.fake_sheets import FakeSheets
from tests.ui.fake_square_offs import FakeSquareOffs
from tests.ui.fake_working import FakeChanges, FakeMasters

ACTIVE = StateChange(TradingState.ACTIVE, "Raghav", "", people.NOW_NS)


@dataclass
class World:
    """What all the fake verbs share. ``calls`` holds the verbs that would reach a broker."""

    followers: int = 24
    paper: bool = True
    events: FakeEvents = field(default_factory=FakeEvents)
    accounts: dict[AccountId, Account] = field(default_factory=dict)
    links: dict[tuple[AccountId, AccountId], Link] = field(default_factory=dict)
    statuses: dict[AccountId, AccountStatus] = field(default_factory=dict)
    orders: dict[IntentId, OrderView] = field(default_factory=dict)
    reviews: tuple[ReviewItem, ...] = ()
    recovery: RecoveryReport | None = None
    change: StateChange = ACTIVE
    said: tuple[LampChanged, ...] = ()
    """What the lamps said before there was a window."""
    calls: list[tuple[str, object]] = field(default_factory=list)
    refuse: RefusedError | None = None
    warns: RefusedError | None = None
    """What an order warns of, until it is let pass."""
    hold: asyncio.Event | None = None
    """While it is there and unset, ``submit`` and ``lift_account_halt`` wait for it."""
    returns_to: str = "http://127.0.0.1:40001/here"
    """Where a login's browser comes back to; empty: nowhere."""
    came: "asyncio.Queue[str | RefusedError]" = field(default_factory=asyncio.Queue)
    """What browsers come back with."""
    listening: int = 0
    """How many wait for a browser."""
    refuse_login: dict[AccountId, RefusedError] = field(default_factory=dict)
    unknown: Counter[AccountId] = field(default_factory=Counter)
    """Open at the broker with our tag, and in none of our records, until a KILL."""
    owners: Counter[AccountId] = field(default_factory=Counter)
    """Open at the broker and placed there by the owners, until a KILL of all orders."""
    routes: FakeRoutes = field(default_factory=FakeRoutes)
    plans: int = 100
    positions: FakePositions = field(default_factory=FakePositions)
    drift: FakeDrift = field(default_factory=FakeDrift)
    catch_ups: FakeCatchUps = field(default_factory=FakeCatchUps)
    day_end: days.FakeDay = field(default_factory=days.FakeDay)
    changes: FakeChanges = field(default_factory=FakeChanges)
    masters: FakeMasters = field(default_factory=FakeMasters)
    limits: FakeLimits = field(default_factory=FakeLimits)
    sheets: FakeSheets = field(default_factory=FakeSheets)
    paper_broker: PaperVerbs | None = None
    modes: FakeModes = field(default_factory=FakeModes)
    square_offs: FakeSquareOffs = field(default_factory=FakeSquareOffs)
    lock: FakeLock = field(default_factory=FakeLock)

    def __post_init__(self) -> None:
        self.history = FakeHistory(self.orders)
        made = people.accounts(self.followers)
        self.accounts = {account.account_id: account for account in made}
        self.links = {link.key: link for link in people.links(self.followers)}
        self.statuses = {
            a.account_id: people.status(a, number - 2) for number, a in enumerate(made)
        }

    def trade(self) -> None:
        """Fill the day with orders."""
        for view in people.days_orders(tuple(self.accounts.values())):
            self.orders[view.intent_id] = view

    def everyone_ready(self) -> None:
        for key, status in self.statuses.items():
            self.statuses[key] = replace(status, session=SessionState.READY, halted="", halted_ns=0)

    def halt(self, account_id: AccountId, why: str) -> None:
        """The engine found something in one account."""
        status = self.statuses[account_id]
        self.statuses[account_id] = replace(status, halted=why, halted_ns=people.NOW_NS)
        self.events.send(AccountChanged(self.statuses[account_id]))

    def lets_only_exits_pass(self, account_id: AccountId, why: str) -> None:
        """An account has reached a loss limit."""
        status = self.statuses[account_id]
        self.statuses[account_id] = replace(
            status, only_exits=why, halted_ns=people.NOW_NS, ends_by_itself=True
        )
        self.events.send(AccountChanged(self.statuses[account_id]))

    def set_state(self, state: TradingState, reason: str) -> StateChange:
        self.change = StateChange(state, "Raghav", reason, people.NOW_NS)
        self.events.send(TradingStateChanged(self.change, 3.8))
        return self.change

    def console(self) -> Console:
        return Console(
            trading=FakeTrading(self),
            followers=FakeFollowers(self),
            changes=self.changes,
            masters=self.masters,
            sheets=self.sheets,
            paper_broker=self.paper_broker,
            modes=self.modes,
            limits=self.limits,
            sessions=FakeSessions(self),
            routes=self.routes,
            history=self.history,
            market=FakeMarket(),
            positions=self.positions,
            drift=self.drift,
            catch_ups=self.catch_ups,
            square_offs=self.square_offs,
            lock=self.lock,
            events=self.events,
            paper=self.paper,
            profile="default",
            lamps=lambda: self.said,
        )

    def lamps(self) -> None:
        """What the engine says about itself on a good day."""
        self.events.send(
            LampChanged("broker", "ok", f"{'simulator' if self.paper else 'IIFL'} 2 ms"),
            LampChanged("engine", "ok", "0.4 ms"),
            LampChanged("database", "ok", "1.1 ms"),
            LampChanged("clock", "ok", "0 s ± 1 s"),
        )


class FakeTrading(FakeCancels):
    def __init__(self, world: World) -> None:
        self._world = world

    async def preview(
        self, master_id: AccountId, draft: Draft, command: CommandId | None = None
    ) -> Preview:
        last = people.LAST_PRICE.get(draft.instrument.key) if draft.instrument else None
        terms = read_draft(draft, ist(people.NOW_NS).date(), last)
        if isinstance(terms, tuple):
            return Preview(terms, (), None, None)
        price = terms.price or people.LAST_PRICE.get(terms.instrument.key, Decimal(100))
        rows = []
        for account in self._world.accounts.values():
            link = self._world.links.get((master_id, account.account_id))
            if link is None and account.account_id != master_id:
                continue
            quantity, code, reason = terms.quantity, "", ""
            if link is not None:
                status = self._world.statuses[account.account_id]
                order = MasterOrder(terms.quantity, terms.instrument.lot_size, price)
                sized = size(link.sizing, order, status.free_margin)
                quantity, code, reason = sized.quantity, sized.code, sized.reason
                if status.halted:
                    quantity, code, reason = 0, "account_halted", status.halted
                elif not account.active:
                    quantity, code, reason = 0, "off", "Copying is turned off."
                elif status.session is not SessionState.READY:
                    quantity, code, reason = 0, "no_session", "Log this account in."
                if (left_out := draft.recipients.why_left_out(link)) is not None:
                    quantity, code, reason = 0, left_out.code, left_out.sentence
            rows.append(
                PreviewRow(account.account_id, account.name, link is None, quantity,
                           Decimal(quantity) / terms.instrument.lot_size, code, reason,
                           people.row_cost(price, quantity, is_master=link is None))
            )  # fmt: skip
        value = Paise(sum(order_value(price, row.quantity) for row in rows))
        protected = None if terms.price else (price * Decimal("1.02")).quantize(Decimal("0.05"))
        state = self._world.change.state
        blocked = "" if state.allows_new_plans else f"Trading is in {state}. Resume first."
        if halted := self._world.statuses[master_id].halted:
            blocked = f"The master account cannot trade: {halted}"
        warnings = cautions(
            terms,
            last,
            (
                Portion(row.name, row.quantity, self._world.statuses[row.account_id].free_margin)
                for row in rows
            ),
        )
        worth = people.margin_and_charges(value, len(rows))
        return Preview((), tuple(rows), protected, value, blocked, warnings, (), *worth)

    async def submit(
        self,
        master_id: AccountId,
        draft: Draft,
        command: CommandId,
        confirmed: str = "",
        despite: Sequence[Shown] = (),
    ) -> Submitted:
        self._world.calls.append(("submit", command))
        warns = self._world.warns
        if warns is not None and not set(warns.found) <= set(despite):
            raise warns
        if self._world.hold is not None:
            await self._world.hold.wait()
        if self._world.refuse is not None:
            raise self._world.refuse
        preview = await self.preview(master_id, draft)
        self._world.plans += 1
        plan = PlanId(f"P{self._world.plans}")
        sent = [row for row in preview.rows if row.quantity]
        for number, row in enumerate(sent):
            account = self._world.accounts[row.account_id]
            view = people.order(
                plan, account, State.FILLED, instrument=draft.instrument or people.NIFTY_CE,
                side=draft.side, quantity=row.quantity, latency_ms=61 + number / 10,
            )  # fmt: skip
            self._world.orders[view.intent_id] = view
            self._world.events.send(OrderChanged(view, "SENDING"))
        last = 61 + (len(sent) - 1) / 10
        self._world.events.send(
            PlanSettled(plan, len(sent), len(sent), 0, 0, 0, 2.1, 9.0, 61.0, last, people.NOW_NS)
        )
        return Submitted(plan, len(sent), len(preview.rows) - len(sent))

    async def pause(self, reason: str) -> StateChange:
        self._world.calls.append(("pause", reason))
        return self._world.set_state(TradingState.PAUSE, reason)

    async def halt(self, reason: str) -> StateChange:
        self._world.calls.append(("halt", reason))
        return self._world.set_state(TradingState.HALT, reason)

    async def kill(self, reason: str, *, all_orders: bool = False) -> StateChange:
        self._world.calls.append(("kill", reason))
        change = self._world.set_state(TradingState.KILL, reason)
        self._world.unknown.clear()
        if all_orders:
            self._world.owners.clear()
        self._end_all()
        return change

    async def only_exits(self, reason: str, word: str = "") -> StateChange:
        self._world.calls.append(("only_exits", (reason, word)))
        self._must_be_explained(reason, word)
        return self._world.set_state(TradingState.REDUCE, reason)

    async def resume(self, reason: str, word: str = "") -> StateChange:
        self._world.calls.append(("resume", (reason, word)))
        self._must_be_explained(reason, word)
        return self._world.set_state(TradingState.ACTIVE, reason)

    def _must_be_explained(self, reason: str, word: str) -> None:
        if self._world.change.state is TradingState.KILL and word != "RESUME":
            raise RefusedError("Word must be RESUME. Type it in capitals.", field="word")
        if self._world.change.state is not TradingState.PAUSE and not reason:
            raise RefusedError("Reason is empty. Say why trading goes on.", field="reason")

    async def state(self) -> StateChange:
        return self._world.change

    async def orders(self) -> tuple[OrderView, ...]:
        return tuple(self._world.orders.values())

    async def reviews(self) -> tuple[ReviewItem, ...]:
        return self._world.reviews

    async def decide_found(
        self, intent: IntentId, order: BrokerOrderId, reason: str, command: CommandId
    ) -> None:
        self._world.calls.append(("found", (intent, order, reason)))
        self._decided(intent)

    async def decide_absent(self, intent: IntentId, reason: str, command: CommandId) -> None:
        self._world.calls.append(("absent", (intent, reason)))
        self._decided(intent)

    async def lift_account_halt(
        self, account_id: AccountId, saw: str, reason: str, command: CommandId
    ) -> None:
        self._world.calls.append(("lift_account_halt", (account_id, saw, reason)))
        if self._world.hold is not None:
            await self._world.hold.wait()
        status = self._world.statuses[account_id]
        if not reason:
            raise RefusedError("Reason is empty. Say what you saw at the broker.", field="reason")
        if status.stopped != saw:
            raise RefusedError(f"More was found meanwhile. Look again: {status.stopped}")
        self._world.statuses[account_id] = replace(status, halted="", only_exits="", halted_ns=0)
        self._world.events.send(AccountChanged(self._world.statuses[account_id]))

    def _decided(self, intent: IntentId) -> None:
        self._world.reviews = tuple(i for i in self._world.reviews if i.intent_id != intent)

    async def recovery(self) -> RecoveryReport | None:
        return self._world.recovery

    async def end_of_day(self, accepted: Sequence[str] = ()) -> DayReport:
        world = self._world
        world.calls.append(("end_of_day", tuple(accepted)))
        return await world.day_end.check(world.events, len(world.accounts), accepted)


class FakeSessions:
    def __init__(self, world: World) -> None:
        self._world = world

    async def login_page(self, account_id: AccountId) -> LoginPage:
        address = f"https://login.broker.example/connect?appkey=app-{account_id}&v=1"
        back = self._world.returns_to
        return LoginPage(f"{address}&redirecturl={back}" if back else address, address, back)

    async def login_return(self) -> str:
        self._world.listening += 1
        try:
            came = await self._world.came.get()
        finally:
            self._world.listening -= 1
        if isinstance(came, RefusedError):
            raise came
        return came

    async def finish_login(self, account_id: AccountId, pasted: str) -> AccountStatus:
        self._world.calls.append(("finish_login", (account_id, pasted)))
        if account_id in self._world.refuse_login:
            raise self._world.refuse_login[account_id]
        if not pasted:
            raise RefusedError(
                "Code is empty. Paste the address the browser ended on.", field="code"
            )
        return self._ready(account_id)

    async def login_all_paper(self) -> tuple[AccountStatus, ...]:
        ready = [name for name in self._world.accounts if name not in self._world.refuse_login]
        for account_id in ready:
            self._ready(account_id)
        return tuple(self._world.statuses.values())

    async def logout(self, account_id: AccountId) -> None:
        self._set(replace(self._world.statuses[account_id], session=SessionState.LOGGED_OUT))

    def _ready(self, account_id: AccountId) -> AccountStatus:
        return self._set(replace(self._world.statuses[account_id], session=SessionState.READY))

    def _set(self, status: AccountStatus) -> AccountStatus:
        self._world.statuses[status.account_id] = status
        self._world.events.send(AccountChanged(status))
        return status
