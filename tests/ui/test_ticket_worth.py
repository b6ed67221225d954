"""Value, margin and charges on the ticket: short in its line, with their parts in its tip."""

from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtWidgets import QApplication

from copytrade_gui.domain.charges import Charges
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.money import Paise
from copytrade_gui.services.verbs import MarginNeeded, Preview, PreviewRow
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.theme import Scheme
from copytrade_gui.ui.ticket.worth import worth, worth_in_full
from tests.ui import pictures
from tests.ui.test_small_screens import INSIDE
from tests.ui.test_stops_followed import filled

COST = Charges(brokerage=4_000, tax=1_501, gst=720)


def preview(
    margin: MarginNeeded | None, cost: Charges | None = COST, quantity: int = 10
) -> Preview:
    row = PreviewRow(AccountId("F1"), "F1", False, quantity, Decimal(1), "", "")
    return Preview((), (row,), None, Paise(5_00_000_00), margin=margin, charges=cost)


@pytest.mark.parametrize(
    ("margin", "short", "in_full"),
    [
        (None, "margin not known yet", "Margin: not known yet. The broker is asked"),
        (
            MarginNeeded(Paise(1_00_000_01), 12),
            "margin ₹1,00,001 (12 s ago)",
            "Margin of all orders: ₹1,00,000.01, as the broker told it 12 s ago.",
        ),
        (
            MarginNeeded(Paise(1_00_000_00), 300, not_told=2),
            "margin over ₹1,00,000 (5 minutes ago)",
            "Not in it: 2 accounts on the opposite side.",
        ),
        (
            MarginNeeded(Paise(1_00_000_00), 0, at_most=True),
            "margin up to ₹1,00,000 (0 s ago)",
            "A part of the orders may close, and needs none.",
        ),
        (MarginNeeded(Paise(0), 0), "no margin needed", "Margin: none. The orders only close."),
        (
            MarginNeeded(Paise(0), 0, not_told=1),
            "margin not known",
            "Not in it: 1 account on the opposite side.",
        ),
    ],
)
def test_margin_is_said_with_its_age_and_never_as_more_than_is_known(
    margin: MarginNeeded | None, short: str, in_full: str
) -> None:
    seen = preview(margin)
    assert worth(seen) == ["Value ₹5,00,000", short, "charges about ₹63"]
    assert in_full in worth_in_full(seen)
    assert (
        "about ₹62.21 if all orders fill whole (brokerage ₹40, STT or CTT ₹15.01, GST ₹7.20)"
    ) in worth_in_full(seen)


def test_charges_that_nobody_knows_are_not_called_nothing() -> None:
    seen = preview(None, None)
    assert worth(seen)[-1] == "charges not known"
    assert "Charges: not known, because" in worth_in_full(seen)
    assert worth(preview(None, quantity=0)) == []


@pytest.mark.window_loop
async def test_the_ticket_shows_them_and_their_parts_in_the_tip(window: MainWindow) -> None:
    await filled(window)
    value = window.ticket.face.value
    assert value.isVisible()
    for what in ("Value ₹", "margin ₹", "(12 s ago)", "charges about ₹"):
        assert what in value.text()
    assert "brokerage ₹" in value.toolTip()


@pytest.mark.window_loop
@pytest.mark.parametrize("room", INSIDE)
async def test_they_are_in_view_on_a_small_screen_and_so_is_the_last_field(
    app: QApplication, room: tuple[int, int]
) -> None:
    window = await pictures.open_window(pictures.world(24), Scheme.DARK, room)
    await pictures.fill_ticket(window)
    await pictures.settle()
    ticket = window.ticket
    assert "charges about ₹" in ticket.face.value.text()
    assert not ticket.face.scroll.verticalScrollBar().value()
    needed = (ticket.face.value, ticket.form.recipients, ticket.face.send)
    cut = [one for one in needed if one.visibleRegion().boundingRect().size() != one.size()]
    await window.stop()
    assert not cut
