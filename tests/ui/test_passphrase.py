"""The passphrase that is asked for before there is a window."""

import pytest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit

from copytrade_gui.ui.dialogs.passphrase import PassphraseDialog


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
    dialog = PassphraseDialog(new=True, least=12)
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
    dialog = PassphraseDialog(new=False, least=12, problem="The passphrase does not open it.")
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
