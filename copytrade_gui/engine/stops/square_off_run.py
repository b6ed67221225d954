"""One square-off: its positions, the orders that close them, and how each of them stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from copytrade_gui.domain.ids import AccountId, CommandId, PlanId
from copytrade_gui.domain.instrument import Instrument, InstrumentKind
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.position import OwnKey, PositionKey
from copytrade_gui.domain.records import Plan
from copytrade_gui.domain.sizing import Sized
from copytrade_gui.domain.square_off import (
    Leg,
    LegState,
    Scope,
    SquareOffReport,
    beyond,
    chosen_in,
    read_scope,
)
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.closable import place_of
from copytrade_gui.ports import BegunSquareOff, BrokerPosition

RESTING = frozenset({State.WORKING, State.PARTIAL, State.TRIGGER_PENDING})
_DERIVATIVES = frozenset({InstrumentKind.FUTURE, InstrumentKind.CALL, InstrumentKind.PUT})
_RESTS_S = 5.0
_BROKEN_OFF = "The program ended before anything was sent for it. Square it off again."


class Part(Struct, eq=False, kw_only=True):
    """One copied position of a square-off.

    ``before`` is what was to be closed, signed, None where that is not remembered; ``keep`` and
    ``first`` as it was chosen (``domain.square_off.Chosen``). ``tried``: orders of
    it were placed, or nothing was left. ``code`` and ``reason`` say why not all of it is closed.
    ``at_broker`` and ``proven`` follow from the reads after the last order ended.
    """

    key: PositionKey
    instrument: Instrument
    before: int | None
    keep: int = 0
    first: tuple[AccountId, ...] = ()
    tried: bool = False
    code: str = ""
    reason: str = ""
    at_broker: int | None = None
    proven: bool = False

    @property
    def waits(self) -> bool:
        """True if an order of it may still leave."""
        return not self.tried and not self.code

    def left_of(self, net: int, closed: int = 0) -> int:
        """What is still to be closed of what is held, signed.

        What an owner holds follows from a read of the book: until there is a newer one, it is what
        was there less the units that orders ``closed`` since.
        """
        if isinstance(self.key, OwnKey) and self.at_broker is None and self.before is not None:
            return self.before - closed if self.before > 0 else self.before + closed
        return beyond(net, self.keep)

    def choose(self, scope: Scope) -> None:
        """Take what is to stay of it from its square-off's scope."""
        chosen = chosen_in(scope, self.key)
        if chosen is not None:
            self.keep, self.first = chosen.keep, chosen.first

    def give_up(self, code: str, reason: str) -> None:
        """Nothing is sent for it; the first reason counts."""
        if self.waits:
            self.code, self.reason = code, reason

    def covers(self, other: Part) -> bool:
        """True if this long position may be the hedge of that short one."""
        return (
            (self.before or 0) > 0 > (other.before or 0)
            and other.key.account_id == self.key.account_id
            and other.instrument.underlying == self.instrument.underlying
            and {self.instrument.kind, other.instrument.kind} <= _DERIVATIVES
        )


class Rule(Struct, frozen=True):
    """What has a square-off done where no person does.

    ``why`` is code and sentence for what is closed of a position: they stand at its order. With
    ``still`` nothing that works is cancelled, and it is asked right before an order leaves for so
    many units of a position, signed: why none may; empty if one may.
    """

    why: Callable[[PositionKey], tuple[str, str]]
    still: Callable[[PositionKey, int], str] | None = None


