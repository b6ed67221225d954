"""A second walk: checks that ask, positions, drift, what was missed, a proven KILL, the lock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.journeys.screen import Person
from tests.journeys.tour import accepted, close
from tests.journeys.trader import (
    CONSOLE,
    SHARE,
    SHARE_ID,
    choose,
    fill_ticket,
    ready,
    resume,
    says,
    send,
)

MOST_RUPEES = "25000"
"""Above half of it an order of 10 shares is asked about; copies at 2 x are above all of it."""
PASSPHRASE = "morning coffee at nine"


def risks(person: Person, folder: Path) -> Iterator[str]:
    """Every stop of it."""
    yield from asked_about(person)
    yield from held(person)
    yield from limits(person)
    yield from proven(person)
    yield from missed(person)
    yield from locked(person)


def asked_about(person: Person) -> Iterator[str]:
    choose(person, "Limits")
    person.see_window("Limits of all accounts")
    person.click("field_order_value")
    person.write(MOST_RUPEES)
    person.click("field_reason")
    person.write("A small day.")
    person.keys("Return")
    person.see_gone("limits_save")
    fill_ticket(person, "F1", away=-1)
    person.see("ticket_send", lambda button: button.enabled)
    person.click("fan_out_toggle")
    yield "why-not"
    person.click("fan_out_toggle")
    person.click("ticket_price")
    before = len(person.broker.orders())
    send(person)
    person.see_window("Is this meant?")
    yield "hold"
    person.write("10")
    person.keys("Return")
    person.see_gone("hold_save")
    accepted(person, before + 2)


def held(person: Person) -> Iterator[str]:
    """A position, and one that its owner sold; how long its order took and what it cost."""
    person.see_window(CONSOLE)
    person.keys("ctrl+6")
    person.click_row("positions", SHARE)
    person.keys("Right")
    yield "positions-board"
    bought = [one for one in person.broker.orders() if one.account != person.broker.master]
    last = person.see("quote_last").text
    person.broker.place_elsewhere(
        bought[0].account,
        {"exchange": "NSEEQ", "instrumentId": SHARE_ID, "transactionType": "SELL",
         "quantity": str(bought[0].quantity), "orderType": "LIMIT",
         "price": str(round(float(last.replace(",", "")) * 0.99))},
    )  # fmt: skip
    person.keys("alt+F7")
    person.see_row("drift", "Drifting")
    yield "drift-board"
    person.click_row("drift", "Drifting")
    choose(person, "Catch up")
    person.see_window("Catch up")
    person.see("catch_up_sum", lambda label: bool(label.text))
    yield "catch-up"
    close(person, "catch_up_back", "Escape")
    person.keys("F3")
    person.click_row("orders", SHARE)
    person.keys("Right", "Down", "Return")
    person.see_window("Order - ")
    person.see("waterfall_slippage", lambda label: " against " in label.text)
    yield "waterfall"
    close(person, "details_close")
    person.keys("alt+F8")
    person.see("profits_table")
    yield "profits"
    person.keys("alt+F5")
    choose(person, "Read holdings")
    person.see("holdings_table")
    yield "holdings"


def limits(person: Person) -> Iterator[str]:
    choose(person, "Loss limits")
    person.see_window("Loss limits of")
    yield "loss-limits"
    close(person, "limits_back", "Escape")
    choose(person, "Sheets of the day")
    person.see_window("Sheets of the day")
    yield "sheets"
    close(person, "sheets_back", "Escape")
    person.keys("ctrl+8")
    person.see("notices_table")
    yield "notices-told"


def proven(person: Person) -> Iterator[str]:
    """Orders work, and none does after a KILL: proven by every account's book."""
    before = len(person.broker.orders())
    fill_ticket(person, "F1")
    send(person)
    person.see_window("Is this meant?")
    person.write("10")
    person.keys("Return")
    person.see_gone("hold_save")
    accepted(person, before + 2)
    person.keys("ctrl+shift+k")
    person.see_window("Kill")
    person.see("kill_sentence", lambda label: "halted" in label.text)
    person.hold("kill_hold", lambda: person.see("copying_state", says("KILLED")))
    everybody = person.broker.accounts
    proof = f"{everybody} of {everybody} accounts proven"
    person.see("kill_sentence", lambda label: proof in label.text)
    yield "kill-proof"
    close(person, "kill_close")
    resume(person, "All ended.", word=True)


def missed(person: Person) -> Iterator[str]:
    """The master orders on the broker's page while no console is open."""
    price = round(float(person.see("quote_last").text.replace(",", "")) * 0.96)
    person.kill()
    person.broker.place_elsewhere(
        person.broker.master,
        {"exchange": "NSEEQ", "instrumentId": SHARE_ID, "transactionType": "BUY",
         "quantity": "10", "orderType": "LIMIT", "price": str(price)},
    )  # fmt: skip
    person.start()
    ready(person)
    person.click("band_missed_look_at_missed")
    person.see_row("masters", "Missed")
    yield "missed"


def locked(person: Person) -> Iterator[str]:
    choose(person, "Set passphrase")
    person.see_window("Set passphrase")
    yield "set-passphrase"
    for field in ("field_passphrase", "field_again"):
        person.click(field)
        person.write(PASSPHRASE)
    person.keys("Return")
    person.see_gone("set_passphrase")
    person.keys("ctrl+l")
    person.see("lock_passphrase", lambda field: field.focus)
    yield "locked"
    person.write(PASSPHRASE)
    person.keys("Return")
    person.see_gone("lock_screen")
