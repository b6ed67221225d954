"""What copies have for an exit is at most what their account holds at the broker.

An owner may sell his copies by himself, which our fills do not show.
"""

from __future__ import annotations

from copytrade_gui.domain.exits import OUT_OF_HOLDINGS, against
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import OrderTerms, Side
from copytrade_gui.engine.books.account_positions import AccountPositions
from copytrade_gui.engine.books.master_positions import MasterPositions
from copytrade_gui.engine.orders.lane import Lanes


class AtBroker:
    """Bounds what copies hold by the positions that were read; asks for a read where one tells."""

    def __init__(self, lanes: Lanes, masters: MasterPositions, positions: AccountPositions) -> None:
        self._lanes = lanes
        self._masters = masters
        self._positions = positions

    def is_master(self, account: AccountId) -> bool:
        """True for an account whose own orders are copied."""
        lane = self._lanes.get(account)
        return lane is not None and lane.account.master

    def bounded(
        self, account: AccountId, terms: OrderTerms, net: int, called_ns: int
    ) -> tuple[int, int]:
        """What copies of ``net`` units, signed, have for an exit, and the units it may be more.

        Less than the copies made is believed of a read that was asked for after the exit was
        called, ``called_ns`` monotonic, 0 for one to come, and long enough after the last fill: an
        earlier one may show an old book. Where no read tells, it is what the copies made.
        """
        held = against(terms.side, net)
        if not held or terms.product in OUT_OF_HOLDINGS:
            return net, 0
        if self.is_master(account):
            nets = self._masters.of(account, terms.instrument.key, terms.product)
            there = [0, held] if nets is None else [against(terms.side, one) for one in nets]
            least, most = min(held, *there), min(held, max(there))
            return signed(terms, least), most - least
        found = self._positions.nets(account, terms.instrument.key, terms.product)
        least = min([held, *(against(terms.side, one) for one in found)])
        if least == held or (called_ns and self._positions.tell(account, called_ns)):
            return signed(terms, least), 0
        return signed(terms, least), held - least


def signed(terms: OrderTerms, units: int) -> int:
    """A position of so many units that an order of this side reduces, signed."""
    return units if terms.side is Side.SELL else -units
