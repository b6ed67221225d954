"""What one order took is the same figure wherever it is read, and old replies go."""

import re

import pytest
from msgspec import structs
from PySide6.QtWidgets import QApplication

from copytrade_gui.domain.events import LampChanged, OrderChanged, PlanSettled
from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.records import OrderView, Timing
from copytrade_gui.domain.wait import wait_of_orders
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.theme import DARK, LIGHT, Tokens, Tone, sheet
from copytrade_gui.ui.widgets.label import PlainLabel
from copytrade_gui.ui.window_state import ForgetfulMemory
from tests.ui import people
from tests.ui.conftest import until
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop
MS = 1_000_000


def after_master(world: World) -> list[OrderView]:
    """A plan whose copies were called when the master's order was acknowledged, 290 ms later."""
    everyone = tuple(world.accounts.values())
    made = people.plan_orders("P9", everyone, people.NOW_NS, resting=True, troubles=False)
    orders = [structs.replace(made[0], timing=Timing(0, 2 * MS, 290 * MS))]
    for number, order in enumerate(made[1:], start=1):
        timing = Timing(292 * MS, 294 * MS, (340 + number) * MS)
        orders.append(structs.replace(order, timing=timing if order.timing else None))
    return orders


def read(label: PlainLabel | None) -> str:
    assert isinstance(label, PlainLabel)
    return label.text()


async def test_ticket_status_bar_table_and_chart_say_the_same(
    window: MainWindow, world: World
) -> None:
    orders = after_master(world)
    wait = wait_of_orders(orders)
    assert wait is not None
    slowest, waited = f"{wait.slowest_call_ms:.1f}", f"{wait.waited_ms:.0f}"
    assert wait.waited_ms > 290 > wait.slowest_call_ms
    window.ticket._sent_plan, window.ticket._sent_planned = orders[0].plan_id, len(orders)
    for order in orders:
        world.events.send(OrderChanged(order, State.SENDING))
    acked = sum(order.broker_order_id is not None for order in orders)
    world.events.send(
        PlanSettled(orders[0].plan_id, len(orders), acked, 0, 0, 0, 2.0, 9.0, 290.0,
                    wait.waited_ms, people.NOW_NS, wait.slowest_call_ms)
    )  # fmt: skip
    await until(window.status.last_order.text)
    await until(lambda: window.news.idle and window.orders.model.rowCount() == 1)
    window.latency.draw()
    words = f"in {waited} ms, slowest call {slowest} ms"
    assert words in window.status.last_order.text()
    assert words in window.ticket.face.result.text()
    assert words in window.feed.model.rows()[0].reason
    head = dict(zip(*_row(window), strict=True))
    assert (head["Waited ms"], head["Call ms"]) == (waited, slowest)
    assert read(window.findChild(PlainLabel, "latency_last_waited")) == waited
    assert read(window.findChild(PlainLabel, "latency_last_slowest")) == slowest
    await window._load()
    window.latency.draw()
    assert read(window.findChild(PlainLabel, "latency_last_waited")) == waited


def _row(window: MainWindow) -> tuple[tuple[str, ...], tuple[str, ...]]:
    made = window.orders.table.view.sheet(only_selected=False)
    return made.headers, made.rows[0]


async def sent(window: MainWindow) -> None:
    window.ticket.form.search.pick(people.NIFTY_CE)
    window.ticket.form.set_quantity("1", in_lots=True)
    window.ticket.form.price.set_text("101.05")
    window.ticket.refresh()
    await until(window.ticket.face.send.isEnabled)
    window.ticket.face.send.click()
    window.ticket.face.confirm.click()
    await until(lambda: "acknowledged" in window.ticket.face.result.text())


@pytest.mark.parametrize("begun", ["another instrument", "another side", "another price"])
async def test_an_old_reply_goes_when_another_order_is_begun(
    window: MainWindow, world: World, begun: str
) -> None:
    world.everyone_ready()
    await window._load()
    await sent(window)
    result = window.ticket.face.result
    assert result.isVisible()
    if begun == "another instrument":
        window.ticket.form.search.pick(people.RELIANCE)
    elif begun == "another side":
        window.ticket.open(Side.SELL)
    else:
        window.ticket.form.price.line.setText("101.10")
        window.ticket.form.price.edited.emit()
    assert not result.isVisible()
    # What goes well with the order before is told elsewhere, what goes wrong here as well.
    plan = window.ticket._sent_plan
    late = next(order for order in world.orders.values() if order.plan_id == plan)
    later = structs.replace(late, changed_ns=late.changed_ns + 1)
    world.events.send(OrderChanged(later, late.state))
    await until(lambda: window.ticket._sent.get(late.intent_id) == later)
    assert not result.isVisible()
    refused = structs.replace(late, state=State.REJECTED, changed_ns=late.changed_ns + 2)
    world.events.send(OrderChanged(refused, late.state))
    await until(result.isVisible)
    assert result.text().startswith("The order before: ")
    assert "1 rejected" in result.text()


async def test_lamps_are_right_when_the_window_opens(app: QApplication) -> None:
    """Most of them have spoken before there was a window, and speak again only of a change."""
    world = World(followers=3)
    world.said = (
        LampChanged("broker", "ok", "4 of 4 logged in"),
        LampChanged("engine", "ok", "ready"),
        LampChanged("database", "warn", "The disk is nearly full."),
    )
    window = MainWindow(world.console(), settings=ForgetfulMemory())
    window.show()
    await window.start()
    words = {
        name: window.status.lamps[name].text() for name in ("broker", "engine", "database", "clock")
    }
    await window.stop()
    assert words == {
        "broker": "Broker 4 of 4 logged in", "engine": "Engine ready",
        "database": "Database The disk is nearly full.", "clock": "Clock waiting",
    }  # fmt: skip


async def test_what_the_exchange_says_stands_in_the_strip_until_it_trades_again(
    app: QApplication,
) -> None:
    world = World(followers=1)
    window = MainWindow(world.console(), settings=ForgetfulMemory())
    window.show()
    await window.start()
    usual = window.strip.market_top.text()
    world.events.send(LampChanged("market", "bad", "NSEEQ halted"))
    await until(lambda: window.strip.market_top.text() == "NSEEQ halted")
    assert window.strip.market_top.property("tone") == Tone.BAD
    world.events.send(LampChanged("market", "ok", ""))
    await until(lambda: window.strip.market_top.text() == usual)
    assert not window.strip.market_top.property("tone")
    await window.stop()


@pytest.mark.parametrize("tokens", [DARK, LIGHT])
def test_bids_are_blue_and_asks_are_red(tokens: Tokens) -> None:
    rules = dict(re.findall(r'\[kind="price_(bid|ask)"\] \{ color: (#\w+);', sheet(tokens)))
    assert rules == {"bid": tokens.buy, "ask": tokens.sell}
