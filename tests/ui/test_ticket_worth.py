"""Value, margin and charges on the ticket: short in its line, with their parts in its tip."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace
from PySide6.QtWidgets import QApplication

from copytrade_gui.domain.charges import Charges
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.money import Paise
from copytrade_gui.services.verbs import MarginNeeded, Preview, PreviewRow, RowCost
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.theme import Scheme
from copytrade_gui.ui.ticket.fan_out_preview import COLUMNS
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


def rows_of(value: int) -> tuple[PreviewRow, ...]:
    """A master, forty followers that get something of so many paise, and one that does not."""
    cost = RowCost(2, Paise(value), Paise(value // 5), False, 150)
    costs = {
        1: replace(cost, short=True, held_after=-75),
        2: replace(cost, short=None),
        3: replace(cost, margin=None, short=None),
        4: replace(cost, margin=Paise(0)),
    }
    own = replace(cost, held_after=None)
    return (
        PreviewRow(AccountId("M"), "M", True, 150, Decimal(2), "", "", own),
        *(
            PreviewRow(AccountId(f"F{n}"), f"F{n}", False, 150, Decimal(2), "", "",
                       costs.get(n, cost))
            for n in range(1, 41)
        ),
        PreviewRow(AccountId("F41"), "F41", False, 0, Decimal(0), "off", "Switched off."),
    )  # fmt: skip


@pytest.mark.window_loop
async def test_the_list_says_of_each_account_what_its_orders_need_and_below_it_the_sum(
    window: MainWindow,
) -> None:
    window.ticket.stop()
    shown = window.ticket.face.preview
    shown.toggle.setChecked(True)
    worth_of_all = Paise(41 * 1_000_00)
    shown.show_preview(Preview((), rows_of(1_000_00), None, worth_of_all))
    keys = [column.key for column in COLUMNS]

    def said(account: str) -> list[str]:
        places = {row.account_id: place for place, row in enumerate(shown.model.rows())}
        place = places[AccountId(account)]
        return [
            shown.model.index(place, keys.index(key)).data()
            for key in ("quantity", "orders", "value", "margin", "held_after")
        ]

    assert said("M") == ["150", "2", "1,000.00", "200.00 enough", ""]
    assert said("F1") == ["150", "2", "1,000.00", "200.00 short", "-75"]
    assert [said(f"F{n}")[3] for n in (2, 3, 4)] == [
        "200.00 free not known", "not known", "none needed",
    ]  # fmt: skip
    assert said("F5")[4] == "+150"
    assert said("F41") == ["switched off", "", "", "", ""]
    assert shown.sum.text() == "Sum: 41 accounts, 82 orders, 6,150 units, value ₹41,000"
    assert not any(shown.view.isColumnHidden(keys.index(key)) for key in keys if key != "lots")
    shown.view.setCurrentIndex(shown.view.proxy.index(9, 0))
    chosen = shown.view.currentIndex().data()
    shown.show_preview(Preview((), rows_of(1_000_05), None, worth_of_all))
    assert said("F5")[2] == "1,000.05"
    assert shown.view.currentIndex().data() == chosen is not None, "no price moves a row"


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
