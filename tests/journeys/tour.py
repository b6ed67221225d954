"""A walk through the running program that opens, uses and closes its dialogs, one after the other.

Each stop is told by its name while it is on the screen: a test goes on at once, and
``make screenshots`` takes a picture first. What stands there came from the program and its
broker, never from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.journeys.screen import Broker, Person
from tests.journeys.trader import (
    CONSOLE,
    SHARE,
    SHARE_ID,
    choose,
    choose_file,
    fill_ticket,
    order,
    ready,
    resume,
    says,
    send,
)


def tour(person: Person, folder: Path) -> Iterator[str]:
    """Every stop; ``folder`` takes the files of the way."""
    yield "start"
    yield from ticket(person)
    yield from orders(person)
    yield from squaring_off(person)
    yield from elsewhere(person)
    yield from pages(person)
    yield from followers(person)
    yield from files(person, folder)
    yield from sessions(person)
    yield from halted_account(person, person.broker)
    yield from stops(person)
    yield from power_cut(person)
    yield from evening(person)


def ticket(person: Person) -> Iterator[str]:
    fill_ticket(person, "F1")
    person.see("ticket_send", lambda button: button.enabled)
    yield "ticket"
    send(person)
    accepted(person, person.broker.accounts)
    person.see("ticket_result", lambda label: "acknowledged" in label.text)
    yield "ticket-sent"


def orders(person: Person) -> Iterator[str]:
    person.keys("F3")
    person.click_row("orders", SHARE)
    person.keys("Return")
    person.see_window("Order - ")
    person.see("waterfall_slippage")
    yield "order-details"
    person.click("details_copy")
    close(person, "details_close")
    person.click_row("orders", SHARE)
    person.keys("Delete")
    person.see_window("Cancel orders")
    yield "cancel-question"
    close(person, "question_back", "Escape")
    for view, key in (("activity", "F12"), ("positions", "ctrl+6"), ("drift", "alt+F7"),
                      ("notices", "ctrl+8")):  # fmt: skip
        person.keys(key)
        person.see(f"{view}_table")
        yield view
    person.keys("F3")


def squaring_off(person: Person) -> Iterator[str]:
    """An order that trades, its position, and out of it until the books show none."""
    order(person, "F1", away=-1)
    person.keys("ctrl+6")
    person.click_row("positions", SHARE)
    person.keys("Right")
    yield "positions-held"
    person.keys("x")
    person.see_window("Square off")
    person.see("square_off_verb", lambda button: button.enabled)
    yield "square-off"
    person.keys("Return")
    person.see("square_off_verdict", says("Nothing is left."))
    yield "square-off-report"
    close(person, "square_off_close", "Escape")


def elsewhere(person: Person) -> Iterator[str]:
    """The master trades on the broker's page; what was copied is changed, and limits are set."""
    before, last = len(person.broker.orders()), person.see("quote_last").text
    price = str(round(float(last.replace(",", "")) * 0.96))
    person.broker.place_elsewhere(
        person.broker.master,
        {"exchange": "NSEEQ", "instrumentId": SHARE_ID, "transactionType": "BUY",
         "quantity": "10", "orderType": "LIMIT", "price": price},
    )  # fmt: skip
    person.click("band_masters_copy_or_ignore")
    person.see_row("masters", "Waits for you")
    person.settle()
    yield "masters-asked"
    person.keys("Return")
    person.see_window("Copy now")
    yield "masters-copy"
    person.keys("Return")
    person.see_row("masters", "Copied")
    accepted(person, before + person.broker.accounts)
    yield "masters-copied"
    person.keys("F3")
    person.click_row("orders", f"{int(price):,}.00")
    person.keys("Right", "Down", "shift+F1")
    person.see_window("Change BUY order")
    yield "order-change"
    close(person, "change_order_back", "Escape")
    choose(person, "Limits")
    person.see_window("Limits of all accounts")
    person.click("field_open_orders")
    person.keys("ctrl+a")
    person.write("0,5")
    person.keys("Return")
    person.see("problem_open_orders", lambda label: "write a whole number" in label.text)
    yield "limits"
    close(person, "limits_back", "Escape")


