"""The table of sizing rules: a new one is a file or a row of a file beside this, and one row here.

The editor's choices, the words of a CSV file, the bounds of a value and the rules of
``docs/sizing.md`` come from this table.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from copytrade_gui.domain.sizing import fixed, multiple, risk, value
from copytrade_gui.domain.sizing.kind import Kind


class Strategy(StrEnum):
    """Names of the sizing rules, as stored and as written in a CSV file, with their kinds."""

    kind: Kind

    def __new__(cls, word: str, *kind: Kind) -> Self:
        member = str.__new__(cls, word)
        member._value_ = word
        (member.kind,) = kind
        return member

    RATIO = "ratio", multiple.RATIO
    MIRROR = "mirror", multiple.MIRROR
    FIXED = "fixed", fixed.UNITS
    LOTS = "lots", fixed.LOTS
    CAPITAL_PERCENT = "capital_percent", value.CAPITAL_PERCENT
    EQUITY = "equity", multiple.EQUITY
    RUPEES = "rupees", value.RUPEES
    RISK_RUPEES = "risk_rupees", risk.RISK_RUPEES
    RISK_PERCENT = "risk_percent", risk.RISK_PERCENT

    @property
    def follows_quantity(self) -> bool:
        """True if the size is a multiple of the master's quantity."""
        return self.kind.of_master
