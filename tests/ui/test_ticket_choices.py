"""The ticket offers what the broker takes, and nothing else."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QPushButton

from copytrade_gui.domain.capabilities import Capabilities
from copytrade_gui.domain.order import OrderType, Product
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.window_state import ForgetfulMemory
from tests.ui import people
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop


async def test_the_ticket_offers_what_the_broker_takes(
    app: QApplication, world: World, memory: ForgetfulMemory
) -> None:
    takes = Capabilities(
        order_types=frozenset({OrderType.LIMIT, OrderType.SL}),
        products=frozenset({Product.DELIVERY}),
    )
    console = replace(world.console(), takes=takes)
    window = MainWindow(console, settings=memory, wall_ns=lambda: people.NOW_NS)
    form = window.ticket.form

    def offered(name: str) -> list[str]:
        return [button.text() for button in getattr(form, name).findChildren(QPushButton)]

    assert offered("order_type") == ["Limit", "SL"]
    assert offered("product") == ["Delivery"]
    assert offered("validity") == ["Day", "IOC"]
    await window.stop()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
