"""What ``copytrade-gui stop`` is asked for and what it answers, whether a console runs or not."""

from __future__ import annotations

import getpass
from dataclasses import dataclass

from msgspec import Struct

from copytrade_gui.domain.actor import Actor, ActorKind
from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.trading_state import StateChange, TradingState
from copytrade_gui.domain.typed import cut

STOP_VERBS = {
    "pause": TradingState.PAUSE,
    "reduce": TradingState.REDUCE,
    "halt": TradingState.HALT,
    "kill": TradingState.KILL,
}
_LONGEST_REASON = 500
_UNEXPLAINED = "Asked for by a script."


@dataclass(frozen=True, slots=True)
class StopWish:
    """What the command line asks for: a stop, ``status`` or ``resume``, and for whom."""

    verb: str
    reason: str = ""
    account: str = ""
    group: str = ""
    all_orders: bool = False


class StopTold(Struct, frozen=True):
    """How it stands now. ``at`` is Indian time; ``console`` says whether one holds the folder.

    ``state`` and what follows are of the whole program, empty where nothing is known of it.
    """

    ok: bool
    sentence: str
    console: bool
    state: str = ""
    actor: str = ""
    reason: str = ""
    at: str = ""


def standing(change: StateChange | None, *, console: bool) -> StopTold:
    """How it stands; ``console`` says whether one holds the folder. None: nothing is stored."""
    if change is None:
        if console:
            return StopTold(
                False, "The console is open, and has not stored a state yet. See its window.", True
            )
        return StopTold(True, "Trading is not stopped.", False, str(TradingState.ACTIVE))
    at = ist(change.at_ns)
    where = "the console is open" if console else "no console is open here"
    owners = ", of all orders" if change.all_orders else ""
    return StopTold(
        True,
        f"{change.state}{owners} since {at:%d %b %Y %H:%M:%S} IST, by {change.actor}: "
        f"{change.reason} ({where}).",
        console,
        str(change.state),
        change.actor,
        change.reason,
        at.isoformat(timespec="seconds"),
    )


def reason_of(wish: StopWish) -> str:
    """What was given as the reason, or that none was."""
    return cut(wish.reason.strip(), _LONGEST_REASON) or _UNEXPLAINED


def command_line() -> Actor:
    """Who asks by a command: the user of this machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown user"
    return Actor(ActorKind.COMMAND_LINE, cut(user, 40))
