"""Lost, duplicate, orphan: our records against the broker's own ledger (docs/safety.md 17).

Only what the ledger says was accepted on a request counts; copies that a fault makes the broker
itself create (origin ``duplicate``) are its doing, not ours.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from copytrade_gui.domain.ids import AccountId, AttemptId, Tag, order_tag
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import OrderView
from copytrade_gui.simulator.orders import Order as LedgerOrder
from tests.proof.rig import Console
from tests.proof.row import ProofBroken

_SETTLE_S = 4_000.0
"""More than the 30 minutes after which an order without proof becomes a person's."""
_LATEST_S = 700.0
"""Whatever a fault lets the broker show late is shown after so long."""
_NO_OUTCOME = frozenset({State.PLANNED, State.SENDING, State.UNKNOWN})


_NONE: Mapping[str, int] = {}


@dataclass
class Verdict:
    """The three zeros of one run, each with what was found."""

    intents: int
    accepted: int
    lost: list[str] = field(default_factory=list)
    duplicate: list[str] = field(default_factory=list)
    orphan: list[str] = field(default_factory=list)

    def must_be_clean(self, run: str) -> None:
        """Raises ProofBroken with the first finding of each kind."""
        found = [
            f"{name}: {items[0]} (and {len(items) - 1} more)"
            for name, items in (
                ("lost", self.lost),
                ("duplicate", self.duplicate),
                ("orphan", self.orphan),
            )
            if items
        ]
        if found:
            raise ProofBroken(f"{run}: {'; '.join(found)}")


async def settled(console: Console, plans: int, closings: Mapping[str, int] = _NONE) -> Verdict:
    """Let a run without further faults come to its end, read every book once more, and judge.

    Raises:
        ProofBroken: an order stayed in doubt, or on its way, for more than an hour.
    """
    if console.bugs:
        raise ProofBroken(f"a part of the engine failed: {console.bugs[0]}")
    if not await console.quiet(_SETTLE_S):
        stuck = {str(order.state) for order in console.engine.book if not order.state.ended}
        raise ProofBroken(f"after {_SETTLE_S:.0f} s without faults orders are still {stuck}")
    await console.world.clock.sleep(_LATEST_S)
    for account in console.world.accounts:
        await console.engine.read_books(account.account_id)
    await console.quiet(60)
    return await judge(console, plans, closings)


async def judge(console: Console, plans: int, closings: Mapping[str, int] = _NONE) -> Verdict:
    """Compare the stored orders with the ledger; call when the run has settled.

    ``plans`` is how many master actions the operator was told of as placed; ``closings`` says of
    plans without a master's order how many accounts each is for.
    """
    await console.store.journal.flush()
    world = console.world
    world.broker.advance()
    stored = await console.store.history.orders(10_000_000)
    accepted = [
        Taken(order.order_id, order.account, order_tag_of(order), twin=order.origin == "duplicate")
        for order in world.broker.ledger.accepted
        if order.origin in {"request", "duplicate"}
    ]
    key = console.store.installation.tag_key
    halted = {lane.account_id for lane in console.engine.lanes if lane.status.halted}
    # What the program closes by itself is for whom it names.
    by_itself = {
        str(plan.plan_id): len({one.account_id for one in plan.intents})
        for plan in console.engine.book.plans.values()
        if plan.closes
    }
    known = {**by_itself, **closings}
    return compare(stored, accepted, key, plans, world.followers + 1, halted=halted, closings=known)


@dataclass(frozen=True, slots=True)
class Taken:
    """One order the ledger says was accepted on a request; ``account`` is the client id.

    A ``twin`` is one that the broker made by itself beside it, with the same tag.
    """

    order_id: str
    account: str
    tag: Tag
    twin: bool = False


def compare(
    stored: tuple[OrderView, ...],
    taken: Sequence[Taken],
    key: bytes,
    plans: int,
    each: int,
    *,
    halted: Collection[AccountId] = (),
    closings: Mapping[str, int] = _NONE,
) -> Verdict:
    """Judge what we stored against the ledger: at least ``plans`` plans.

    Each is for ``each`` accounts, or for as many as ``closings`` says.

    While a book shows a broker's twin by its tag and hides the tag of the order we asked for, the
    twin is what we find and link. That is right only if the account was then ``halted`` for two
    orders with one tag.
    """
    accepted = [order for order in taken if not order.twin]
    twins = {(order.tag, order.order_id) for order in taken if order.twin}
    verdict = Verdict(len(stored), len(accepted))
    _lost(verdict, stored, plans, {order.order_id for order in taken})
    verdict.lost.extend(_missing(stored, each, closings))
    intent_of = {
        order_tag(key, AttemptId(f"{view.intent_id}.{number}")): view
        for view in stored
        for number in range(1, view.attempt_number + 1)
    }
    by_intent: Counter[str] = Counter()
    for order in accepted:
        view = intent_of.get(order.tag)
        if view is None:
            verdict.orphan.append(f"{order.order_id} of {order.account}: no record knows its tag")
            continue
        by_intent[view.intent_id] += 1
        told = view.account_id in halted and (order.tag, view.broker_order_id) in twins
        if view.state is not State.REVIEW and view.broker_order_id != order.order_id and not told:
            verdict.orphan.append(
                f"{order.order_id} of {order.account} is there, our record says {view.state} "
                f"{view.code} {view.broker_order_id}"
            )
    verdict.duplicate.extend(
        f"{intent} has {count} orders" for intent, count in by_intent.items() if count > 1
    )
    return verdict


def order_tag_of(order: LedgerOrder) -> Tag:
    """The tag as it was asked for, whatever the books show."""
    return Tag(order.terms.tag)


def _missing(
    stored: tuple[OrderView, ...], each: int, closings: Mapping[str, int]
) -> Iterator[str]:
    """Plans that have not an order, or slices of one, for each account that they are for."""
    accounts: defaultdict[str, set[str]] = defaultdict(set)
    for view in stored:
        accounts[view.plan_id].add(view.account_id)
    for plan, found in accounts.items():
        if len(found) != closings.get(plan, each):
            yield f"plan {plan} has orders for {len(found)} of {closings.get(plan, each)} accounts"


def _lost(verdict: Verdict, stored: tuple[OrderView, ...], plans: int, real: set[str]) -> None:
    if len({view.plan_id for view in stored}) < plans:
        verdict.lost.append("whole plans")
    for view in stored:
        if view.state in _NO_OUTCOME:
            verdict.lost.append(f"{view.intent_id} ended the run as {view.state}")
        if view.broker_order_id is not None and view.broker_order_id not in real:
            verdict.lost.append(
                f"{view.intent_id} claims {view.broker_order_id}, not in the ledger"
            )
