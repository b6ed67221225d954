"""What the real window says while the broker's feed breaks: each state in its turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.screen import Person, broker_running, screen_running
from tests.journeys.trader import order, ready

ACCOUNTS = 3

pytestmark = [
    pytest.mark.xvfb,
    pytest.mark.long,
    pytest.mark.xdist_group("screen"),
]


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    with screen_running("1366x768") as display, broker_running(ACCOUNTS) as broker:
        person = Person(display, tmp_path / "data", broker)
        try:
            person.start()
            ready(person)
            yield person
        finally:
            person.leave()


def says(person: Person, words: str) -> None:
    """Wait until the lamp of the order news says so."""
    person.see("lamp_feed", lambda lamp: words in lamp.text)


def copies_are_filled(person: Person) -> None:
    """An order that trades; each line of the order book says that it did, with every copy."""
    copies = ACCOUNTS - 1
    order(person, "F1", away=-1)
    lines = len(person.broker.orders()) // ACCOUNTS

    def shown() -> bool:
        rows = [row for part in person.look().parts if part.name == "orders" for row in part.rows]
        said = [
            row for row in rows if {"Filled", f"{copies} copies: {copies} filled"} <= {*row.cells}
        ]
        return len(said) == len(rows) == lines

    person.wait(shown, f"{lines} lines that say Filled")


def test_each_state_of_the_feed_is_said_and_orders_are_followed_in_all_of_them(
    person: Person,
) -> None:
    broker = person.broker
    says(person, f"{ACCOUNTS} of {ACCOUNTS} live")
    copies_are_filled(person)

    broker.misfortune({"action": "feed_outage"})
    says(person, f"0 of {ACCOUNTS} live: {ACCOUNTS} reconnecting")
    copies_are_filled(person)
    broker.end_misfortune()
    says(person, f"{ACCOUNTS} of {ACCOUNTS} live")

    broker.misfortune({"action": "feed_deny", "form": "empty"})
    broker.drop_feeds()
    says(person, f"0 of {ACCOUNTS} live: {ACCOUNTS} refused by the broker")
    copies_are_filled(person)
    broker.end_misfortune()
    says(person, f"{ACCOUNTS} of {ACCOUNTS} live")

    broker.misfortune(
        {"action": "feed_refuse", "form": "unauthorised", "accounts": [broker.master]}
    )
    broker.drop_feeds()
    says(person, f"{ACCOUNTS - 1} of {ACCOUNTS} live: 1 must log in again")
    copies_are_filled(person)