class Run(Struct, eq=False, kw_only=True):
    """A square-off as far as it has come. ``began_ns`` is UTC ns."""

    command: CommandId
    actor: str
    began_ns: int
    parts: dict[PositionKey, Part]
    plans: list[PlanId] = field(default_factory=list)
    rows: dict[AccountId, tuple[Sequence[BrokerPosition], int]] = field(default_factory=dict)
    """Positions of the accounts that are ready to be closed, and when they were read, monotonic."""
    cancelled: int = 0
    over: bool = False
    broken_off: bool = False
    stopped: bool = False
    """A stop came in the middle."""
    final: SquareOffReport | None = None
    """The report, once nothing can change in it: what is copied later is no part of it."""
    restored: bool = False
    """It was begun in an earlier life of the program."""
    rule: Rule | None = None
    """None where a person began it."""
    began_mono_ns: int = 0
    """When it began, monotonic; 0 of an earlier life."""

    @property
    def accounts(self) -> list[AccountId]:
        """Whose positions they are, each once."""
        return list(dict.fromkeys(key.account_id for key in self.parts))

    @property
    def whole(self) -> set[PositionKey]:
        """Positions of which nothing is to stay: what works there is cancelled first."""
        if self.rule is not None and self.rule.still is not None:
            return set()
        return {key for key, part in self.parts.items() if not part.keep}

    def of(self, account: AccountId) -> Iterator[Part]:
        """The parts of one account."""
        return (part for part in self.parts.values() if part.key.account_id == account)

    def give_up(self, code: str, reason: str, account: AccountId | None = None) -> None:
        """Nothing more is sent, of all accounts or of one."""
        for part in self.parts.values() if account is None else self.of(account):
            part.give_up(code, reason)

    def ready(self, account: AccountId, rows: Sequence[BrokerPosition], read_ns: int) -> None:
        """Nothing of the account works in its positions, and they were read."""
        self.rows[account] = (rows, read_ns)

    def outdated(self, before_ns: int) -> list[AccountId]:
        """Accounts whose waiting parts rest on an older read: they are not ready any more."""
        waiting = dict.fromkeys(part.key.account_id for part in self.parts.values() if part.waits)
        old = [one for one in waiting if one in self.rows and self.rows[one][1] < before_ns]
        for account in old:
            del self.rows[account]
        return old

    def held_nothing(self, leg: Leg) -> bool:
        """True where copies only worked, and were cancelled before anything of them filled."""
        return self.parts[leg.key].before == 0 and not (leg.closed or leg.left or leg.code)

    def next_command(self) -> CommandId:
        """The name of its next plan."""
        return CommandId(f"{self.command}/{len(self.plans) + 1}")

    def sized(self, part: Part, quantities: Mapping[AccountId, int]) -> Sized:
        """This part's units, with what has them closed."""
        units = quantities[part.key.account_id]
        return Sized(units) if self.rule is None else Sized(units, *self.rule.why(part.key))

    def why_not(self, part: Part, units: int) -> str:
        """Why no order may leave for so many units of a part, signed, by its rule."""
        asked = None if self.rule is None else self.rule.still
        return "" if asked is None else asked(part.key, units)

    def waits_for_short(
        self,
        part: Part,
        orders: Mapping[PositionKey, Sequence[Order]],
        held: Mapping[PositionKey, int],
        now_ns: int,
    ) -> bool:
        """True while a short leg that a part covers is not closed; kept if it will not be."""
        for other in self.of(part.key.account_id):
            if not part.covers(other) or not held[other.key]:
                continue
            rests_ns = rests_since(orders, other.key)
            if other.waits or (rests_ns is not None and not rests_long(rests_ns, now_ns)):
                return True
            if other.code == "closed_by_owner":
                continue
            part.give_up(
                "hedge_kept",
                f"It covers the short position in {other.instrument.symbol}, which is not closed. "
                "Close that one first, or square this one off alone.",
            )
            return True
        return False

    def made(self, command: CommandId | None) -> bool:
        """True if a plan of this command is one of its."""
        return command is not None and command.startswith(f"{self.command}/")


def closed_parts(run: Run) -> dict[PositionKey, Part]:
    """What a square-off has closed, for the one that goes on with it: only its proof is missing."""
    return {
        key: Part(
            key=key, instrument=part.instrument, before=None, keep=part.keep,
            first=part.first, tried=True,
        )
        for key, part in run.parts.items()
    }  # fmt: skip


