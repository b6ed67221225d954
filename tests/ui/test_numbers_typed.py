"""Whatever is typed or pasted into a field of the window: a number, or one short sentence."""

import asyncio
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from copytrade_gui.domain.draft import Draft
from copytrade_gui.domain.order import FanOut, OrderType, Product, Side, Validity
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.services.follower_csv import read_follower
from copytrade_gui.ui import figures
from copytrade_gui.ui.dialogs.preferences import PreferencesDialog
from copytrade_gui.ui.followers.follower_editor import FollowerEditor
from copytrade_gui.ui.followers.sizing import SizingDialog
from copytrade_gui.ui.followers.sizing_words import parameter_words
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.ticket_words import at_words, understood_words, units_words
from tests.domain.test_number import HARD
from tests.ui import people
from tests.ui.conftest import until
from tests.ui.fake_routes import no_test
from tests.ui.fakes import World
from tests.ui.test_main_window import fill, label

LONGEST_SENTENCE = 250
NO_NUMBERS = [
    "1e4300",
    "7e52190",
    "1e999998",
    "1e999999",
    "1e1000000",
    "1e-999999",
    "9" * 20,
    "9" * 4300,
    "0,5",
    "1,00,00",
    "-1",
    "0",
    "NaN",
    "Infinity",
    "\u0661\u0662",
    "\uff11",
    "\u202e51",
    "1\u200b0",
    "<b>10</b>",
    "10&0",
    "x" * 1_000_000,
    "0" * 1_000_000 + "1",
]


def paste(line: QLineEdit, text: str) -> None:
    """As Ctrl+V does: the field takes what fits and tells that it was edited."""
    line.selectAll()
    line.insert(text)


@pytest.mark.window_loop
@pytest.mark.parametrize("field", ["quantity", "price", "trigger"])
async def test_what_is_no_number_is_told_under_its_field_of_the_ticket(
    window: MainWindow, world: World, field: str
) -> None:
    world.everyone_ready()
    await window._load()
    await fill(window)
    ticket = window.ticket
    if field == "trigger":
        ticket.form.order_type.choose(OrderType.SL)
        ticket.form._on_type_chosen()
    line = {"quantity": ticket.form.quantity, "price": ticket.form.price,
            "trigger": ticket.form.trigger}[field].line  # fmt: skip
    told = label(window, f"problem_{field}")
    for text in NO_NUMBERS:
        told.setText("")
        paste(line, text)
        await until(told.text)
        assert told.isVisible(), text
        assert len(told.text()) < LONGEST_SENTENCE
        assert told.text().isprintable()
        if field == "quantity":
            assert not ticket.form.units_text.text(), "the line below keeps no older number"
        assert not ticket.face.send.isEnabled()
        ticket.ask_or_send()
        # Steps and units lead from any text to a quantity within bounds.
        QTest.keyClick(line, Qt.Key.Key_PageUp)
        ticket.form._on_units_chosen()
        assert len(line.text()) < 20
    assert not world.calls


@pytest.mark.window_loop
async def test_a_suffix_is_shown_as_it_was_understood(window: MainWindow) -> None:
    await fill(window)
    form = window.ticket.form
    paste(form.quantity.line, "2k")
    assert form.units_text.text() == "2 thousand = 2,000 lots = 1,50,000 units"
    paste(form.price.line, "1k")
    assert form.price_text.text() == "1 thousand = 1,000 rupees"
    paste(form.price.line, "1000")
    assert form.price_text.isHidden()


@pytest.mark.window_loop
async def test_the_largest_quantity_is_shown_whole(window: MainWindow, world: World) -> None:
    world.everyone_ready()
    await window._load()
    ticket = window.ticket
    for percent in (100, 150):
        window.desk.theme.apply(window.desk.theme.scheme, text_percent=percent)
        window.resize(1280, 720)
        ticket.form.search.pick(people.RELIANCE)
        ticket.form.set_quantity("50000000", in_lots=False)
        ticket.refresh()
        await until(ticket.face.send.isEnabled)
        line = ticket.form.quantity.line
        assert line.fontMetrics().horizontalAdvance("50000000") < line.width() - 8
        ticket.face.preview.toggle.setChecked(True)
        view = ticket.face.preview.view
        await until(lambda: ticket.face.preview.model.rowCount() > 0)
        room = view.columnWidth(1)
        assert view.fontMetrics().horizontalAdvance("5,00,00,000") < room - 8
        ticket.face.preview.toggle.setChecked(False)


@pytest.mark.window_loop
async def test_a_warning_stands_in_the_ticket_and_in_the_question_and_blocks_nothing(
    window: MainWindow, world: World
) -> None:
    world.everyone_ready()
    await window._load()
    ticket = window.ticket
    ticket.form.search.pick(people.RELIANCE)
    ticket.form.set_quantity("10", in_lots=False)
    await until(ticket.form.price.text)
    paste(ticket.form.price.line, "603.45")
    await until(ticket.face.send.isEnabled)
    words = "Limit 603.45 is 61 % below the last price 1,547.3."
    assert ticket.face.warning.isVisible()
    assert ticket.face.warning.text() == words
    ticket.face.send.click()
    assert label(window, "ticket_sentence").text().endswith(f"\n{words}")
    ticket.face.confirm.click()
    await until(lambda: [verb for verb, _ in world.calls] == ["submit"])


