"""What a person decides about drift: close what is too many, let it be, or copy no more."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from copytrade_gui.domain.drift import Step
from copytrade_gui.domain.drift_report import DriftLine
from copytrade_gui.domain.ids import AccountId, CommandId, IntentId
from copytrade_gui.domain.link import LinkState
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.domain.square_off import Scope
from copytrade_gui.domain.typed import listed
from copytrade_gui.services.catch_up import CatchUpVerbs
from copytrade_gui.services.drift_verbs import DriftVerbs
from copytrade_gui.services.follower_verbs import FollowerVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import Question, bring_back
from copytrade_gui.ui.drift.catch_up import CatchUpDialog
from copytrade_gui.ui.drift.drift import DriftPanel
from copytrade_gui.ui.drift.drift_rows import full_words

TELL_AFTER_NS = 10_000_000_000
"""What is off for less may be a read that is still to come."""
_NAMED = 6
_Off = tuple[PositionKey, Step, int]


class DriftWork(QObject):
    """Asks, then does it. ``close`` shows what a square-off would send, and sends it if confirmed;
    so does the dialog of catching up. Nothing else here sends anything.
    """

    def __init__(
        self,
        desk: Desk,
        drift: DriftVerbs,
        catch_ups: CatchUpVerbs,
        followers: FollowerVerbs,
        panel: DriftPanel,
        *,
        close: Callable[[Scope, str], object],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._desk = desk
        self._drift = drift
        self._catch_ups = catch_ups
        self._followers = followers
        self._panel = panel
        self._close = close
        self._window = window
        self._since: dict[_Off, int] = {}
        """What is off, and since when, UTC ns."""
        self._told: set[_Off] = set()
        panel.looked.connect(self._on_looked)
        desk.actions.on(Act.CLOSE_DRIFT, self._close_excess)
        desk.actions.on(Act.CATCH_UP, self._catch_up)
        desk.actions.on(Act.IGNORE_DRIFT, lambda: self._begin(Act.IGNORE_DRIFT))
        desk.actions.on(Act.DISARM_DRIFT, lambda: self._begin(Act.DISARM_DRIFT))

    def _begin(self, act: Act) -> None:
        lines = self._panel.selected()
        if not lines or bring_back(self._window, "question"):
            return
        work = self._ignore(lines) if act is Act.IGNORE_DRIFT else self._disarm(lines)
        self._desk.tasks.start(work, name=str(act))

    # ------------------------------------------------------------ telling

    def _on_looked(self) -> None:
        """What is off, and still is a while later, is told once. Why nothing was copied was told
        with the order.
        """
        lines = [line for line in self._panel.lines() if line.step is not Step.MISSING]
        off = {_off(line) for line in lines if line.trouble}
        now_ns = self._desk.wall_ns()
        self._since = {one: self._since.get(one, now_ns) for one in off}
        self._told &= off
        self.tell(before_ns=now_ns - TELL_AFTER_NS)

    def tell(self, *, before_ns: int) -> None:
        """Tell what is off since so long, and was not told."""
        due = {one for one, since in self._since.items() if since <= before_ns} - self._told
        lines = [line for line in self._panel.lines() if _off(line) in due]
        if not lines:
            return
        self._told |= due
        names = list(dict.fromkeys(line.account for line in lines))
        positions = "position" if len(lines) == 1 else "positions"
        sentence = (
            f"{figures.whole(len(lines))} copied {positions} not in step: "
            f"{listed(names, _NAMED)}. {lines[0].symbol} of {lines[0].account}: "
            f"{lines[0].verdict.reason} The drift board shows what may be done."
        )
        self._desk.notices.warn(sentence)

    # ------------------------------------------------------------ close

    def _close_excess(self) -> None:
        lines = [line for line in self._panel.selected() if line.exit]
        scope = tuple(chosen for line in lines for chosen in line.exit)
        if scope:
            count = figures.plural(len(scope), "position")
            self._close(scope, f"{count} of copies whose master holds none any more")

    # ------------------------------------------------------------ catch up

    def _catch_up(self) -> None:
        chosen = self._panel.selected()
        if len(chosen) != 1 or len(chosen[0].masters) != 1 or bring_back(self._window, "catch_up"):
            return
        (line,) = chosen
        dialog = CatchUpDialog(
            self._window,
            self._desk,
            self._catch_ups,
            master=line.masters[0],
            of=line.key,
            close=self._close,
        )
        self._desk.tasks.start(dialog.ask_for(), name="catch up")

    def send_again(self, intents: Sequence[IntentId]) -> None:
        """Catch up those whose copies came to nothing, after the same preview."""
        if not bring_back(self._window, "catch_up"):
            self._desk.tasks.start(self._send_again(intents), name="send again")

    async def _send_again(self, intents: Sequence[IntentId]) -> None:
        missing = await self._catch_ups.missing(intents)
        dialog = CatchUpDialog(
            self._window,
            self._desk,
            self._catch_ups,
            master=missing.master,
            of=missing.of,
            close=self._close,
            only=missing,
        )
        await dialog.ask_for()

    # ------------------------------------------------------------ let it be

    async def _ignore(self, lines: list[DriftLine]) -> None:
        off = [line for line in lines if line.trouble]
        question = Question(
            self._window,
            f"Ignore until flat - {self._desk.mode_word}",
            f"Say nothing more about {_listed(off)}\n\nIt is told again if it is off by anything "
            "else, or once the position was closed. An exit of the master's still goes by what was "
            "copied.",
            verb="Ignore until flat",
            safe_first=True,
        )
        if off and await question.ask():
            name = uuid.uuid4().hex
            for number, line in enumerate(off):
                await self._drift.ignore(
                    line.key, line.verdict.units, CommandId(f"{name}-{number}")
                )
            self._panel.look()

    # ------------------------------------------------------------ copy no more

    async def _disarm(self, lines: list[DriftLine]) -> None:
        links: defaultdict[AccountId, list[AccountId]] = defaultdict(list)
        for line in lines:
            for master in line.masters:
                if line.key.account_id not in links[master]:
                    links[master].append(line.key.account_id)
        names = list(dict.fromkeys(line.account for line in lines if line.masters))
        question = Question(
            self._window,
            f"Pause copying - {self._desk.mode_word}",
            f"Copy nothing more to {listed(names, _NAMED)}: no entry, and no exit either. "
            "What they hold and what works at the broker stays as it is. Set their links active "
            "again to go on.",
            verb="Pause copying",
            kind="danger",
            safe_first=True,
        )
        if links and await question.ask():
            for master, accounts in links.items():
                await self._followers.set_state(master, accounts, LinkState.PAUSED)
            self._desk.notices.info(f"Copying to {listed(names, _NAMED)} is paused.")


def _off(line: DriftLine) -> _Off:
    return line.key, line.step, line.verdict.units


def _listed(lines: list[DriftLine]) -> str:
    told = "\n".join(f"{line.account}, {full_words(line)}" for line in lines[:_NAMED])
    more = len(lines) - _NAMED
    count = figures.plural(len(lines), "position")
    return f"{count}:\n{told}" + (f"\nand {more} more" if more > 0 else "")
