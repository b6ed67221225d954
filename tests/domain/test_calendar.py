"""Sessions of a day: the table, holidays, special sessions, seasons and days of India."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.calendar import (
    COMMODITY,
    EQUITY,
    IST,
    Calendar,
    Holiday,
    SessionKind,
    Shares,
    SpecialSession,
    contract_day,
    day_began_ns,
    day_bounds,
    indian_day,
    ist,
    shares_of,
)
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, InstrumentKind

NSE, NFO, MCX = Exchange.NSEEQ, Exchange.NSEFO, Exchange.MCXCOMM
BEFORE, SINCE = date(2026, 7, 31), date(2026, 8, 3)
SUNDAY = date(2026, 11, 8)
NS = 1_000_000_000
WALL_NS = st.integers(0, 4_000_000_000 * NS)


def closes(exchange: Exchange, day: date, shares: Shares = Shares.ALL) -> list[str]:
    return [f"{one.kind} {one.closes:%H:%M}" for one in Calendar().sessions(exchange, day, shares)]


@pytest.mark.parametrize(
    ("exchange", "day", "shares", "expected"),
    [
        (NSE, BEFORE, Shares.AUCTIONED, ["pre-open 09:15", "continuous trading 15:30"]),
        (NSE, SINCE, Shares.OTHERS, ["pre-open 09:15", "continuous trading 15:30"]),
        (
            NSE,
            SINCE,
            Shares.AUCTIONED,
            ["pre-open 09:15", "continuous trading 15:15", "closing auction 15:35"],
        ),
        (NFO, BEFORE, Shares.ALL, ["pre-open 09:15", "continuous trading 15:30"]),
        (NFO, SINCE, Shares.ALL, ["pre-open 09:15", "continuous trading 15:40"]),
        (Exchange.NSECURR, SINCE, Shares.ALL, ["continuous trading 17:00"]),
        (Exchange.NCDEXCOMM, SINCE, Shares.ALL, ["continuous trading 17:00"]),
        (MCX, SINCE, Shares.ALL, ["continuous trading 23:30"]),
        (MCX, date(2026, 12, 1), Shares.ALL, ["continuous trading 23:55"]),
        (NSE, SUNDAY, Shares.ALL, []),
    ],
)
def test_the_sessions_of_a_day(
    exchange: Exchange, day: date, shares: Shares, expected: list[str]
) -> None:
    assert closes(exchange, day, shares) == expected


def test_holidays_take_a_day_a_morning_or_an_evening() -> None:
    monday = date(2026, 11, 9)
    evening, morning = monday + timedelta(days=1), monday + timedelta(days=2)
    calendar = Calendar(
        holidays=(
            Holiday(monday, "Diwali", EQUITY),
            Holiday(evening, "An evening", COMMODITY, closes=time(17)),
            Holiday(morning, "A morning", COMMODITY, opens=time(17)),
        ),
        specials=(SpecialSession(monday, "Muhurat", EQUITY, time(18), time(19)),),
    )
    (muhurat,) = calendar.sessions(NSE, monday)
    assert (muhurat.name, muhurat.kind) == ("Muhurat", SessionKind.CONTINUOUS)
    assert [one.closes.time() for one in calendar.sessions(MCX, evening)] == [time(17)]
    assert [one.opens.time() for one in calendar.sessions(MCX, morning)] == [time(17)]
    assert "closed for Diwali" in calendar.why_closed(NSE, datetime.combine(monday, time(12), IST))
    assert not calendar.why_closed(NSE, datetime.combine(monday, time(18), IST))
    assert calendar.last_close([NSE], monday) == datetime.combine(monday, time(19), IST)
    assert calendar.trades_at([NSE, MCX], datetime.combine(monday, time(12), IST))


@pytest.mark.parametrize("exchange", list(Exchange))
def test_what_is_closed_says_when_it_opens_and_then_it_is_open(exchange: Exchange) -> None:
    calendar, moment = Calendar(), datetime.combine(SUNDAY, time(11), IST)
    assert "closed on Sundays" in calendar.why_closed(exchange, moment)
    assert calendar.unlisted(exchange, SUNDAY)
    opening = calendar.next_opening(exchange, moment)
    assert opening is not None
    assert f"on {opening:%a %d %b at %H:%M}" in calendar.why_closed(exchange, moment)
    assert not calendar.why_closed(exchange, opening)
    assert calendar.why_closed(exchange, opening - timedelta(minutes=1))


def test_a_list_of_holidays_that_ends_is_told_a_month_before() -> None:
    listed = Calendar(listed_until=date(2026, 12, 31))
    assert not listed.outdated(date(2026, 12, 1))
    assert "31 Dec 2026" in listed.outdated(date(2026, 12, 2))
    assert "not known" in Calendar().outdated(date(2026, 12, 1))


def test_a_share_is_auctioned_until_it_is_known_to_have_no_derivatives() -> None:
    share = Instrument(
        InstrumentKey(NSE, "1"), "INFY-EQ", "INFOSYS", "INFY", InstrumentKind.EQUITY, 1,
        Decimal("0.05"),
    )  # fmt: skip
    assert shares_of(share, None) is Shares.AUCTIONED
    assert shares_of(share, {"INFY"}) is Shares.AUCTIONED
    assert shares_of(share, {"SBIN"}) is Shares.OTHERS


@given(WALL_NS)
def test_every_moment_lies_in_its_indian_day(wall_ns: int) -> None:
    first, after = day_bounds(ist(wall_ns).date())
    assert first <= wall_ns < after
    assert first == day_began_ns(wall_ns)
    assert indian_day(first) == indian_day(wall_ns) == indian_day(after) - 1


def test_contract_files_are_of_the_day_from_eight_on() -> None:
    first, _ = day_bounds(SINCE)
    eight = first + 8 * 3600 * NS
    assert contract_day(eight) == SINCE
    assert contract_day(eight - 1) == SINCE - timedelta(days=1)
