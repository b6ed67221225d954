"""When the exchanges trade: one time zone, one table of sessions, holidays and special sessions.

The table is data, because the exchanges change it; each row says from which day it holds. Sources:
docs/safety.md 13.17 for the closing auction (3 August 2026) and derivatives to 15:40; MCX and
the other commodity segments end at 23:30 while New York has daylight saving time, else at 23:55.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum

from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKind

IST = timezone(timedelta(hours=5, minutes=30), "IST")
"""India's only time zone; it has no daylight saving time."""
SETTLES = timedelta(minutes=2)
"""Books may still move so long after a close; the broker's day ends at midnight."""
ENDS_SOON = timedelta(days=30)

_IST_NS = 19_800 * 1_000_000_000
_DAY_NS = 86_400 * 1_000_000_000
_CONTRACTS_AFTER_NS = 8 * 3_600 * 1_000_000_000
_SATURDAY = 5


def ist(wall_ns: int) -> datetime:
    """Wall nanoseconds (UTC) as a time of day in India, to the microsecond."""
    return datetime.fromtimestamp(wall_ns // 1_000_000_000, UTC).astimezone(IST) + timedelta(
        microseconds=wall_ns // 1_000 % 1_000_000
    )


@dataclass(frozen=True, slots=True)
class IndianTime:
    """One moment in India: the time, the day since 1970, and whose contract files hold by then."""

    at: datetime
    day: int
    contract_day: date


def indian_time(wall_ns: int) -> IndianTime:
    """What a moment in wall nanoseconds (UTC) is in India."""
    return IndianTime(ist(wall_ns), indian_day(wall_ns), contract_day(wall_ns))


def indian_day(wall_ns: int) -> int:
    """Days since 1970 in India, whose days the broker's books show."""
    return (wall_ns + _IST_NS) // _DAY_NS


def day_bounds(day: date) -> tuple[int, int]:
    """First ns of an Indian day and first ns after it, UTC."""
    first = int(datetime(day.year, day.month, day.day, tzinfo=IST).timestamp()) * 1_000_000_000
    return first, first + _DAY_NS


def day_began_ns(wall_ns: int) -> int:
    """First ns of the Indian day of a moment, UTC."""
    return indian_day(wall_ns) * _DAY_NS - _IST_NS


def contract_day(wall_ns: int) -> date:
    """Whose contract files hold now: the day's from 08:00 on, when the broker has made them."""
    return ist(wall_ns - _CONTRACTS_AFTER_NS).date()


class SessionKind(StrEnum):
    """What goes on in a session; orders are copied in continuous trading alone."""

    PRE_OPEN = "pre-open"
    CONTINUOUS = "continuous trading"
    CLOSING_AUCTION = "closing auction"


class Shares(StrEnum):
    """Which instruments a row is for: a share with derivatives ends its day in an auction."""

    ALL = "all"
    AUCTIONED = "auctioned"
    OTHERS = "others"


class Season(StrEnum):
    """Whether New York has daylight saving time; commodities follow its hours."""

    ALL = "all"
    SUMMER = "summer"
    WINTER = "winter"


@dataclass(frozen=True, slots=True)
class SessionHours:
    """One row of the table. Both days are included; ``last`` None holds until further notice."""

    exchanges: frozenset[Exchange]
    kind: SessionKind
    opens: time
    closes: time
    first: date = date.min
    last: date | None = None
    shares: Shares = Shares.ALL
    season: Season = Season.ALL

    def holds_on(self, day: date) -> bool:
        """True if the row is for this day."""
        if day < self.first or (self.last is not None and day > self.last):
            return False
        return self.season is Season.ALL or self.season is _season(day)


@dataclass(frozen=True, slots=True)
class Holiday:
    """No sessions on a day, or none before ``opens`` where only the morning is closed."""

    day: date
    name: str
    exchanges: frozenset[Exchange]
    opens: time | None = None
    closes: time | None = None
    """Set where only the evening is closed."""


@dataclass(frozen=True, slots=True)
class SpecialSession:
    """Continuous trading at an hour or on a day that the table does not have, such as Muhurat."""

    day: date
    name: str
    exchanges: frozenset[Exchange]
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Session:
    """A session of one day. It is over at ``closes``."""

    kind: SessionKind
    opens: datetime
    closes: datetime
    name: str = ""
    """A special session's name."""

    def runs_at(self, moment: datetime) -> bool:
        """True from its first to before its last moment."""
        return self.opens <= moment < self.closes


