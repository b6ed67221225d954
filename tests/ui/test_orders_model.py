"""The order book's tree: master orders with their copies, rolled up, under any order of news."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from PySide6.QtCore import QModelIndex, QObject
from PySide6.QtWidgets import QApplication

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.divergence import Change
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import OrderView
from copytrade_gui.ui.feed.feed_rows import FeedWriter
from copytrade_gui.ui.orders.order_rows import COLUMNS, roll_up, search_text
from copytrade_gui.ui.orders.orders_model import PLANS_KEPT, OrdersModel
from copytrade_gui.ui.roster import Roster
from tests.ui import people
from tests.ui.watched import watched

PEOPLE = people.accounts(4)


def a_model() -> tuple[OrdersModel, QObject, Roster]:
    roster = Roster()
    roster.set_accounts(PEOPLE, ())
    owner = QObject()
    return OrdersModel(roster, owner), owner, roster


def labels(model: OrdersModel) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for number in range(model.rowCount()):
        parent = model.index(number, 0)
        plan = str(model.row_at(parent).plan_id)
        found[plan] = [
            str(model.row_at(model.index(n, 0, parent)).order.state)
            for n in range(model.rowCount(parent))
        ]
    return found


def view(plan: int, account: Account, state: State, at: int) -> OrderView:
    return people.order(f"P{plan}", account, state, at_ns=at)


news = st.lists(
    st.lists(
        st.builds(
            view,
            st.integers(0, 3),
            st.sampled_from(PEOPLE),
            st.sampled_from(list(State)),
            st.integers(1, 50),
        ),
        max_size=6,
    ),
    max_size=6,
)


@given(batches=news)
def test_the_tree_keeps_its_promises_to_qt(
    app: QApplication, batches: list[list[OrderView]]
) -> None:
    model, _owner, _roster = a_model()
    with watched(model) as proxy:
        newest: dict[str, OrderView] = {}
        for batch in batches:
            model.upsert(batch)
            for order in batch:
                held = newest.get(order.intent_id)
                if held is None or order.changed_ns >= held.changed_ns:
                    newest[order.intent_id] = order
            proxy.set_words("§open" if len(newest) % 2 else "")
        shown = {order.intent_id: order for order in model.all_orders()}
        assert shown == newest


def test_plans_are_newest_first_and_copies_below(app: QApplication) -> None:
    model, _owner, _roster = a_model()
    people_of = PEOPLE[2:]
    model.upsert(
        [people.order("P1", PEOPLE[0], State.WORKING)]
        + [people.order("P1", a, State.WORKING) for a in people_of]
    )
    model.upsert([people.order("P2", PEOPLE[0], State.FILLED)])
    assert list(labels(model)) == ["P2", "P1"]
    assert len(labels(model)["P1"]) == 4
    head = model.row_at(model.index(1, 0))
    assert head.note == "4 copies: 4 open"
    assert model.row_at(model.index(0, 0)).note == "No copies"


def test_old_news_changes_nothing(app: QApplication) -> None:
    model, _owner, _roster = a_model()
    filled = people.order("P1", PEOPLE[2], State.FILLED, at_ns=20)
    model.upsert([filled])
    model.upsert([structs.replace(filled, state=State.WORKING, changed_ns=10)])
    assert labels(model) == {"P1": ["FILLED"]}


def test_the_oldest_plans_leave(app: QApplication) -> None:
    model, _owner, _roster = a_model()
    for number in range(PLANS_KEPT + 3):
        model.upsert([people.order(f"P{number}", PEOPLE[2], State.FILLED)])
    assert model.rowCount() == PLANS_KEPT
    last = model.index(PLANS_KEPT - 1, 0)
    assert str(model.row_at(last).plan_id) == "P3"
    assert model.parent(model.index(0, 0, last)) == last
    assert model.parent(last) == QModelIndex()


def test_a_roll_up_counts_every_copy_once() -> None:
    states = [State.FILLED] * 3 + [State.WORKING, State.PARTIAL, State.REJECTED, State.UNKNOWN,
                                   State.BLOCKED, State.SKIPPED, State.SENDING]  # fmt: skip
    copies = [people.order("P1", PEOPLE[2], state) for state in states]
    assert roll_up(copies) == (
        "10 copies: 3 filled, 2 open, 1 on the way, 1 unknown, 1 rejected, 1 blocked, 1 skipped"
    )


def test_every_state_is_counted_somewhere() -> None:
    for state in State:
        assert roll_up([people.order("P1", PEOPLE[2], state)]).startswith("1 copy: 1 ")


def test_a_copy_changed_at_the_broker_says_so_with_both_values(app: QApplication) -> None:
    model, _owner, _roster = a_model()
    change = Change("quantity", "150", "300")
    mark = people.changed_at_broker(change, quantity=300)
    gone = people.changed_at_broker(quantity=150, cancelled=True)
    model.upsert(
        [
            people.order("P1", PEOPLE[0], State.WORKING),
            people.order("P1", PEOPLE[2], State.PARTIAL, filled=200, diverged=mark),
            people.order("P1", PEOPLE[3], State.CANCELLED, diverged=gone, reason="Not by us."),
            people.order("P1", PEOPLE[4], State.WORKING),
        ]
    )
    head = model.index(0, 0)
    rows = [model.row_at(model.index(n, 0, head)) for n in range(3)]
    assert {row.order.account_id: row.note for row in rows} == {
        PEOPLE[2].account_id: "DIVERGED: quantity 150 → 300",
        PEOPLE[3].account_id: "DIVERGED: cancelled at the broker",
        PEOPLE[4].account_id: "",
    }
    assert "§problem" in search_text(rows[0])
    assert model.row_at(head).note == "3 copies, 2 diverged: 2 open, 1 cancelled"
    quantity = next(n for n, column in enumerate(COLUMNS) if column.key == "quantity")
    shown = [model.data(model.index(n, quantity, head)) for n in range(3)]
    assert shown == ["150 → 300", "150", "150"]


def test_the_feed_tells_a_change_at_the_broker_once() -> None:
    roster = Roster()
    roster.set_accounts(PEOPLE, ())
    writer = FeedWriter(roster)
    mark = people.changed_at_broker(Change("quantity", "150", "300"), quantity=300)
    working = people.order("P1", PEOPLE[2], State.WORKING)
    changed = structs.replace(working, diverged=mark)
    filled = structs.replace(changed, state=State.FILLED, filled_quantity=300)
    lines = [writer.row_of(order) for order in (working, changed, changed, filled)]
    told = [(line.word, line.kind, line.reason) for line in lines if line is not None]
    assert told == [
        ("Working", "order", ""),
        ("Diverged", "problem", "DIVERGED: quantity 150 → 300"),
        ("Filled", "fill", "DIVERGED: quantity 150 → 300"),
    ]
