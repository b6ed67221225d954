"""Stored order terms, read back with their instruments."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import msgspec
from sqlalchemy import Connection

from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.order import OrderTerms, OrderType, Product, Side, Validity


class Terms:
    """Order terms by number, with their instruments; one object for equal terms."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._instruments: dict[int, Instrument] = {}
        self._parts: dict[int, OrderTerms] = {}
        self._made: dict[tuple[int, int], OrderTerms] = {}

    def get(self, number: int, quantity: int) -> OrderTerms:
        """Terms with their quantity in units."""
        key = (number, quantity)
        terms = self._made.get(key)
        if terms is None:
            base = self._parts.get(number) or self._read(number)
            terms = self._made[key] = replace(base, quantity=quantity)
        return terms

    def _read(self, number: int) -> OrderTerms:
        row = self._connection.exec_driver_sql(
            "SELECT instrument_number, side, product, order_type, validity, price, trigger_price "
            "FROM order_terms WHERE terms_number = ?",
            (number,),
        ).one()
        terms = OrderTerms(
            instrument=self._instrument(row[0]),
            side=Side(row[1]),
            quantity=0,
            product=Product(row[2]),
            order_type=OrderType(row[3]),
            validity=Validity(row[4]),
            price=None if row[5] is None else Decimal(row[5]),
            trigger=None if row[6] is None else Decimal(row[6]),
        )
        self._parts[number] = terms
        return terms

    def _instrument(self, number: int) -> Instrument:
        instrument = self._instruments.get(number)
        if instrument is None:
            content = self._connection.exec_driver_sql(
                "SELECT content FROM instruments_used WHERE instrument_number = ?", (number,)
            ).scalar_one()
            instrument = msgspec.json.decode(content, type=Instrument)
            self._instruments[number] = instrument
        return instrument