def pages(person: Person) -> Iterator[str]:
    person.keys("ctrl+k")
    person.see("palette_line", lambda line: line.focus)
    person.write("reliance")
    person.see_row("palette_list", SHARE)
    yield "palette"
    close(person, "palette_line", "Escape")
    person.keys("ctrl+F1")
    person.see_window("Keys")
    person.click("keys_filter")
    person.write("refresh")
    person.see_row("keys", "F5")
    yield "keys"
    close(person, "keys_close")
    choose(person, "About and compliance")
    person.see_window("About")
    yield "about"
    close(person, "about_close")
    choose(person, "Preferences")
    person.see_window("Preferences")
    person.click("pref_rows_1")
    yield "comfortable-rows"
    person.click("pref_rows_0")
    yield "preferences"
    close(person, "preferences_close")


def followers(person: Person) -> Iterator[str]:
    person.keys("ctrl+n")
    person.see_window("Add follower")
    person.keys("Return")
    person.see("problem_name", lambda label: bool(label.text))
    yield "follower-add"
    close(person, "follower_editor_back", "Escape")
    person.click_row("followers", "Follower 002")
    person.keys("ctrl+shift+e")
    person.see_window("Edit Follower 002")
    person.click("field_name")
    person.keys("ctrl+a")
    person.write("Arjun & Sons")
    person.click("field_group")
    person.write("Family")
    yield "follower-edit"
    person.keys("Return")
    person.see_row("followers", "Arjun & Sons")
    person.see_gone("follower_editor_save")
    person.click_row("followers", "Arjun & Sons")
    choose(person, "Set sizing")
    person.see_window("Set sizing")
    yield "sizing"
    person.click_away("sizing_save")
    choose(person, "Change state")
    person.see_window("Change state")
    yield "link-state"
    close(person, "link_state_back", "Escape")
    yield from groups(person)
    choose(person, "Add master")
    person.see_window("Add master")
    yield "master-add"
    close(person, "master_editor_back", "Escape")
    person.click_row("followers", "Arjun & Sons")
    person.keys("ctrl+Delete")
    person.see_window("Remove follower")
    yield "remove-question"
    close(person, "question_back", "Escape")


def groups(person: Person) -> Iterator[str]:
    """A group with a multiplier, and an order for it alone."""
    choose(person, "Group")
    person.see_window("Group - ")
    person.click("field_multiplier")
    person.keys("ctrl+a")
    person.write("1.5")
    yield "group"
    person.keys("Return")
    person.see_gone("group_save")
    before = len(person.broker.orders())
    fill_ticket(person, "F1")
    person.click("ticket_recipients")
    yield "ticket-recipients"
    person.keys("Down", "Down", "Down", "Return")
    person.see("ticket_recipients", says("Family"))
    person.see("fan_out_summary", lambda label: ": 1 pass," in label.text)
    yield "ticket-for-a-group"
    person.click("ticket_price")
    send(person)
    accepted(person, before + 2)
    person.click("ticket_recipients")
    person.keys("Return")
    person.see("ticket_recipients", says("All followers"))
    person.click_row("followers", "Arjun & Sons")


def files(person: Person, folder: Path) -> Iterator[str]:
    choose(person, "Export CSV")
    person.see_window("Export followers")
    yield "export"
    written = folder / "followers.csv"
    choose_file(person, "Export followers", written)
    person.wait(written.exists, "the followers' file")
    lines = person.wait(lambda: written.read_text(encoding="utf-8-sig").splitlines(), "its lines")
    wrong = folder / "wrong.csv"
    wrong.write_text("\n".join([lines[0], lines[1].replace(",ratio,", ",half,")]), encoding="utf-8")
    for path, name in ((written, "import-good"), (wrong, "import-bad")):
        person.see_window(CONSOLE)
        person.keys("ctrl+i")
        choose_file(person, "Import followers", path)
        person.see_window(f"Import {path.name}")
        yield name
        close(person, "import_back", "Escape")


