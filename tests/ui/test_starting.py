"""Something is seen of a start before the program is loaded, and leaves for what comes next."""

import argparse

from PySide6.QtWidgets import QApplication

from copytrade_gui.__main__ import OTHER_WORDS
from copytrade_gui.command_line import parser
from copytrade_gui.ui import starting
from copytrade_gui.ui.widgets.label import PlainLabel


def test_the_start_is_seen_until_there_is_something_else(app: QApplication) -> None:
    window = starting.begin()
    assert window.isVisible()
    for paper, mode in ((True, "PAPER TRADING: no real orders"), (False, "LIVE: real orders")):
        starting.tell_mode(paper=paper)
        assert mode in " ".join(one.text() for one in window.findChildren(PlainLabel))
    starting.end()
    assert not window.isVisible()
    starting.end()  # after a passphrase nothing of it is left
    starting.tell_mode(paper=True)


def test_only_what_opens_the_console_shows_it() -> None:
    (commands,) = [
        one for one in parser([])._actions if isinstance(one, argparse._SubParsersAction)
    ]
    assert set(commands.choices) | {"-h", "--help"} == OTHER_WORDS
