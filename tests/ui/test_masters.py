"""What a master places elsewhere, as a trader sees and decides it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec import structs
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from copytrade_gui.domain.events import MasterSeen
from copytrade_gui.domain.ids import AccountId, BrokerOrderId
from copytrade_gui.domain.order import OrderType, Product, Side
from copytrade_gui.domain.seen import NO_COPY, Follow, Seen, SeenOrder
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.dialogs.dialog import Question
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.masters.seen_rows import terms_words
from copytrade_gui.ui.ticket.hold import HoldDialog
from copytrade_gui.ui.widgets.label import PlainLabel
from tests.ui import people
from tests.ui.conftest import until
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop


def seen(number: int, became: Seen, *, master: AccountId = people.MASTER) -> SeenOrder:
    return SeenOrder(
        account_id=master,
        broker_order_id=BrokerOrderId(f"2611240000{number:05d}"),
        symbol=people.NIFTY_CE.symbol,
        side=Side.BUY,
        quantity=1500,
        filled_quantity=75,
        product=Product.INTRADAY,
        order_type=OrderType.LIMIT,
        price=Decimal("101.05"),
        trigger=Decimal(0),
        status="PARTIALLY_FILLED",
        seen_ns=people.NOW_NS - 301_000_000_000 + number,
        became=became,
        reason="Too long ago." if became is Seen.MISSED else "",
        key=people.NIFTY_CE.key,
        average_price=Decimal("100.05"),
    )


async def show(window: MainWindow, world: World, *orders: SeenOrder) -> None:
    """They are seen, oldest first, and the newest is under the cursor."""
    world.events.send(*(MasterSeen(order) for order in orders))
    await until(lambda: window.masters.model.rowCount() == len(orders))
    window.panels.go(window.masters)
    view = window.masters.table.view
    view.setCurrentIndex(view.proxy.index(0, 0))


async def question(window: MainWindow) -> Question:
    await until(lambda: [one for one in window.findChildren(Question) if one.isVisible()])
    return next(one for one in window.findChildren(Question) if one.isVisible())


def words(dialog: Question) -> str:
    return " ".join(label.text() for label in dialog.findChildren(PlainLabel))


def notices(window: MainWindow) -> list[str]:
    return [notice.sentence for notice in window.desk.notices.all]


async def test_an_order_placed_elsewhere_stands_first_and_follows_the_news(
    window: MainWindow, world: World
) -> None:
    empty = window.masters.table.empty_text.text()
    assert empty == "Orders that a master places on the broker's own page appear here."
    await show(window, world, seen(1, Seen.COPIED), seen(2, Seen.WAITS))
    model = window.masters.model
    texts = [str(model.index(0, n).data()) for n in range(model.columnCount())]
    assert "Raghav Menon" in texts
    assert "BUY 1,500 NIFTY 26NOV 26500 CE at 101.05" in texts
    assert "75 of 1,500" in texts
    assert "Not at the exchange yet" in texts
    world.events.send(MasterSeen(structs.replace(seen(2, Seen.DENIED), reason="Band.", changes=2)))
    await until(lambda: model.row_at(0).order.became is Seen.DENIED)
    assert model.rowCount() == 2
    assert "(changed 2 x)" in str(model.index(0, 2).data())


async def test_an_order_of_which_nobody_got_a_copy_is_not_called_copied(
    window: MainWindow, world: World
) -> None:
    nobody = structs.replace(seen(1, Seen.COPIED), reason=f"{NO_COPY}: see the order book.")
    await show(window, world, nobody, seen(2, Seen.COPIED))
    model = window.masters.model
    words = [
        {str(model.index(row, n).data()) for n in range(model.columnCount())} for row in (0, 1)
    ]
    assert sum("No copy sent" in one for one in words) == 1
    assert sum("Copied" in one for one in words) == 1


async def test_what_waits_has_a_band_until_it_is_decided(window: MainWindow, world: World) -> None:
    await show(window, world, seen(1, Seen.ASKED), seen(2, Seen.ASKED), seen(3, Seen.COPIED))
    sentence = window.bands.sentences()["masters"]
    assert sentence.startswith("2 orders that masters placed at the broker wait for you")
    button = window.bands.findChild(QPushButton, "band_masters_copy_or_ignore")
    assert isinstance(button, QPushButton)
    window.panels.go(window.orders)
    button.click()
    selected = window.masters.selected()
    assert selected is not None
    assert selected.broker_order_id == seen(2, Seen.ASKED).broker_order_id
    assert window.masters.isVisible()
    world.events.send(MasterSeen(seen(1, Seen.IGNORED)), MasterSeen(seen(2, Seen.COPIED)))
    await until(lambda: "masters" not in window.bands.sentences())


async def test_enter_asks_with_the_figures_and_copies(window: MainWindow, world: World) -> None:
    await show(window, world, seen(1, Seen.MISSED))
    QTest.keyClick(window.masters.table.view, Qt.Key.Key_Return)
    asked = await question(window)
    active = sum(
        world.accounts[follower].active
        for master, follower in world.links
        if master == people.MASTER
    )
    for part in (
        "BUY 1,500 NIFTY 26NOV 26500 CE at 101.05 of Raghav Menon", f"to {active} followers",
        "75 of 1,500 filled", "5 minutes ago", "Too long ago.", "copied by themselves",
        "The last price is 101.05, 1.00 (1.00 %) above the 100.05 he traded at: worse for",
    ):  # fmt: skip
        assert part in words(asked)
    assert asked.verb.text() == "Copy now at 101.05"
    asked.verb.click()
    await until(lambda: world.masters.decided)
    assert world.masters.decided == [("copy", seen(1, Seen.MISSED).broker_order_id)]
    await until(lambda: any("is being copied" in one for one in notices(window)))


async def test_what_was_missed_has_its_price_of_now_and_a_band_until_it_is_decided(
    window: MainWindow, world: World
) -> None:
    await show(window, world, seen(1, Seen.MISSED), seen(2, Seen.MISSED), seen(3, Seen.COPIED))
    sentence = window.bands.sentences()["missed"]
    assert sentence.startswith("2 orders were placed by masters while nobody looked")
    window.masters._look_at_prices()
    sheet = window.masters.table.view.sheet(only_selected=False)
    place = sheet.headers.index("Copy now at")

    def offered() -> list[str]:
        return [row[place] for row in window.masters.table.view.sheet(only_selected=False).rows]

    await until(lambda: offered() == ["", *["101.05 (last 101.05)"] * 2])
    ignore = window.bands.findChild(QPushButton, "band_missed_ignore_all")
    assert isinstance(ignore, QPushButton)
    ignore.click()
    asked = await question(window)
    assert asked.back.isDefault()
    asked.verb.click()
    await until(lambda: len(world.masters.decided) == 2)
    assert {what for what, _ in world.masters.decided} == {"ignore"}
    world.events.send(MasterSeen(seen(1, Seen.IGNORED)), MasterSeen(seen(2, Seen.IGNORED)))
    await until(lambda: "missed" not in window.bands.sentences())


async def test_what_a_check_holds_is_copied_once_its_quantity_is_typed(
    window: MainWindow, world: World
) -> None:
    world.masters.hold = "1500"
    await show(window, world, seen(1, Seen.ASKED))
    window.desk.actions[Act.COPY_SEEN].trigger()
    (await question(window)).verb.click()
    await until(lambda: window.findChildren(HoldDialog))
    (dialog,) = window.findChildren(HoldDialog)
    assert world.masters.decided == []
    dialog.quantity.setText("75")
    dialog.submit()
    await until(dialog.problem.text)
    assert world.masters.decided == []
    dialog.quantity.setText("1500")
    dialog.submit()
    await until(lambda: world.masters.decided)


@pytest.mark.parametrize("became", list(Seen))
async def test_only_what_may_be_decided_can_be(
    window: MainWindow, world: World, became: Seen
) -> None:
    await show(window, world, seen(1, became))
    assert window.desk.actions[Act.COPY_SEEN].isEnabled() is became.open_to_copy
    assert window.desk.actions[Act.IGNORE_SEEN].isEnabled() is became.open_to_ignore
    window.desk.actions[Act.IGNORE_SEEN].trigger()
    if became.open_to_ignore:
        await until(lambda: world.masters.decided)
        assert world.masters.decided == [("ignore", seen(1, became).broker_order_id)]


async def test_copying_by_itself_is_asked_about_and_the_rest_is_not(
    window: MainWindow, world: World
) -> None:
    follow = window.masters.follow
    assert follow.value is Follow.ASK
    follow.button(Follow.COPY).click()
    asked = await question(window)
    assert "without asking you" in words(asked)
    asked.back.click()
    await until(lambda: follow.value is Follow.ASK)
    assert world.masters.following is Follow.ASK
    follow.button(Follow.COPY).click()
    (await question(window)).verb.click()
    await until(lambda: world.masters.following is Follow.COPY)
    follow.button(Follow.SHOW).click()
    await until(lambda: world.masters.following is Follow.SHOW)
    assert notices(window)[-1] == "Orders that Raghav Menon places elsewhere are only shown."


def test_terms_are_said_as_the_broker_has_them() -> None:
    order = seen(1, Seen.WAITS)
    market = structs.replace(order, order_type=OrderType.MARKET, price=Decimal(0))
    stop = structs.replace(order, order_type=OrderType.SL, trigger=Decimal(100))
    unknown = structs.replace(order, order_type=None, price=Decimal(0))
    assert terms_words(market) == "BUY 1,500 NIFTY 26NOV 26500 CE at market"
    assert terms_words(stop) == "BUY 1,500 NIFTY 26NOV 26500 CE trigger 100.00 at 101.05"
    assert terms_words(unknown) == "BUY 1,500 NIFTY 26NOV 26500 CE"
