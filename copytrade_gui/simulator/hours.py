"""When the simulated exchanges trade, of use where the switch ``trading_hours`` keeps them to it.

Weekends are observed, holidays are not. Seconds since midnight IST.
"""

from copytrade_gui.simulator.ist import NS, date_of, day_number, day_start, second_of_day

OPENING = 9 * 3600 + 15 * 60
CLOSING = 15 * 3600 + 30 * 60
"""The equity market's day in candles and quotes."""
_HOURS = {
    "NSEEQ": (OPENING, CLOSING),
    "BSEEQ": (OPENING, CLOSING),
    "NSEFO": (OPENING, 15 * 3600 + 40 * 60),
    "BSEFO": (OPENING, 15 * 3600 + 40 * 60),
    "NSECURR": (9 * 3600, 17 * 3600),
    "BSECURR": (9 * 3600, 17 * 3600),
    "NCDEXCOMM": (9 * 3600, 17 * 3600),
    "MCXCOMM": (9 * 3600, 23 * 3600 + 55 * 60),
    "NSECOMM": (9 * 3600, 23 * 3600 + 55 * 60),
    "BSECOMM": (9 * 3600, 23 * 3600 + 55 * 60),
}

_QUARTER_PAST_THREE = 15 * 3600 + 15 * 60
SQUARE_OFF = {
    "NSEEQ": _QUARTER_PAST_THREE,
    "BSEEQ": _QUARTER_PAST_THREE,
    "NSEFO": _QUARTER_PAST_THREE,
    "BSEFO": _QUARTER_PAST_THREE,
    "NSECURR": 16 * 3600 + 45 * 60,
    "BSECURR": 16 * 3600 + 45 * 60,
    "NCDEXCOMM": 16 * 3600 + 45 * 60,
    "MCXCOMM": 23 * 3600 + 25 * 60,
    "NSECOMM": 23 * 3600 + 25 * 60,
    "BSECOMM": 23 * 3600 + 25 * 60,
}
"""When the broker ends intraday orders and positions, where ``square_off`` is on."""


def past_square_off(exchange: str, ns: int) -> bool:
    """Whether the broker takes no intraday order any more on this day."""
    return second_of_day(ns) >= SQUARE_OFF[exchange]


def is_open(exchange: str, ns: int) -> bool:
    """Whether continuous trading runs."""
    opens, closes = _HOURS[exchange]
    return date_of(day_number(ns)).weekday() < 5 and opens <= second_of_day(ns) < closes


def closing(exchange: str, ns: int) -> int:
    """When trading ends on the day of ``ns``, ns."""
    return day_start(day_number(ns)) + _HOURS[exchange][1] * NS


def next_opening(exchange: str, ns: int) -> int:
    """The next opening on a weekday, ns."""
    opens, _ = _HOURS[exchange]
    day = day_number(ns)
    if second_of_day(ns) >= opens:
        day += 1
    while date_of(day).weekday() >= 5:
        day += 1
    return day_start(day) + opens * NS
