"""P8: books that lie while orders are in doubt: no wrong verdict."""

from __future__ import annotations

import time

from copytrade_gui.domain.events import Event, OrderChanged
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.simulator.faults import Fault
from tests.proof.judge import Verdict, settled
from tests.proof.rig import Console, World, world
from tests.proof.row import ProofBroken, Row

TEST = "P8"
LIES = (
    Fault(action="book_empty", call="orders", probability=0.12),
    Fault(action="book_short", call="orders", rows=1, probability=0.12),
    Fault(action="book_stale", call="orders", seconds=45.0, probability=0.12),
    Fault(action="book_duplicate", call="orders", rows=2, probability=0.12),
    Fault(action="book_shuffle", call="orders", probability=0.12),
    Fault(action="book_garble", call="orders", rows=1, probability=0.05),
    Fault(action="book_failed", call="orders", probability=0.05),
    Fault(action="book_tag", call="orders", rows=1, form="NA", probability=0.02),
    Fault(action="book_tag", call="orders", rows=1, form="truncate", probability=0.02),
)


def prove(release: bool) -> Row:
    """10,000 lying books for each change, 200,000 for a release."""
    started = time.perf_counter()
    wanted = 200_000 if release else 10_000
    lies = rounds = lost = duplicate = orphan = 0
    while lies < wanted:
        verdict, told = lying(100, rounds)
        lies += told
        rounds += 1
        lost += len(verdict.lost)
        duplicate += len(verdict.duplicate)
        orphan += len(verdict.orphan)
    return Row(
        TEST,
        "lying order books",
        lies,
        lies,
        lost,
        duplicate,
        orphan,
        time.perf_counter() - started,
        f"0 wrong verdicts on {rounds * 100} orders in doubt",
    )


def lying(followers: int, seed: int) -> tuple[Verdict, int]:
    """Doubt for every follower, half of the orders placed; raises ProofBroken if one is misjudged.

    Returns the judgement and how many lies were told.
    """
    verdicts: dict[str, State] = {}
    told: list[int] = []

    async def script(console: Console) -> Verdict:
        made = console.world
        console.log_all_in()
        await made.clock.sleep(60)
        # One order each that we know of: a book without it is then seen to be short.
        await console.engine.submit(
            made.master, made.terms(which=1, quantity=10), FanOut.WITH_MASTER, CommandId("first")
        )
        await made.clock.sleep(30)

        def hear(event: Event) -> None:
            order = event.order if isinstance(event, OrderChanged) else None
            if order is None or order.terms.instrument.key != made.instruments[0].key:
                return
            if order.state is State.NOT_PLACED or order.broker_order_id is not None:
                verdicts.setdefault(order.account_id, order.state)

        console.engine.bus.subscribe(hear)
        for lie in LIES:
            made.broker.add_fault(lie)
        half = [account.client_id for account in made.accounts[1::2]]
        made.broker.add_fault(Fault(action="drop_reply", call="place", placed=False, accounts=half))
        made.broker.add_fault(Fault(action="drop_reply", call="place"))
        await console.engine.submit(
            made.master, made.terms(quantity=10), FanOut.WITH_MASTER, CommandId("doubt")
        )
        await made.clock.sleep(420)
        told.append(sum(hits_of(made)[: len(LIES)]))
        made.broker.clear_faults()
        verdict = await settled(console, 2)
        changed = [order.intent.intent_id for order in console.engine.book if order.diverged]
        if changed:
            raise ProofBroken(f"{changed[0]} was called DIVERGED, and nobody had changed it")
        return verdict

    with world(followers, seed) as made:
        verdict = made.live(script)
        if verdict is None:
            raise ProofBroken("the program ended early")
        _compare(made, verdicts)
    return verdict, told[0]


def hits_of(made: World) -> list[int]:
    """How often each armed fault struck."""
    rows = made.broker.desk.faults.rows()
    return [row["hits"] for row in rows if isinstance(row["hits"], int)]


def _compare(made: World, verdicts: dict[str, State]) -> None:
    key = made.instruments[0].key.instrument_id
    placed = {
        order.account
        for order in made.broker.ledger.accepted
        if str(order.terms.instrument.id) == key
    }
    for account, state in verdicts.items():
        there = made.account(account).client_id in placed  # type: ignore[arg-type]  # an id as text
        if there is (state is State.NOT_PLACED):
            raise ProofBroken(f"{account} was judged {state}, and the order was there: {there}")
