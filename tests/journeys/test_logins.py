"""A morning at the real window: each account is logged in through the broker's page, by itself."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.journeys.eyes import Part
from tests.journeys.screen import Person, broker_running, screen_running
from tests.journeys.trader import choose, order, ready, says

EVERYBODY = 4

pytestmark = [
    pytest.mark.xvfb,
    pytest.mark.long,
    pytest.mark.xdist_group("screen"),
]


def has(words: str, part: Part) -> bool:
    return words in part.text


def test_accounts_without_a_session_are_walked_through_the_brokers_page(tmp_path: Path) -> None:
    with screen_running("1366x768") as display, broker_running(EVERYBODY) as broker:
        person = Person(display, tmp_path / "data", broker)
        try:
            person.start()
            ready(person)
            for number in (1, 2):
                person.click_row("followers", f"Follower 00{number}")
                choose(person, "Log out")
                left = f"{EVERYBODY - number} of {EVERYBODY}"
                person.see("lamp_broker", partial(has, left))
            with person.slow_at_the_brokers_page():
                person.keys("ctrl+shift+l")
                person.see_window("Log in - PAPER")
                person.see("login_summary", says("0 of 2 logged in, 2 left."))
                person.keys("Return")
                person.see("field_code", lambda field: field.focus)
            person.see("login_summary", says("2 accounts logged in. Nobody is left."))
            person.click_away("login_close")
            ready(person)
            assert len({one.account for one in order(person, "F1")}) == EVERYBODY
        finally:
            person.leave()
