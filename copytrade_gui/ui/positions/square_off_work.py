"""Squaring off from a row, for an instrument, for an account, or for everything."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.scope import group_of
from copytrade_gui.domain.square_off import (
    EVERYTHING,
    Chosen,
    Scope,
    SquareOffReport,
    goes_on,
)
from copytrade_gui.domain.typed import listed
from copytrade_gui.services.square_off_verbs import SquareOffVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import bring_back
from copytrade_gui.ui.followers.followers import FollowersPanel
from copytrade_gui.ui.positions.position_rows import PositionRow
from copytrade_gui.ui.positions.positions import PositionsPanel
from copytrade_gui.ui.positions.square_off import (
    SquareOffDialog,
    SquareOffReportDialog,
    broken_words,
    left_words,
)
from copytrade_gui.ui.positions.which_group import WhichGroupDialog
from copytrade_gui.ui.stops.whom import Whom, groups
from copytrade_gui.ui.widgets.bands import Band, Bands

_NAMED = 3


class SquareOffWork(QObject):
    """Opens the preview, begins what was confirmed, and shows its report."""

    def __init__(
        self,
        desk: Desk,
        verbs: SquareOffVerbs,
        panel: PositionsPanel,
        followers: FollowersPanel,
        bands: Bands,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._desk = desk
        self._verbs = verbs
        self._panel = panel
        self._followers = followers
        self._bands = bands
        self._window = window
        actions = desk.actions
        actions.on(Act.SQUARE_OFF, self._rows)
        actions.on(Act.SQUARE_OFF_INSTRUMENT, self._instruments)
        actions.on(Act.SQUARE_OFF_ACCOUNT, self._accounts)
        actions.on(Act.SQUARE_OFF_GROUP, self._group)
        actions.on(Act.SQUARE_OFF_ALL, lambda: self.open(EVERYTHING, "everything copies hold"))
        actions.on(Act.SQUARE_OFF_REPORT, self._show_newest)

    async def load(self) -> None:
        """Tell of a square-off that the program's end or a stop broke off, and who is left."""
        report = await self._verbs.broken_off()
        if report is None:
            self._bands.clear_band("square_off")
            return
        self._bands.show_band(
            "square_off",
            Band(
                "warn",
                f"{broken_words(report)} Left: {left_words(report)}. Nothing goes on by itself.",
                (
                    ("Go on...", lambda: self._go_on(report)),
                    ("Show report", lambda: self._show(report.command_id)),
                ),
            ),
        )

    def _go_on(self, report: SquareOffReport) -> None:
        scope = tuple(leg.chosen for leg in report.left)
        words = f"what is left in {figures.plural(len(scope), 'position')}"
        self.open(scope, words, goes_on(report.command_id))

    def _show(self, command: CommandId) -> None:
        if not bring_back(self._window, "square_off_report"):
            self._desk.tasks.start(self._follow(command), name="square-off report")

    # ------------------------------------------------------------ what is chosen

    def _rows(self) -> None:
        rows = self._panel.selected()
        words = rows_words(rows)
        self.open(tuple(_chosen(row) for row in rows if _is_copied(row)), words)

    def _instruments(self) -> None:
        rows = {row.key: row.symbol for row in self._panel.selected()}
        names = listed(list(rows.values()), _NAMED)
        self.open(tuple(Chosen(None, key) for key in rows), f"{names} in every account")

    def _accounts(self) -> None:
        """Of the rows of positions, or of the followers' table where that has the focus."""
        names: dict[AccountId, str] = {
            row.line.account_id: row.line.account
            for row in self._panel.selected()
            if row.line is not None and _is_copied(row)
        }
        if self._followers.table.view.hasFocus() or not names:
            names = {one.account_id: one.name for one in self._followers.selected()}
        words = listed(list(names.values()), _NAMED)
        self.open(tuple(Chosen(name) for name in names), f"all copies of {words}")

    def _group(self) -> None:
        """The selected followers' group; one that is chosen where they have several, or none."""
        here = groups(self._desk.roster)
        selected = {one.link.group for one in self._followers.selected_followers()}
        meant = [one for one in here if {group_of(of) for of in one.scopes} == selected]
        which = meant or here
        if not which:
            self._desk.notices.warn("There is no group yet. Followers > Group makes one.")
        elif len(which) == 1:
            self._open_group(which[0])
        elif not bring_back(self._window, "which_group"):
            self._desk.tasks.start(self._ask_group(which), name="which group")

    async def _ask_group(self, which: Sequence[Whom]) -> None:
        group = await WhichGroupDialog(self._window, self._desk, which).ask_for()
        if group is not None:
            self._open_group(group)

    def _open_group(self, group: Whom) -> None:
        members = group.members(self._desk.roster)
        scope = tuple(Chosen(account.account_id) for account in members)
        self.open(scope, f"all copies of {group.name}")

    # ------------------------------------------------------------ dialogs

    def open(self, scope: Scope, words: str, command: CommandId | None = None) -> None:
        """Show what closing a scope would send; it is sent only if that is confirmed.

        ``command`` names one that goes on with another.
        """
        if not scope:
            self._desk.notices.warn(
                "Choose a position of a follower first. What a master holds is closed by his own "
                "order."
            )
        elif not bring_back(self._window, "square_off"):
            self._desk.tasks.start(self._ask(scope, words, command), name="square off")

    async def _ask(self, scope: Scope, words: str, named: CommandId | None) -> None:
        dialog = SquareOffDialog(self._window, self._desk, self._verbs, scope, words, command=named)
        command = await dialog.ask_for()
        if command is not None:
            self._bands.clear_band("square_off")
            await self._follow(command)

    def _show_newest(self) -> None:
        if not bring_back(self._window, "square_off_report"):
            self._desk.tasks.start(self._follow_newest(), name="square-off report")

    async def _follow_newest(self) -> None:
        report: SquareOffReport | None = await self._verbs.report()
        if report is None:
            self._desk.notices.warn("Nothing was squared off today.")
            return
        await self._follow(report.command_id)

    async def _follow(self, command: CommandId) -> None:
        dialog = SquareOffReportDialog(self._window, self._desk, self._verbs, command)
        left = await dialog.follow()
        if left:
            words = f"what is left in {figures.plural(len(left), 'position')}"
            self.open(left, words, goes_on(command))
        await self.load()


def _is_copied(row: PositionRow) -> bool:
    return row.is_head or bool(row.copied)


def _chosen(row: PositionRow) -> Chosen:
    return Chosen(None if row.line is None else row.line.account_id, row.key, row.product)


def rows_words(rows: Sequence[PositionRow]) -> str:
    """What is chosen, as the dialog's heading says it."""
    copied = [row for row in rows if _is_copied(row)]
    if len(copied) == 1:
        (row,) = copied
        return f"{row.symbol} of {row.account}" if row.line else f"{row.symbol} in every account"
    return figures.plural(len(copied), "chosen row")
