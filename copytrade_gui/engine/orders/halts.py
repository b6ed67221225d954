"""Accounts halted alone, from the finding until a person lifts it (docs/safety.md 2.16, 9.13).

A halt takes hold in memory at once, is told second, and the journal stores what it hears of it
without waiting for a group. Whoever finds something tells it before the fact that follows from it,
so that a crash in between loses both or the fact alone, and the first read of the next start finds
it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.events import AccountHalted, AccountHaltLifted
from copytrade_gui.domain.halt import AccountHalt, Finding
from copytrade_gui.domain.ids import AccountId
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

    def restore(self, halts: Iterable[AccountHalt]) -> None:
        """Put stored halts in force; call it before anything may leave."""
        self._halts = {halt.account_id: halt for halt in halts}
        for lane in self._lanes:
            self.apply(lane)

    def apply(self, lane: Lane) -> None:
        """Show in this lane what holds for its account: it is new here, or came back."""
        halts = self._in_force(lane.account_id)
        reason = " ".join(halt.reason for halt in halts)
        if lane.status.halted != reason:
            since_ns = min((halt.since_ns for halt in halts), default=0)
            self._account_news.halt(lane, reason, since_ns)

    def found(self, account: AccountId, evidence: str, sentence: str, amount: int = 0) -> bool:
        """Halt one account for something in its books; True if that is news, worth an alarm.

        A person who lifted a halt of today for it has seen it: it halts again only if it grew.
        """
        finding = Finding(evidence, sentence, amount)
        client = self._client(account)
        halts = self._of(account)
        if any(self._accepts(halt, finding) for halt in halts):
            return False
        if any(known.covers(finding) for halt in halts for known in halt.findings):
            return False
        now = self._clock.wall_ns()
        old = self._halts.get(account) or AccountHalt(account, client)
        others = tuple(one for one in old.findings if one.evidence != evidence)
        halt = replace(
            old,
            client_id=client or old.client_id,
            findings=(*others, finding),
            since_ns=old.since_ns if old.findings else now,
        )
        self._put(halt)
        self._bus.publish(AccountHalted(halt))
        return len(others) == len(old.findings)

    def lift(self, account: AccountId, saw: str, actor: str, reason: str) -> bool:
        """A person has looked. False if the account is not halted, or not for what he ``saw``."""
        halts = self._in_force(account)
        if not halts or saw != " ".join(halt.reason for halt in halts):
            return False
        now = self._clock.wall_ns()
        for halt in halts:
            kept = halt.accepted if indian_day(halt.lifted_ns) == indian_day(now) else ()
            lifted = replace(
                halt, findings=(), since_ns=0, accepted=(*kept, *halt.findings), lifted_ns=now
            )
            self._put(lifted)
            self._bus.publish(AccountHaltLifted(lifted, actor, reason))
        return True

    # ------------------------------------------------------------ inside

    def _put(self, halt: AccountHalt) -> None:
        self._halts[halt.account_id] = halt
        for lane in self._lanes:
            if halt.holds_for(lane.account_id, lane.account.client_id):
                self.apply(lane)

    def _client(self, account: AccountId) -> str:
        lane = self._lanes.get(account)
        return "" if lane is None else lane.account.client_id

    def _of(self, account: AccountId) -> list[AccountHalt]:
        client = self._client(account)
        return [halt for halt in self._halts.values() if halt.holds_for(account, client)]

    def _in_force(self, account: AccountId) -> list[AccountHalt]:
        return [halt for halt in self._of(account) if halt.findings]

    def _accepts(self, halt: AccountHalt, finding: Finding) -> bool:
        """Order ids may come again on another day, and an old book is not shown any more."""
        today = indian_day(halt.lifted_ns) == indian_day(self._clock.wall_ns())
        return today and any(known.covers(finding) for known in halt.accepted)
