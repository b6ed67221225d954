"""Squaring off: copied positions are closed, account by account, until the books show none.

First whatever of copies works in these positions is cancelled, then each account's positions are
read, because an owner may have traded by himself; then what copies hold is closed at the market,
with a protected price, short legs before the long ones that cover them. Nothing is tried twice by
itself: what was rejected or found no other side stands in the report.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from functools import partial

from msgspec import structs

from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.order import Side
from copytrade_gui.domain.position import OwnKey, PositionKey
from copytrade_gui.domain.square_off import (
    OVER,
    Line,
    Scope,
    SquareOffReport,
    closing_side,
    counted,
    goes_on,
    joined,
    read_scope,
    scope_text,
    went_on_from,
)
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.clearing import Clearing
from copytrade_gui.engine.planning.closable import closing_terms, position_of, whole
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.engine.sending.amendments import Amendments
from copytrade_gui.engine.sending.submission import Submission
from copytrade_gui.engine.stops.square_off_reads import SquareOffReads
from copytrade_gui.engine.stops.square_off_run import (
    Part,
    Rule,
    Run,
    closed_parts,
    leg_of,
    restored,
    rests_long,
    rests_since,
)
from copytrade_gui.ports import (
    PARTLY_SQUARED_OFF_VERB,
    SQUARE_OFF_VERB,
    SQUARED_OFF_VERB,
    STOPPED_SQUARE_OFF_VERB,
    Journal,
    JournalFailureError,
    OpenWork,
)

_LOOK_S = 0.2
_PRICE_S = 10.0
"""So long it is waited for a price to protect an order by, or for the window to answer."""
_LONGEST_S = 120.0
_FRESH_S = 5.0
"""An account's positions are read again where what waits for them has waited longer."""
_PREVIEWED_S = 10.0
"""What owners hold is read anew for a preview where the last read is older than that."""
_AT_ONCE = 100
"""So many lines of a preview are worked out in one turn of the orders' loop."""
_Group = tuple[AccountId, PositionKey, Side]
"""A master, and an instrument and product, in the key of no account; the side that closes."""
_NOBODY, _NOTHING = AccountId(""), CommandId("")


