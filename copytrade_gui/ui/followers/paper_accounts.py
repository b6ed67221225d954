"""More masters and followers to practise with, in paper mode."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from copytrade_gui.services.paper import PaperVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.form import FormDialog

_SIZES = (10, 100, 500)


class PaperAccountsDialog(FormDialog):
    """How many masters and followers there shall be at the simulator."""

    def __init__(
        self, parent: QWidget, desk: Desk, save: Callable[[PaperAccountsDialog], Awaitable[object]]
    ) -> None:
        super().__init__(
            parent,
            desk,
            f"Paper accounts - {desk.mode_word}",
            "paper_accounts",
            verb="Open accounts",
            save=lambda: save(self),
        )
        here = {one.account.account_id for one in desk.roster.all_followers()}
        self.followers = QLineEdit(str(len(here)))
        self.add_field(
            "followers",
            "&Followers",
            self.followers,
            hint="So many there shall be, 500 at most. Who is here stays as he is; new ones are "
            "shared out among all masters, each with a sizing of his own, and logged in.",
        )
        self.sizes = {size: self._size_button(size) for size in _SIZES}
        sizes = QHBoxLayout()
        for button in self.sizes.values():
            sizes.addWidget(button)
        sizes.addStretch(1)
        self.form.addRow("", sizes)
        self.masters = QLineEdit(str(len(desk.roster.masters)))
        self.add_field("masters", "&Masters", self.masters)
        self.finish_form()

    def _size_button(self, size: int) -> QPushButton:
        button = self.make_button(str(size), f"paper_size_{size}")
        button.setAccessibleName(f"{size} followers")
        button.clicked.connect(lambda _checked=False: self._take(size))
        return button

    def _take(self, size: int) -> None:
        self.followers.setText(str(size))
        self.clear_problems()


_LEFT = (
    "The paper broker runs on when the console is closed: orders that a master places there "
    "meanwhile are shown at the next start. It ends after 12 hours without use, or with "
    "copytrade-gui paper stop."
)
_NOT_LEFT = "The paper broker ends with the console."


class PaperWork(QObject):
    """Opens paper accounts and keeps their broker; outside paper mode there are no such actions."""

    def __init__(
        self,
        desk: Desk,
        broker: PaperVerbs | None,
        reload: Callable[[], Coroutine[object, object, None]],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._desk = desk
        self._broker = broker
        self._reload = reload
        self._window = window
        desk.actions[Act.PAPER_ACCOUNTS].setVisible(broker is not None)
        desk.actions.on(Act.PAPER_ACCOUNTS, self._begin)
        self._told = False
        self._keep = desk.actions[Act.KEEP_BROKER]
        self._keep.setVisible(broker is not None)
        self._keep.setCheckable(True)
        desk.actions.on(Act.KEEP_BROKER, self._on_keep)

    @property
    def keeps_broker(self) -> bool:
        """Whether the paper broker runs on when the console is closed."""
        return self._keep.isChecked()

    async def load(self) -> None:
        """What was chosen."""
        if self._broker is not None:
            self._keep.setChecked(await self._broker.broker_kept())
            news = await self._broker.broker_news()
            if news and not self._told:
                self._told = True
                self._desk.notices.info(news)

    def _on_keep(self) -> None:
        self._keep.setEnabled(False)  # one choice at a time
        self._desk.tasks.start(self._choose(), name=f"action {Act.KEEP_BROKER}")

    async def _choose(self) -> None:
        if self._broker is None:
            return
        try:
            await self._broker.keep_broker(keep=self._keep.isChecked())
            self._desk.notices.info(_LEFT if self._keep.isChecked() else _NOT_LEFT)
        finally:
            self._keep.setChecked(await self._broker.broker_kept())
            self._keep.setEnabled(True)

    def _begin(self) -> None:
        self._desk.tasks.start(self._open(), name=f"action {Act.PAPER_ACCOUNTS}")

    async def _open(self) -> None:
        if self._broker is None:
            return
        broker = self._broker

        async def save(dialog: PaperAccountsDialog) -> None:
            new = await broker.grow(dialog.masters.text(), dialog.followers.text())
            await self._reload()
            self._desk.notices.info(
                f"{figures.plural(new, 'paper account')} opened and logged in."
                if new
                else "As many paper accounts are here already; none was opened."
            )

        await PaperAccountsDialog(self._window, self._desk, save).ask()
