"""P9: a rule-based state machine: random events in random order, promises held after each."""

from __future__ import annotations

import time
from contextlib import ExitStack

import msgspec
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, OrderType, Side
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.simulator.faults import Fault
from tests.proof.judge import settled
from tests.proof.owner import Owner
from tests.proof.rig import Console, ProgramStopped, world
from tests.proof.row import ProofBroken, Row
from tests.proof.schedule import MISFORTUNES

TEST = "P9"
_RUNS = {False: 2_000, True: 50_000}
_STEPS = {False: 50, True: 100}
_PART = 500
_FOLLOWERS = 2
_STOPS = (TradingState.PAUSE, TradingState.HALT, TradingState.KILL)


class Counted:
    """What all runs of one part came to."""

    runs = steps = faults = crashes = 0


class Machine(RuleBasedStateMachine):
    """One operator, one master, two followers, one bad broker."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._world = self._stack.enter_context(world(_FOLLOWERS))
        self._plans = 0
        self._pressed = 0
        self._bomb = ""
        self._begin()
        Counted.runs += 1

    # ------------------------------------------------------------ lives

    def _begin(self) -> None:
        while self._world.begin(fault=self._fault) is None:
            pass
        self._do(self._wake)

    def _fault(self, name: str) -> None:
        if name == self._bomb:
            self._bomb = ""
            raise ProgramStopped(name)

    def _do(self, script: object) -> None:
        """Run a script; if the program dies in it, start the next life."""
        crashes = self._world.crashes
        self._world.do(script)  # type: ignore[arg-type]  # a method of ours, coroutine by name
        if self._world.crashes > crashes:
            Counted.crashes += 1
            self._begin()

    async def _wake(self, console: Console) -> None:
        console.log_all_in()
        await self._world.clock.sleep(4)
        if console.engine.gate.state is not TradingState.ACTIVE:
            await console.engine.resume("operator", "looked")

    # ------------------------------------------------------------ what may happen

    @rule(
        side=st.sampled_from(Side),
        quantity=st.integers(1, 50),
        kind=st.sampled_from(OrderType),
        away=st.sampled_from((-4, 0, 5, 60)),
        fan_out=st.sampled_from(FanOut),
        again=st.booleans(),
    )
    def press_place(
        self,
        side: Side,
        quantity: int,
        kind: OrderType,
        away: int,
        fan_out: FanOut,
        again: bool,
    ) -> None:
        """The operator places an order, or presses the same button again."""
        if not (again and self._pressed):
            self._pressed += 1
        command = CommandId(f"press-{self._pressed}")

        async def place(console: Console) -> None:
            console.see_price()
            terms = self._world.terms(side=side, quantity=quantity, order_type=kind, away=away)
            try:
                placed = await console.engine.submit(self._world.master, terms, fan_out, command)
            except DeniedError:
                return
            self._plans += not placed.known

        self._do(place)

    @rule(number=st.integers(0, 20))
    def press_cancel(self, number: int) -> None:
        """The operator cancels a plan."""

        async def cancel(console: Console) -> None:
            plans = list(console.engine.book.plans)
            if plans:
                console.engine.cancel_plan(plans[number % len(plans)], "operator")

        self._do(cancel)

    @rule(state=st.sampled_from(_STOPS), back=st.booleans())
    def stop_trading(self, state: TradingState, back: bool) -> None:
        """A stop, and perhaps the way back."""

        async def stop(console: Console) -> None:
            await console.engine.stop_trading(state, "operator", "drill")
            if back:
                await console.engine.resume("operator", "drill over")

        self._do(stop)

    @rule(fault=st.sampled_from(MISFORTUNES), chance=st.sampled_from((0.2, 1.0)))
    def misfortune(self, fault: Fault, chance: float) -> None:
        """Something goes wrong at the broker for the next half minute."""
        made = msgspec.structs.replace(fault, probability=chance, until_s=30.0)
        self._world.broker.add_fault(made)
        Counted.faults += 1

    @rule(point=st.sampled_from(faultpoints.ALL))
    def arm_crash(self, point: str) -> None:
        """The program will die when it next passes a point."""
        self._bomb = point

    @rule(seconds=st.sampled_from((0.02, 0.3, 2.0, 9.0, 40.0, 200.0)))
    def wait(self, seconds: float) -> None:
        """Time passes; who lost his session logs in again."""

        async def pause(console: Console) -> None:
            await self._world.clock.sleep(seconds)
            console.log_in_again()

        self._do(pause)

    @rule(who=st.integers(0, _FOLLOWERS))
    def lose_session(self, who: int) -> None:
        """The broker ends somebody's session."""
        self._world.broker.expire_sessions(self._world.accounts[who].client_id)

    @rule(
        who=st.integers(0, _FOLLOWERS),
        what=st.sampled_from(("larger", "smaller", "price", "cancel")),
    )
    def owner_interferes(self, who: int, what: str) -> None:
        """An account's owner changes or cancels, at the broker, the newest order that we follow."""
        account = self._world.accounts[who].account_id

        async def interfere(console: Console) -> None:
            orders = [o for o in console.engine.book.of_account(account) if o.state.open_at_broker]
            number = orders[-1].broker_order_id if orders else None
            if number is None:
                return
            owner, order = Owner(self._world, account), orders[-1]
            tick = order.intent.terms.instrument.tick
            if what == "cancel":
                owner.cancel(number)
            elif what == "price":
                owner.change(number, price=str((order.intent.terms.price or tick) + 3 * tick))
            else:
                quantity = order.ordered + (5 if what == "larger" else -1)
                owner.change(number, quantity=str(max(1, quantity)))
            Counted.faults += 1

        self._do(interfere)

    # ------------------------------------------------------------ what must hold

    @invariant()
    def one_order_for_one_tag(self) -> None:
        """No tag was ever asked for twice: nothing is sent again."""
        Counted.steps += 1
        if any(count > 1 for count in self._world.broker.ledger.tags.values()):
            raise ProofBroken("a tag was sent twice")

    def teardown(self) -> None:
        """Faults end, everything settles, the ledger judges."""
        try:
            self._bomb = ""
            self._world.broker.clear_faults()
            self._world.do(self._settle)
            self._world.end()
        finally:
            self._stack.close()

    async def _settle(self, console: Console) -> None:
        await self._wake(console)
        verdict = await settled(console, self._plans)
        verdict.must_be_clean("state machine")
        # This broker never fills more than its own row says, whoever changed the row.
        halts = [lane.status.halted for lane in console.engine.lanes]
        if any("more than ordered" in why for why in halts):
            raise ProofBroken(f"an account was halted for an overfill that was none: {halts}")


def parts(release: bool) -> int:
    """Pieces of 500 runs."""
    return _RUNS[release] // _PART


def part(release: bool, number: int) -> Row:
    """500 runs from a seed of their own."""
    started = time.perf_counter()
    wanted = _PART * _STEPS[release]
    rounds = 0
    while Counted.runs < _PART or Counted.steps < wanted:  # a run may be shorter than its limit
        play(_PART, _STEPS[release], number + rounds * 1_000)
        rounds += 1
    return Row(
        TEST,
        f"state machine runs of {_STEPS[release]} steps",
        Counted.runs,
        Counted.faults + Counted.crashes,
        0,
        0,
        0,
        time.perf_counter() - started,
        f"{Counted.crashes:,} crashes in part {number + 1}, {Counted.steps:,} steps",
    )


def play(runs: int, steps: int, number: int) -> None:
    """Play so many runs; raises what the first broken promise raises."""
    quiet = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(number)(Machine), settings=quiet)
    if Counted.runs < runs:
        raise ProofBroken(f"only {Counted.runs} of {runs} runs were made")
