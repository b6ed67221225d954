"""The end-of-day gate: a final complete read of every account, then the day is sealed.

Nothing is sent here. The gate runs when a person asks, and by itself once the last session is
over; an evening's restart finds the day unsealed and runs it again, while the broker still shows
that day.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from copytrade_gui.domain.calendar import SETTLES, ist
from copytrade_gui.domain.day import DayChecked, DayReport, DaySeal, DayStep
from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.books.comparison import Compared
from copytrade_gui.engine.engine import Engine
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.ports import Clock, Journal, JournalFailureError, SealBook
from copytrade_gui.services.day_words import still_held
from copytrade_gui.services.position_report import report_of
from copytrade_gui.services.positions import facts_of
from copytrade_gui.services.verbs import RefusedError

log = logging.getLogger(__name__)

PROGRAM = "program"
_LOOK_EVERY_S = 30.0
_AFTER_RECOVERY_S = 1.0
"""How often it is asked whether a start has read its books: they are not read twice at once."""
_FIRST_LOGINS_NS = 60 * 1_000_000_000
_AGAIN_AFTER_NS = 900 * 1_000_000_000
_LOOK_BACK = timedelta(days=10)


class Closing:
    """Checks and seals the day. One check at a time."""

    def __init__(self, engine: Engine, journal: Journal, seals: SealBook, clock: Clock) -> None:
        self._engine = engine
        self._journal = journal
        self._seals = seals
        self._clock = clock
        self._one = asyncio.Lock()
        self._tried_ns = 0

    # ------------------------------------------------------------ the gate

    async def close_day(self, actor: str, accepted: Collection[str] = ()) -> DayReport:
        """Read every account that traded, say what is open, seal the day if nothing is.

        ``accepted`` are differences that a person saw and takes as they are; any other keeps the
        day open. Raises RefusedError: the seal could not be stored.
        """
        async with self._one:
            self._tried_ns = self._clock.mono_ns()
            report = await self._check(actor)
            if not report.blocked and set(report.differences) <= set(accepted):
                report = await self._seal(report)
        log.info("end of day: %s", report.in_words)
        self._engine.bus.publish(DayChecked(report))
        return report

    async def _check(self, actor: str) -> DayReport:
        began = ist(self._clock.wall_ns()).date()
        orders = self._todays()
        traded = dict.fromkeys(order.intent.account_id for order in orders)
        lanes = [lane for lane in self._engine.lanes if lane.account_id in traded]
        compared = await self._compare(lanes)
        orders = self._todays()  # a late find or a fill came with the reads
        now_ns = self._clock.wall_ns()
        now = ist(now_ns)
        closes = self._closes(orders, now.date())
        unread = {lane: found.unread for lane, found in compared.items() if found.unread}
        return DayReport(
            day=began,
            checked_ns=now_ns,
            actor=actor,
            orders=sum(order.attempt is not None for order in orders),
            fills=sum(order.filled for order in orders),
            accounts=len(lanes) - len(unread),
            absent=sum(order.state is State.NOT_PLACED for order in orders),
            not_ended=tuple(
                self._words(order)
                for order in orders
                if not order.state.ended and order.state is not State.REVIEW
            ),
            unread=tuple(f"{lane.account.name}: {why}." for lane, why in unread.items()),
            differences=tuple(one for found in compared.values() for one in found.differences),
            reviews=tuple(
                self._words(order, "nobody knows whether the broker has it")
                for order in orders
                if order.state is State.REVIEW
            ),
            notes=(*self._notes(traded), *self._unlisted(orders, began)),
            too_early=_why_not_now(began, now, closes),
            held=still_held(await asyncio.to_thread(report_of, facts_of(self._engine))),
        )

    async def _compare(self, lanes: Sequence[Lane]) -> dict[Lane, Compared]:
        found: dict[Lane, Compared] = {}
        self._engine.bus.publish(DayStep(0, len(lanes)))

        async def one(lane: Lane) -> None:
            result = await self._engine.comparison.compare(lane)
            found[lane] = result
            self._engine.bus.publish(DayStep(len(found), len(lanes)))

        await asyncio.gather(*(one(lane) for lane in lanes))
        return {lane: found[lane] for lane in lanes}

    async def _seal(self, report: DayReport) -> DayReport:
        seal = DaySeal(
            day=report.day,
            orders=report.orders,
            fills=report.fills,
            accounts=report.accounts,
            reviews=len(report.reviews),
            differences=report.differences,
            actor=report.actor,
            at_ns=self._clock.wall_ns(),
        )
        try:
            seal = await self._journal.seal_day(seal)
        except JournalFailureError as failure:
            raise RefusedError(f"The day is not sealed: {failure}", code="not_stored") from failure
        notes = report.notes
        try:
            path = await self._seals.export(seal)
        except OSError as error:
            log.warning("the seal of %s was not exported: %s", seal.day, error)
            lost = f"The seal is recorded, but its file could not be written ({error})."
            notes = (*notes, lost)
        else:
            notes = (*notes, f"The seal was written to {path}.")
        return replace(report, seal=seal, notes=notes)

    # ------------------------------------------------------------ words

    def _todays(self) -> list[Order]:
        """Every order that was sent today, or still waits to be."""
        book = self._engine.book
        return [
            order
            for order in book
            if (book.sent_today(order) if order.attempt is not None else not order.state.ended)
        ]

    def _name(self, account: AccountId) -> str:
        lane = self._engine.lanes.get(account)
        return account if lane is None else lane.account.name

    def _words(self, order: Order, what: str = "") -> str:
        terms, state = order.sent_terms, str(order.state).replace("_", " ").lower()
        number = f", order {order.broker_order_id}" if order.broker_order_id else ""
        return (
            f"{self._name(order.intent.account_id)}: {terms.side} {grouped(order.ordered)} "
            f"{terms.instrument.symbol}{number}: {what or state}."
        )

    def _notes(self, traded: Collection[AccountId]) -> tuple[str, ...]:
        book = self._engine.book
        notes = [
            f"{account} was removed today, so its orders were not read again."
            for account in traded
            if self._engine.lanes.get(account) is None
        ]
        older = [
            order
            for order in book
            if order.attempt is not None
            and not book.sent_today(order)
            and not order.state.ended
            and order.state is not State.REVIEW
        ]
        if older:
            notes.append(
                f"{len(older)} orders of earlier days never got their end here, the first is of "
                f"{self._words(older[0])} Today's books do not show them; look at the contract "
                "notes."
            )
        return tuple(notes)

    def _closes(self, orders: Sequence[Order], day: date) -> datetime | None:
        exchanges = {order.key.exchange for order in orders}
        return self._engine.hours.calendar.last_close(exchanges, day)

    def _unlisted(self, orders: Sequence[Order], day: date) -> list[str]:
        """A sentence for each exchange that was sent orders on a day without a session there."""
        calendar = self._engine.hours.calendar
        return [
            f"{exchange} has no session on {day:%d %b %Y} in the calendar, although orders were "
            "sent to it: nobody here knows when it ends. The day is not closed by the program "
            "itself; close it once trading is over, or add the session in calendar.toml."
            for exchange in sorted({order.key.exchange for order in orders})
            if calendar.unlisted(exchange, day)
        ]

    # ------------------------------------------------------------ by itself

    async def keep(self) -> None:
        """Close the day once its last session is over. Runs until cancelled."""
        told, said, began_ns = False, "", self._clock.mono_ns()
        while True:
            try:
                if not told:
                    await self.tell_left_open()
                    told = True
                while self._is_starting(began_ns):
                    await self._clock.sleep(_AFTER_RECOVERY_S)
                if await self.due():
                    await self.close_day(PROGRAM)
            except (RefusedError, JournalFailureError) as failure:
                self._tried_ns = self._clock.mono_ns()
                if str(failure) != said:  # once, not every half a minute
                    self._warn("day_open", str(failure))
                said = str(failure)
            else:
                said = ""
            await self._clock.sleep(_LOOK_EVERY_S)

    def _is_starting(self, began_ns: int) -> bool:
        """True while a start reads the books itself, or waits in its first minute for logins."""
        recovering = self._engine.gate.state is TradingState.RECOVERING
        early = self._clock.mono_ns() - began_ns < _FIRST_LOGINS_NS
        return self._engine.recovery_reads or (recovering and early)

    async def due(self) -> bool:
        """True when the day is over, has orders, and has no seal that came after the last of them.

        A check that could not seal is made again every quarter of an hour.
        """
        if self._tried_ns and self._clock.mono_ns() - self._tried_ns < _AGAIN_AFTER_NS:
            return False
        orders = self._todays()
        now = ist(self._clock.wall_ns())
        if not orders or self._unlisted(orders, now.date()):
            return False  # nobody knows when the sessions of such a day end: a person closes it
        closes = self._closes(orders, now.date())
        if closes is not None and now < closes + SETTLES:
            return False
        seal = await self._seals.newest(now.date())
        return seal is None or any(order.changed_ns > seal.at_ns for order in orders)

    async def tell_left_open(self) -> None:
        """Say once of each earlier day with orders that it was never sealed.

        The broker shows one day: the books of an earlier one cannot be read any more.
        """
        today = ist(self._clock.wall_ns()).date()
        for left in await self._seals.left_open(today - _LOOK_BACK, today):
            sentence = (
                f"{left.day:%d %b %Y} was never closed: {left.orders} orders in {left.accounts} "
                "accounts. The broker does not show that day any more; compare it with the "
                "contract notes."
            )
            command = CommandId(f"left_open:{left.day}")
            wall_ns = self._clock.wall_ns()
            try:
                first = await self._journal.commit_command(
                    command, PROGRAM, "day_left_open", str(left.day), sentence, wall_ns
                )
            except JournalFailureError as failure:
                self._engine.storage_failed(str(failure))
                first = True
            if first:
                self._warn("day_left_open", sentence)

    def _warn(self, code: str, sentence: str) -> None:
        self._engine.book.alarm(code, sentence, severity=Severity.WARNING)


def _why_not_now(began: date, now: datetime, closes: datetime | None) -> str:
    if now.date() != began:
        return "midnight came while the books were read, and they show another day now."
    if closes is not None and now < closes:
        return f"trading goes on until {closes:%H:%M} IST. Close the day after that."
    return ""
