"""Rules that give the same size for every order, whatever the master trades."""

from __future__ import annotations

from decimal import Decimal

from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.number import Bounds
from copytrade_gui.domain.order import MAX_QUANTITY, PER_ORDER
from copytrade_gui.domain.sizing.kind import EXACT, ONE, Kind, MasterOrder, Share


def _units(value: Decimal, _order: MasterOrder, _capital: Paise | None) -> Share:
    return value, ONE


def _lots(value: Decimal, order: MasterOrder, _capital: Paise | None) -> Share:
    return EXACT.multiply(value, order.lot_size), ONE


UNITS = Kind(
    label="Fixed units",
    hint="Units for every order, e.g. 75",
    words="{} fixed",
    short="{}",
    share=_units,
    bounds=Bounds(MAX_QUANTITY, PER_ORDER, unit="units", example="75", whole=True),
)
LOTS = Kind(
    label="Fixed lots",
    hint="Lots for every order, e.g. 2",
    words="{} lots fixed",
    short="{} lots",
    share=_lots,
    bounds=Bounds(MAX_QUANTITY, PER_ORDER, unit="lots", example="2", whole=True),
)
