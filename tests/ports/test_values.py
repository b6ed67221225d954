"""The values that cross the ports: what follows from what they hold."""

from dataclasses import replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.ids import BrokerOrderId
from copytrade_gui.domain.instrument import Exchange, InstrumentKey
from copytrade_gui.domain.order import OrderType, Product, Side, State, Validity
from copytrade_gui.ports import BrokerOrder, ClockOffset, LostRecords, SessionToken

ROW = BrokerOrder(
    BrokerOrderId("261124000000001"), "", "open", State.WORKING,
    InstrumentKey(Exchange.NSEEQ, "1594"), Side.BUY, 10, 4, 6, Decimal(1500), Decimal(0),
    Decimal(1500), Product.INTRADAY, OrderType.LIMIT, Validity.DAY, "", placed_ns=1_000,
)  # fmt: skip


def test_a_session_never_shows_its_token() -> None:
    token = SessionToken("eyJ-secret", 1)
    assert "secret" not in f"{token!r} {token}"


@pytest.mark.parametrize(
    ("ms", "grain_ms", "seconds", "words"),
    [
        (0.0, 550.0, 0, "0 s ± 1 s"),
        (550.0, 550.0, 0, "0 s ± 1 s"),
        (2_100.0, 600.0, 2, "+2 s ± 1 s"),
        (-31_000.0, 1_400.0, -31, "-31 s ± 3 s"),
    ],
)
def test_a_clock_is_off_when_the_grain_cannot_explain_it(
    ms: float, grain_ms: float, seconds: int, words: str
) -> None:
    offset = ClockOffset(ms, grain_ms)
    assert (offset.seconds, offset.in_words) == (seconds, words)


def test_what_is_filled_whole_is_filled_whatever_its_word() -> None:
    assert not ROW.all_filled
    assert replace(ROW, filled_quantity=10, state=None, status_text="???").all_filled


def test_lost_records_cover_what_was_placed_before_they_were_lost() -> None:
    assert not LostRecords().covers(ROW)
    assert LostRecords(before_ns=1_001).covers(ROW)
    assert not LostRecords(before_ns=1_000).covers(ROW)
    assert not LostRecords(before_ns=1_001).covers(replace(ROW, placed_ns=None))
