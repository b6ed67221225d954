"""The passphrase that is asked for before there is a window."""

import pytest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit

from copytrade_gui.ui.dialogs.passphrase import PassphraseDialog
from copytrade_gui.ui.dialogs.preferences import save_look
from copytrade_gui.ui.dialogs.refusal import Refusal
from copytrade_gui.ui.theme import Scheme, Theme
from copytrade_gui.ui.window_state import ForgetfulMemory


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        ("", "", "The passphrase is empty. Type it."),
        ("short", "short", "The passphrase has 5 characters; use at least 12."),
        ("long enough for it", "long enough for its",
         "The two passphrases differ. Type the second one again."),
    ],
)  # fmt: skip
def test_a_new_passphrase_that_cannot_be_one_is_told_beside_it(
    app: QApplication, first: str, second: str, sentence: str
) -> None:
    dialog = PassphraseDialog(ForgetfulMemory(), new=True, least=12)
    dialog.show()
    assert dialog.second is not None
    dialog.first.setText(first)
    dialog.second.setText(second)
    dialog.open_button.click()
    assert dialog.problem.text() == sentence
    assert dialog.problem.isVisible()
    assert dialog.isVisible()
    dialog.reject()
    dialog.deleteLater()


def test_a_passphrase_is_typed_once_for_secrets_that_are_there(app: QApplication) -> None:
    dialog = PassphraseDialog(
        ForgetfulMemory(), new=False, least=12, problem="The passphrase does not open it."
    )
    dialog.show()
    assert dialog.problem.isVisible()
    assert dialog.second is None
    assert all(
        field.echoMode() is QLineEdit.EchoMode.Password for field in dialog.findChildren(QLineEdit)
    )
    dialog.first.setText("as it was")
    dialog.open_button.click()
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.passphrase() == "as it was"
    dialog.deleteLater()


def test_what_is_shown_before_the_window_looks_as_the_window_was_left(app: QApplication) -> None:
    memory = ForgetfulMemory()
    theme = Theme(app)
    theme.apply(Scheme.LIGHT)
    save_look(theme, memory)
    for made in (
        lambda: Refusal(memory, "The data folder is in use."),
        lambda: PassphraseDialog(memory, new=False, least=12),
    ):
        theme.apply(Scheme.DARK)
        dark = app.styleSheet()
        dialog = made()
        dialog.show()
        assert app.styleSheet() != dark
        picture = dialog.grab().toImage()
        assert picture.pixelColor(2, 2).lightness() > 200
        dialog.reject()
        dialog.deleteLater()
    theme.apply(Scheme.DARK)
    theme.deleteLater()
