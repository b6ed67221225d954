"""One wave: which orders leave now, their marks, and their bytes (docs/safety.md 4).

A wave is written in one go after its marks are committed. Nothing here awaits between the first
and the last byte, so no reply is parsed in the middle of a wave.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from msgspec import Struct

from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.ids import IntentId, attempt_id, order_tag
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import Attempt
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.exits import Exits
from copytrade_gui.ports import OrderChannel, PlaceReply, PreparedOrder, Unknown

log = logging.getLogger(__name__)

_SENDING = State.SENDING
_NOT_MADE = "The order could not be put into the broker's form, which was logged; it did not leave."


class Outgoing(Struct, frozen=True):
    """An order's next request: its attempt, its bytes, and the way it takes.

    ``version`` is its lane's when it was made: while the lane is at that, it is good as it is.
    ``key`` is its instrument's.
    """

    order: Order
    attempt: Attempt
    request: PreparedOrder
    channel: OrderChannel
    lane: Lane
    version: int
    key: InstrumentKey


def bodies_hash(wave: Iterable[Outgoing]) -> str:
    """SHA-256 (hex) over the bodies of a wave's requests, in the order in which they leave."""
    return hashlib.sha256(b"".join(item.request.payload for item in wave)).hexdigest()


def _as_made(item: Outgoing, lane: Lane) -> bool:
    """True if the account is as it was when the request was made; put back, it is another lane."""
    return item.lane is lane and item.version == lane.version


