"""A window that its trader leaves locked: nothing gets in, copying goes on, a stop works."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.screen import Person, broker_running, screen_running
from tests.journeys.trader import choose, order, ready, resume

PASSPHRASE = "correct horse battery"
EVERYBODY = 3

pytestmark = [
    pytest.mark.xvfb,
    pytest.mark.long,
    pytest.mark.xdist_group("screen"),
]


def test_a_locked_window_takes_the_passphrase_and_the_stops_and_nothing_else(
    tmp_path: Path,
) -> None:
    with screen_running("1366x768") as display, broker_running(EVERYBODY) as broker:
        person = Person(display, tmp_path / "data", broker)
        try:
            person.start()
            ready(person)
            choose(person, "Set passphrase")
            person.see_window("Set passphrase")
            for field in ("field_passphrase", "field_again"):
                person.click(field)
                person.write(PASSPHRASE)
            person.keys("Return")
            person.see_gone("set_passphrase")
            before = len(order(person, "F1"))
            person.keys("ctrl+l")
            person.see("lock_passphrase", lambda field: field.focus)
            # A master's order of elsewhere, keys of the ticket and the menus: all of it is deaf.
            person.keys("F1", "Return", "Return", "Return", "F2", "alt+t", "ctrl+shift+l", "ctrl+k")
            person.settle()
            person.see("lock_passphrase", lambda field: field.focus)
            assert len(broker.orders()) == before
            person.keys("ctrl+shift+h")
            person.see("lock_state", lambda label: label.text == "HALTED")
            person.write("wrong")
            person.keys("Return")
            person.see("lock_problem", lambda label: "not the passphrase" in label.text)
            person.write(PASSPHRASE)
            person.keys("Return")
            person.see_gone("lock_screen")
            resume(person, "Back at the desk.")
            assert len(order(person, "F1")) == EVERYBODY
        finally:
            person.leave()
