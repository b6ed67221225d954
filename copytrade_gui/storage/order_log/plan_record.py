"""What is recorded of a plan before its first byte, and of orders that leave later: one text each.

A plan is one row of the order log (``order_log``), however many followers it has; the tables that
people search are made from it behind the bytes (``expansion``). The same text is the body of the
``PlanMade`` fact, so the audit chain covers every quantity, price, side and tag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
from msgspec import Struct

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.ids import IntentId
from copytrade_gui.domain.order import FanOut, OrderTerms, State
from copytrade_gui.domain.records import OPERATOR, Amendment, Attempt, Plan, Signal


class SignalRecord(Struct, array_like=True, frozen=True):
    """A ``Signal``. ``terms`` is an index into the plan's terms, ``quantity`` units."""

    signal_id: str
    master_id: str
    order_ref: str
    version: int
    terms: int
    quantity: int
    fan_out: FanOut
    command_id: str | None
    made_ns: int
    actor: str = OPERATOR


class ChildRecord(Struct, array_like=True, frozen=True):
    """An ``Intent``, and the tag of its first attempt if that is marked with the plan.

    ``terms`` is an index into the plan's terms, ``quantity`` units. What stands as usual at the
    end is left out of the text.
    """

    account_id: str
    slice_number: int
    rank: int
    terms: int
    quantity: int
    signal_age_ms: int
    tag: str = ""
    role: Role = Role.FOLLOWER
    state: State = State.PLANNED
    code: str = ""
    reason: str = ""


class MarkRecord(Struct, array_like=True, frozen=True):
    """An attempt that may leave: whose, which try, and the tag it carries at the broker."""

    account_id: str
    slice_number: int
    number: int
    tag: str


class Marks(Struct, frozen=True):
    """Attempts of one plan that are marked SENDING together.

    ``marked_ns`` is UTC ns. ``bodies`` is the SHA-256 (hex) over the bodies of all requests of the
    wave in their order, empty where nobody made any.
    """

    plan_id: str
    marked_ns: int
    deadline_ms: int
    bodies: str
    orders: list[MarkRecord]


class PlanRecord(Struct, frozen=True):
    """A plan as it is decided. ``terms`` have quantity 0: a child brings its own.

    ``made_ns`` is UTC ns, ``made_mono_ns`` monotonic ns. ``marked_ns``, ``deadline_ms`` and
    ``bodies`` are of the children with a tag, as in ``Marks``; 0 and empty where none has one.
    """

    plan_id: str
    made_ns: int
    made_mono_ns: int
    signal: SignalRecord = msgspec.field(name="action")
    terms: list[OrderTerms]
    marked_ns: int
    deadline_ms: int
    bodies: str
    children: list[ChildRecord]

    @property
    def marks(self) -> Marks | None:
        """First attempts that are marked with the plan."""
        orders = [
            MarkRecord(child.account_id, child.slice_number, 1, child.tag)
            for child in self.children
            if child.tag
        ]
        if not orders:
            return None
        return Marks(self.plan_id, self.marked_ns, self.deadline_ms, self.bodies, orders)


class WaveRecord(Struct, frozen=True):
    """Orders that leave together after their plans were stored; one ``Marks`` a plan."""

    marks: list[Marks]


class AmendedRecord(Struct, array_like=True, frozen=True):
    """An ``Amendment``. ``terms`` is an index into the record's terms, ``quantity`` units."""

    intent_id: str
    version: int
    terms: int
    quantity: int


class AmendmentsRecord(Struct, frozen=True):
    """Changes of live orders that were decided together; ``terms`` have quantity 0."""

    terms: list[OrderTerms]
    orders: list[AmendedRecord]


_MOST = 2**63 - 1
"""The largest number that a column can keep."""
# Python 3.11 takes longer to find a member in its enum than to compare it.
_PLANNED, _FOLLOWER = State.PLANNED, Role.FOLLOWER
_encoder = msgspec.json.Encoder()
_plan_decoder = msgspec.json.Decoder(PlanRecord)
_amendments_decoder = msgspec.json.Decoder(AmendmentsRecord)
_wave_decoder = msgspec.json.Decoder(WaveRecord)


