"""Accounts stopped alone, from the finding until a person lifts it (docs/safety.md 2.16, 9.13).

A finding halts its account, or lets only exits pass; one about a day ends with that day.

A halt takes hold in memory at once, is told second, and the journal stores what it hears of it
without waiting for a group. Whoever finds something tells it before the fact that follows from it,
so that a crash in between loses both or the fact alone, and the first read of the next start finds
it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from copytrade_gui.domain.account import client_key
from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.events import AccountHalted, AccountHaltLifted
from copytrade_gui.domain.halt import AccountHalt, Finding
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.records import ENGINE
from copytrade_gui.domain.scope import is_whole, wholes_of
from copytrade_gui.engine.orders.account_news import AccountNews
from copytrade_gui.engine.orders.bus import Bus
from copytrade_gui.engine.orders.lane import Lane, Lanes
from copytrade_gui.ports import Clock


class Halts:
    """Keeps every halt, also of accounts that were removed, and shows it in the lanes."""

    def __init__(self, lanes: Lanes, account_news: AccountNews, bus: Bus, clock: Clock) -> None:
        self._lanes = lanes
        self._account_news = account_news
        self._bus = bus
        self._clock = clock
        self._halts: dict[AccountId, AccountHalt] = {}
        self._of_client: dict[str, list[AccountId]] = {}
        """Whose halts may hold for a client at the broker, by ``client_key``."""

    def restore(self, halts: Iterable[AccountHalt]) -> None:
        """Put stored halts in force; call it before anything may leave."""
        for halt in halts:
            self._keep(halt)
        self._apply_all()

    def apply(self, lane: Lane) -> None:
        """Show in this lane what holds for its account: it is new here, or came back."""
        halts = self._in_force(lane.account_id)
        found = [one for halt in halts for one in self._findings(halt)]
        halted = " ".join(one.sentence for one in found if not one.only_exits)
        only_exits = " ".join(one.sentence for one in found if one.only_exits)
        if (lane.status.halted, lane.status.only_exits) != (halted, only_exits):
            since_ns = min((halt.since_ns for halt in halts), default=0)
            ends = bool(found) and all(one.day for one in found)
            self._account_news.halt(lane, halted, only_exits, since_ns, ends_by_itself=ends)

    def found(self, account: AccountId, evidence: str, sentence: str, amount: int = 0) -> bool:
        """Halt one account for something in its books; True if that is news, worth an alarm.

        A person who lifted a halt of today for it has seen it: it halts again only if it grew.
        """
        return self.stop(account, Finding(evidence, sentence, amount))

    def stop(self, account: AccountId, finding: Finding, actor: str = ENGINE) -> bool:
        """As ``found``, of an account, a group or every follower (``domain.scope``)."""
        client = self._client(account)
        halts = self._of(account)
        if any(self._accepts(halt, finding) for halt in halts):
            return False
        if any(known.covers(finding) for halt in halts for known in self._findings(halt)):
            return False
        now = self._clock.wall_ns()
        old = self._halts.get(account) or AccountHalt(account, client)
        held = self._findings(old)
        others = tuple(one for one in held if one.evidence != finding.evidence)
        halt = replace(
            old,
            client_id=client or old.client_id,
            findings=(*others, finding),
            since_ns=old.since_ns if held else now,
        )
        self._put(halt)
        self._bus.publish(AccountHalted(halt, actor))
        return len(others) == len(held)

    def lift(self, account: AccountId, saw: str, actor: str, reason: str) -> bool:
        """A person has looked. False if the account is not stopped, or not for what he ``saw``.

        What stops several together is lifted for all of them.
        """
        lane, halts = self._lanes.get(account), self._in_force(account)
        if not halts or lane is None or saw != lane.status.stopped:
            return False
        now = self._clock.wall_ns()
        for halt in halts:
            kept = halt.accepted if indian_day(halt.lifted_ns) == indian_day(now) else ()
            accepted = (*kept, *self._findings(halt))
            lifted = replace(halt, findings=(), since_ns=0, accepted=accepted, lifted_ns=now)
            self._put(lifted)
            self._bus.publish(AccountHaltLifted(lifted, actor, reason))
        return True

    def found_in(self, account: AccountId) -> list[Finding]:
        """All that stops an account now, with what stops several together."""
        return [one for halt in self._in_force(account) for one in self._findings(halt)]

    def kills(self, account: AccountId) -> bool:
        """True while whatever of ours works in this account is to be cancelled."""
        return any(one.kills for one in self.found_in(account))

    def kills_all(self, account: AccountId) -> bool:
        """True while what its owner placed himself in this account is to be cancelled as well."""
        return any(one.kills and one.all_orders for one in self.found_in(account))

    def halted_ns(self, scope: AccountId) -> int:
        """Since when a scope itself is halted, UTC ns; 0: nothing halts it, or only exits pass."""
        found = self.findings_of(scope)
        return self._halts[scope].since_ns if any(not one.only_exits for one in found) else 0

    def findings_of(self, scope: AccountId) -> tuple[Finding, ...]:
        """What stops this scope itself now, whatever stops those in it alone."""
        halt = self._halts.get(scope)
        return () if halt is None else self._findings(halt)

    def turn_day(self) -> None:
        """A new day began: what was about the one before holds no more."""
        self._apply_all()

    @property
    def end_by_themselves(self) -> bool:
        """True while something is in force that ends with its day."""
        return any(one.day for halt in self._halts.values() for one in self._findings(halt))

    # ------------------------------------------------------------ inside

    def _apply_all(self) -> None:
        for lane in self._lanes:
            self.apply(lane)

    def _keep(self, halt: AccountHalt) -> None:
        self._halts[halt.account_id] = halt
        if halt.client_id:
            known = self._of_client.setdefault(client_key(halt.client_id), [])
            if halt.account_id not in known:
                known.append(halt.account_id)

    def _put(self, halt: AccountHalt) -> None:
        self._keep(halt)
        whole = is_whole(halt.account_id)
        for lane in self._lanes:
            if whole or halt.holds_for(lane.account_id, lane.account.client_id):
                self.apply(lane)

    def _client(self, account: AccountId) -> str:
        lane = self._lanes.get(account)
        return "" if lane is None else lane.account.client_id

    def _of(self, account: AccountId) -> list[AccountHalt]:
        lane, names = self._lanes.get(account), [account]
        if lane is not None:
            names += self._of_client.get(client_key(lane.account.client_id), ())
            names += wholes_of([linked.link for linked in lane.links.values()])
        return [self._halts[name] for name in dict.fromkeys(names) if name in self._halts]

    def _in_force(self, account: AccountId) -> list[AccountHalt]:
        return [halt for halt in self._of(account) if self._findings(halt)]

    def _findings(self, halt: AccountHalt) -> tuple[Finding, ...]:
        """Those that have not ended with their day."""
        if not halt.findings:
            return ()
        today = indian_day(self._clock.wall_ns())
        return tuple(one for one in halt.findings if one.holds_on(today))

    def _accepts(self, halt: AccountHalt, finding: Finding) -> bool:
        """Order ids may come again on another day, and an old book is not shown any more."""
        today = indian_day(halt.lifted_ns) == indian_day(self._clock.wall_ns())
        return today and any(known.covers(finding) for known in halt.accepted)
