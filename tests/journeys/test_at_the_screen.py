"""A trader's day at a real window, with mouse and keys from outside; the broker's ledger judges."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import pytest

from tests.journeys.screen import Broker, Person, broker_running, screen_running
from tests.journeys.test_drift_at_the_screen import picture
from tests.journeys.tour import tour
from tests.journeys.trader import (
    CONSOLE,
    SHARE,
    SHARE_ID,
    choose,
    choose_file,
    escape,
    fill_ticket,
    leave,
    order,
    ready,
    resume,
    says,
    symbols,
)

FOLLOWERS = 3
EVERYBODY = FOLLOWERS + 1

pytestmark = [pytest.mark.xvfb, pytest.mark.timeout(600), pytest.mark.xdist_group("screen")]


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    with screen_running("1366x768") as display:
        yield display


@pytest.fixture
def broker() -> Iterator[Broker]:
    with broker_running(EVERYBODY) as broker:
        yield broker


@pytest.fixture
def person(display: str, broker: Broker, tmp_path: Path) -> Iterator[Person]:
    person = Person(display, tmp_path / "data", broker)
    try:
        person.start()
        ready(person)
        yield person
    finally:
        person.leave()


# -------------------------------------------------------------------- his day


def test_a_day_of_buying_selling_cancelling_and_stopping(person: Person) -> None:
    broker = person.broker
    bought = order(person, "F1")
    assert symbols(bought) == {("BUY", SHARE)}
    assert len({one.account for one in bought}) == EVERYBODY
    sold = order(person, "F2")
    assert symbols(sold) == {("SELL", SHARE)}
    assert len(broker.open_orders()) == 2 * EVERYBODY, "far from the market, all of them rest"

    # Refreshing changes no figure here and nothing at the broker.
    person.keys("F3")
    row = person.see_row("orders", SHARE)
    before = [one.cells for one in person.see_still("orders").rows]
    person.keys("F5")
    assert [one.cells for one in person.see_still("orders").rows] == before
    assert len(broker.orders()) == 2 * EVERYBODY

    # Cancel the newest by its row; its copies go with it, the other order stays.
    person.click_row("orders", row.cells[0])
    person.see("orders", lambda table: table.focus)
    person.keys("Delete")
    person.see_window("Cancel orders")
    person.keys("Return")
    person.wait(lambda: len(broker.open_orders()) == EVERYBODY, "one of the two orders cancelled")
    assert symbols(broker.open_orders()) in ({("BUY", SHARE)}, {("SELL", SHARE)})

    # A pause and a halt keep the next order at home.
    for button, state in (("stop_pause", "PAUSED"), ("stop_halt", "HALTED")):
        person.click(button)
        person.see("copying_state", says(state))
        fill_ticket(person, "F1")
        person.see("ticket_send", lambda button: not button.enabled)
        person.keys("Return", "Return", "Return")
        if state == "PAUSED":
            person.click("stop_resume")
            person.see("copying_state", lambda shown: shown.text == "Copying")
    resume(person, "The news is out.")
    assert len(broker.orders()) == 2 * EVERYBODY, "nothing left in a stop"
    order(person, "F1")

    # KILL: the mouse is held until every order of his has ended at the broker.
    person.keys("ctrl+shift+k")
    person.see_window("Kill")
    person.see("kill_sentence", lambda label: "halted" in label.text)
    person.hold("kill_hold", lambda: person.wait(lambda: not broker.open_orders(), "no open order"))
    person.see("copying_state", lambda shown: shown.text == "KILLED")
    person.click_away("kill_close")
    accepted = len(broker.orders())

    # He leaves and comes back: still killed, nothing leaves; then he resumes.
    leave(person)
    person.start()
    ready(person)
    person.see("copying_state", lambda shown: shown.text == "KILLED")
    assert len(broker.orders()) == accepted
    resume(person, "A new start.", word=True)
    again = order(person, "F1")
    assert Counter(one.account for one in again) == Counter({o.account: 1 for o in bought})


def test_a_working_order_is_changed_and_limits_stand_the_next_day(person: Person) -> None:
    broker = person.broker
    placed = {one.order_id: one.quantity for one in order(person, "F1")}

    # Twice the quantity, by the order's own dialog: all copies follow, no order is added.
    person.keys("F3")
    person.click_row("orders", SHARE)
    person.keys("shift+F1")
    person.see_window("Change BUY order")
    person.click("field_quantity")
    person.keys("ctrl+a")
    person.write("20")
    person.keys("Return")
    person.see_gone("change_order_save")
    wanted = {name: 2 * quantity for name, quantity in placed.items()}
    person.wait(
        lambda: {one.order_id: one.quantity for one in broker.orders()} == wanted,
        "every order changed once",
    )

    # A limit that the working orders fill already: what comes next stays at home, also tomorrow.
    choose(person, "Limits")
    person.see_window("Limits of all accounts")
    person.click("field_open_orders")
    person.keys("ctrl+a")
    person.write("1")
    person.click("field_reason")
    person.write("A small day.")
    person.keys("Return")
    person.see_gone("limits_save")
    leave(person)
    person.start()
    ready(person)
    choose(person, "Limits")
    person.see("field_open_orders", says("1"))
    person.keys("Escape")
    person.see_gone("limits_save")
    fill_ticket(person, "F1")
    person.see("fan_out_summary", says("3 followers: 0 pass, 3 skipped"))
    person.keys("Return", "Return", "Return")
    person.settle()
    assert {one.order_id: one.quantity for one in broker.orders()} == wanted


def positions(broker: Broker) -> dict[str, int]:
    """What each account has in all, by what the broker's ledger filled."""
    held: Counter[str] = Counter()
    for one in broker.orders():
        held[one.account] += one.filled if one.side == "BUY" else -one.filled
    return dict(held)


