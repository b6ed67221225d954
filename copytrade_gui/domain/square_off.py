"""Squaring off: which copied positions are chosen, what would be closed, and what became of it."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec
from msgspec import Struct, structs

from copytrade_gui.domain.exits import against
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.instrument import Instrument, InstrumentKey
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.domain.position import OwnKey, PositionKey
from copytrade_gui.domain.sizing import Sized
from copytrade_gui.domain.typed import listed


class Chosen(Struct, frozen=True, omit_defaults=True):
    """Copied positions by account, instrument and product; None is any of them.

    ``keep`` are units of one position, signed as it is, that are to stay: what of it copies another
    order or another master. ``first`` are masters whose copies are closed before others'. With
    ``owners`` it is also what owners hold there themselves (``domain.position.OwnKey``).
    """

    account_id: AccountId | None = None
    instrument: InstrumentKey | None = None
    product: Product | None = None
    keep: int = 0
    first: tuple[AccountId, ...] = ()
    owners: bool = False

    def covers(self, key: PositionKey) -> bool:
        """True if the position is one of these."""
        return (
            (self.owners or not isinstance(key, OwnKey))
            and self.account_id in (None, key.account_id)
            and self.instrument in (None, key.instrument)
            and self.product in (None, key.product)
        )


Scope = tuple[Chosen, ...]
"""A position is in it if any of these covers it."""
EVERYTHING: Scope = (Chosen(),)


def chosen_in(scope: Scope, key: PositionKey) -> Chosen | None:
    """By what a position is in the scope; None: it is not."""
    return next((chosen for chosen in scope if chosen.covers(key)), None)


def beyond(net: int, keep: int) -> int:
    """What of a position is more than what stays, signed like the position."""
    if net > 0:
        return max(0, net - max(0, keep))
    return min(0, net - min(0, keep))


def scope_text(scope: Scope) -> str:
    """The scope as it is recorded."""
    return msgspec.json.encode(scope).decode()


def read_scope(text: str) -> Scope:
    """A scope as it was recorded. Raises ValueError."""
    return msgspec.json.decode(text, type=Scope)


class Line(Struct, frozen=True, kw_only=True):
    """What would be closed of one copied position. Quantities in units.

    ``held`` is what copies hold, signed; ``units`` is what an order would be for, with ``code`` and
    ``reason`` where that is not all of it. ``orders`` are copies that work or wait there: they are
    cancelled first. ``price`` is the worst price, in rupees, that the order would take by the
    newest quote, None while there is none.
    """

    key: PositionKey
    account: str
    instrument: Instrument
    held: int
    units: int
    code: str = ""
    reason: str = ""
    orders: int = 0
    price: Decimal | None = None

    @property
    def side(self) -> Side:
        """The side of the order that closes it."""
        return closing_side(self.held)


def closing_side(held: int) -> Side:
    """The side of an order that reduces a position of so many units, signed."""
    return Side.SELL if held > 0 else Side.BUY


def closable(held: int, there: int | None, lot: int, whose: str = "The copies hold") -> Sized:
    """The order that closes what copies hold, or why there is none, or a smaller one.

    ``held`` is what copies hold and ``there`` what the broker shows in all, both signed; None where
    no book of his tells it. The order is never more than either, so it opens nothing.
    """
    wanted = abs(held)
    free = wanted if there is None else min(wanted, against(closing_side(held), there))
    units = free - free % lot
    if units == wanted:
        return Sized(units)
    copies = f"{whose} {_signed(held)}"
    if free == wanted and not units:
        return Sized(0, "below_lot", f"{copies}, less than one lot of {grouped(lot)}.")
    shown = "" if there is None else f", and the broker shows {_signed(there)}"
    if units:
        reason = f"{copies}{shown}: in lots of {grouped(lot)} no more can be closed of it."
        return Sized(units, "cut_to_position", reason)
    return Sized(
        0,
        "closed_by_owner",
        f"{copies}{shown}: the owner closed it by himself. An order would turn his position "
        "round, so none is sent.",
    )


def _signed(units: int) -> str:
    return f"{'+' if units > 0 else ''}{grouped(units)}"


class LegState(StrEnum):
    """Where the closing of one position stands."""

    WAITS = "waits"
    """Cancels, a read of the account or another leg come first."""
    SENT = "sent"
    """An order is on its way, or in doubt."""
    RESTS = "rests"
    """An order works at the exchange and found no buyer or seller for all of it yet."""
    NOT_SENT = "not_sent"
    """No order left for it; the reason says why."""
    FAILED = "failed"
    """Its order ended and did not close all of it."""
    CHECKED = "checked"
    """Nothing is left by our records; the broker's books are being read."""
    CLOSED = "closed"
    """Nothing is left, by complete reads of the broker's books that began after the last fill."""
    UNPROVEN = "unproven"
    """Nothing is left by our records, and the books could not be read to the end."""


