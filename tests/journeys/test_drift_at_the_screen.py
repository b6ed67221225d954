"""Copies the master does not hold, and a copy its owner sells, at the real window."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.screen import Broker, Person, broker_running, screen_running
from tests.journeys.trader import SHARE, SHARE_ID, fill_ticket, leave, ready, send

FOLLOWERS = 3

pytestmark = [
    pytest.mark.xvfb,
    pytest.mark.long,
    pytest.mark.xdist_group("screen"),
]


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    with screen_running("1366x768") as display, broker_running(FOLLOWERS + 1) as broker:
        person = Person(display, tmp_path / "data", broker)
        try:
            person.start()
            ready(person)
            yield person
        finally:
            person.leave()


def held(broker: Broker) -> Counter[str]:
    """What each account bought less sold, by the broker's ledger."""
    units: Counter[str] = Counter()
    for one in broker.orders():
        units[one.account] += one.filled if one.side == "BUY" else -one.filled
    return +units


def buy(person: Person) -> None:
    """An order that trades, its copies with it."""
    fill_ticket(person, "F1", away=-1)
    person.click("ticket_fan_out_1")
    person.click("ticket_price")
    send(person)


def picture(person: Person, name: str) -> None:
    """For whoever wants to look: into the folder that the variable names."""
    folder = os.environ.get("JOURNEY_PICTURES")
    if folder:
        person.settle()
        person.photograph(Path(folder) / f"{name}.png")


def test_copies_without_their_master_are_closed_and_an_owners_sale_is_seen(person: Person) -> None:
    broker = person.broker
    broker.misfortune({"action": "reject", "text": "RMS: Margin Exceeds",
                       "accounts": [broker.master], "count": 1})  # fmt: skip
    # The program cancels the copies at once; they fill all the same.
    broker.misfortune({"action": "fill_after_cancel"})
    buy(person)
    person.see("band_unmatched_plan_their_exit")
    assert len(held(broker)) == FOLLOWERS
    assert broker.master not in held(broker)
    picture(person, "unmatched")
    before = len(broker.orders())
    person.click("band_unmatched_plan_their_exit")
    person.see_window("Square off")
    person.see("square_off_verb", lambda button: button.enabled)
    picture(person, "exit-plan")
    assert len(broker.orders()) == before, "nothing is sent before it is confirmed"
    person.click("square_off_verb")
    person.see("square_off_verdict", lambda label: label.text == "Nothing is left.")
    picture(person, "exit-report")
    assert not held(broker)
    person.click_away("square_off_close")
    person.click("band_unmatched_dealt_with")
    person.click("question_verb")
    person.see_gone("band_unmatched")

    buy(person)
    person.wait(lambda: len(held(broker)) == FOLLOWERS + 1, "everybody's fill")
    follower = next(one for one in sorted(held(broker)) if one != broker.master)
    whole = held(broker)[follower]
    last = person.see("quote_last").text
    broker.place_elsewhere(
        follower,
        {"exchange": "NSEEQ", "instrumentId": SHARE_ID, "transactionType": "SELL",
         "quantity": str(whole), "orderType": "LIMIT",
         "price": str(round(float(last.replace(",", "")) * 0.99))},
    )  # fmt: skip
    person.keys("alt+F7")
    row = person.see_row("drift", "The owner sold")
    assert SHARE in " ".join(row.cells)
    assert f"The owner sold {whole} by himself" in " ".join(row.cells)
    picture(person, "drift")
    person.keys("F3")
    person.click_row("orders", SHARE)
    person.keys("Right", "Down", "Return")
    person.see_window("Order - ")
    person.see("waterfall_slippage", lambda label: " against " in label.text)
    picture(person, "waterfall")
    person.click_away("details_close")
    leave(person)
