"""The activity tab says in words what was stored: every kind of event, whoever did it."""

import json
import re
from dataclasses import asdict, replace
from decimal import Decimal
from typing import get_args

import pytest

from copytrade_gui.domain.checks.limits import Limits
from copytrade_gui.domain.day import DayChecked, DayStep
from copytrade_gui.domain.events import (
    AccountChanged,
    AccountEdited,
    AccountHalted,
    AccountHaltLifted,
    Alarm,
    Event,
    FillSeen,
    LampChanged,
    LinkChanged,
    OrderChanged,
    PlanSettled,
    PlanVoided,
    RecoveryReported,
    ReviewsChanged,
    Severity,
    TradingStateChanged,
)
from copytrade_gui.domain.halt import AccountHalt, Finding
from copytrade_gui.domain.ids import BrokerOrderId, CommandId, PlanId, TradeId
from copytrade_gui.domain.link import LinkState
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import Fill
from copytrade_gui.domain.trading_state import StateChange, TradingState
from copytrade_gui.services.verbs import HistoryRow
from copytrade_gui.storage.journal.chain import SEALED, Fact
from copytrade_gui.storage.journal.facts import (
    ORDERS_MARKED,
    PLAN_MADE,
    Moment,
    command_fact,
    fact_from,
    recorded_fact,
)
from copytrade_gui.storage.order_log.plan_record import plan_record, wave_record
from copytrade_gui.ui.activity.activity_words import KINDS, STATES, VERBS, details, what, who
from copytrade_gui.ui.main_window import MainWindow
from tests.storage.samples import first_attempts, make_plan
from tests.ui import days, people
from tests.ui.conftest import until
from tests.ui.fakes import World

AT = Moment(people.NOW_NS, 1, 0)
PLACED = people.order("P1", people.follower(1), State.ACKED)
LINK = people.link(1)
HALT = AccountHalt(PLACED.account_id, "", (Finding("OVERFILL 26", people.OVERFILL),))
COUNTS = ("FillSeen", "PlanMade", "PlanSettled", "ReviewsChanged")
"""What says only figures, which then are 0."""
CODE = re.compile(r" \([A-Za-z0-9_]+\)$")
STRANGE = re.compile(r"[a-z][A-Z]|_|\{|NOT_|[A-Z]{3,}_")
"""Signs of a name that was meant for programs."""


def row(fact: Fact) -> HistoryRow:
    return HistoryRow(
        1, fact.wall_ns, fact.actor, fact.kind, fact.account_id, fact.intent_id or fact.plan_id,
        fact.reason, fact.body,
    )  # fmt: skip


def said(event: Event) -> tuple[str, str, str]:
    stored = row(fact_from(event, AT))
    return who(stored), what(stored), details(stored, lambda _subject: "")


def test_every_kind_of_event_has_words() -> None:
    kinds = {one.__name__ for one in get_args(Event)} | {"Command", SEALED}
    assert kinds <= KINDS.keys()
    assert set(TradingState) == STATES.keys()
    assert not [words for words in KINDS.values() if STRANGE.search(words)]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            OrderChanged(PLACED, State.SENDING),
            ("Program", "Order", f"Sending → Accepted, broker order {PLACED.broker_order_id}"),
        ),
        (
            FillSeen(Fill(PLACED.account_id, TradeId("T9"), BrokerOrderId("26"), 1500,
                          Decimal("101.5"), "10:00:00")),
            ("Program", "Fill", "1,500 at 101.50, broker order 26, trade T9"),
        ),
        (
            PlanSettled(PlanId("P1"), 11, 10, 1, 0, 0, 2.0, 9.0, 61.0, 358.2, 1, 65.8),
            ("Program", "Order answered",
             "10 of 11 acknowledged in 358 ms, slowest call 65.8 ms, 1 refused"),
        ),
        (PlanVoided(PlanId("P1"), "The disk is full.", 1),
         ("Program", "Order withdrawn", "The disk is full.")),
        (
            TradingStateChanged(StateChange(TradingState.HALT, "operator", "lunch", 1), 3.0),
            ("You", "Trading", "Halted: lunch"),
        ),
        (AccountChanged(people.status(people.follower(2), 3)),
         ("Program", "Session", "Login needed")),
        (AccountHalted(HALT),
         ("Program", "Account stopped", people.OVERFILL)),
        (AccountEdited(LINK.master_id, "Desk: app secret entered.", "operator"),
         ("You", "Account", "Desk: app secret entered.")),
        (LinkChanged(None, LINK, "operator"),
         ("You", "Who copies whom", f"Copies {LINK.master_id}, active")),
        (LinkChanged(LINK, replace(LINK, state=LinkState.CLOSE_ONLY, group="family"), "operator"),
         ("You", "Who copies whom",
          f"Copies {LINK.master_id}, changed: set to close only, group")),
        (LinkChanged(LINK, None, "operator"),
         ("You", "Who copies whom", f"Copies {LINK.master_id} no more")),
        (
            AccountHaltLifted(HALT, "operator",
                              "Looked at it."),
            ("You", "Stop lifted", "Looked at it."),
        ),
        (Alarm(Severity.WARNING, "x", "The broker is slow.", 1),
         ("Program", "Alarm", "The broker is slow.")),
        (ReviewsChanged(people.reviews(people.accounts(12))[:1]),
         ("Program", "Orders to decide", "1 order to decide")),
        (LampChanged("broker", "ok", "11 of 11 logged in"),
         ("Program", "Lamp", "Broker: 11 of 11 logged in")),
    ],
)  # fmt: skip
def test_an_event_is_told_in_words(event: Event, words: tuple[str, str, str]) -> None:
    assert said(event) == words


