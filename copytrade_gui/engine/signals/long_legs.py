"""Long legs first: who catches up a short leg has the long one that covers it before.

A short option or future with its hedge needs a part of the margin that it needs alone, and without
the hedge its loss has no bound.
"""

from __future__ import annotations

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Instrument, InstrumentKey, InstrumentKind
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.planning.closable import closing_terms
from copytrade_gui.engine.planning.exits import Exits

_DERIVATIVES = frozenset({InstrumentKind.FUTURE, InstrumentKind.CALL, InstrumentKind.PUT})


class LongLegs:
    """Answers from memory, of what was ordered of masters today."""

    def __init__(self, core: Core, exits: Exits) -> None:
        self._book = core.book
        self._exits = exits

    def of(
        self, master: AccountId, short: Instrument, side: Side, product: Product
    ) -> list[Instrument]:
        """What the master holds long beside a short leg that would be entered; none of others."""
        if side is Side.BUY or short.kind not in _DERIVATIVES:
            return []
        beside: dict[InstrumentKey, Instrument] = {}
        for plan in self._book.plans.values():
            one = plan.signal.terms.instrument
            alike = one.underlying == short.underlying and one.kind in _DERIVATIVES
            if plan.signal.master_id == master and alike and one.key != short.key:
                beside[one.key] = one
        nets = {key: self._exits.masters.of(master, key, product) for key in beside}
        return [one for key, one in beside.items() if (net := nets[key]) and min(net) > 0]

    def lacking(
        self, longs: list[Instrument], master: AccountId, account: AccountId, product: Product
    ) -> str:
        """A sentence with the first of these that an account's copies hold nothing of; or empty."""
        ledger = self._exits.ledger
        for one in longs:
            terms = closing_terms(one, Side.SELL, product)
            if ledger.nets_of(master, terms).get(account, 0) <= 0:
                return (
                    f"The master also holds {one.symbol}, which covers it, and this account holds "
                    "none. Catch up that one first: long legs before short ones."
                )
        return ""