def test_a_position_is_seen_and_squared_off_until_the_books_show_none(person: Person) -> None:
    broker = person.broker
    order(person, "F1", away=-1)
    person.wait(lambda: not broker.open_orders(), "every copy filled")
    bought = positions(broker)
    order(person, "F1")  # rests: its copies are cancelled first
    person.keys("ctrl+6")
    person.see_row("positions", "+35")
    person.click_row("positions", SHARE)
    person.keys("x")
    person.see_window("Square off")
    person.see("square_off_verb", lambda button: button.enabled and "35 units" in button.text)
    assert len(broker.orders()) == 2 * EVERYBODY, "the preview sends nothing"
    person.keys("Return")
    person.see_window("Square-off report")
    person.see("square_off_verdict", says("Nothing is left."))
    proof = person.see("square_off_proof").text
    assert "35 units closed in 3 positions of copies" in proof
    assert "3 orders of copies cancelled first" in proof
    assert positions(broker) == {
        one: held if one == broker.master else 0 for one, held in bought.items()
    }
    assert {one.account for one in broker.open_orders()} == {broker.master}
    person.keys("Escape")
    person.see_window(CONSOLE)
    person.keys("ctrl+shift+x")
    person.see("square_off_sum", says("Nothing is held there."))

    # What an owner holds himself is closed only with a tick and a typed word.
    owner = min({one.account for one in broker.orders()} - {broker.master})
    last = person.see("quote_last").text
    broker.place_elsewhere(
        owner,
        {"exchange": "NSEEQ", "instrumentId": SHARE_ID, "transactionType": "BUY",
         "quantity": "6", "orderType": "LIMIT",
         "price": str(round(float(last.replace(",", "")) * 1.01))},
    )  # fmt: skip
    person.wait(lambda: positions(broker).get(owner) == 6, "the owner's own trade")
    person.keys("alt+o")
    person.see_row("square_off_lines", "Owner's")
    person.see("square_off_verb", lambda button: button.enabled and "6 units" in button.text)
    person.click("square_off_own")
    person.write("ALL")
    picture(person, "square-off-own")
    person.keys("Return")
    person.see_window("Square-off report")
    person.see("square_off_verdict", says("Nothing is left."))
    assert positions(broker)[owner] == 0
    picture(person, "square-off-own-report")