class SquareOffs:
    """The square-offs of the day, by the command that asked for each."""

    def __init__(
        self,
        core: Core,
        *,
        clearing: Clearing,
        submission: Submission,
        amendments: Amendments,
        reads: SquareOffReads,
        journal: Journal,
    ) -> None:
        self._core = core
        self._book = core.book
        self._gate = core.gate
        self._clock = core.clock
        self._closable = reads.closable
        self._clearing = clearing
        self._submission = submission
        self._amendments = amendments
        self._reads = reads
        self._journal = journal
        self._runs: dict[CommandId, Run] = {}

    def restore(self, work: OpenWork) -> None:
        """Take up today's; one that the program's end broke off is not gone on with by itself."""
        for begun in work.square_offs:
            run = restored(begun, work.plans)
            if run.broken_off:
                for key, part in self._parts(read_scope(begun.scope)).items():
                    part.before = None
                    run.parts.setdefault(key, part)
            self._runs[run.command] = run

    # ------------------------------------------------------------ what a person asks

    async def preview(self, scope: Scope) -> list[Line]:
        """What would be closed, by what is known now and by prices that are asked for."""
        await self._closable.owned.learn(scope, _PREVIEWED_S)
        held = self._closable.held(scope)
        await self._core.quotes.refresh(list({key.instrument: None for key in held}))
        held.update(dict.fromkeys(self._closable.entering(scope) if held else (), 0))
        orders = Counter(position_of(order) for order in self._closable.working(whole(scope, held)))
        lines = []
        for number, (key, net) in enumerate(held.items(), start=1):
            lines.append(self._closable.line(key, net, orders[key]))
            if not number % _AT_ONCE:
                await self._clock.sleep(0)  # orders come first
        return lines

    async def begin(
        self, scope: Scope, command: CommandId, actor: str, rule: Rule | None = None
    ) -> None:
        """Close what copies hold in a scope; the same command twice is one square-off.

        ``rule`` is what has it done where no person does.

        Raises DeniedError: nothing was stored, cancelled or sent.
        """
        if command in self._runs:
            return
        if not self._gate.may_plan:
            raise DeniedError("stopped", self._gate.why_not() or "Trading is stopped.")
        await self._closable.owned.learn(scope, 2 * _PREVIEWED_S)
        held = counted(self.must_hold(scope), "position")
        now_ns, words = self._clock.wall_ns(), f"Of {held}."
        try:
            fresh = await self._journal.commit_command(
                command, actor, SQUARE_OFF_VERB, scope_text(scope), words, now_ns
            )
        except JournalFailureError as failure:
            self._core.news.storage_failed(str(failure))
            raise DeniedError("not_recorded", str(failure)) from failure
        if not fresh:  # the other press has begun it
            return
        parts = self._free({**self._entering(scope), **self._parts(scope)})
        run = Run(
            command=command, actor=actor, began_ns=now_ns, parts=parts, rule=rule,
            began_mono_ns=self._clock.mono_ns(),
        )  # fmt: skip
        if (before := self._runs.get(went_on_from(command) or _NOTHING)) is not None:
            for key, part in closed_parts(before).items():
                run.parts.setdefault(key, part)
        self._runs[command] = run
        self._core.work.start(self._run(run), f"square-off {command}")

    def must_hold(self, scope: Scope) -> int:
        """How many positions a square-off of this scope would close.

        Raises DeniedError: there are none, or another square-off is about to close them.
        """
        if not self._closable.held(scope):
            whose = "Accounts hold" if any(one.owners for one in scope) else "Copies hold"
            raise DeniedError("nothing_held", f"{whose} nothing there any more.")
        if not (free := self._free(self._parts(scope))):
            raise DeniedError(
                "squaring_off", "These positions are being squared off already. See its report."
            )
        return len(free)

    def began(self, account: AccountId, since_ns: int) -> bool:
        """True if a square-off of something in this account began at ``since_ns`` (UTC) or after;
        of an earlier life of the program it counts if anything was sent, or if it was broken off.
        """
        runs = (run for run in self._runs.values() if run.began_ns >= since_ns)
        return any(account in run.accounts for run in runs)

    def report(self, command: CommandId | None = None) -> SquareOffReport | None:
        """A square-off as it stands now, the newest of today unless named; None: there is none."""
        if command is None:
            runs = reversed(self._runs.values())
            run = next((one for one in runs if self._book.is_today(one.began_ns)), None)
        else:
            run = self._runs.get(command)
        if run is None or run.final is not None:
            return None if run is None else run.final
        orders, held, name = self._reads.orders(run), self._reads.held(run), self._closable.name
        told = (
            leg_of(run, part, orders.get(key, ()), held[key], name(key.account_id))
            for key, part in run.parts.items()
        )
        legs = {leg.key: leg for leg in told if not run.held_nothing(leg)}
        before = went_on_from(run.command)
        earlier = None if before is None else self.report(before)
        for leg in () if earlier is None else earlier.legs:
            legs[leg.key] = joined(leg, legs[leg.key]) if leg.key in legs else leg
        report = SquareOffReport(
            command_id=run.command,
            began_ns=run.began_ns if earlier is None else earlier.began_ns,
            legs=tuple(legs.values()),
            cancelled=run.cancelled + (0 if earlier is None else earlier.cancelled),
            over=run.over,
            broken_off=run.broken_off or (run.over and run.stopped),
            stopped=run.stopped,
        )
        if run.over and not run.restored and all(leg.state in OVER for leg in report.legs):
            run.final = report
        return report

    def broken_off(self) -> SquareOffReport | None:
        """The newest of today that was broken off, left something, and was not gone on with."""
        for run in reversed(self._runs.values()):
            if not run.over or not (run.broken_off or run.stopped):
                continue
            if goes_on(run.command) in self._runs or not self._book.is_today(run.began_ns):
                continue
            report = self.report(run.command)
            if report is not None and report.left:
                return report
        return None

    # ------------------------------------------------------------ one of them

    def _free(self, parts: dict[PositionKey, Part]) -> dict[PositionKey, Part]:
        """Those positions that no other square-off is about to close."""
        taken: set[PositionKey] = set()
        for run in self._runs.values():
            if not run.over:
                orders = self._reads.orders(run)
                taken.update(
                    key
                    for key, part in run.parts.items()
                    if part.waits or rests_since(orders, key) == 0
                )
        return {key: part for key, part in parts.items() if key not in taken}

    def _entering(self, scope: Scope) -> dict[PositionKey, Part]:
        """What may be held there soon, by copies that work: they are cancelled with the others."""
        found = self._closable.entering(scope)
        return {key: Part(key=key, instrument=one, before=0) for key, one in found.items()}

    def _parts(self, scope: Scope) -> dict[PositionKey, Part]:
        parts = {}
        for key, units in self._closable.held(scope).items():
            part = Part(key=key, instrument=self._closable.instrument(key), before=units)
            part.choose(scope)
            parts[key] = part
        return parts

    async def _run(self, run: Run) -> None:
        try:
            await self._carry_out(run)
        finally:
            run.over = True  # also after an error of ours, which the work tells
        await self._tell(run)

    async def _carry_out(self, run: Run) -> None:
        # What an earlier one closed may have been copied anew: that is nothing of this one's.
        chosen = {key for key in run.whole if run.parts[key].waits}
        working = self._closable.working(chosen)
        run.cancelled = len(working)
        self._amendments.cancel(working, reason="Cancelled by a square-off.", anew=True)
        for account in run.accounts:
            self._core.work.start(self._reads.prepare(run, account), f"square-off of {account}")
        ends_ns = self._clock.mono_ns() + int(_LONGEST_S * 1e9)
        began_ns = self._clock.mono_ns()
        while self._clock.mono_ns() < ends_ns:
            await self._send_ready(run, waited_s=(self._clock.mono_ns() - began_ns) / 1e9)
            if self._quiet(run):
                break
            await self._clock.sleep(_LOOK_S)
        run.give_up("not_ended", "It took too long to get ready. Square it off again.")
        await asyncio.gather(*(self._reads.prove(run, account) for account in run.accounts))

    async def _send_ready(self, run: Run, *, waited_s: float) -> None:
        """Close what is ready now: a plan for each master, instrument, product and side."""
        for account in run.outdated(self._clock.mono_ns() - int(_FRESH_S * 1e9)):
            self._core.work.start(self._reads.prepare(run, account), f"square-off of {account}")
        waiting = [
            one for one in run.parts.values() if one.waits and one.key.account_id in run.rows
        ]
        if not waiting:
            return
        if not self._gate.state.allows_new_plans:
            run.stopped = True
            run.give_up("stopped", self._gate.why_not() or "Trading is stopped.")
            return
        await self._core.quotes.refresh(list({part.key.instrument: None for part in waiting}))
        orders, held = self._reads.orders(run), self._reads.held(run)
        groups: defaultdict[_Group, dict[AccountId, int]] = defaultdict(dict)
        for part in waiting:
            key, net = part.key, held[part.key]
            if not net:
                part.tried = True
                continue
            if self._waits_for_other(run, part, orders, held):
                continue
            if kept := run.why_not(part, net):
                part.give_up("changed", kept)
                continue
            account, side = key.account_id, closing_side(net)
            sized = self._closable.sized(key, net, run.rows[account][0])
            if not sized.quantity:
                part.give_up(sized.code, sized.reason)
                continue
            part.code, part.reason = "", sized.reason  # why less than all of it is closed
            what = structs.replace(key, account_id=_NOBODY)
            for master, units in self._closable.by_master(key, sized.quantity, side, part.first):
                groups[master, what, side][account] = units
        for group, quantities in sorted(groups.items(), key=lambda one: one[0][2]):
            await self._place(run, group, quantities, last=waited_s >= _PRICE_S)

    async def _place(
        self, run: Run, group: _Group, quantities: dict[AccountId, int], *, last: bool
    ) -> None:
        master, what, side = group
        parts = [run.parts[structs.replace(what, account_id=one)] for one in quantities]
        own = isinstance(what, OwnKey)
        instrument, command = parts[0].instrument, run.next_command()
        terms = closing_terms(instrument, side, what.product, sum(quantities.values()))
        sizes = {part.key.account_id: run.sized(part, quantities) for part in parts}
        try:
            placed = await self._submission.submit(
                command,
                partial(self._clearing.closing, master, terms, sizes, command, own=own),
                actor=run.actor,
            )
        except DeniedError as denied:
            if last or denied.code not in ("no_price", "stopped"):
                for part in parts:
                    part.give_up(denied.code, denied.sentence)
            return
        run.plans.append(placed.plan.plan_id)
        for part in parts:
            part.tried = True

    def _waits_for_other(
        self,
        run: Run,
        part: Part,
        orders: dict[PositionKey, list[Order]],
        held: dict[PositionKey, int],
    ) -> bool:
        """True while another part of the account has to be closed first, or a read to come."""
        now_ns = self._clock.wall_ns()
        if run.waits_for_short(part, orders, held, now_ns):
            return True
        # One old read cannot tell an owner's part from what copies filled since.
        owned, account = self._closable.owned, part.key.account_id
        own = isinstance(part.key, OwnKey)
        return own and not owned.read_since(account, run.began_mono_ns)

    def _rests(self, since_ns: int) -> bool:
        return rests_long(since_ns, self._clock.wall_ns())

    def _quiet(self, run: Run) -> bool:
        """True if nothing is to be sent, and no order of it moves."""
        if any(part.waits for part in run.parts.values()):
            return False
        orders = self._reads.orders(run)
        since = (rests_since(orders, key) for key in orders)
        return all(one is None or self._rests(one) for one in since)

    async def _tell(self, run: Run) -> None:
        """A person is told what came of it, and the trail that it is over."""
        report = self.report(run.command)
        if report is None:
            return
        fine = not report.left and report.proven
        stopped = run.stopped and bool(report.left)
        verb = STOPPED_SQUARE_OFF_VERB if stopped else PARTLY_SQUARED_OFF_VERB
        self._book.alarm(
            "square_off",
            f"Square-off: {report.in_words}",
            severity=Severity.INFO if fine else Severity.WARNING,
        )
        try:
            await self._journal.commit_command(
                CommandId(f"{run.command}/over"),
                run.actor,
                SQUARED_OFF_VERB if fine else verb,
                run.command,
                report.in_words,
                self._clock.wall_ns(),
            )
        except JournalFailureError as failure:
            self._core.news.storage_failed(str(failure))
