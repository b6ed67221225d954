"""Stops that the engine presses by itself, and what it says to the person who finds them."""

from __future__ import annotations

from copytrade_gui.domain.account import same_client
from copytrade_gui.domain.halt import Finding, asked_for, for_all_alone
from copytrade_gui.domain.ids import AccountId, PlanId
from copytrade_gui.domain.scope import group_scope
from copytrade_gui.domain.trading_state import (
    STOPS_OF_SOME,
    STRICTNESS,
    TradingState,
)
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.gate import KILL_FLAGGED
from copytrade_gui.engine.stops.stops import Stops
from copytrade_gui.engine.stops.sweep import Sweep
from copytrade_gui.ports import Journal, StopAnswer, StopAsked


class AutoStops:
    """Each takes hold at once through the gate's brake, and is then stored like a person's stop."""

    def __init__(self, core: Core, stops: Stops, sweep: Sweep, journal: Journal) -> None:
        self._gate, self._clock = core.gate, core.clock
        self._book = core.book
        self._work = core.work
        self._stops, self._sweep, self._journal = stops, sweep, journal
        self._halts, self._lanes, self._files = core.halts, core.lanes, core.stop_files

    def breaker(self) -> None:
        """The broker itself seems to fail (docs/safety.md 9.10)."""
        self._gate.brake(TradingState.HALT)
        reason = "Too many answers of the broker were ambiguous. Look at the unknown orders first."
        self._book.alarm("breaker", f"Halted: {reason}")
        self._press(TradingState.HALT, "breaker", reason)

    def repeats(self, reason: str) -> None:
        """Orders repeat themselves (docs/safety.md 10.19)."""
        self._gate.brake(TradingState.HALT)
        self._book.alarm("repeats", f"Halted: {reason}")
        self._press(TradingState.HALT, "program", reason)

    def loss_of_all(self, reason: str) -> None:
        """All followers together lost what they may in a day (docs/safety.md 10.18)."""
        self._gate.brake(TradingState.HALT)
        self._press(TradingState.HALT, "loss limit", reason)

    def asked(self, asked: StopAsked) -> None:
        """A file beside the database asks for a stop, which is answered once it is stored."""
        if asked is KILL_FLAGGED:
            self._book.alarm("kill_flag", f"Killed: {asked.reason}")
            self._press(asked.state, asked.actor, asked.reason)
            return
        if asked.for_all:
            self._work.start(self._obeyed(asked), f"{asked.state} asked for by a file")
            return
        scope, problem = self._scope(asked)
        if scope is None:
            self._files.answer(asked, StopAnswer(asked.name, False, problem))
            return
        # Asked for again by the same name, or made stricter, it is another one.
        evidence = f"stop {asked.name} {asked.state} {self._clock.wall_ns()}"
        finding = asked_for(asked.state, evidence, asked.actor, asked.reason)
        self._halts.stop(scope, finding)
        if finding.kills:
            self._sweep.begin_alone()
        self._work.start(self._stored(asked, finding), f"{asked.state} of {scope} by a file")

    async def _stored(self, asked: StopAsked, finding: Finding) -> None:
        """With its answer the request is gone: what it asked for must be on the disk by then."""
        await self._journal.flush()
        self._files.answer(asked, StopAnswer(asked.name, True, finding.sentence))

    async def _obeyed(self, asked: StopAsked) -> None:
        held = self._gate.state
        if held is not TradingState.RECOVERING and STRICTNESS[held] > STRICTNESS[asked.state]:
            # Only a person's PAUSE takes the place of REDUCE: it lets no exit be planned.
            sentence = f"{held} holds, which is stricter."
        else:
            change = await self._stops.stop(asked.state, asked.actor, asked.reason)
            sentence = f"{change.state} holds, by {change.actor}: {change.reason}"
            if change.state is TradingState.RECOVERING:
                then = self._stops.stored
                sentence = f"Nothing leaves while the books are checked, and {then} holds then."
        self._files.answer(asked, StopAnswer(asked.name, True, sentence))

    def _scope(self, asked: StopAsked) -> tuple[AccountId | None, str]:
        """Whom a stop of some is about, or why it is about nobody."""
        if asked.state not in STOPS_OF_SOME:
            return None, for_all_alone(asked.state)
        if asked.group:
            groups = {one.link.group for lane in self._lanes for one in lane.links.values()}
            known = asked.group in groups
            missing = f"No follower is in group {asked.group}. Check its name."
            return (group_scope(asked.group), "") if known else (None, missing)
        for lane in self._lanes:
            if same_client(lane.account.client_id, asked.account):
                return lane.account_id, ""
        return None, f"No account has the client id {asked.account}. Check it."

    def foreign_tag(self, account: AccountId, tag: str) -> None:
        """An account's book holds an order of another installation (docs/safety.md 9.44)."""
        reason = (
            f"Account {account} has an order with the tag {tag} of another installation of this "
            "program. Stop the other one, or explain it, before you resume."
        )
        self._book.alarm("foreign_tag", reason, account=account)
        self._gate.brake(TradingState.HALT)
        self._press(TradingState.HALT, "program", reason)

    def overshoot(self, plan: PlanId) -> None:
        """One more order was about to leave than was planned (docs/safety.md 4.8)."""
        reason = f"More orders of plan {plan} were about to leave than were planned."
        self._book.alarm("overshoot", reason)
        self._gate.brake(TradingState.KILL)
        self._press(TradingState.KILL, "program", reason)

    def storage(self, reason: str) -> None:
        """Something was not stored; trading is halted already, and now that is stored as well."""
        self._press(TradingState.HALT, "journal", reason)

    def _press(self, state: TradingState, actor: str, reason: str) -> None:
        self._work.start(self._pressed(state, actor, reason), f"{state} by the {actor}")

    async def _pressed(self, state: TradingState, actor: str, reason: str) -> None:
        await self._stops.stop(state, actor, reason)
