"""What a trader does at the console, with mouse and keys only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.journeys.eyes import Part
from tests.journeys.screen import Order, Person

CONSOLE = "CopyTrade Console"
SHARE = "RELIANCE-EQ"
SHARE_ID = "2885"
"""Its number at NSE."""


def ready(person: Person) -> None:
    """The window is there and everybody is logged in."""
    person.see_window(CONSOLE)
    person.see(
        "lamp_broker",
        lambda lamp: f"{person.broker.accounts} of {person.broker.accounts}" in lamp.text,
    )


def fill_ticket(
    person: Person, key: str, symbol: str = SHARE, quantity: str = "10", *, away: int = 4
) -> None:
    """F1 or F2, then the ticket by its keys, up to where Enter asks: an order that rests.

    It rests because its price is 4 % from the last one, on the patient side; ``away`` below 0 is
    on the other, where it trades.
    """
    person.see_window(CONSOLE)
    person.keys(key)
    if person.see("ticket_title").text != symbol:
        person.keys("alt+i")
        person.see("ticket_instrument", lambda field: field.focus)
        person.write(symbol.casefold())
        person.see("instrument_list", lambda found: first(found.rows) == symbol)
        person.keys("Return")
        person.see("ticket_title", says(symbol))
    person.see("ticket_quantity", lambda field: field.focus)
    person.keys("ctrl+a")
    person.write(quantity)
    person.keys("Return")
    person.see("ticket_price", lambda field: field.focus)
    last = person.see("quote_last", lambda label: label.text[:1].isdigit()).text
    share = 1 - away / 100 if key == "F1" else 1 + away / 100
    price = str(round(float(last.replace(",", "")) * share))
    person.keys("ctrl+a")
    person.write(price)
    person.see("ticket_price", says(price))


def send(person: Person) -> None:
    """Enter, from the price to the button, to the question, and its verb.

    The ticket may still be checked at the first one: the button takes the focus after it.
    """
    for goal in ("ticket_send", "ticket_confirm"):
        person.keys("Return")
        person.see(goal, lambda button: button.focus)
    person.keys("Return")


def order(person: Person, key: str, *, away: int = 4) -> list[Order]:
    """One more master order; returns what the broker accepted of it."""
    broker = person.broker
    before = len(broker.orders())
    fill_ticket(person, key, away=away)
    send(person)
    person.wait(
        lambda: len(person.broker.orders()) == before + broker.accounts, "every order at the broker"
    )
    return person.broker.orders()[before:]


def choose(person: Person, action: str) -> None:
    """Find an action in the command palette and do it."""
    person.see_window(CONSOLE)
    person.keys("ctrl+k")
    person.see("palette_line", lambda line: line.focus)
    person.write(action.casefold())
    person.see("palette_list", lambda found: first(found.rows).startswith(action))
    person.keys("Return")


def first(rows: tuple[object, ...]) -> str:
    return str(getattr(rows[0], "cells", ("",))[0]) if rows else ""


def choose_file(person: Person, title: str, path: Path) -> None:
    """Type a file's name into the dialog of that title."""
    person.see_window(title)
    person.see("fileNameEdit", lambda field: field.focus)
    person.keys("ctrl+a")
    person.write(str(path))
    person.see("fileNameEdit", lambda field: field.text == str(path))
    person.keys("Return")


def escape(person: Person) -> None:
    """Leave a file dialog without a choice; a key that comes before the dialog takes it is lost."""
    person.keys("Escape")
    while not person.sees("main_window", lambda _part: CONSOLE in person.look().active):
        person.keys("Escape")


def resume(person: Person, reason: str, *, word: bool = False) -> None:
    person.click("stop_resume")
    person.see_window("Resume copying")
    person.see("field_reason", lambda field: field.focus)
    person.write(reason)
    if word:
        person.keys("Tab")
        person.see("field_word", lambda field: field.focus)
        person.write("RESUME")
    person.keys("Return")
    person.see("copying_state", lambda state: state.text == "Copying")


def leave(person: Person) -> None:
    """Quit, and say so where the console asks."""
    person.see_window(CONSOLE)
    person.keys("ctrl+q")
    person.wait(lambda: person.is_over() or "Quit" in person.look().active, "the end or a question")
    if not person.is_over():
        person.click("question_verb")
    person.wait(person.is_over, "the end")
    assert person.ended() == 0
    assert "Traceback" not in person.said()


def says(words: str) -> Callable[[Part], bool]:
    return lambda part: part.text == words


def symbols(orders: list[Order]) -> set[tuple[str, str]]:
    return {(one.side, one.symbol) for one in orders}