_CASH = frozenset({Exchange.NSEEQ, Exchange.BSEEQ})
_DERIVATIVES = frozenset({Exchange.NSEFO, Exchange.BSEFO})
EQUITY = _CASH | _DERIVATIVES
"""One market: its day is over when its derivatives are."""
_CURRENCY = frozenset({Exchange.NSECURR, Exchange.BSECURR})
COMMODITY = frozenset({Exchange.MCXCOMM, Exchange.NSECOMM, Exchange.BSECOMM})
_FARM = frozenset({Exchange.NCDEXCOMM})
_AUCTIONS_FROM = date(2026, 8, 3)
_BEFORE = _AUCTIONS_FROM - timedelta(days=1)
_OPENS, _NINE = time(9, 15), time(9, 0)
_PRE_OPEN, _CONTINUOUS = SessionKind.PRE_OPEN, SessionKind.CONTINUOUS

SESSIONS = (
    SessionHours(EQUITY, _PRE_OPEN, _NINE, _OPENS),
    SessionHours(EQUITY, _CONTINUOUS, _OPENS, time(15, 30), last=_BEFORE),
    SessionHours(
        _CASH, _CONTINUOUS, _OPENS, time(15, 30), first=_AUCTIONS_FROM, shares=Shares.OTHERS
    ),
    SessionHours(
        _CASH, _CONTINUOUS, _OPENS, time(15, 15), first=_AUCTIONS_FROM, shares=Shares.AUCTIONED
    ),
    SessionHours(
        _CASH,
        SessionKind.CLOSING_AUCTION,
        time(15, 15),
        time(15, 35),
        first=_AUCTIONS_FROM,
        shares=Shares.AUCTIONED,
    ),
    SessionHours(_DERIVATIVES, _CONTINUOUS, _OPENS, time(15, 40), first=_AUCTIONS_FROM),
    SessionHours(_CURRENCY, _CONTINUOUS, _NINE, time(17, 0)),
    SessionHours(_FARM, _CONTINUOUS, _NINE, time(17, 0)),
    SessionHours(COMMODITY, _CONTINUOUS, _NINE, time(23, 30), season=Season.SUMMER),
    SessionHours(COMMODITY, _CONTINUOUS, _NINE, time(23, 55), season=Season.WINTER),
)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The table, with the holidays and special sessions that are known.

    ``listed_until`` is the last day for which the holidays are known, None if they never were.
    """

    holidays: tuple[Holiday, ...] = ()
    specials: tuple[SpecialSession, ...] = ()
    listed_until: date | None = None
    hours: tuple[SessionHours, ...] = field(default_factory=lambda: SESSIONS)

    def sessions(
        self, exchange: Exchange, day: date, shares: Shares = Shares.ALL
    ) -> tuple[Session, ...]:
        """The sessions of a day in their order; for ``Shares.ALL`` those of every instrument."""
        found = [
            Session(SessionKind.CONTINUOUS, _at(day, one.opens), _at(day, one.closes), one.name)
            for one in self.specials
            if one.day == day and exchange in one.exchanges
        ]
        if day.weekday() < _SATURDAY:
            found += self._regular(exchange, day, shares)
        return tuple(sorted(found, key=lambda one: (one.opens, one.closes)))

    def _regular(self, exchange: Exchange, day: date, shares: Shares) -> Iterator[Session]:
        holiday = self.holiday(exchange, day)
        for row in self.hours:
            if exchange not in row.exchanges or not row.holds_on(day):
                continue
            if Shares.ALL not in (shares, row.shares) and row.shares is not shares:
                continue
            opens, closes = row.opens, row.closes
            if holiday is not None:
                if holiday.opens is None and holiday.closes is None:
                    continue
                opens = max(opens, holiday.opens or opens)
                closes = min(closes, holiday.closes or closes)
            if opens < closes:
                yield Session(row.kind, _at(day, opens), _at(day, closes))

    def holiday(self, exchange: Exchange, day: date) -> Holiday | None:
        """The holiday that this exchange keeps on this day."""
        for one in self.holidays:
            if one.day == day and exchange in one.exchanges:
                return one
        return None

    def session_at(
        self, exchange: Exchange, moment: datetime, shares: Shares = Shares.ALL
    ) -> Session | None:
        """The session that runs at this moment (IST); of several, continuous trading first."""
        running = [
            one for one in self.sessions(exchange, moment.date(), shares) if one.runs_at(moment)
        ]
        return min(running, key=lambda one: one.kind is not SessionKind.CONTINUOUS, default=None)

    def why_closed(self, exchange: Exchange, moment: datetime, shares: Shares = Shares.ALL) -> str:
        """Why no order is sent to this exchange now, with the session's name; empty: it may be."""
        running = self.session_at(exchange, moment, shares)
        if running is not None and running.kind is SessionKind.CONTINUOUS:
            return ""
        day = moment.date()
        if running is not None:
            name = f"in its {running.kind} until {running.closes:%H:%M}"
        elif (holiday := self.holiday(exchange, day)) is not None:
            name = f"closed for {holiday.name}"
        elif not self.sessions(exchange, day, shares):
            name = f"closed on {day:%A}s"
        else:
            name = "closed"
        following = self.next_opening(exchange, moment, shares)
        opens = "" if following is None else f" It trades again {_when(following, moment)}."
        return (
            f"{exchange} is {name}.{opens} Orders go to it in continuous trading only. A special "
            "session is added in calendar.toml."
        )

    def next_opening(
        self, exchange: Exchange, moment: datetime, shares: Shares = Shares.ALL
    ) -> datetime | None:
        """When continuous trading begins next, within a fortnight."""
        for ahead in range(15):
            for one in self.sessions(exchange, moment.date() + timedelta(days=ahead), shares):
                if one.kind is SessionKind.CONTINUOUS and one.opens > moment:
                    return one.opens
        return None

    def last_close(self, exchanges: Collection[Exchange], day: date) -> datetime | None:
        """When the last session of these exchanges ends, of their whole market where it is equity.

        The equity market's where none is named; None on a day that has no session for them.
        """
        asked = set(exchanges) or set(EQUITY)
        if asked & EQUITY:
            asked |= EQUITY
        ends = (one.closes for exchange in asked for one in self.sessions(exchange, day))
        return max(ends, default=None)

    def unlisted(self, exchange: Exchange, day: date) -> bool:
        """True if this exchange has no session on that day, as far as is known."""
        return not self.sessions(exchange, day)

    def trades_at(self, exchanges: Iterable[Exchange], moment: datetime) -> bool:
        """True in continuous trading or the closing auction of one of these exchanges."""
        return any(
            one.kind is not SessionKind.PRE_OPEN and one.runs_at(moment)
            for exchange in exchanges
            for one in self.sessions(exchange, moment.date())
        )

    def outdated(self, day: date) -> str:
        """One sentence when the list of holidays is missing or soon ends; empty while it holds."""
        until = self.listed_until
        if until is not None and until - day >= ENDS_SOON:
            return ""
        known = "are not known" if until is None else f"are known until {until:%d %b %Y} only"
        return (
            f"The exchanges' holidays {known}. Add the next list to calendar.toml in the data "
            "folder; it is read again within a minute."
        )


def shares_of(instrument: Instrument, auctioned: Collection[str] | None) -> Shares:
    """Which rows of the table are an instrument's.

    ``auctioned`` are the underlyings that have derivatives; as long as they are not known any share
    may be one of them.
    """
    if instrument.key.exchange not in _CASH or instrument.kind is not InstrumentKind.EQUITY:
        return Shares.ALL
    if auctioned is None or not instrument.underlying or instrument.underlying in auctioned:
        return Shares.AUCTIONED
    return Shares.OTHERS


def _season(day: date) -> Season:
    """New York's daylight saving time: second Sunday of March to first Sunday of November."""
    begins = _sunday(day.year, 3) + timedelta(days=7)
    return Season.SUMMER if begins <= day < _sunday(day.year, 11) else Season.WINTER


def _sunday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(6 - first.weekday()) % 7)


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, tzinfo=IST)


def _when(opening: datetime, moment: datetime) -> str:
    if opening.date() == moment.date():
        return f"at {opening:%H:%M}"
    return f"on {opening:%a %d %b at %H:%M}"
