"""OFFLINE: accounts whose broker does not answer, or that leave from a new address of ours.

docs/safety.md 9.35, 9.36, 9.49. An account that is OFFLINE sends nothing; what waits for
it grows STALE by age. It is read on, at a slower pace, and the first whole read of its order book
brings it back: that read is answered, authorised and believed. Each account stands alone; only when
all that are logged in were silent at one time was it this machine's network, and then the books are
checked as after a start before anything leaves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.route import why_unregistered
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.ports import BrokerOrder, BrokerSession, Read, Silence

log = logging.getLogger(__name__)

_NO_ANSWER = (
    "The broker does not answer. Check this machine's network; the account goes on by itself when "
    "its order book can be read again."
)
_NOT_THE_BROKER = (
    "Whoever answers at the broker's address could not prove to be the broker; nothing is sent to "
    "it. Check this machine's date and whether a proxy or a login page stands in between. {problem}"
)
_NO_WAY = (
    "{problem}. Nothing is sent another way; the account goes on by itself when its route carries "
    "again."
)
_NEW_ADDRESS = (
    "This machine's address changed from {old} to {new}. The next order leaves when the order book "
    "was read from there; register the new address with the broker if it refuses."
)
_ANNOUNCE_AFTER = 1.0


class Offline:
    """Decides which accounts are OFFLINE and when they come back."""

    def __init__(self, core: Core, look: Callable[[AccountId, float], None]) -> None:
        """``look`` has the books of an account read in so many seconds."""
        self._lanes = core.lanes
        self._account_news = core.account_news
        self._book = core.book
        self._clock = core.clock
        self._work = core.work
        self._settings = core.settings
        self._look = look
        self._news = core.news
        self._silent: dict[AccountId, int] = {}
        """Calls in a row without any answer."""
        self._since_ns: dict[AccountId, int] = {}
        """Monotonic time of the first of them."""
        self._routed: set[AccountId] = set()
        """Accounts whose route did not carry the last of them: its fault, or this machine's."""
        self._down_since_ns = 0
        """Since when this machine has no network; 0 while it has one."""
        self._suspect_again_ns = 0
        self._moved: set[AccountId] = set()
        """Accounts that are OFFLINE for a new address of ours; no connection is of before it."""
        self._moving: set[AccountId] = set()
        """Those of them whose connections of before are still being closed."""
        self._proof_from_ns: dict[AccountId, int] = {}
        """Monotonic: a read that was asked for before proves what was, not what is."""
        self._gone: dict[AccountId, str] = {}
        self._back: dict[AccountId, str] = {}

    # ------------------------------------------------------------ what is heard

    def attach(self, lane: Lane, session: BrokerSession) -> None:
        """A session begins: nothing is known against it, and its address is watched."""
        self._forget(lane.account_id)
        self._account_news.left_from(lane, ())
        session.hear_address(partial(self._address_changed, lane, session))
        if self._down_since_ns:
            self._network_is_back()  # it was logged in over it

    def unanswered(self, account: AccountId, silence: Silence, problem: str) -> None:
        """A call of this account got no answer at all; ``problem`` says why in one sentence."""
        lane = self._lanes.get(account)
        if lane is None:
            return
        count = self._silent[account] = self._silent.get(account, 0) + 1
        self._since_ns.setdefault(account, self._clock.mono_ns())
        (self._routed.add if silence is Silence.ROUTE else self._routed.discard)(account)
        if silence is Silence.CERTIFICATE:
            self._go_offline(lane, _NOT_THE_BROKER.format(problem=problem))
        elif silence is Silence.ROUTE:
            self._go_offline(lane, _NO_WAY.format(problem=problem.rstrip(". ")))
        elif count >= self._settings.offline_after:
            self._go_offline(lane, _NO_ANSWER)
        pace = self.next_read_in(lane)
        if pace:
            self._look(account, pace)

    def answered(self, lane: Lane) -> None:
        """A call of this account was answered, whatever the answer."""
        if lane.status.session is not SessionState.OFFLINE:
            self._forget(lane.account_id)

    def suspect(self) -> None:
        """Something else could not reach the broker: see whether the accounts can."""
        for lane in self._lanes:
            if lane.status.session is SessionState.READY:
                self._look(lane.account_id, self._work.jitter(self._settings.offline_first))

    async def heard(self, lane: Lane, read: Read[BrokerOrder], began_ns: int) -> None:
        """An order book was asked for at ``began_ns``: act on silence, an answer, a whole read."""
        account, session = lane.account_id, lane.session
        if read.silence is not None:
            self.unanswered(account, read.silence, read.problem)
        elif lane.status.session is not SessionState.OFFLINE:
            self._forget(account)
        elif read.address_refused:
            self._forget(account)
            self._account_news.session(lane, SessionState.BLOCKED, read.problem)
            self._book.alarm("address", f"{read.problem} Then log in again.", account=account)
        elif read.whole and session is not None:
            if account in self._moving or began_ns < self._proof_from_ns.get(account, 0):
                return
            if account not in self._moved:
                await session.drop_connections()  # what was open before leads nowhere
            if lane.session is session and lane.status.session is SessionState.OFFLINE:
                self._come_back(lane)
        elif lane.status.session_reason != read.problem:
            self._account_news.session(lane, SessionState.OFFLINE, read.problem)

    def next_read_in(self, lane: Lane) -> float:
        """Seconds until the book should be read again; 0 when silence is no reason to."""
        account, state = lane.account_id, lane.status.session
        count = self._silent.get(account, 0)
        if state is SessionState.OFFLINE or (count and state is SessionState.READY):
            slower = max(0, min(count - self._settings.offline_after, 8))
            return float(
                min(self._settings.offline_first * 2**slower, self._settings.offline_slowest)
            )
        return 0.0

    # ------------------------------------------------------------ connections

    async def drop_connections(self) -> None:
        """All connections were opened before the machine slept (docs/safety.md 9.34)."""
        sessions = [lane.session for lane in self._lanes if lane.session is not None]
        drops = (session.drop_connections() for session in sessions)
        for outcome in await asyncio.gather(*drops, return_exceptions=True):
            if isinstance(outcome, Exception):  # a bug, and no reason to skip what follows
                log.error("connections were not dropped", exc_info=outcome)

    # ------------------------------------------------------------ going and coming

    def _go_offline(self, lane: Lane, reason: str) -> None:
        state = lane.status.session
        if state not in (SessionState.READY, SessionState.OFFLINE):
            return  # nothing leaves anyway, and what a person must do is another thing
        if lane.status.session_reason != reason or state is SessionState.READY:
            self._account_news.session(lane, SessionState.OFFLINE, reason)
            self._proof_from_ns[lane.account_id] = self._clock.mono_ns()
            self._note(self._gone, lane, reason)
            self._see_machine()

    def _see_machine(self) -> None:
        """Is it one account, or does this machine have no network?

        A route that does not carry is no answer: its proxy or source address is at fault, or the
        network before it. Since when is told by the others, if there are any.
        """
        out, routed = list[int](), list[int]()
        answered = 0
        for lane in self._lanes:
            state, since_ns = lane.status.session, self._since_ns.get(lane.account_id)
            if state is SessionState.OFFLINE and since_ns is not None:
                (routed if lane.account_id in self._routed else out).append(since_ns)
            elif state in (SessionState.READY, SessionState.OFFLINE):
                answered += 1
        if not answered:
            self._down_since_ns = self._down_since_ns or min(out or routed)
            return
        now_ns = self._clock.mono_ns()
        many = len(out) + len(routed) >= self._settings.offline_suspects
        if many and now_ns >= self._suspect_again_ns:
            self._suspect_again_ns = now_ns + int(self._settings.offline_slowest * 1e9)
            self.suspect()

    def _come_back(self, lane: Lane) -> None:
        self._forget(lane.account_id)
        if self._down_since_ns:
            self._network_is_back()
        self._account_news.session(lane, SessionState.READY)
        self._note(self._back, lane, "The broker answers again, and its order book was read.")
        self._news.ready()

    def _network_is_back(self) -> None:
        gap_ns = self._clock.mono_ns() - self._down_since_ns
        self._down_since_ns = 0
        self._news.network_back(gap_ns)
        for lane in self._lanes:
            if lane.session is not None:
                self._look(lane.account_id, self._work.jitter(self._settings.offline_first))

    def _address_changed(self, lane: Lane, session: BrokerSession, old: str, new: str) -> None:
        """Nothing leaves from a new address before an authorised read did (docs/safety.md 9.36)."""
        account = lane.account_id
        if lane.session is not session:
            return
        others = (one for one in lane.status.left_from if (":" in one) != (":" in new))
        self._account_news.left_from(lane, (*others, new))
        if not old:
            self._see_registered(lane)
            return
        reason = _NEW_ADDRESS.format(old=old, new=new)
        self._note(self._gone, lane, reason)
        if lane.status.session is SessionState.READY:
            self._account_news.session(lane, SessionState.OFFLINE, reason)
            self._moved.add(account)
            self._moving.add(account)
            self._work.start(self._move(lane, session), f"new address of {account}")

    def _see_registered(self, lane: Lane) -> None:
        """Say at once that the broker would refuse its orders; the lane holds them."""
        if why := why_unregistered(lane.account.route, lane.status.left_from):
            self._note(self._gone, lane, why)

    async def _move(self, lane: Lane, session: BrokerSession) -> None:
        """A read over a connection of before would prove the old address only."""
        try:
            await session.drop_connections()
        finally:
            self._moving.discard(lane.account_id)
            self._proof_from_ns[lane.account_id] = self._clock.mono_ns()
            self._look(lane.account_id, 0.0)

    def _forget(self, account: AccountId) -> None:
        self._silent.pop(account, None)
        self._since_ns.pop(account, None)
        self._routed.discard(account)
        self._moved.discard(account)
        self._proof_from_ns.pop(account, None)

    # ------------------------------------------------------------ telling

    def _note(self, told: dict[AccountId, str], lane: Lane, words: str) -> None:
        """One alarm for all that go, or come, within a second: 500 would hide what they say."""
        if not self._gone and not self._back:
            self._work.later(_ANNOUNCE_AFTER, self._announce)
        told[lane.account_id] = words

    def _announce(self) -> None:
        for told, severity in ((self._gone, Severity.WARNING), (self._back, Severity.INFO)):
            by_words: dict[str, list[AccountId]] = {}
            for account, words in told.items():
                by_words.setdefault(words, []).append(account)
            told.clear()
            for words, accounts in by_words.items():
                self._tell(accounts, words, severity)

    def _tell(self, accounts: list[AccountId], words: str, severity: Severity) -> None:
        alone = accounts[0] if len(accounts) == 1 else None
        who = f"{len(accounts)} accounts" if alone is None else f"Account {alone}"
        self._book.alarm("offline", f"{who}: {words}", account=alone, severity=severity)
