"""Which group is squared off: chosen from those that are here."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QComboBox, QWidget

from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import answer_of
from copytrade_gui.ui.dialogs.form import FormDialog
from copytrade_gui.ui.stops.whom import Whom


class WhichGroupDialog(FormDialog):
    """Asks for a group; nothing is closed by it."""

    def __init__(self, parent: QWidget, desk: Desk, groups: Sequence[Whom]) -> None:
        super().__init__(
            parent,
            desk,
            f"Square off group - {desk.mode_word}",
            "which_group",
            verb="Show what it would close",
            save=self._chosen,
        )
        self._groups = tuple(groups)
        self.choice = QComboBox()
        self.choice.addItems([one.name for one in self._groups])
        self.add_field("group", "&Group", self.choice)
        self.finish_form()
        self.choice.setFocus()

    async def ask_for(self) -> Whom | None:
        """Show it; the group, or None."""
        self.present()
        return await answer_of(self, lambda: self._groups[self.choice.currentIndex()])

    async def _chosen(self) -> None:
        """Nothing is kept: the preview comes next."""
