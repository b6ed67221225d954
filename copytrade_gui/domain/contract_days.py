"""Of which day each exchange's contract file is, by which lots, ticks and expiries are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from copytrade_gui.domain.instrument import Exchange

OLD_CONTRACTS = "old_contracts"


@dataclass(frozen=True, slots=True)
class ContractDays:
    """Days of the files in use, by exchange; none for a file that was not read yet."""

    days: Mapping[Exchange, date] = field(default_factory=dict)

    def age(self, exchange: Exchange, today: date) -> str:
        """How old an exchange's contracts are, where they are not of ``today``; else empty."""
        day = self.days.get(exchange)
        if day is None or day >= today:
            return ""
        age = (today - day).days
        return (
            f"Contracts of {exchange} are of {day:%d %b %Y}, {age} day{'' if age == 1 else 's'} old"
        )

    def why_only_exits(self, exchange: Exchange, today: date) -> str:
        """One sentence if a lot, tick or expiry may have changed since; else empty.

        Such an order is refused (docs/safety.md 10.2), but nobody is kept in a position for it.
        """
        age = self.age(exchange, today)
        return age and (
            f"{age}: lot size and expiry may have changed since, so only what reduces a position "
            "leaves. Today's file is asked for every 5 minutes."
        )


NO_CONTRACT_DAYS = ContractDays()