def sessions(person: Person) -> Iterator[str]:
    everybody = person.broker.accounts
    person.click_row("followers", "Arjun & Sons")
    choose(person, "Log out")
    person.see("lamp_broker", lambda lamp: f"{everybody - 1} of {everybody}" in lamp.text)
    person.keys("ctrl+shift+l")
    person.see_window("Log in - PAPER")
    person.see("login_summary", says("0 of 1 logged in, 1 left."))
    with person.slow_at_the_brokers_page():
        person.keys("Return")
        person.see("field_code", lambda field: field.focus)
        person.keys("Return")
        person.see("problem_code", lambda label: "Code is empty" in label.text)
        yield "login"
    person.see("login_summary", says("1 account logged in. Nobody is left."))
    person.click_away("login_close")
    ready(person)


def halted_account(person: Person, broker: Broker) -> Iterator[str]:
    """The broker doubles one order of a follower: his account is halted alone."""
    follower = max({one.account for one in broker.orders()})
    before = len(broker.orders())
    broker.misfortune({"action": "duplicate_order", "accounts": [follower], "count": 1})
    fill_ticket(person, "F1")
    send(person)
    accepted(person, before + broker.accounts + 1)
    person.see("band_halts")
    yield "account-halted"
    person.click("band_halts_lift_halt")
    person.see_window("Lift halt of")
    person.see("field_reason", lambda field: field.focus)
    person.write("Looked at the broker: cancelled the second one there.")
    yield "lift-halt"
    person.keys("Return")
    person.see_gone("band_halts")


def stops(person: Person) -> Iterator[str]:
    person.click("stop_halt")
    person.see("copying_state", says("HALTED"))
    person.click("stop_resume")
    person.see_window("Resume copying")
    yield "resume"
    person.keys("Escape")
    person.see_gone("field_reason")
    resume(person, "Seen enough.")
    person.see_window(CONSOLE)
    person.keys("ctrl+shift+k")
    person.see_window("Kill")
    person.see("kill_sentence", lambda label: "halted" in label.text)
    yield "kill"
    # The doubled order carries our tag as well; what the sweep leaves is not judged here.
    ours = {one.tag for one in person.broker.orders()}
    person.hold("kill_hold", lambda: person.see("copying_state", says("KILLED")))
    person.wait(lambda: len({o.tag for o in person.broker.open_orders()} & ours) <= 1, "the sweep")
    yield "killed"
    close(person, "kill_close")
    resume(person, "All ended.", word=True)


def power_cut(person: Person) -> Iterator[str]:
    """An order rests, the machine dies, the console is opened again."""
    before = len(person.broker.orders())
    fill_ticket(person, "F1")
    send(person)
    accepted(person, before + person.broker.accounts)
    person.kill()
    person.start()
    ready(person)
    yield "started-again"
    choose(person, "Recovery report")
    person.see_window("Recovery report")
    yield "recovery"
    close(person, "recovery_close", "Escape")
    if person.look().shows("stop_resume"):
        resume(person, "Read the report.")


def evening(person: Person) -> Iterator[str]:
    choose(person, "Close the day")
    person.see_window("Close the day")
    person.see("day_again", lambda button: button.enabled)
    yield "day-end"
    close(person, "day_close", "Escape")
    person.see_window(CONSOLE)
    person.keys("ctrl+q")
    person.see_window("Quit")
    yield "quit-question"
    close(person, "question_back", "Escape")


def accepted(person: Person, orders: int) -> None:
    person.wait(lambda: len(person.broker.orders()) >= orders, f"{orders} orders at the broker")


def close(person: Person, name: str, key: str = "") -> None:
    """Close a dialog by its button, or by a key; it is gone and the console has the keys."""
    person.see(name)
    if key:
        person.keys(key)
        person.see_gone(name)
    else:
        person.click_away(name)
    person.see_window(CONSOLE)
