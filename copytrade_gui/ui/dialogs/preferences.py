"""Looks and confirmation: applied at once, remembered for the next start."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QCheckBox, QFormLayout, QLineEdit, QWidget

from copytrade_gui.domain.money import Paise, paise
from copytrade_gui.domain.number import Bounds, NotANumber, read_number
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.theme import Scheme, Theme
from copytrade_gui.ui.ticket_words import ConfirmPolicy, ConfirmWhen
from copytrade_gui.ui.widgets.label import PlainLabel, caption
from copytrade_gui.ui.widgets.segments import Segments
from copytrade_gui.ui.window_state import WindowMemory, read_json, write_json

NAME = "preferences"
ABOVE = Bounds(
    1_000_000_000_000, "more than any order", unit="rupees", example="5,00,000 or 5L",
    from_zero=True, rupees=True,
)  # fmt: skip
TEXT_SIZES = (80, 90, 100, 110, 125, 150)


def read_policy(memory: WindowMemory) -> ConfirmPolicy:
    """The confirmation policy as stored; asking always where nothing valid is stored."""
    stored = read_json(memory, NAME)
    when, above = stored.get("confirm"), stored.get("confirm_above")
    if when not in tuple(ConfirmWhen) or not isinstance(above, int) or above < 0:
        return ConfirmPolicy()
    return ConfirmPolicy(ConfirmWhen(str(when)), Paise(above))


def apply_look(theme: Theme, memory: WindowMemory) -> None:
    """Bring the stored look back; dark where nothing valid is stored."""
    stored = read_json(memory, NAME)
    scheme, percent = stored.get("scheme"), stored.get("text_percent")
    theme.apply(
        Scheme(str(scheme)) if scheme in tuple(Scheme) else Scheme.DARK,
        text_percent=percent if isinstance(percent, int) else 100,
        comfortable=stored.get("comfortable") is True,
        reduce_motion=stored.get("reduce_motion") is True,
    )


def save_look(theme: Theme, memory: WindowMemory) -> None:
    """Remember the look in force."""
    stored = read_json(memory, NAME)
    stored.update(
        scheme=str(theme.scheme),
        text_percent=theme.text_percent,
        comfortable=theme.row_height > 24,
        reduce_motion=theme.reduce_motion,
    )
    write_json(memory, NAME, stored)


class PreferencesDialog(ConsoleDialog):
    """Every change shows at once."""

    def __init__(
        self, parent: QWidget, desk: Desk, on_policy: Callable[[ConfirmPolicy], None]
    ) -> None:
        super().__init__(parent, "Preferences", "preferences")
        self.setMinimumWidth(480)
        self._desk = desk
        self._on_policy = on_policy
        theme, policy = desk.theme, read_policy(desk.memory)
        form = QFormLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(8)
        self.scheme: Segments[Scheme] = Segments(
            "pref_scheme",
            [(Scheme.DARK, "Dark", "Dark colours"), (Scheme.LIGHT, "Light", "Light colours"),
             (Scheme.SYSTEM, "System", "Dark or light as the system")],
            label="Colours",
        )  # fmt: skip
        self.scheme.choose(theme.scheme)
        self.scheme.chosen.connect(self._apply_look)
        form.addRow(caption("Colours", self.scheme), self.scheme)
        self.text: Segments[int] = Segments(
            "pref_text", [(n, f"{n} %", f"Text at {n} per cent") for n in TEXT_SIZES],
            label="Text size",
        )  # fmt: skip
        self.text.choose(min(TEXT_SIZES, key=lambda n: abs(n - theme.text_percent)))
        self.text.chosen.connect(self._apply_look)
        form.addRow(caption("Text size", self.text), self.text)
        self.rows: Segments[bool] = Segments(
            "pref_rows", [(False, "Compact", "24 pixels"), (True, "Comfortable", "30 pixels")],
            label="Rows",
        )  # fmt: skip
        self.rows.choose(theme.row_height > 24)
        self.rows.chosen.connect(self._apply_look)
        form.addRow(caption("Rows", self.rows), self.rows)
        self.motion = QCheckBox("Nothing flashes")
        self.motion.setObjectName("pref_motion")
        self.motion.setChecked(theme.reduce_motion)
        self.motion.toggled.connect(lambda _on: self._apply_look())
        form.addRow(caption("&Motion", self.motion), self.motion)
        self.confirm: Segments[ConfirmWhen] = Segments(
            "pref_confirm",
            [(ConfirmWhen.ALWAYS, "Always", "Every order"),
             (ConfirmWhen.ABOVE, "Above a value", "Orders worth more, and those of unknown value"),
             (ConfirmWhen.NEVER, "Never", "Still always for the first live order of a day")],
            label="Ask before sending",
        )  # fmt: skip
        self.confirm.choose(policy.when)
        self.confirm.chosen.connect(self._save_policy)
        form.addRow(caption("Ask before sending", self.confirm), self.confirm)
        self.above = QLineEdit(figures.money(policy.above))
        self.above.setObjectName("pref_above")
        self.above.textChanged.connect(lambda _text: self._save_policy())
        form.addRow(caption("&Value, ₹", self.above), self.above)
        self.understood = PlainLabel()
        self.understood.setProperty("role", "hint")
        form.addRow("", self.understood)
        self.box.addLayout(form)
        close = self.make_button("Close", "preferences_close", kind="primary")
        close.clicked.connect(self.accept)
        close.setDefault(True)
        self.box.addStretch(1)
        self.add_buttons([close])
        self._show_policy(policy)

    def _apply_look(self) -> None:
        self._desk.theme.apply(
            self.scheme.value,
            text_percent=self.text.value,
            comfortable=self.rows.value,
            reduce_motion=self.motion.isChecked(),
        )
        save_look(self._desk.theme, self._desk.memory)

    def _save_policy(self) -> None:
        typed = read_number(self.above.text(), ABOVE, "Value")
        if isinstance(typed, NotANumber):
            self.understood.setText(typed.sentence)
            return
        policy = ConfirmPolicy(self.confirm.value, paise(typed.value))
        stored = read_json(self._desk.memory, NAME)
        stored.update(confirm=str(policy.when), confirm_above=int(policy.above))
        write_json(self._desk.memory, NAME, stored)
        self._on_policy(policy)
        self._show_policy(policy)

    def _show_policy(self, policy: ConfirmPolicy) -> None:
        above = policy.when is ConfirmWhen.ABOVE
        self.above.setEnabled(above)
        amount = figures.amount(policy.above)
        self.understood.setText(f"Asks above {amount} for all accounts." if above else "")
