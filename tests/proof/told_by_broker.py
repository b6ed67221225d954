"""What the simulated broker's own ledger says of a day: who holds what, by whose orders.

Units are signed, bought less sold. An order of ours came by a request; any other is its owner's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.simulator.orders import Order as LedgerOrder
from tests.proof.rig import Console, World

Part = tuple[str, str]
"""Instrument id and product."""


@dataclass(frozen=True, slots=True)
class Trade:
    """One fill, by the ledger."""

    order: LedgerOrder
    signed: int
    at_ns: int

    @property
    def part(self) -> Part:
        """What was traded."""
        return part_of(self.order)

    @property
    def ours(self) -> bool:
        """True if this program asked for the order."""
        return self.order.origin == "request"


def part_of(order: LedgerOrder) -> Part:
    """What an order is for."""
    return str(order.terms.instrument.id), order.terms.product


def trades(made: World, account: AccountId) -> list[Trade]:
    """Every fill of an account of today, in the order of their times."""
    theirs = made.broker.desk.accounts[made.account(account).client_id]
    found = []
    for fill in theirs.fills:
        order = theirs.orders[fill.order_id]
        signed = fill.quantity if order.terms.buy else -fill.quantity
        found.append(Trade(order, signed, fill.at))
    return sorted(found, key=lambda one: one.at_ns)


def sums(told: list[Trade], *, ours: bool) -> Counter[Part]:
    """What our orders made of each position, or what all others did; 0 is left out."""
    found: Counter[Part] = Counter()
    for one in told:
        if one.ours is ours:
            found[one.part] += one.signed
    return Counter({part: units for part, units in found.items() if units})


def held(made: World, account: AccountId) -> Counter[Part]:
    """The position book of an account; 0 is left out."""
    theirs = made.broker.desk.accounts[made.account(account).client_id]
    found: Counter[Part] = Counter()
    for (_, number, product), position in theirs.positions.items():
        if position.net:
            found[str(number), product] = position.net
    return found


def differences(console: Console) -> Iterator[str]:
    """Where a position is not the copied ledger plus what its owner traded by himself."""
    made, ledger = console.world, console.engine.exits.ledger
    copied: dict[AccountId, Counter[Part]] = {}
    for key, units in ledger.copied():
        part = key.instrument.instrument_id, key.product.value
        copied.setdefault(key.account_id, Counter())[part] = units
    for account in made.accounts[1:]:
        name = account.account_id
        told, position = trades(made, name), held(made, name)
        own, mine = sums(told, ours=False), copied.get(name, Counter())
        if mine != sums(told, ours=True):
            yield f"{name}: the copied ledger says {mine}, the fills {sums(told, ours=True)}"
        for part in {*own, *mine, *position}:
            if position[part] != mine[part] + own[part]:
                yield f"{name}: {position[part]} of {part}, {mine[part]} copied, {own[part]} own"
