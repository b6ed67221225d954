"""GO or NO-GO: what a trader looks at before he arms the live day, each line with its remedy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence

from copytrade_gui.domain.account import Account, SessionState
from copytrade_gui.domain.basis import why_not_live
from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.drift_report import DriftLine
from copytrade_gui.domain.typed import listed
from copytrade_gui.services.modes import LiveCheck, Standing, lacking
from copytrade_gui.services.position_report import PositionReport
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.strip.market_clock import countdown

_STANDINGS = {"ok": Standing.OK, "bad": Standing.LACKS}
_LAMPS = (("feed", "Order news"), ("clock", "Clock"), ("database", "Database"))
_NAMED = 3
STANDS = {Standing.OK: "✓ Go", Standing.LACKS: "✗ No-go", Standing.NOTE: "Note"}
"""How a line stands, in words."""
WIDE = 700
"""Pixels that the lines want, at least."""


class Morning:
    """Looks at what the window knows; nothing is asked of the broker.

    ``contracts`` tells what the contract files lack, empty where they are of today; ``lamp`` a
    lamp's state and words, empty before anything was told; the others what their panels show.
    """

    def __init__(
        self,
        desk: Desk,
        contracts: Callable[[], Awaitable[str]],
        lamp: Callable[[str], tuple[str, str]],
        positions: Callable[[], PositionReport],
        drift: Callable[[], Sequence[DriftLine]],
    ) -> None:
        self._desk = desk
        self._contracts = contracts
        self._lamp = lamp
        self._positions = positions
        self._drift = drift

    async def checks(self) -> tuple[LiveCheck, ...]:
        """How the morning stands now."""
        old = await self._contracts()
        return (
            self._market(),
            *self._accounts(),
            _line("Contract files", old, "Of today."),
            self._positions_read(),
            self._in_step(),
            *self._lamp_lines(),
        )

    def _market(self) -> LiveCheck:
        is_open, word, words = countdown(ist(self._desk.wall_ns()), self._desk.calendar())
        return LiveCheck("Market", Standing.OK if is_open else Standing.NOTE, f"{word}, {words}.")

    def _accounts(self) -> Iterator[LiveCheck]:
        roster = self._desk.roster
        active, offline = roster.active(), roster.offline()
        lacks = _of(roster.without_session(), active, "not logged in", "Followers > Log in next.")
        if not active:
            lacks = "There is no account yet. Add a master and followers."
        yield _line("Sessions", lacks, f"All {figures.whole(len(active))} are logged in.")
        if offline:
            answer = "without an answer of the broker", "They come back by themselves."
            yield LiveCheck("Offline", Standing.LACKS, _of(offline, active, *answer))
        basis = [one for one in active if why_not_live(one.declared.basis)]
        if basis and not self._desk.paper:
            words = "without a compliance basis", "Followers > Declare basis."
            yield LiveCheck("Basis", Standing.LACKS, _of(basis, active, *words))
        if stopped := roster.stopped():
            words = "stopped alone", "Followers > Lift halt says why."
            yield LiveCheck("Stopped", Standing.NOTE, _of(stopped, active, *words))
        ready = [roster.status(one.account_id) for one in active]
        ready = [one for one in ready if one.session is SessionState.READY]
        unknown = sum(one.free_margin is None for one in ready)
        if unknown:
            of = f"{figures.whole(unknown)} of {figures.plural(len(ready), 'account')}"
            yield LiveCheck("Margin", Standing.NOTE, f"Not told yet of {of}; read within a minute.")

    def _positions_read(self) -> LiveCheck:
        unread = [name for name, _ in self._positions().unread]
        count = figures.plural(len(unread), "account")
        lacks = f"Not read of {count}: {listed(unread, _NAMED)}." if unread else ""
        return _line("Positions", lacks, "Read of every account that is logged in.")

    def _in_step(self) -> LiveCheck:
        off = sum(line.trouble for line in self._drift())
        if off:
            words = f"{figures.plural(off, 'position')} to look at: View > Drift."
            return LiveCheck("Followers", Standing.NOTE, words)
        return LiveCheck("Followers", Standing.OK, "No copy is known to be out of step.")

    def _lamp_lines(self) -> Iterator[LiveCheck]:
        for name, title in _LAMPS:
            state, words = self._lamp(name)
            standing = _STANDINGS.get(state, Standing.NOTE)
            said = words or "not told yet"
            yield LiveCheck(title, standing, f"{said[0].upper()}{said[1:].rstrip('.')}.")


def verdict(checks: Sequence[LiveCheck]) -> str:
    """``GO``, or ``NO-GO`` with what it means to arm all the same."""
    found = len(lacking(checks))
    if not found:
        return "GO: nothing below stands in the way."
    return (
        f"NO-GO: {figures.plural(found, 'line')} below to see to first. You can arm all the same: "
        "an account that is not ready sends nothing."
    )


def _line(name: str, lacks: str, otherwise: str) -> LiveCheck:
    return LiveCheck(name, Standing.LACKS if lacks else Standing.OK, lacks or otherwise)


def _of(some: Sequence[Account], active: Sequence[Account], what: str, remedy: str) -> str:
    """``3 of 25 accounts are not logged in (Asha, Ravi, ...). Followers > Log in next.``"""
    if not some:
        return ""
    count = f"{figures.whole(len(some))} of {figures.plural(len(active), 'account')}"
    return f"{count} {what} ({listed([one.name for one in some], _NAMED)}). {remedy}"