@pytest.mark.window_loop
async def test_a_stop_on_the_wrong_side_is_told_under_the_trigger(window: MainWindow) -> None:
    ticket = window.ticket
    ticket.form.search.pick(people.RELIANCE)
    ticket.set_side(Side.SELL)
    ticket.form.order_type.choose(OrderType.SLM)
    ticket.form._on_type_chosen()
    paste(ticket.form.trigger.line, "1560")
    await until(label(window, "problem_trigger").isVisible)
    assert label(window, "problem_trigger").text() == (
        "A stop that sells must have its trigger below the last price 1547.30; 1560 would trigger "
        "at once. Lower it, or use LIMIT."
    )


@pytest.mark.window_loop
@pytest.mark.parametrize("kind", ["editor", "sizing"])
@pytest.mark.parametrize("field", ["parameter", "max_quantity"])
async def test_what_is_no_rule_is_told_beside_its_field_of_the_dialog(
    window: MainWindow, world: World, kind: str, field: str
) -> None:
    followers = window.desk.roster.followers()

    async def save_editor(dialog: FollowerEditor) -> None:
        account, link = followers[0].account, followers[0].link
        read_follower(account.account_id, link.master_id, dialog.draft(), account, link)

    async def save_sizing(dialog: SizingDialog) -> None:
        dialog.rule()

    dialog = (
        FollowerEditor(window, window.desk, followers[0], save_editor, test=no_test)
        if kind == "editor"
        else SizingDialog(window, window.desk, followers[:3], save_sizing)
    )
    dialog.present()
    told = label(dialog, f"problem_{field}")
    line = dialog.parameter if field == "parameter" else dialog.max_quantity
    for text in NO_NUMBERS:
        paste(line, text)
        dialog.submit()
        await until(told.isVisible)
        assert len(told.text()) < LONGEST_SENTENCE
        assert dialog.isVisible()
    dialog.close()


@pytest.mark.window_loop
async def test_a_lakh_is_said_under_the_field_of_the_dialog(
    window: MainWindow, world: World
) -> None:
    followers = window.desk.roster.followers()

    async def nothing(_dialog: object) -> None:
        await asyncio.sleep(0)

    editor = FollowerEditor(window, window.desk, followers[0], nothing, test=no_test)
    sizing = SizingDialog(window, window.desk, followers[:3], nothing)
    for dialog, hint in ((editor, editor.parameter_hint), (sizing, sizing.hint)):
        dialog.present()
        dialog.strategy.setCurrentIndex(dialog.strategy.findData(str(Strategy.RATIO)))
        paste(dialog.parameter, "1l")
        assert hint.text() == "1 lakh = 1,00,000 x"
        paste(dialog.parameter, "2")
        assert hint.text() == "Multiple of the master's quantity, e.g. 0.5"
        dialog.close()


@pytest.mark.window_loop
async def test_preferences_take_an_amount_or_say_what_to_write(window: MainWindow) -> None:
    heard: list[object] = []
    dialog = PreferencesDialog(window, window.desk, heard.append)
    dialog.present()
    for text in NO_NUMBERS:
        if text == "0":
            continue  # asks for every order
        dialog.above.setText(text)
        assert len(dialog.understood.text()) < LONGEST_SENTENCE
        assert dialog.understood.text().startswith("Value ")
    assert not heard
    dialog.above.setText("5L")
    assert heard
    dialog.close()


@pytest.mark.window_loop
async def test_any_text_in_a_filter_or_a_search_is_only_a_text(
    window: MainWindow, world: World
) -> None:
    tables = window.findChildren(DataTable)
    assert tables
    for text in (*NO_NUMBERS, "a " * 16_000, "( [ \\ * ? " * 3_000):
        for table in tables:
            table.filter.setText(text)
            table.filter.setText("")
        paste(window.ticket.form.search, text)
        await window.ticket.form.search.search(text)
        assert len(label(window, "problem_instrument").text()) < LONGEST_SENTENCE


@settings(max_examples=200, deadline=None)
@given(quantity=HARD, price=HARD, in_lots=st.booleans(), kind=st.sampled_from(OrderType))
def test_the_words_of_any_ticket_are_short(
    app: QApplication, quantity: str, price: str, in_lots: bool, kind: OrderType
) -> None:
    draft = Draft(
        people.NIFTY_CE, Side.BUY, quantity, in_lots, Product.NORMAL, kind, Validity.DAY, price,
        price, FanOut.WITH_MASTER,
    )  # fmt: skip
    for words in (units_words(draft), understood_words(price), at_words(draft, None)):
        assert len(words) < 100


@settings(max_examples=200, deadline=None)
@given(
    parameter=st.decimals(allow_nan=False, allow_infinity=False)
    | st.from_regex(r"[1-9]E[+-]?[0-9]{1,6}", fullmatch=True).map(Decimal),
    cap=st.none() | st.integers(-(2**63), 2**63 - 1),
    strategy=st.sampled_from(Strategy),
)
def test_any_stored_rule_can_be_shown(
    parameter: Decimal, cap: int | None, strategy: Strategy
) -> None:
    rule = SizingRule(strategy, parameter, cap)
    for words in (rule.in_words(), parameter_words(rule), figures.price(parameter)):
        assert len(words) < 120