def restored(begun: BegunSquareOff, plans: Iterable[Plan]) -> Run:
    """A square-off of today as its plans tell of it; by itself it does nothing more."""
    run = Run(
        command=begun.command_id,
        actor=begun.actor,
        began_ns=begun.at_ns,
        parts={},
        over=True,
        broken_off=not begun.ended,
        stopped=begun.stopped,
        restored=True,
    )
    for plan in plans:
        if not run.made(plan.signal.command_id):
            continue
        run.plans.append(plan.plan_id)
        for intent in plan.intents:
            terms = intent.terms
            kind = PositionKey if intent.is_copy else OwnKey
            key = kind(intent.account_id, terms.instrument.key, terms.product)
            instrument = terms.instrument
            part = Part(
                key=key, instrument=instrument, before=None, tried=True, proven=begun.proven
            )
            part.choose(read_scope(begun.scope))
            run.parts[key] = part
    return run


def not_ended(order: Order) -> str:
    """Why a position is not closed in which an order of a copy did not end."""
    if order.state.in_doubt:
        return (
            "Nobody knows yet whether an earlier order in it exists; that is being found out. Then "
            "square off again."
        )
    return "A copy in it was asked to be cancelled and still works. Look at it in the orders."


def leg_of(run: Run, part: Part, orders: Sequence[Order], left: int, name: str) -> Leg:
    """A part as it is told, by its orders and by what copies still hold.

    ``name`` is its account's.
    """
    if run.restored and part.proven:  # whatever was copied since
        left = 0
    closed = sum(order.filled for order in orders)
    state, code, reason = _stands(run, part, orders, left)
    before = part.before
    if before is None:  # of an earlier life of the program
        bought = any(order.intent.terms.side is Side.BUY for order in orders)
        before = left - closed if bought else left + closed
    return Leg(
        key=part.key,
        account=name,
        instrument=part.instrument,
        before=before,
        closed=closed,
        left=left,
        state=state,
        code=code,
        reason=reason,
        at_broker=part.at_broker,
        keep=part.keep,
        first=part.first,
    )


def _stands(run: Run, part: Part, orders: Sequence[Order], left: int) -> tuple[LegState, str, str]:
    live = [order for order in orders if not order.state.ended]
    if not left and not live and (part.tried or part.code or run.over):
        if part.proven:
            return LegState.CLOSED, "", ""
        return (LegState.UNPROVEN if run.over else LegState.CHECKED), "", ""
    if live:
        return _on_the_way(live)
    if orders:
        return LegState.FAILED, *_why_left(part, orders)
    if part.code:
        return LegState.NOT_SENT, part.code, part.reason
    if run.over:
        return LegState.NOT_SENT, "broken_off", _BROKEN_OFF
    return LegState.WAITS, "", ""


def _on_the_way(live: Sequence[Order]) -> tuple[LegState, str, str]:
    moving = [order for order in live if order.state not in RESTING]
    if moving:
        return LegState.SENT, moving[0].code, moving[0].reason
    order = live[0]
    price = "" if order.terms.price is None else f" at {grouped(order.terms.price)}"
    filled = f"{grouped(order.filled)} of {grouped(order.ordered)}"
    why = f"{filled} are filled, the rest works{price}. Square off again for a newer price."
    return LegState.RESTS, order.code, why


def _why_left(part: Part, orders: Sequence[Order]) -> tuple[str, str]:
    for order in reversed(orders):
        if order.state is not State.FILLED:
            why = order.reason or f"Its order is {order.state.lower().replace('_', ' ')}."
            return order.code, why
    return part.code, part.reason or "More was copied meanwhile. Square it off again."


def rests_since(orders: Mapping[PositionKey, Sequence[Order]], key: PositionKey) -> int | None:
    """When the newest of a position's orders that rest changed last, UTC ns.

    None if none rests; 0 while another is on its way.
    """
    live = [order for order in orders.get(key, ()) if not order.state.ended]
    if any(order.state not in RESTING for order in live):
        return 0
    return max((order.changed_ns for order in live), default=None)


def rests_long(since_ns: int, now_ns: int) -> bool:
    """True for an order that works unchanged since then: it found no other side for now. UTC ns."""
    return since_ns > 0 and now_ns - since_ns >= _RESTS_S * 1e9


def by_position(orders: Iterable[Order]) -> dict[PositionKey, list[Order]]:
    """The orders of each position."""
    found: dict[PositionKey, list[Order]] = {}
    for order in orders:
        found.setdefault(place_of(order), []).append(order)
    return found