def test_a_plan_and_what_left_later_are_told_with_their_numbers() -> None:
    plan = make_plan(followers=3)  # the last follower is blocked
    made = recorded_fact(PLAN_MADE, plan_record(plan, first_attempts(plan)), AT, plan.plan_id)
    later = recorded_fact(ORDERS_MARKED, wave_record(first_attempts(plan)[1:]), AT)
    told = [(what(row(fact)), details(row(fact), lambda _: "")) for fact in (made, later)]
    assert told == [
        ("Order planned", "3 orders planned, 1 without"),
        ("Copies sent", "2 orders that waited left"),
    ]


def test_reports_and_days_are_told_in_words() -> None:
    report = RecoveryReported(people.recovery(people.accounts(12)))
    for event in (report, DayChecked(days.open_day())):
        stored = row(fact_from(event, AT))
        assert not STRANGE.search(what(stored))
        assert details(stored, lambda _subject: "") == stored.reason != ""
    assert DayStep.__name__ in KINDS


@pytest.mark.parametrize("verb", VERBS)
def test_a_command_says_what_was_ordered_and_why(verb: str) -> None:
    fact = command_fact(
        CommandId("c1"), actor="operator", verb=verb, subject="P1.f-001.1", reason="Seen.", at=AT
    )
    assert who(row(fact)) == "You"
    assert details(row(fact), lambda _subject: "") == f"{VERBS[verb]}. Seen."


def test_an_edit_of_the_limits_says_from_what_to_what() -> None:
    edit = {
        "account": "",
        "before": asdict(Limits()),
        "after": asdict(replace(Limits(), open_orders=40, plan_value=None)),
    }
    fact = command_fact(
        CommandId("c1"), actor="operator", verb="limits", subject=json.dumps(edit), reason="New.",
        at=AT,
    )  # fmt: skip
    assert details(row(fact), lambda _subject: "") == (
        "Limits set of all accounts: Value of one plan ₹50,00,000 → no limit, "
        "Open orders 50 orders → 40 orders. New."
    )


@pytest.mark.parametrize("body", ["", "[]", "{", "null", '{"state": "NO_SUCH"}', '{"change": 3}'])
@pytest.mark.parametrize("kind", [*KINDS, "FromALaterVersion"])
def test_a_body_that_cannot_be_read_costs_no_line(kind: str, body: str) -> None:
    stored = HistoryRow(1, people.NOW_NS, "engine", kind, "", "", "Because.", body)
    assert what(stored)
    assert not STRANGE.search(what(stored))
    assert "Because" in details(stored, lambda _subject: "") or kind in COUNTS


@pytest.mark.window_loop
async def test_the_tab_names_the_order_and_no_program_words(
    window: MainWindow, world: World
) -> None:
    world.trade()
    await window._load()
    window.panels.go(window.activity)
    window.activity.read()
    await until(window.activity.model.rowCount)
    lines = window.activity.table.view.sheet(only_selected=False).rows
    assert lines
    for line in lines:
        assert line[2] == "Program"
        assert line[3] == "Order"
        assert not STRANGE.search(CODE.sub("", line[5])), line
        assert line[5].startswith(("BUY ", "SELL ")), line


def test_a_name_of_an_actor_stays() -> None:
    stored = HistoryRow(1, 1, "Raghav", "Command", "", "", "", "{}")
    assert who(stored) == "Raghav"
    assert who(replace(stored, actor="engine")) == "Program"


async def test_each_letter_of_a_filter_makes_no_rows_words_anew(
    window: MainWindow, world: World
) -> None:
    world.trade()
    await window._load()
    panel = window.activity
    window.panels.go(panel)
    panel.read()
    await until(panel.model.rowCount)
    panel.table.filter.setText("b")
    asked: list[str] = []
    order_of = panel.order_of

    def counted(subject: str) -> str:
        asked.append(subject)
        return order_of(subject)

    panel.order_of = counted
    panel.table.view.hide()  # what is painted asks as well
    for typed in ("bu", "buy", "bu", "b", ""):
        panel.table.filter.setText(typed)
    assert asked == []
    panel.table.filter.setText("BUY")
    assert 0 < panel.table.view.proxy.rowCount() < panel.model.rowCount()
