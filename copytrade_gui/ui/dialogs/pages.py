"""Pages to read: the keys, and what the program is and what its user is bound to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from PySide6.QtWidgets import QWidget

from copytrade_gui.ui.actions import Spec, Where
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.tables.columns import Column
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.tables.rows_model import RowsModel
from copytrade_gui.ui.theme import Tone
from copytrade_gui.ui.version import program_version

COMPLIANCE = (
    "This program sends orders through each client's own broker session. In India an order "
    "interface may be used only from the client's registered static address, at most ten orders a "
    "second unless the algorithm is registered, with a login every day. Sharing an address is "
    "allowed within a family only. The broker's terms allow a client's own trades only; trading "
    "for others needs a registration with SEBI and a written arrangement with the broker that the "
    "exchange has approved.\n\n"
    "This program is no adviser, portfolio manager or approved algorithm provider and promises no "
    "result. You confirm the basis for every account you add. Keep its records for five years."
)
CHECKED = date(2026, 11, 23)
"""The day on which these duties were compared with the rules last."""
LICENCES = (
    "Made with Qt and PySide6 (LGPL 3), pyqtgraph (MIT), Inter (OFL 1.1) and Lucide icons (ISC). "
    "The full texts lie in the folder 'licences' of the installation and in the file NOTICE."
)
_WHERE = {
    Where.EVERYWHERE: "Everywhere, in dialogs too",
    Where.WINDOW: "In the main window",
    Where.TABLE: "While a table has the focus",
}
_IN_FIELDS = (
    ("Up / Down", "One tick or one lot", "In price and quantity"),
    ("PgUp / PgDn", "Ten ticks or ten lots", "In price and quantity"),
    ("Enter", "Next field, then the send button, then the question's verb", "In the ticket"),
    ("Esc", "Closes ticket question, list or filter; never cancels an order", "Everywhere"),
    ("Menu key, Shift+F10", "The row's actions", "In a table"),
)


def checked_on() -> str:
    """Which state of the rules the duties are of."""
    return (
        f"Checked against the rules on {CHECKED:%d %B %Y}. They change: ask your broker, or read "
        "SEBI's and the exchanges' circulars."
    )


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One line of the keys page."""

    number: int
    keys: str
    action: str
    tip: str
    where: str


COLUMNS: tuple[Column[KeyRow], ...] = (
    Column("keys", "Keys", lambda r: r.keys, strong=True, tone=lambda _: Tone.INFO, chars=16),
    Column("action", "Does", lambda r: r.action, chars=24),
    Column("tip", "In words", lambda r: r.tip, chars=30, takes_rest=True),
    Column("where", "Works", lambda r: r.where, tone=lambda _: Tone.MUTED, chars=25),
)


def key_rows(specs: Iterable[Spec]) -> list[KeyRow]:
    """Every key of the program; actions without one are left out."""
    listed = [
        ("  ".join(spec.keys), spec.plain_text, spec.tip, _WHERE[spec.where])
        for spec in specs
        if spec.keys
    ]
    listed += [(keys, "", tip, where) for keys, tip, where in _IN_FIELDS]
    return [KeyRow(number, *entry) for number, entry in enumerate(listed)]


class KeysDialog(ConsoleDialog):
    """All keys, with a filter."""

    def __init__(self, parent: QWidget, desk: Desk) -> None:
        super().__init__(parent, "Keys", "keys")
        self.resize(880, 560)
        model: RowsModel[KeyRow] = RowsModel(COLUMNS, lambda row: row.number, parent=self)
        model.reset(key_rows(desk.actions.specs.values()))
        self.table: DataTable[KeyRow] = DataTable(desk, "keys", model, COLUMNS, label="Keys")
        self.box.addWidget(self.table, 1)
        close = self.make_button("Close", "keys_close", kind="primary")
        close.clicked.connect(self.accept)
        close.setDefault(True)
        self.add_buttons([close])


class AboutDialog(ConsoleDialog):
    """Version, mode, duties, licences."""

    def __init__(self, parent: QWidget, desk: Desk, profile: str) -> None:
        super().__init__(parent, "About and compliance", "about")
        self.setMinimumWidth(560)
        mode = "paper trading at a simulated broker" if desk.paper else "live trading"
        self.add_text(f"CopyTrade Console {program_version()}", style="heading")
        self.add_text(f"Profile {profile}, {mode}.", style="muted")
        self.add_text("Your duties", style="heading")
        self.add_text(COMPLIANCE)
        self.add_text(checked_on(), style="muted")
        self.add_text("Licences", style="heading")
        self.add_text(LICENCES, style="muted")
        close = self.make_button("Close", "about_close", kind="primary")
        close.clicked.connect(self.accept)
        close.setDefault(True)
        self.box.addStretch(1)
        self.add_buttons([close])