def plan_record(plan: Plan, attempts: Sequence[Attempt], bodies: str = "") -> str:
    """The text of a plan with its first marks.

    Raises:
        ValueError: an id that is not the derived one, or an attempt without its intent.
        OverflowError, UnicodeEncodeError: a value that no column could keep.
    """
    terms = _Terms()
    tags = {attempt.intent_id: attempt.tag for attempt in attempts}
    start = f"{plan.plan_id}."
    signal = _signal(plan.signal, terms.index(plan.signal.terms))
    children: list[tuple[object, ...]] = []
    for intent in plan.intents:
        account, number, of_terms = intent.account_id, intent.slice_number, intent.terms
        if intent.intent_id != f"{start}{account}.{number}":
            raise ValueError(f"intent id {intent.intent_id} is not the derived one")
        child: tuple[object, ...] = (
            account,
            number,
            intent.rank,
            terms.index(of_terms),
            of_terms.quantity,
            intent.signal_age_ms,
            tags.pop(intent.intent_id, ""),
        )
        if intent.state is not _PLANNED or intent.role is not _FOLLOWER or intent.code:
            child += (intent.role, intent.state, intent.code, intent.reason)
        children.append(child)
    if tags:
        raise ValueError(f"attempt of {next(iter(tags))} has no intent in {plan.plan_id}")
    marked_ns, deadline_ms = _moment(attempts)
    content = {
        "plan_id": plan.plan_id,
        "made_ns": plan.made_ns,
        "made_mono_ns": plan.made_mono_ns,
        "action": signal,
        "terms": terms.made,
        "marked_ns": marked_ns,
        "deadline_ms": deadline_ms,
        "bodies": bodies if attempts else "",
        "children": children,
    }
    return _encoder.encode(content).decode()


def wave_record(attempts: Sequence[Attempt], bodies: str = "") -> str:
    """The text of attempts whose plans are stored already."""
    by_plan: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_plan.setdefault(attempt.intent_id.partition(".")[0], []).append(attempt)
    marks = [_marks(plan, some, bodies) for plan, some in by_plan.items()]
    return _encoder.encode(WaveRecord(marks)).decode()


def amendments_record(amendments: Sequence[Amendment]) -> str:
    """The text of changes that are decided together."""
    terms = _Terms()
    orders = [
        AmendedRecord(one.intent_id, one.version, terms.index(one.terms), one.terms.quantity)
        for one in amendments
    ]
    return _encoder.encode(AmendmentsRecord(terms.made, orders)).decode()


def read_amendments(text: str) -> list[Amendment]:
    """The changes of a record. Raises msgspec.DecodeError."""
    record = _amendments_decoder.decode(text)
    return [
        Amendment(
            IntentId(one.intent_id),
            one.version,
            replace(record.terms[one.terms], quantity=one.quantity),
        )
        for one in record.orders
    ]


def read_plan(text: str) -> PlanRecord | None:
    """A plan's record; None for what earlier versions kept of a plan: only counts."""
    try:
        return _plan_decoder.decode(text)
    except msgspec.ValidationError:
        return None


def read_wave(text: str) -> WaveRecord:
    """The record of a wave. Raises msgspec.DecodeError."""
    return _wave_decoder.decode(text)


def _signal(signal: Signal, terms: int) -> SignalRecord:
    return SignalRecord(
        signal.signal_id,
        signal.master_id,
        signal.order_ref,
        signal.version,
        terms,
        signal.terms.quantity,
        signal.fan_out,
        signal.command_id,
        signal.made_ns,
        signal.actor,
    )


def _marks(plan_id: str, attempts: Sequence[Attempt], bodies: str) -> Marks:
    orders = [
        MarkRecord(
            attempt.account_id,
            int(attempt.intent_id.rpartition(".")[2]),
            attempt.number,
            attempt.tag,
        )
        for attempt in attempts
    ]
    return Marks(plan_id, *_moment(attempts), bodies, orders)


def _moment(attempts: Sequence[Attempt]) -> tuple[int, int]:
    """When attempts are marked, and their deadline: the same for all that are marked together."""
    if not attempts:
        return 0, 0
    moments = {(attempt.marked_ns, attempt.deadline_ms) for attempt in attempts}
    if len(moments) > 1:
        raise ValueError("attempts that are marked together have one time and one deadline")
    return moments.pop()


class _Terms:
    """The different terms of a plan, apart from their quantities."""

    def __init__(self) -> None:
        self.made: list[OrderTerms] = []
        self._known: dict[int, int] = {}
        self._index: dict[tuple[int, ...], int] = {}

    def index(self, terms: OrderTerms) -> int:
        """Where they stand in ``made``.

        Raises OverflowError for a quantity that no column could keep.
        """
        # By identity: the plan keeps these objects alive, followers of one size come with the same
        # one, and an equal one elsewhere only costs a second entry.
        known = self._known.get(id(terms))
        if known is not None:
            return known
        if terms.quantity > _MOST:
            raise OverflowError(f"quantity {terms.quantity} has more than 64 bits")
        parts = (terms.side, terms.product, terms.order_type, terms.validity)
        key = (id(terms.instrument), *map(id, parts), id(terms.price), id(terms.trigger))
        number = self._index.get(key)
        if number is None:
            number = self._index[key] = len(self.made)
            self.made.append(replace(terms, quantity=0))
        self._known[id(terms)] = number
        return number
