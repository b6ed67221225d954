"""Words of others in places where Qt would read more into them: tool tips and menus."""

from __future__ import annotations

from PySide6.QtGui import QAction, Qt
from PySide6.QtWidgets import QWidget


def plain_tip(words: str) -> str:
    """What a tool tip must be given to show these words as they are.

    Qt renders a tool tip that looks like HTML, and cannot be told not to.
    """
    if not Qt.mightBeRichText(words):
        return words
    return Qt.convertFromPlainText(words, Qt.WhiteSpaceMode.WhiteSpaceNormal)


def set_tip(target: QWidget | QAction, words: str) -> None:
    """Give a widget or an action its tool tip; the words show as they are."""
    target.setToolTip(plain_tip(words))


def menu_words(words: str) -> str:
    """What an action or a button must be given to show these words: ``&`` is no mnemonic here."""
    return words.replace("&", "&&")
