"""What bounds the shares of a plan: limits, counts, freeze quantity, margins, what is enabled."""

from __future__ import annotations

from collections.abc import Collection

from copytrade_gui.domain.checks.limits import NO_LIMITS
from copytrade_gui.domain.checks.share import UNBOUNDED, Bounds
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.engine.books.margins import NeededMargins
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.planning.exits import Exits
from copytrade_gui.engine.planning.limits import LimitsInForce


class Bounding:
    """Gathers it from memory. What no check needs is not looked up."""

    def __init__(
        self, core: Core, exits: Exits, limits: LimitsInForce, margins: NeededMargins
    ) -> None:
        self._lanes = core.lanes
        self._exits, self._limits, self._margins = exits, limits, margins

    def of(
        self, terms: OrderTerms, accounts: Collection[AccountId], freeze: int | None, today: int
    ) -> Bounds:
        """What bounds the shares of these accounts; ``freeze`` is the most units of one order,
        ``today`` the Indian day.
        """
        limits, special = self._limits.of_all, self._limits.special
        margins, not_enabled = self._margins.of(terms, accounts), self._not_enabled(terms, accounts)
        if limits == NO_LIMITS and not special:
            if freeze is None and margins is None and not not_enabled:
                return UNBOUNDED
            return Bounds(NO_LIMITS, freeze=freeze, margins=margins, not_enabled=not_enabled)
        net = any(one.net_position is not None for one in (limits, *special.values()))
        return Bounds(
            limits,
            special,
            self._exits.orders.counts(accounts),
            self._lanes.ordered_on(today, accounts),
            self._exits.would_hold(terms, accounts) if net else {},
            freeze,
            not_enabled,
            margins,
            self._limits.set_for,
        )

    def _not_enabled(
        self, terms: OrderTerms, accounts: Collection[AccountId]
    ) -> dict[AccountId, tuple[str, str]]:
        exchange, product = terms.instrument.key.exchange, terms.product
        found: dict[AccountId, tuple[str, str]] = {}
        said: dict[int, tuple[str, str]] = {}
        for name in accounts:
            lane = self._lanes.get(name)
            rights = None if lane is None else lane.status.rights
            if rights is None:
                continue
            why = said.get(id(rights))  # many accounts share one object
            if why is None:
                why = rights.why_not_segment(exchange), rights.why_not_product(product)
                said[id(rights)] = why
            if why[0] or why[1]:
                found[name] = why
        return found
