"""Drift that is reduced without a person, where the link's setting says so.

Copies whose master holds none any more, and of which all figures add up, are squared off once two
rounds of complete reads, a minute apart, have shown the same. It is done once until they are flat,
also over a restart: what that did not close is told, and stays with a person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import chain

from msgspec import Struct

from copytrade_gui.domain.drift import REDUCED, REDUCED_AFTER_S, ReduceDrift
from copytrade_gui.domain.drift_report import DriftLine
from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.domain.seen import Seen
from copytrade_gui.domain.square_off import OVER, Leg, counted, read_scope
from copytrade_gui.domain.typed import listed
from copytrade_gui.engine.books.poller import Poller
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.engine.signals.drift_facts import Copied, DriftFacts
from copytrade_gui.engine.signals.drift_lines import drift_of
from copytrade_gui.engine.signals.master import MasterSignals
from copytrade_gui.engine.stops.square_off import SquareOffs
from copytrade_gui.engine.stops.square_off_run import Rule
from copytrade_gui.ports import OpenWork

_ACTOR = "drift"
_AT_A_TIME = 50
"""So many positions are judged in one turn of the loop."""
_WAIT_NS = REDUCED_AFTER_S * 1_000_000_000
_NOT_BEGUN = frozenset({"nothing_held", "squaring_off", "stopped"})
"""A square-off that was denied for one of these has recorded nothing."""
_BY_A_PERSON = frozenset({Seen.ASKED, Seen.IGNORED})
"""What became of a master's trade elsewhere while a person decides about it, or has said no."""
_NAMED = 4


class _Finding(Struct):
    """Copies that are too many: signed units, of what copies hold in all. Monotonic ns.

    ``shown_ns`` is when complete reads first showed it that were asked for after ``since_ns``.
    """

    units: int
    copied: int
    since_ns: int
    shown_ns: int = 0


class _Try(Struct):
    """The one square-off of a position until it is flat; ``told`` when its end was."""

    units: int
    command: CommandId
    told: bool = False


