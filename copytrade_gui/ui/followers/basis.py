"""On what basis orders of an account are sent from here: the fields, and a dialog for several."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.basis import (
    LABELS,
    MOST_ALGO_ID,
    NOTHING,
    UNDECLARED,
    Basis,
    Declared,
    read_basis,
    why_not_live,
)
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.form import FormDialog
from copytrade_gui.ui.widgets.label import PlainLabel
from copytrade_gui.ui.widgets.tip import set_tip

_NONE_LIVE = "Without one only exits leave a live account."
_NONE_ON_PAPER = "Paper needs none. Without one only exits leave a live account."
_HINT_LINES = 3
"""Room for what any basis means, so that no field moves when another is chosen."""
_ALGO = (
    "The id that the exchange gave to a registered algo. It is kept with the account for the "
    "records; an algo that is not registered has none."
)


class BasisFields:
    """Basis, reference and algo id as fields of a form, with what the choice means below it."""

    def __init__(self, form: FormDialog, desk: Desk, declared: Declared = UNDECLARED) -> None:
        self._form, self._live = form, not desk.paper
        self.basis = QComboBox()
        self.basis.addItem("None yet", "")
        for basis in Basis:
            if basis is not Basis.SIMULATOR or desk.paper:
                self.basis.addItem(basis.in_words, basis.value)
        form.add_field("basis", LABELS["basis"], self.basis)
        self.hint = PlainLabel()
        self.hint.setProperty("role", "hint")
        self.hint.setWordWrap(True)
        self.hint.ensurePolished()  # only then its font is known
        self.hint.setMinimumHeight(_HINT_LINES * self.hint.fontMetrics().lineSpacing())
        form.form.addRow("", self.hint)
        self.reference = QLineEdit()
        form.add_field("basis_reference", LABELS["basis_reference"], self.reference)
        self.algo_id = QLineEdit()
        self.algo_id.setMaxLength(MOST_ALGO_ID * 4)
        self.algo_id.setPlaceholderText("None: not registered")
        set_tip(self.algo_id, _ALGO)
        form.add_field("algo_id", LABELS["algo_id"], self.algo_id)
        self.basis.currentIndexChanged.connect(lambda _number: self._show_hint())
        self.show(declared)

    def show(self, declared: Declared) -> None:
        """Show what is declared."""
        self.basis.setCurrentIndex(max(0, self.basis.findData(declared.basis or "")))
        self.reference.setText(declared.reference)
        self.algo_id.setText(declared.algo_id)
        self._show_hint()

    def typed(self) -> dict[str, str]:
        """The fields as files name and spell them; empty for none."""
        return {
            "basis": str(self.basis.currentData()),
            "basis_reference": self.reference.text().strip(),
            "algo_id": self.algo_id.text().strip(),
        }

    def set_enabled(self, enabled: bool) -> None:
        """Let the fields be changed."""
        for field in (self.basis, self.reference, self.algo_id):
            field.setEnabled(enabled)

    def _show_hint(self) -> None:
        basis = read_basis(str(self.basis.currentData()))
        asks = ""
        if isinstance(basis, Basis):
            self.hint.setText(basis.means)
            asks = basis.asks
        else:
            self.hint.setText(_NONE_LIVE if self._live else _NONE_ON_PAPER)
        self.reference.setPlaceholderText(f"{asks[:1].upper()}{asks[1:]}" or "None needed")
        if self._form.isVisible():
            self._form.grow()


class BasisDialog(FormDialog):
    """Declares the basis of one account or of several; a refusal stands beside its field."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        groups: Sequence[tuple[str, Sequence[Account]]],
        save: Callable[[BasisDialog], Awaitable[object]],
    ) -> None:
        super().__init__(
            parent,
            desk,
            f"Compliance basis - {desk.mode_word}",
            "basis",
            verb="Set basis",
            save=lambda: save(self),
        )
        self._groups = tuple(groups)
        hint = PlainLabel(
            "Why orders of the account may be sent from here. Nothing checks the claim: it is kept "
            "with the account, and each change with its time in the audit trail."
        )
        hint.setProperty("role", "hint")
        hint.setWordWrap(True)
        self.box.insertWidget(0, hint)
        self.whose = QComboBox()
        for words, _ in self._groups:
            self.whose.addItem(words)
        self.add_field("whose", "&Whose", self.whose)
        self.fields = BasisFields(self, desk)
        self.whose.currentIndexChanged.connect(lambda _number: self._show_chosen())
        self._show_chosen()
        self.finish_form()

    @property
    def accounts(self) -> Sequence[Account]:
        """Whom it is for."""
        return self._groups[max(0, self.whose.currentIndex())][1]

    def said(self) -> dict[str, str]:
        """What is to be declared; an algo id that was not touched stays each one's own."""
        typed = self.fields.typed()
        if typed["algo_id"] == self._shown.algo_id:
            del typed["algo_id"]
        return typed

    def _show_chosen(self) -> None:
        self._shown = self.accounts[0].declared
        self.fields.show(self._shown)
        self.verb.setText(f"Set for {figures.plural(len(self.accounts), 'account')}")


def groups_of(
    chosen: Sequence[Account], masters: Sequence[Account], everybody: Sequence[Account]
) -> list[tuple[str, Sequence[Account]]]:
    """Whose basis can be declared at once: the selected, each master, all that have none."""
    found: list[tuple[str, Sequence[Account]]] = []
    if chosen:
        one = chosen[0].name if len(chosen) == 1 else f"{len(chosen)} selected followers"
        found.append((one, chosen))
    lacking = [one for one in everybody if why_not_live(one.declared.basis)]
    if len(lacking) > 1:
        found.append((f"All {len(lacking)} without a live basis", lacking))
    found += [(f"Master {one.name}", (one,)) for one in masters if one not in chosen]
    return found


def basis_words(declared: Declared) -> str:
    """As a cell shows it."""
    return NOTHING.capitalize() if declared.basis is None else declared.in_words
