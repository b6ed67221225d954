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
