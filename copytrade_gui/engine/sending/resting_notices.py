"""What a person is told of copies that rested when their master left: by burst, not by copy."""

from __future__ import annotations

from collections.abc import Collection

from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.ids import AccountId, IntentId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.domain.typed import listed
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order

_TELL_S = 0.5
_NAMED = 6

Slot = tuple[AccountId, InstrumentKey, Product, Side]
"""A master, what he trades, and the side of his entries."""


class RestingNotices:
    """Collects what happened to copies of one slot, and tells it in one sentence."""

    def __init__(self, core: Core) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._work = core.work
        self._cancelled: dict[Slot, dict[AccountId, None]] = {}
        self._behind: dict[Slot, dict[AccountId, int]] = {}
        self._beside: dict[Slot, dict[AccountId, int]] = {}
        self._kept: dict[Slot, dict[AccountId, int]] = {}
        self._told_diverged: set[IntentId] = set()

    def cancelled(self, slot: Slot, account: AccountId) -> None:
        """The cancel of a copy was asked."""
        self._tell_soon()
        self._cancelled.setdefault(slot, {})[account] = None

    def kept(self, slot: Slot, account: AccountId, units: int) -> None:
        """A copy that was cancelled would have closed so many units first, and no other does."""
        self._tell_soon()
        self._kept.setdefault(slot, {})[account] = units

    def filled_behind(self, slot: Slot, account: AccountId, units: int) -> None:
        """So many units of a copy filled after its master had left, and no exit is for them."""
        self._tell_soon()
        accounts = self._behind.setdefault(slot, {})
        accounts[account] = accounts.get(account, 0) + units

    def filled_beside(self, slot: Slot, account: AccountId, units: int) -> None:
        """So many units that copies hold have none of their master's exit that rests."""
        self._tell_soon()
        self._beside.setdefault(slot, {})[account] = units

    def diverged(self, order: Order) -> None:
        """A copy that its owner changed stays; told once."""
        name = order.intent.intent_id
        if order.diverged is None or name in self._told_diverged:
            return
        self._told_diverged.add(name)
        self._book.alarm(
            "not_followed",
            f"{self._name(order.master_id)} leaves {order.intent.terms.instrument.symbol}; the "
            f"DIVERGED copy of {self._name(order.intent.account_id)} ({order.broker_order_id}) "
            "still rests and was not cancelled, because its owner changed it. Cancel it yourself "
            "if it should go.",
            order,
            severity=Severity.WARNING,
        )

    # ------------------------------------------------------------ inside

    def _tell_soon(self) -> None:
        if not any((self._cancelled, self._kept, self._behind, self._beside)):
            self._work.later(_TELL_S, self._tell)

    def _tell(self) -> None:
        cancelled, self._cancelled = self._cancelled, {}
        behind, self._behind = self._behind, {}
        beside, self._beside = self._beside, {}
        kept, self._kept = self._kept, {}
        for slot, accounts in cancelled.items():
            self._tell_cancelled(slot, accounts)
        for slot, units in kept.items():
            self._book.alarm(
                "left_without_exit",
                f"The cancelled copies in {self._symbol(slot)} of {self._name(slot[0])} would "
                f"first have closed what older copies hold: {self._units(units)}. No exit is on "
                "its way for that. Square it off, or decide to keep it.",
                account=slot[0],
            )
        for slot, units in behind.items():
            self._book.alarm(
                "filled_behind_exit",
                f"{self._symbol(slot)} of {self._name(slot[0])} filled in copies after his exit "
                f"had left: {self._units(units)}. No exit is on its way for that. Square it off, "
                "or decide to keep it.",
                account=slot[0],
            )
        for slot, units in beside.items():
            self._book.alarm(
                "filled_beside_exit",
                f"{self._symbol(slot)} of {self._name(slot[0])} filled in copies after he had "
                "placed a target or a stop, which was sized by what they held then. It does not "
                f"close: {self._units(units)}. Give that an exit of its own, or square it off when "
                "he is out.",
                account=slot[0],
                severity=Severity.WARNING,
            )

    def _tell_cancelled(self, slot: Slot, accounts: Collection[AccountId]) -> None:
        count = len(accounts)
        whose, it = ("copy", "it is") if count == 1 else ("copies", "they are")
        self._book.alarm(
            "resting_cancelled",
            f"{self._name(slot[0])} leaves {self._symbol(slot)}, or a part of it, and "
            f"{grouped(count)} {whose} of his earlier entry still rested: {it} cancelled, and "
            f"what was filled leaves with him. "
            f"{listed([self._name(one) for one in accounts], _NAMED)}.",
            account=slot[0],
            severity=Severity.INFO,
        )

    def _units(self, units: dict[AccountId, int]) -> str:
        return ", ".join(f"{self._name(one)} {grouped(n)}" for one, n in units.items())

    def _name(self, account: AccountId) -> str:
        lane = self._lanes.get(account)
        return str(account) if lane is None else lane.account.name

    def _symbol(self, slot: Slot) -> str:
        for plan in reversed(self._book.plans.values()):
            instrument = plan.signal.terms.instrument
            if instrument.key == slot[1]:
                return instrument.symbol
        return str(slot[1])