def test_files_are_written_read_and_left_alone(person: Person, tmp_path: Path) -> None:
    order(person, "F1")
    followers = tmp_path / "my followers.csv"
    choose(person, "Export CSV")
    choose_file(person, "Export followers", followers)
    person.wait(followers.exists, "the followers' file")
    rows = read_csv(person, followers, 1 + FOLLOWERS)
    assert rows[0][:2] == ["name", "client_id"]

    # One more name for the first follower, and the file goes in again.
    rows[1][0] = "Asha & Sons <b>"
    changed = tmp_path / "changed.csv"
    with changed.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    person.see_window(CONSOLE)
    person.keys("ctrl+i")
    choose_file(person, "Import followers", changed)
    person.see_window("Import changed.csv")
    person.click_away("import_verb")
    person.see_row("followers", "Asha & Sons <b>")

    # Every table, and all orders, as a workbook and as text.
    for action, title, name, words in (
        ("Export table", "Export table", "followers.csv", "Asha & Sons <b>"),
        ("Export all orders", "Export all orders", "orders.csv", SHARE),
        ("Export all orders", "Export all orders", "orders.xlsx", SHARE),
    ):
        path = tmp_path / name
        choose(person, action)
        choose_file(person, title, path)
        person.wait(path.exists, name)
        read_words(person, path, words)

    # A file that is there is asked about, and a dialog that is closed writes nothing.
    kept = followers.read_bytes()
    choose(person, "Export CSV")
    choose_file(person, "Export followers", followers)
    person.click("question_back")
    person.see_window("Export followers")
    escape(person)
    assert followers.read_bytes() == kept
    assert len(person.broker.orders()) == EVERYBODY


def read_csv(person: Person, path: Path, lines: int) -> list[list[str]]:
    """The rows of a file once it is written whole."""

    def rows() -> list[list[str]]:
        return list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))

    person.wait(lambda: len(rows()) == lines, f"{lines} lines in {path.name}")
    return rows()


def read_words(person: Person, path: Path, words: str) -> None:
    person.wait(lambda: words in words_of(path), f"{words} in {path.name}")


def words_of(path: Path) -> str:
    """What stands in an exported file."""
    if path.suffix == ".csv":
        return path.read_text(encoding="utf-8-sig")
    try:
        with ZipFile(path) as book:
            return "".join(book.read(n).decode() for n in book.namelist() if n.endswith(".xml"))
    except BadZipFile:
        return ""  # it is being written


def test_a_second_console_on_the_same_folder_says_so_and_leaves_the_first_alone(
    person: Person, display: str, broker: Broker
) -> None:
    other = Person(display, person.folder, broker, "second")
    try:
        other.start()
        other.see_window(CONSOLE)
        other.see("refusal_sentence", lambda label: "data folder" in label.text)
        other.keys("Return")
        assert other.ended() == 1
    finally:
        other.leave()
    assert len(order(person, "F1")) == EVERYBODY


def test_after_a_power_cut_the_report_stands_before_anything_leaves(person: Person) -> None:
    order(person, "F1")
    person.kill()
    person.start()
    ready(person)
    choose(person, "Recovery report")
    person.see_window("Recovery report")
    person.see("recovery_text", lambda text: "Proven at the broker" in text.text)
    assert len(person.broker.orders()) == EVERYBODY
    person.keys("Escape")
    person.see_gone("recovery_text")


@pytest.mark.long
def test_every_dialog_opens_is_used_and_closes(person: Person, tmp_path: Path) -> None:
    seen = list(tour(person, tmp_path))
    assert len(seen) == len(set(seen))
    leave(person)
