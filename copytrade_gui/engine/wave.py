"""One wave: which orders leave now, their marks, and their bytes (order-safety section 4).

A wave is written in one go after its marks are committed. Nothing here awaits between the first
and the last byte, so no reply is parsed in the middle of a wave.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import islice, repeat
from typing import Any, TypeVar

from copytrade_gui.domain.ids import attempt_id, order_tag
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import Attempt, Plan
from copytrade_gui.engine import faultpoints
from copytrade_gui.engine.book import Book
from copytrade_gui.engine.gate import Gate
from copytrade_gui.engine.lane import Lane, Lanes
from copytrade_gui.engine.order import Order
from copytrade_gui.engine.poised import Owed, Poised, attended
from copytrade_gui.engine.progress import Progress
from copytrade_gui.engine.ready import Ready
from copytrade_gui.engine.rules import Rules
from copytrade_gui.ports import Clock, FaultPoint, OrderRoad, PlaceReply, Unknown

log = logging.getLogger(__name__)

T = TypeVar("T")

_SENDING = State.SENDING
_TOO_OLD = "Older than its signal age; not sent."
_NOT_MADE = "The order could not be put into the broker's form, which was logged; it did not leave."
_SEAL_AT_ONCE = 10
"""Orders sealed between two looks at the commit."""


class Waves:
    """Chooses what leaves and writes it."""

    def __init__(
        self,
        *,
        book: Book,
        lanes: Lanes,
        gate: Gate,
        progress: Progress,
        clock: Clock,
        rules: Rules,
        installation_key: bytes,
        fault: FaultPoint,
    ) -> None:
        self._book = book
        self._lanes = lanes
        self._gate = gate
        self._progress = progress
        self._clock = clock
        self._rules = rules
        self._key = installation_key
        self._fault = fault
        self.on_reply: Callable[[Order, PlaceReply], None] = lambda *_: None
        """Called with each order's reply."""
        self._odd: list[Ready] = []
        """Orders of the wave that is being written whose road failed."""
        self._owed: Owed | None = None
        """While a poised wave is on its way and nobody else had a turn."""

    # ------------------------------------------------------------ choosing

    def rehearse(self, orders: Iterable[Order]) -> list[Ready | None]:
        """What ``select`` would make of orders that may never leave; nothing is marked.

        None for an order that could not leave now, or not be written.
        """
        ready: list[Ready | None] = []
        for order in orders:
            lane = self._lanes.get(order.intent.account_id)
            item = None
            if lane is not None and lane.active and lane.ready and lane.road is not None:
                with suppress(Exception):  # ``select`` meets it again, and tells
                    item = self._make(order, 1, lane, lane.road)
            ready.append(item)
        return ready

    def _make(self, order: Order, number: int, lane: Lane, road: OrderRoad) -> Ready:
        """Encode an order's next request. Raises what the road raises for unfit terms."""
        intent = order.intent
        name = attempt_id(intent.intent_id, number)
        request = road.prepare(intent.terms, order_tag(self._key, name))
        attempt = Attempt(
            name,
            intent.intent_id,
            intent.account_id,
            number,
            request.tag,
            request.payload_hash,
            0,
            self._rules.deadline_ms,
        )
        return Ready(order, attempt, request, road, lane, lane.version, order.key)

    def take(self, poised: Poised, plan: Plan, called_ns: int) -> bool:
        """Choose a poised wave as it is. False: something has changed, so ask each (``select``)."""
        self._settle()  # of a wave that broke between its choice and its bytes
        now, stirrings = self._clock.mono_ns(), self._lanes.stirrings
        if (
            stirrings.count != poised.stirred
            or now < poised.from_ns
            or self._book.has_doubts
            or not self._gate.may_send
        ):
            return False
        wall_ns = self._clock.wall_ns()
        for attempt in poised.attempts:
            attempt.marked_ns = wall_ns
        self._owed = Owed(
            poised, stirrings, now, called_ns, partial(self._book.date, plan, called_ns)
        )
        return True

    def _settle(self) -> None:
        """Put down what a poised wave that was taken has changed."""
        owed, self._owed = self._owed, None
        if owed is not None:
            owed.pay()

    def select(
        self, orders: Iterable[Order], rehearsed: Iterable[Ready | None] = repeat(None)
    ) -> list[Ready]:
        """Pick what may leave now, in the order given; the rest joins its lane's queue or ends.

        ``rehearsed`` goes with ``orders``, one by one: what ``rehearse`` made, or None.
        """
        self._settle()  # of a wave that broke between its choice and its bytes
        wall_ns, mono_ns = self._clock.wall_ns(), self._clock.mono_ns()
        lane_of = self._lanes.get
        # One look at the gate for the choice; ``write`` asks it again, before every 25 writes.
        may_send = self._gate.may_send
        ready: list[Ready] = []
        for order, made in zip(orders, rehearsed, strict=False):  # ``rehearsed`` may have no end
            if (
                made is not None
                and made.lane.version == made.version
                and may_send
                and self._may_leave(order, made.key, made.lane, mono_ns)
            ):
                # Its lane is as it was then: active, ready, with this road. It was called just now.
                order.leaving = True
                made.lane.leaving += (made.key,)
                made.attempt.marked_ns = wall_ns
                ready.append(made)
                continue
            intent = order.intent
            account = intent.account_id
            lane = lane_of(account)
            if lane is None:
                self._progress.give_up(order, State.SKIPPED, "removed", "The account was removed.")
                continue
            if not lane.active:
                self._progress.give_up(order, State.SKIPPED, "off", "The account was switched off.")
                continue
            if order.stale_at(mono_ns):
                self._progress.give_up(order, State.STALE, "too_old", _TOO_OLD)
                continue
            road, key = lane.road, order.key
            if road is None or not may_send or not self._may_leave(order, key, lane, mono_ns):
                lane.queue.append(order)
                continue
            number = 1 if order.attempt is None else order.attempt.number + 1
            try:
                item = self._make(order, number, lane, road)
            except Exception:  # the planner refuses what cannot be written; this is a bug
                log.exception("preparing try %d of %s failed", number, intent.intent_id)
                self._progress.give_up(order, State.SKIPPED, "bug", _NOT_MADE)
                self._book.alarm("bug", f"For {account}: {_NOT_MADE}", order)
                continue
            # No second order of the account in its instrument until its bytes left.
            order.leaving = True
            lane.leaving += (key,)
            item.attempt.marked_ns = wall_ns
            ready.append(item)
        return ready

    def _may_leave(self, order: Order, key: InstrumentKey, lane: Lane, now: int) -> bool:
        return (
            lane.ready
            and now >= lane.wait_until_ns
            and key not in lane.leaving
            and not self._book.in_doubt(lane.account_id, key, but=order)
            and lane.take_slot(now)
        )

    # ------------------------------------------------------------ writing

    async def committed(
        self, wave: list[Ready], commit: Callable[..., Coroutine[Any, Any, T]]
    ) -> T:
        """Call and await a wave's commit; as long as it waits for the disk, seal. No byte leaves.

        Orders that are not sealed by then are encrypted when they are placed. If the commit fails
        nothing stays sealed.
        """
        try:
            work = commit(meanwhile=partial(_seal_some, iter(wave)))
            return await attended(work, self._settle)
        except BaseException:
            self._settle()
            self._unseal(wave)
            raise

    def abandon(self, wave: list[Ready]) -> None:
        """The plan was known already: nothing of this wave leaves."""
        self.release(wave)
        self._unseal(wave)

    def break_off(self, wave: list[Ready]) -> None:
        """Storing the marks failed oddly; they may be there all the same, but no byte left."""
        self.release(wave)
        wave = self._without_found(wave)
        self._count_marked(wave)
        self._drop(wave, "broken_off", "Broken off while it was being stored; it did not leave.")

    def _unseal(self, wave: list[Ready]) -> None:
        for item in wave:
            try:
                item.road.unseal(item.request)
            except Exception:
                log.exception("unsealing %s failed", item.attempt.attempt_id)

    def write(self, wave: list[Ready]) -> None:
        """Put a committed wave on the wire, asking the gate again before every 25 writes."""
        if self._owed is None:
            wave = self._without_found(wave)
        self._count_marked(wave)
        every = self._rules.gate_every
        left: list[Ready] = []
        for start in range(0, len(wave), every):
            if start:
                self._fault(faultpoints.MID_WRITE)
            stopped = self._launch(wave[start : start + every], left)
            if stopped:
                self._settle()
                self._drop([*stopped, *wave[start + every :]])
                break
        self._settle()
        # The marks are on the disk; the book takes them up when the last byte is out. Nothing
        # awaited since: nobody looked, no reply was read, and none is missed.
        deadline, on_reply, mark = self._rules.deadline_ms, self.on_reply, self._book.mark
        for item in left:
            try:
                mark(item.order, item.attempt)
                item.road.place(item.request, deadline, partial(on_reply, item.order))
            except Exception:
                log.exception("placing %s failed", item.attempt.attempt_id)
                self._odd.append(item)
        self.release(wave)
        if self._odd:
            self._doubt_odd()
        self._fault(faultpoints.AFTER_WRITE)

    def _count_marked(self, wave: list[Ready]) -> None:
        if self._owed is not None:
            self._progress.marked(wave[0].order.intent.plan_id, len(wave))
            return
        for plan, attempts in Counter(item.order.intent.plan_id for item in wave).items():
            self._progress.marked(plan, attempts)

    def _without_found(self, wave: list[Ready]) -> list[Ready]:
        """What was found in the book during the commit does not leave again."""
        found = [item for item in wave if not item.order.may_attempt]
        if not found:
            return wave
        for item in found:
            log.info("%s does not leave: it is %s", item.attempt.attempt_id, item.order.state)
        self.abandon(found)
        for item in found:
            self._book.withdraw(item.order, item.attempt)
        return [item for item in wave if item.order.may_attempt]

    def _launch(self, items: list[Ready], left: list[Ready]) -> list[Ready]:
        """Write these and add them to ``left``; returns those that may not leave any more."""
        if not self._gate.may_send:
            return items
        wrote, why_held, now = self._progress.wrote, self._lanes.why_held, self._clock.mono_ns()
        if self._owed is not None and self._owed.too_old(now):
            self._settle()
        untouched = self._owed is not None  # nobody had a turn since these were chosen
        if untouched and not wrote(items[0].order.intent.plan_id, len(items)):
            return items
        for place, item in enumerate(items):
            if not untouched:
                order = item.order
                # The commit may have taken long: what changed meanwhile is asked again.
                if order.cancel_requested or item.lane.version != item.version:
                    code, why = why_held(order, item.road)
                    if code:
                        self._drop([item], code, why)
                        continue
                if order.stale_at(now):
                    self._drop([item], "too_old", _TOO_OLD, State.STALE)
                    continue
                if not wrote(order.intent.plan_id):
                    return items[place:]
            try:
                item.road.launch(item.request)
            except Exception:  # never by contract; the rest of the wave leaves all the same
                log.exception("launching %s failed", item.attempt.attempt_id)
                self._book.mark(item.order, item.attempt)
                self._odd.append(item)
                continue
            left.append(item)
        return []

    def _doubt_odd(self) -> None:
        """A byte of these may have left, whatever failed: only the book can tell."""
        odd, self._odd = self._odd, []
        now, why = self._clock.mono_ns(), "An error of ours while it was sent."
        self._unseal(odd)
        for item in odd:
            self.on_reply(item.order, PlaceReply(Unknown(why), 0, now))
        who = ", ".join(sorted({item.order.intent.account_id for item in odd}))
        self._book.alarm(
            "bug", f"Sending failed for {who} and was logged; those orders are looked for."
        )

    def announce(self, wave: list[Ready]) -> None:
        """Tell about a wave; kept apart from ``write`` because news can wait and bytes cannot."""
        for item in wave:
            if item.order.attempt_state is _SENDING:
                self._book.announce(item.order, State.PLANNED)

    def release(self, wave: list[Ready]) -> None:
        """The wave is no longer between its choice and its bytes."""
        self._settle()
        for item in wave:
            order = item.order
            if order.leaving:
                order.leaving = False
                item.lane.left(item.key)

    def _drop(
        self,
        rest: list[Ready],
        code: str = "stopped",
        reason: str = "",
        ends: State = State.SKIPPED,
    ) -> None:
        """A stop came before these bytes left: NOT_SENT is proven, the intent is given up."""
        self.release(rest)
        self._unseal(rest)
        why = reason or self._gate.why_not() or "Stopped before it left."
        # All are marked before any is told of: what hears of a master's end gives his followers up,
        # and an intent that was given up could not take the mark that is on the disk already.
        for item in rest:
            self._book.mark(item.order, item.attempt)
        for item in rest:
            self._book.move(item.order, State.NOT_SENT, code=code, reason=why)
        for item in reversed(rest):  # followers first: their reason is the stop, not their master
            self._progress.give_up(item.order, ends, code, why)


def _seal_some(wave: Iterator[Ready]) -> bool:
    """Seal a few more orders of a wave; False when there are none."""
    some = list(islice(wave, _SEAL_AT_ONCE))
    for item in some:
        try:
            item.road.seal(item.request)
        except Exception:  # it is encrypted when it is placed
            log.exception("sealing %s failed", item.attempt.attempt_id)
    return bool(some)
