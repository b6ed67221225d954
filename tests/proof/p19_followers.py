"""P19: followers are added, removed, paused and edited at random while orders leave.

A plan is for whoever was linked when it was pressed; who was taken out before his order's first
byte gets none.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.link import Link, LinkState
from copytrade_gui.domain.order import FanOut, Side, State
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.simulator.faults import Fault
from tests.proof.judge import Verdict, settled
from tests.proof.rig import Console, world
from tests.proof.row import ProofBroken, Row

TEST = "P19"
_RUNS = {False: 500, True: 20_000}
_PART = 250
_BURSTS = 6
_FOLLOWERS = 8
_FAULTS = (
    Fault(action="drop_reply", how="close", call="place", probability=0.1),
    Fault(action="delay", call="place", ms=400, sigma=0.8, probability=0.3),
    Fault(action="too_many", call="place", probability=0.05),
    Fault(action="accept_late", seconds=3.0, probability=0.1),
)


def parts(release: bool) -> int:
    """Pieces of 250 runs."""
    return _RUNS[release] // _PART


def part(release: bool, number: int) -> Row:
    """250 runs, each from its own seed."""
    del release
    started = time.perf_counter()
    verdicts, acts, kept = [], 0, 0
    for seed in range(number * _PART, (number + 1) * _PART):
        verdict, play = run(seed)
        verdict.must_be_clean(f"seed {seed}")
        verdicts.append(verdict)
        acts, kept = acts + play.acts, kept + play.kept
    return Row(
        TEST,
        "runs in which followers come, go, pause and change during bursts",
        len(verdicts),
        acts,
        sum(len(verdict.lost) for verdict in verdicts),
        sum(len(verdict.duplicate) for verdict in verdicts),
        sum(len(verdict.orphan) for verdict in verdicts),
        time.perf_counter() - started,
        f"{kept:,} planned orders were kept back, none of a follower who was out left",
    )


def run(seed: int) -> tuple[Verdict, Play]:
    """One run. Raises ProofBroken when it does not settle, or an order left that should not."""
    with world(_FOLLOWERS, seed) as made:
        play = Play(random.Random(f"followers/{seed}"))  # noqa: S311 - a replay needs the same
        verdict = made.live(play.script)
    if verdict is None:
        raise ProofBroken(f"seed {seed}: the program ended early")
    return verdict, play


@dataclass
class Play:
    """What one run did."""

    dice: random.Random
    acts: int = 0
    kept: int = 0
    expected: dict[str, int] = field(default_factory=dict)
    """Accounts that a plan is for, by plan."""
    out: defaultdict[AccountId, list[tuple[int, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """From when to when a follower was out, monotonic; 0: still."""

    async def script(self, console: Console) -> Verdict:
        made, dice = console.world, self.dice
        links = {one.follower_id: one for one in made.links}
        console.log_all_in()
        await made.clock.sleep(5)
        made.broker.add_fault(dice.choice(_FAULTS))
        for number in range(_BURSTS):
            for _ in range(dice.randint(1, 4)):
                made.clock.call_later(dice.uniform(0, 1.0), self._act(console, dict(links)))
            await made.clock.sleep(dice.uniform(0, 0.9))
            await self._press(console, number)
            await made.clock.sleep(dice.choice((0.3, 2, 12)))
            console.log_in_again()
        made.broker.clear_faults()
        await made.clock.sleep(2)
        for link in links.values():
            self._let_in(console, link)
        console.log_all_in()
        verdict = await settled(console, len(self.expected), self.expected)
        self._look(console)
        return verdict

    async def _press(self, console: Console, number: int) -> None:
        made, dice, engine = console.world, self.dice, console.engine
        console.see_price()
        terms = made.terms(side=dice.choice(list(Side)), quantity=20, away=dice.choice((-60, 40)))
        linked = len(engine.lanes.followers_of(made.master))
        command = CommandId(f"press-{made.seed}-{number}")
        try:
            placed = await engine.submit(made.master, terms, dice.choice(list(FanOut)), command)
        except DeniedError as error:
            raise ProofBroken(f"seed {made.seed}: {error}") from error
        self.expected[placed.plan.plan_id] = 1 + linked

    def _act(self, console: Console, links: dict[AccountId, Link]) -> Callable[[], None]:
        link = self.dice.choice(list(links.values()))
        what = self.dice.choice(("remove", "pause", "freeze", "off", "edit", "back", "back"))

        def act() -> None:
            self.acts += 1
            engine, follower = console.engine, link.follower_id
            linked = link.master_id in engine.lanes[follower].links
            if what == "back":
                self._let_in(console, link)
            elif what == "remove":
                engine.drop_link(link.master_id, follower, "proof")
                self._is_out(console, follower)
            elif not linked:
                return
            elif what == "edit":
                rule = SizingRule(Strategy.RATIO, self.dice.choice((Decimal("0.5"), Decimal(3))))
                now = engine.lanes[follower].links[link.master_id].link
                engine.put_link(replace(now, sizing=rule), "proof")
            elif what == "off":
                engine.put_account(replace(engine.lanes[follower].account, active=False))
                self._is_out(console, follower)
            else:
                state = LinkState.PAUSED if what == "pause" else LinkState.FROZEN
                now = engine.lanes[follower].links[link.master_id].link
                engine.put_link(replace(now, state=state), "proof")
                self._is_out(console, follower)

        return act

    def _is_out(self, console: Console, follower: AccountId) -> None:
        spans = self.out[follower]
        if not spans or spans[-1][1]:
            spans.append((console.world.clock.mono_ns(), 0))

    def _let_in(self, console: Console, link: Link) -> None:
        engine, spans = console.engine, self.out[link.follower_id]
        engine.put_account(replace(engine.lanes[link.follower_id].account, active=True))
        engine.put_link(link, "proof")
        if spans and not spans[-1][1]:
            spans[-1] = (spans[-1][0], console.world.clock.mono_ns())

    def _look(self, console: Console) -> None:
        for order in console.engine.book:
            self.kept += order.intent.state is State.PLANNED and order.attempt is None
            if order.timing is None:
                continue
            for began, ended in self.out[order.intent.account_id]:
                if began < order.timing.sent_ns < ended:
                    raise ProofBroken(
                        f"seed {console.world.seed}: {order.intent.intent_id} left while its "
                        "follower was out"
                    )