DONE = frozenset({LegState.CLOSED, LegState.UNPROVEN})
"""Nothing is left of it by our records."""
OVER = DONE | {LegState.NOT_SENT, LegState.FAILED}
"""Nothing more happens by itself."""


class Leg(Struct, frozen=True, kw_only=True):
    """One position of a square-off. ``before`` and ``left`` are what copies held and hold, signed.

    Where only a part is chosen they are that part, and ``keep`` and ``first`` say the rest as
    ``Chosen`` does. ``closed`` are units that its orders filled. ``at_broker`` is what the broker's
    position book shows after it, the owner's own included; None while that was not read.
    """

    key: PositionKey
    account: str
    instrument: Instrument
    before: int
    closed: int
    left: int
    state: LegState
    code: str = ""
    reason: str = ""
    at_broker: int | None = None
    keep: int = 0
    first: tuple[AccountId, ...] = ()

    @property
    def chosen(self) -> Chosen:
        """The same once more: what is left of it."""
        key = self.key
        own = isinstance(key, OwnKey)
        return Chosen(key.account_id, key.instrument, key.product, self.keep, self.first, own)


class SquareOffReport(Struct, frozen=True, kw_only=True):
    """A square-off as it stands. ``began_ns`` is UTC ns; ``cancelled`` counts orders of copies.

    ``over``: nothing more is sent by it, and nothing more is read. ``broken_off``: the program
    ended before it was over, or a stop came in the middle (``stopped``). Of one that went on with
    another (``goes_on``) it is the report of both.
    """

    command_id: CommandId
    began_ns: int
    legs: tuple[Leg, ...]
    cancelled: int = 0
    over: bool = False
    broken_off: bool = False
    stopped: bool = False

    @property
    def left(self) -> tuple[Leg, ...]:
        """The positions of which something is left."""
        return tuple(leg for leg in self.legs if leg.left)

    @property
    def proven(self) -> bool:
        """True if nothing is left anywhere, by the broker's books."""
        return all(leg.state is LegState.CLOSED for leg in self.legs)

    @property
    def in_words(self) -> str:
        """The report in a sentence or two; of what is left the first few names."""
        closed, left = sum(leg.closed for leg in self.legs), self.left
        of = "" if any(isinstance(leg.key, OwnKey) for leg in self.legs) else " of copies"
        words = f"{counted(closed, 'unit')} closed in {counted(len(self.legs), 'position')}{of}."
        if left:
            units, names = sum(abs(leg.left) for leg in left), [leg.account for leg in left]
            where = counted(len(left), "position")
            return f"{words} {counted(units, 'unit')} left in {where}: {_names(names)}."
        if self.proven:
            return f"{words} Nothing is left, as the broker's books show."
        unread = [leg.account for leg in self.legs if leg.state is not LegState.CLOSED]
        return (
            f"{words} Nothing is left by our records. The broker's books did not show it yet: "
            f"{_names(unread)}."
        )


_ONCE_MORE = "~"


def goes_on(command: CommandId) -> CommandId:
    """The square-off that goes on with what this one left; its report is of both."""
    first, _, number = command.partition(_ONCE_MORE)
    return CommandId(f"{first}{_ONCE_MORE}{int(number if number.isdecimal() else 1) + 1}")


def went_on_from(command: CommandId) -> CommandId | None:
    """Which square-off this one goes on with; None: it began by itself."""
    first, _, number = command.partition(_ONCE_MORE)
    if not number.isdecimal():
        return None
    return CommandId(first if number == "2" else f"{first}{_ONCE_MORE}{int(number) - 1}")


def joined(earlier: Leg, leg: Leg) -> Leg:
    """One position of a square-off and of the one that went on with it, as one."""
    sign = -1 if (leg.before or earlier.before) < 0 else 1
    return structs.replace(
        leg, before=leg.before + sign * earlier.closed, closed=earlier.closed + leg.closed
    )


def counted(number: int, what: str) -> str:
    """``1 unit``, ``24 units``."""
    return f"{grouped(number)} {what}{'' if number == 1 else 's'}"


def _names(accounts: list[str]) -> str:
    return listed(list(dict.fromkeys(accounts)), _NAMED)


_NAMED = 5
