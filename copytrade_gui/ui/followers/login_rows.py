"""Who is to be logged in, how far it has come, and how long it will still take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import median

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.ui import figures
from copytrade_gui.ui.icons import Mark
from copytrade_gui.ui.state_words import client_tail
from copytrade_gui.ui.tables.columns import Column, natural
from copytrade_gui.ui.theme import Tone


class Stand(StrEnum):
    """How far one account's login has come; in the order in which the rows stand."""

    NOW = "now"
    FAILED = "failed"
    WAITING = "waiting"
    SKIPPED = "skipped"
    DONE = "done"


_FACES: dict[Stand, tuple[str, Tone, Mark]] = {
    Stand.NOW: ("Now", Tone.INFO, Mark.HALF),
    Stand.FAILED: ("Failed", Tone.BAD, Mark.SQUARE),
    Stand.WAITING: ("Waiting", Tone.WARN, Mark.RING),
    Stand.SKIPPED: ("Skipped", Tone.MUTED, Mark.DASH),
    Stand.DONE: ("Logged in", Tone.OK, Mark.CIRCLE),
}
_ORDER = list(_FACES)


@dataclass(frozen=True, slots=True)
class LoginRow:
    """One account. ``reason`` is why its last try failed, in a sentence."""

    account: Account
    stand: Stand = Stand.WAITING
    reason: str = ""


COLUMNS: tuple[Column[LoginRow], ...] = (
    Column("stand", "State", lambda r: _FACES[r.stand][0], chars=12,
           sort=lambda r: _ORDER.index(r.stand), tone=lambda r: _FACES[r.stand][1],
           mark=lambda r: _FACES[r.stand][2]),
    Column("name", "Account", lambda r: r.account.name, chars=20,
           sort=lambda r: natural(r.account.name), tip=lambda r: r.account.name),
    Column("client", "Client", lambda r: client_tail(r.account.client_id),
           tip=lambda r: r.account.client_id),
    Column("role", "Role", lambda r: "Master" if r.account.master else "Follower"),
    Column("reason", "Why not", lambda r: r.reason, tip=lambda r: r.reason, chars=24,
           takes_rest=True),
)  # fmt: skip


class LoginList:
    """The accounts in the order in which they are logged in."""

    def __init__(self, accounts: Iterable[tuple[Account, str]]) -> None:
        """``accounts`` come with why an earlier login of theirs failed, or nothing."""
        self._rows = {one.account_id: LoginRow(one, reason=why) for one, why in accounts}
        self._seconds: list[float] = []

    @property
    def rows(self) -> Sequence[LoginRow]:
        """Every account."""
        return tuple(self._rows.values())

    def next(self) -> Account | None:
        """Whose turn it is; None when nobody waits."""
        waiting = (one.account for one in self._rows.values() if one.stand is Stand.WAITING)
        return next(waiting, None)

    def put(self, account_id: AccountId, stand: Stand, reason: str = "") -> LoginRow:
        """How an account stands now."""
        row = self._rows[account_id] = replace(self._rows[account_id], stand=stand, reason=reason)
        return row

    def took(self, seconds: float) -> None:
        """A login was done in so long."""
        self._seconds.append(seconds)

    def again(self) -> Sequence[LoginRow]:
        """Who failed or was skipped waits once more; their rows."""
        left = [one for one in self.rows if one.stand in (Stand.FAILED, Stand.SKIPPED)]
        return [self.put(one.account.account_id, Stand.WAITING, one.reason) for one in left]

    def count(self, *stands: Stand) -> int:
        """How many stand so."""
        return sum(one.stand in stands for one in self._rows.values())

    def words(self) -> str:
        """``3 of 12 logged in, 1 failed, 8 left. About 4 minutes to go.``"""
        counts = Counter(one.stand for one in self._rows.values())
        done, total = counts[Stand.DONE], len(self._rows)
        left = counts[Stand.WAITING] + counts[Stand.NOW]
        if done == total:
            return f"{figures.plural(total, 'account')} logged in. Nobody is left."
        parts = [f"{figures.whole(done)} of {figures.whole(total)} logged in"]
        parts += [
            f"{figures.whole(counts[stand])} {word}"
            for stand, word in ((Stand.FAILED, "failed"), (Stand.SKIPPED, "skipped"))
            if counts[stand]
        ]
        return f"{', '.join(parts)}, {figures.whole(left)} left.{self._time_left(left)}"

    def _time_left(self, left: int) -> str:
        if not self._seconds or not left:
            return ""
        minutes = round(median(self._seconds) * left / 60)
        if minutes < 1:
            return " Less than a minute to go."
        return f" About {figures.plural(minutes, 'minute')} to go."