class DriftReducer:
    """Looks by itself while a link asks for it; places nothing but square-offs of a part."""

    def __init__(
        self,
        core: Core,
        facts: DriftFacts,
        elsewhere: MasterSignals,
        square_offs: SquareOffs,
        poller: Poller,
    ) -> None:
        self.facts = facts
        self._poller = poller
        self._elsewhere = elsewhere
        self._square_offs = square_offs
        self._book = core.book
        self._lanes = core.lanes
        self._gate = core.gate
        self._hours = core.hours
        self._clock = core.clock
        self._work = core.work
        self._every = core.settings.drift_look
        self._found: dict[PositionKey, _Finding] = {}
        self._tries: dict[PositionKey, _Try] = {}
        self._looking = False

    def restore(self, work: OpenWork) -> None:
        """A start: what was begun today is not begun again."""
        self.facts.ignored.update(work.ignored_drift)
        for begun in work.square_offs:
            for one in read_scope(begun.scope) if begun.actor == _ACTOR else ():
                if one.account_id and one.instrument and one.product:
                    key = PositionKey(one.account_id, one.instrument, one.product)
                    self._tries[key] = _Try(0, begun.command_id)
        if self._asked_for():
            self._begin()

    def concerns(self, link: Link) -> None:
        """A link is gone by from now on: look as long as one of them asks for it."""
        if link.reduce_drift is ReduceDrift.YES:
            self._begin()

    # ------------------------------------------------------------ looking

    def _begin(self) -> None:
        if not self._looking:
            self._looking = True
            self._work.later(self._every, self._look)

    def _asked_for(self) -> bool:
        links = (one.link for lane in self._lanes for one in lane.links.values())
        return any(link.reduce_drift is ReduceDrift.YES for link in links) or bool(self._tries)

    def _look(self) -> None:
        self._work.start(self._look_at_all(), "look for drift to reduce")

    async def _look_at_all(self) -> None:
        try:
            self._follow_up()
            ripe: list[DriftLine] = []
            positions = self._too_many(self.facts.copied())
            for first in range(0, len(positions), _AT_A_TIME):
                lines = self._lines(positions[first : first + _AT_A_TIME])
                ripe += [line for line in lines if self._is_ripe(line)]
                await self._clock.sleep(0)  # orders come first
            keys = {copies[0][1] for copies in positions}
            self._found = {key: one for key, one in self._found.items() if key in keys}
            if ripe:
                await self._square_off(ripe)
        finally:
            self._looking = False
            if self._asked_for():
                self._begin()

    def _too_many(self, copied: Iterable[Copied]) -> list[list[Copied]]:
        """Those of masters who are out, by links that have them reduced, by position: the parts of
        several masters are closed as one.
        """
        if not self._gate.may_plan:
            return []
        out: dict[tuple[object, ...], bool] = {}
        found: dict[PositionKey, list[Copied]] = {}
        for one in copied:
            master, key, _ = one
            if not self._reduces(master, key):
                continue
            part = (master, key.instrument, key.product)
            if part not in out:
                out[part] = (
                    self.facts.is_out(*part)
                    and self.facts.holds_none(master, key.instrument)
                    and not self._decides(*part)
                )
            if out[part]:
                found.setdefault(key, []).append(one)
        return list(found.values())

    def _reduces(self, master: AccountId, key: PositionKey) -> bool:
        """True if a link has it reduced, and orders can leave for it now."""
        lane = self._lanes.get(key.account_id)
        linked = None if lane is None else lane.links.get(master)
        if lane is None or linked is None or linked.link.reduce_drift is not ReduceDrift.YES:
            return False
        return not linked.link.state.stops and not lane.why_not()[0]

    def _decides(self, master: AccountId, *part: object) -> bool:
        """True if a person decides, or said no, about what the master traded of it elsewhere."""
        return any(
            (one.account_id, one.key, one.product) == (master, *part)
            and one.became in _BY_A_PERSON
            and one.filled_quantity
            for one in self._elsewhere.orders()
        )

    def _lines(self, positions: Iterable[Iterable[Copied]]) -> tuple[DriftLine, ...]:
        return drift_of(self.facts.now([*chain.from_iterable(positions)]), {}).lines

    def _is_ripe(self, line: DriftLine) -> bool:
        """True once it has been so for long enough, and was read at both ends of that time."""
        key, units, now = line.key, line.reducible, self._clock.mono_ns()
        found, tried = self._found.get(key), key in self._tries
        if not units or tried or not self._trades(line):
            self._found.pop(key, None)
            return False
        if found is None or (found.units, found.copied) != (units, line.copied):
            found = self._found[key] = _Finding(units, line.copied, now)
        if not found.shown_ns:
            if self._was_read(line, found.since_ns):
                found.shown_ns = now
            return False
        ends_ns = found.shown_ns + _WAIT_NS
        return now >= ends_ns and self._was_read(line, ends_ns)

    def _trades(self, line: DriftLine) -> bool:
        """True while its market trades, and its broker does not close it by himself."""
        instrument = line.instrument
        if instrument is None or self._hours.why_closed(instrument):
            return False
        return not self._hours.broker_ends(instrument, line.key.product)

    def _was_read(self, line: DriftLine, since_ns: int) -> bool:
        """True if all that a line goes by was read by calls since ``since_ns``, monotonic.

        The account's positions and, after those, its order book; its masters' books as well. What
        was not is read now; the masters' positions come at their own pace.
        """
        account, facts = line.key.account_id, self.facts
        if not facts.positions.tell(account, since_ns):
            return False
        books = {account: facts.positions.book(account).ended_ns}
        books |= dict.fromkeys(line.out, since_ns)
        days = {one: facts.owner_orders.of(one) for one in books}
        unread = [one for one, day in days.items() if day is None or day.began_ns < books[one]]
        for one in unread:
            self._poller.look(one, 0.0)
        shown = (facts.positions.book(master).began_ns for master in line.out)
        return not unread and all(began_ns >= since_ns for began_ns in shown)

    # ------------------------------------------------------------ acting

    async def _square_off(self, ripe: Sequence[DriftLine]) -> None:
        command = CommandId(f"drift at {self._clock.wall_ns()}")
        scope = tuple(chosen for line in ripe for chosen in line.exit)
        reasons = {line.key: (REDUCED, line.verdict.reason) for line in ripe}
        for line in ripe:
            self._tries[line.key] = _Try(line.reducible, command)
            del self._found[line.key]
        try:
            rule = Rule(reasons.__getitem__, self._why_not)
            await self._square_offs.begin(scope, command, _ACTOR, rule)
        except DeniedError as denied:
            if denied.code in _NOT_BEGUN:
                for key in reasons:
                    del self._tries[key]
            else:
                self._tell(reasons, f"Drift could not be reduced by itself: {denied.sentence}")
            return
        units = sum(abs(line.reducible) for line in ripe)
        self._tell(
            reasons,
            f"{counted(units, 'copied unit')} outlived the master's position by "
            f"{REDUCED_AFTER_S} s, so they are squared off, as the link's setting says.",
            Severity.WARNING,
        )

    def _why_not(self, key: PositionKey, units: int) -> str:
        """Right before an order for so many ``units`` of it, signed, leaves: why none may."""
        tried = self._tries.get(key)
        lines = self._lines(self._too_many(self.facts.copied(key)))
        reducible = lines[0].reducible if lines and self._trades(lines[0]) else 0
        if tried is None or reducible != tried.units or units != tried.units:
            return "It stands differently than a moment ago, so nothing was sent."
        return ""

    def _follow_up(self) -> None:
        """Forget what was closed; what a square-off that is over left is told once."""
        left: dict[PositionKey, str] = {}
        for key, tried in list(self._tries.items()):
            report = self._square_offs.report(tried.command)
            legs = () if report is None else report.legs
            leg = next((one for one in legs if one.key == key), None)
            if report is not None and (not report.over or (leg and leg.state not in OVER)):
                continue
            if not self.facts.copied_of(key) or (leg is not None and _is_done(tried, leg)):
                del self._tries[key]  # what is copied next is another finding
            elif not tried.told:
                tried.told = True
                left[key] = "" if leg is None else f"{leg.reason} "
        if left:
            units = sum(abs(self.facts.copied_of(key)) for key in left)
            why = next(iter(left.values()))
            self._tell(
                left,
                f"Drift was to be reduced by itself, and copies still hold "
                f"{counted(units, 'unit')}. {why}It is not tried again: look at it in Drift.",
            )

    def _tell(
        self,
        keys: Collection[PositionKey],
        sentence: str,
        severity: Severity = Severity.CRITICAL,
    ) -> None:
        """One alarm, with the first few names."""
        first = next(iter(keys))
        names = listed([self.facts.name(key) for key in keys], _NAMED)
        self._book.alarm(
            REDUCED,
            f"{names}: {sentence}",
            account=first.account_id if len(keys) == 1 else None,
            severity=severity,
        )


def _is_done(tried: _Try, leg: Leg) -> bool:
    """True if a square-off closed it, or sent nothing because it was not too many any more."""
    closed = tried.units and leg.closed >= abs(tried.units)
    return bool(not leg.left or closed or leg.code == "changed")