class Waves:
    """Chooses what leaves and writes it."""

    def __init__(self, core: Core, exits: Exits, installation_key: bytes) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._gate = core.gate
        self._exits = exits
        self._progress = core.progress
        self._clock = core.clock
        self._settings = core.settings
        self._key = installation_key
        self._fault = core.fault
        self._news = core.news
        self._odd: list[Outgoing] = []
        """Orders of the wave that is being written whose channel failed."""
        self._made: dict[IntentId, Outgoing] = {}
        """Requests that were made while their master's answer was awaited."""

    # ------------------------------------------------------------ choosing

    def make_ready(self, orders: Iterable[Order]) -> None:
        """Make the first requests of orders that wait for their master's; nothing is marked.

        A request counts only while its lane is as it was; ``select`` makes any other anew.
        """
        for name in [name for name, item in self._made.items() if not item.order.may_attempt]:
            del self._made[name]  # ended otherwise
        for order in orders:
            lane = self._lanes.get(order.intent.account_id)
            if lane is not None and lane.ready and lane.channel is not None and order.may_attempt:
                with suppress(Exception):  # ``select`` meets it again, and tells
                    self._made[order.intent.intent_id] = self._make(
                        order, 1, lane, lane.channel, order.key
                    )

    def forget_ready(self, orders: Iterable[Order]) -> None:
        """What was made for these is not needed any more."""
        for order in orders:
            self._made.pop(order.intent.intent_id, None)

    def _make(
        self, order: Order, number: int, lane: Lane, channel: OrderChannel, key: InstrumentKey
    ) -> Outgoing:
        """Encode an order's next request.

        Raises what the channel raises for unfit terms; ValueError for a tag that is taken.
        """
        intent = order.intent
        name = attempt_id(intent.intent_id, number)
        tag = order_tag(self._key, name)
        if self._book.by_tag(tag) is not None:
            raise ValueError(f"tag {tag} was used before")
        request = channel.prepare(order.sent_terms, tag)
        attempt = Attempt(
            name,
            intent.intent_id,
            intent.account_id,
            number,
            request.tag,
            0,
            self._settings.deadline_ms,
        )
        return Outgoing(order, attempt, request, channel, lane, lane.version, key)

    def select(self, orders: Iterable[Order]) -> list[Outgoing]:
        """Pick what may leave now, in the order given; the rest joins its lane's queue or ends."""
        wall_ns, mono_ns = self._clock.wall_ns(), self._clock.mono_ns()
        lane_of, made, today = self._lanes.get, self._made, indian_day(wall_ns)
        # One look at the gate for the choice; ``write`` asks it again, before every 25 writes.
        may_send = self._gate.may_send
        wave: list[Outgoing] = []
        for order in orders:
            intent = order.intent
            account = intent.account_id
            lane = lane_of(account)
            item = made.pop(intent.intent_id, None) if made else None
            if lane is None:
                self._progress.give_up(order, State.SKIPPED, "removed", "The account was removed.")
                continue
            if not lane.active and not order.closes:
                self._progress.give_up(order, State.SKIPPED, "off", "The account was switched off.")
                continue
            if order.master_id not in lane.takes_from and (kept := lane.why_kept(order))[0]:
                self._progress.give_up(order, State.SKIPPED, *kept)
                continue
            if order.stale_at(mono_ns):
                self._progress.give_up(order, State.STALE, *order.too_old)
                continue
            channel, key = lane.channel, intent.terms.instrument.key
            if channel is None or not may_send or not self._may_leave(order, key, lane, mono_ns):
                lane.queue.append(order)
                continue
            if item is None or not _as_made(item, lane) or order.attempt is not None:
                number = 1 if order.attempt is None else order.attempt.number + 1
                try:
                    item = self._make(order, number, lane, channel, key)
                except Exception:  # the planner refuses what cannot be written; this is a bug
                    log.exception("preparing try %d of %s failed", number, intent.intent_id)
                    self._progress.give_up(order, State.SKIPPED, "bug", _NOT_MADE)
                    self._book.alarm("bug", f"For {account}: {_NOT_MADE}", order)
                    continue
            # No order of another plan in its instrument until its bytes left.
            order.leaving = True
            lane.ordered = (today, lane.ordered_on(today) + 1)
            lane.leaving += ((key, intent.plan_id),)
            item.attempt.marked_ns = wall_ns
            wave.append(item)
        return wave

    def _may_leave(self, order: Order, key: InstrumentKey, lane: Lane, now: int) -> bool:
        return (
            lane.ready
            and now >= lane.wait_until_ns
            and not (lane.leaving and lane.leaves_another(key, order.intent.plan_id))
            and not self._book.in_doubt(lane.account_id, key, but=order)
            and lane.slots.take(now)
        )

    # ------------------------------------------------------------ writing

    def break_off(self, wave: list[Outgoing]) -> None:
        """Storing the marks failed oddly; they may be there all the same, but no byte left."""
        self.release(wave)
        wave = self._without_found(wave)
        self._count_marked(wave)
        self._drop(wave, "broken_off", "Broken off while it was being stored; it did not leave.")

    def write(self, wave: list[Outgoing]) -> None:
        """Put a committed wave on the wire, asking the gate again before every 25 writes."""
        wave = self._without_found(wave)
        self._count_marked(wave)
        every = self._settings.gate_every
        left: list[Outgoing] = []
        for start in range(0, len(wave), every):
            if start:
                self._fault(faultpoints.MID_WRITE)
            stopped = self._launch(wave[start : start + every], left)
            if stopped:
                self._drop([*stopped, *wave[start + every :]])
                break
        # The marks are on the disk; the book takes them up when the last byte is out. Nothing
        # awaited since: nobody looked, no reply was read, and none is missed.
        deadline, on_reply, mark = self._settings.deadline_ms, self._news.reply, self._book.mark
        for item in left:
            try:
                mark(item.order, item.attempt)
                item.channel.place(item.request, deadline, partial(on_reply, item.order))
            except Exception:
                log.exception("placing %s failed", item.attempt.attempt_id)
                self._odd.append(item)
        self.release(wave)
        if self._odd:
            self._doubt_odd()
        self._fault(faultpoints.AFTER_WRITE)

    def _count_marked(self, wave: list[Outgoing]) -> None:
        for plan, attempts in Counter(item.order.intent.plan_id for item in wave).items():
            self._progress.marked(plan, attempts)

    def _without_found(self, wave: list[Outgoing]) -> list[Outgoing]:
        """What was found in the book during the commit does not leave again."""
        found = [item for item in wave if not item.order.may_attempt]
        if not found:
            return wave
        for item in found:
            log.info("%s does not leave: it is %s", item.attempt.attempt_id, item.order.state)
        self.release(found)
        for item in found:
            self._book.withdraw(item.order, item.attempt)
        return [item for item in wave if item.order.may_attempt]

    def _launch(self, items: list[Outgoing], left: list[Outgoing]) -> list[Outgoing]:
        """Launch a piece of a wave; those that left join ``left``. Returns what a stop kept back.

        The commit may have taken long: what changed since the choice is asked again.
        """
        if not self._gate.may_send:
            return items
        reduces = self._gate.reduces
        wrote, why_held, now = self._progress.wrote, self._lanes.why_held, self._clock.mono_ns()
        for place, item in enumerate(items):
            order = item.order
            if order.cancel_requested or reduces or item.lane.version != item.version:
                code, why = why_held(order, item.channel)
                if not code:
                    code, why = self._exits.why_opens(order)
                if code:
                    self._drop([item], code, why)
                    continue
            if order.stale_at(now):
                self._drop([item], *order.too_old, State.STALE)
                continue
            if not wrote(order.intent.plan_id):
                return items[place:]
            try:
                item.channel.launch(item.request)
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
        for item in odd:
            self._news.reply(item.order, PlaceReply(Unknown(why), 0, now))
        who = ", ".join(sorted({item.order.intent.account_id for item in odd}))
        self._book.alarm(
            "bug", f"Sending failed for {who} and was logged; those orders are looked for."
        )

    def announce(self, wave: list[Outgoing]) -> None:
        """Tell about a wave; kept apart from ``write`` because news can wait and bytes cannot."""
        for item in wave:
            if item.order.attempt_state is _SENDING:
                self._book.announce(item.order, State.PLANNED)

    def release(self, wave: list[Outgoing]) -> None:
        """The wave is no longer between its choice and its bytes."""
        for item in wave:
            order = item.order
            if order.leaving:
                order.leaving = False
                item.lane.left(item.key, order.intent.plan_id)

    def _drop(
        self,
        rest: list[Outgoing],
        code: str = "stopped",
        reason: str = "",
        ends: State = State.SKIPPED,
    ) -> None:
        """A stop came before these bytes left: NOT_SENT is proven, the intent is given up."""
        self.release(rest)
        why = reason or self._gate.why_not() or "Stopped before it left."
        # All are marked before any is told of: what hears of a master's end gives his followers up,
        # and an intent that was given up could not take the mark that is on the disk already.
        for item in rest:
            self._book.mark(item.order, item.attempt)
        for item in rest:
            self._book.move(item.order, State.NOT_SENT, code=code, reason=why)
        for item in reversed(rest):  # followers first: their reason is the stop, not their master
            self._progress.give_up(item.order, ends, code, why)
