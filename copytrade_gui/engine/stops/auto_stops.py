"""Stops that the engine presses by itself, and what it says to the person who finds them."""

from __future__ import annotations

from copytrade_gui.domain.halt import Finding, for_all_alone
from copytrade_gui.domain.ids import AccountId, PlanId
from copytrade_gui.domain.trading_state import (
    STOPS_OF_SOME,
    STRICTNESS,
    TradingState,
)
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.gate import KILL_FLAGGED
from copytrade_gui.engine.stops.some_stops import SomeStops
from copytrade_gui.engine.stops.stops import Stops
from copytrade_gui.ports import StopAnswer, StopAsked


class AutoStops:
    """Each takes hold at once through the gate's brake, and is then stored like a person's stop."""

    def __init__(self, core: Core, stops: Stops, some: SomeStops) -> None:
        self._gate, self._clock = core.gate, core.clock
        self._book = core.book
        self._work = core.work
        self._stops, self._some, self._files = stops, some, core.stop_files

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
        if asked.state not in STOPS_OF_SOME:
            self._files.answer(asked, StopAnswer(asked.name, False, for_all_alone(asked.state)))
            return
        scope, problem = self._some.named(asked.account, asked.group)
        if scope is None:
            self._files.answer(asked, StopAnswer(asked.name, False, problem))
            return
        # Asked for again by the same name it is another one.
        name = f"{asked.name} {self._clock.wall_ns()}"
        finding = self._some.begin(
            [scope], asked.state, name, asked.actor, asked.reason, all_orders=asked.all_orders
        )
        self._work.start(self._stored(asked, finding), f"{asked.state} of {scope} by a file")

    async def _stored(self, asked: StopAsked, finding: Finding) -> None:
        """With its answer the request is gone: what it asked for must be on the disk by then."""
        await self._some.stored()
        self._files.answer(asked, StopAnswer(asked.name, True, finding.sentence))

    async def _obeyed(self, asked: StopAsked) -> None:
        held = self._gate.state
        if held is not TradingState.RECOVERING and STRICTNESS[held] > STRICTNESS[asked.state]:
            # Only a person's PAUSE takes the place of REDUCE: it lets no exit be planned.
            sentence = f"{held} holds, which is stricter."
        else:
            change = await self._stops.stop(
                asked.state, asked.actor, asked.reason, all_orders=asked.all_orders
            )
            sentence = f"{change.state} holds, by {change.actor}: {change.reason}"
            if change.state is TradingState.RECOVERING:
                then = self._stops.stored
                sentence = f"Nothing leaves while the books are checked, and {then} holds then."
        self._files.answer(asked, StopAnswer(asked.name, True, sentence))

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
