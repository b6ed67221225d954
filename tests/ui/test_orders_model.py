"""The order book's tree: master orders with their copies, rolled up, under any order of news."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from PySide6.QtCore import QModelIndex, QObject
from PySide6.QtWidgets import QApplication

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.divergence import Change
from copytrade_gui.domain.events import PlanMade, PlanSettled
from copytrade_gui.domain.ids import AccountId, PlanId, SignalId, intent_id
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.domain.records import Intent, OrderView, Plan, Signal, SignalKind, reference
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


def sliced(master: Account, *slices: tuple[State, int, int, str]) -> list[OrderView]:
    """A master's order that left in slices: state, units, units filled and average of each."""
    whole = people.order("P1", master, State.WORKING)
    return [
        structs.replace(
            whole,
            intent_id=intent_id(whole.plan_id, master.account_id, number),
            terms=replace(whole.terms, quantity=quantity),
            state=state,
            filled_quantity=filled,
            average_price=Decimal(average) if filled else None,
            reason="Margin exceeds." if state is State.REJECTED else "",
        )
        for number, (state, quantity, filled, average) in enumerate(slices, start=1)
    ]


def cells(model: OrdersModel, row: int = 0) -> dict[str, object]:
    return {c.key: model.data(model.index(row, n)) for n, c in enumerate(COLUMNS)}


@pytest.mark.parametrize("first", [0, 1])
def test_a_sliced_order_of_the_master_is_one_line_with_all_of_it(
    app: QApplication, first: int
) -> None:
    model, _owner, _roster = a_model()
    slices = sliced(PEOPLE[0], (State.FILLED, 1755, 1755, "100.00"), (State.REJECTED, 845, 0, "0"))
    model.upsert([slices[first], slices[1 - first]])
    model.upsert([people.order("P1", PEOPLE[2], State.SKIPPED)])
    shown = cells(model)
    assert (shown["quantity"], shown["filled"], shown["average"]) == ("2,600", "1,755", "100.00")
    assert shown["state"] == "Rejected"
    assert shown["note"] == (
        "Master filled 1,755 of 2,600 in 2 orders  ·  Margin exceeds.  ·  1 copy: 1 skipped"
    )
    late = structs.replace(
        slices[1],
        state=State.FILLED,
        filled_quantity=845,
        average_price=Decimal("102.00"),
        reason="",
        changed_ns=people.NOW_NS + 1,
    )
    model.upsert([late])
    shown = cells(model)
    assert (shown["quantity"], shown["filled"], shown["average"]) == ("2,600", "2,600", "100.65")
    assert (shown["state"], shown["note"]) == ("Filled", "1 copy: 1 skipped")


def test_a_copy_beside_a_slice_that_filled_did_not_fill_without_the_master(
    app: QApplication,
) -> None:
    model, _owner, _roster = a_model()
    model.upsert(
        [
            *sliced(PEOPLE[0], (State.REJECTED, 845, 0, "0"), (State.FILLED, 1755, 1755, "100")),
            people.order("P1", PEOPLE[2], State.FILLED),
        ]
    )
    assert model.unmatched() == []
    assert "WITHOUT THE MASTER" not in str(cells(model)["note"])


def test_copies_that_were_sent_alone_are_summed_in_their_line(app: QApplication) -> None:
    model, _owner, _roster = a_model()
    copies = [
        people.order("P1", PEOPLE[2], State.FILLED, quantity=100, price=Decimal("10.00")),
        people.order("P1", PEOPLE[3], State.FILLED, quantity=300, price=Decimal("12.00")),
        people.order("P1", PEOPLE[4], State.WORKING, quantity=50),
    ]
    model.upsert(copies)
    shown = cells(model)
    assert (shown["quantity"], shown["filled"], shown["average"]) == ("450", "400", "11.50")
    assert shown["state"] == "Working"
    assert shown["note"] == "3 copies: 2 filled, 1 open  ·  Copies alone"
    by_rule = [structs.replace(one, code="exit_rule", reason="A stop.") for one in copies]
    model.upsert([structs.replace(one, changed_ns=one.changed_ns + 1) for one in by_rule])
    assert str(cells(model)["note"]).startswith("Exit rule: A stop.  ·  3 copies")


def test_one_who_was_blocked_does_not_stand_for_those_who_filled(app: QApplication) -> None:
    model, _owner, _roster = a_model()
    blocked = people.order("P1", PEOPLE[4], State.BLOCKED)
    model.upsert([blocked])
    assert cells(model)["state"] == "Blocked"
    model.upsert([people.order("P1", one, State.FILLED) for one in PEOPLE[2:4]])
    shown = cells(model)
    assert (shown["state"], shown["note"]) == (
        "Filled",
        "3 copies: 2 filled, 1 blocked  ·  Copies alone",
    )


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


@pytest.mark.parametrize(
    ("kind", "units", "does"),
    [
        (SignalKind.CATCH_UP, 225, "catching up 2 followers, 1 without an order"),
        (SignalKind.SQUARE_OFF, 900, "squaring off 2 followers, 1 without an order"),
        (SignalKind.MASTER, 900, "copying to 2 followers, 1 without a copy"),
    ],
)
def test_the_feed_says_of_a_catch_up_what_is_placed_and_not_what_the_master_holds(
    kind: SignalKind, units: int, does: str
) -> None:
    roster = Roster()
    roster.set_accounts(PEOPLE, ())
    sized = [(2, 75, State.PLANNED), (3, 150, State.PLANNED), (4, 0, State.SKIPPED)]
    views = [people.order("P1", PEOPLE[n], state, quantity=each) for n, each, state in sized]
    intents = tuple(
        Intent(one.intent_id, one.plan_id, one.account_id, one.role, 1, one.terms, 1_000, n,
               state=one.state)
        for n, one in enumerate(views, start=1)
    )  # fmt: skip
    whole = replace(views[0].terms, quantity=900)
    ref = reference(kind, "x")
    signal = Signal(
        SignalId("s"), AccountId("M"), ref, 1, whole, FanOut.WITH_MASTER, None, made_ns=1
    )
    plan = Plan(PlanId("P1"), signal, intents, 1, 1)
    (row,) = FeedWriter(roster).rows([PlanMade(plan)])
    what = f"BUY {units} {people.NIFTY_CE.symbol} at 101.05"
    assert row.reason == f"{what}: {does}"
    settled = PlanSettled(plan.plan_id, 2, 2, 0, 0, 0, None, None, None, None, 1)
    assert FeedWriter(roster).rows([PlanMade(plan), settled])[1].reason.endswith(what)
