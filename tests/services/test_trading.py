"""Orders and stops as the operator asks for them, judged by the broker's ledger."""

from dataclasses import replace

import pytest

from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.order import FanOut, OrderType, State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.limits import LimitEdits
from copytrade_gui.services.verbs import CancelAnswer, RefusedError
from tests.services.rig import Services, on_a_console, ticket


def test_a_preview_says_what_a_press_does_and_does_nothing() -> None:
    async def script(here: Services) -> None:
        seen = await here.trading.preview(here.world.master, here.draft())
        assert (seen.problems, seen.blocked_by, here.at_broker) == ((), "", 0)
        placed = await here.trading.submit(here.world.master, here.draft(), CommandId("one"))
        assert placed.planned == sum(row.quantity > 0 for row in seen.rows)
        await here.console.quiet(60)
        orders = {view.account_id: view.terms.quantity for view in await here.trading.orders()}
        assert orders == {row.account_id: row.quantity for row in seen.rows}

    on_a_console(script)


@pytest.mark.parametrize(
    ("account", "limits"),
    [
        (None, {"plan_value": "20000"}),
        ("M", {"net_position": "5"}),
        ("M", {"order_value": "10000"}),
    ],
)
def test_a_preview_says_what_the_masters_own_limits_and_those_of_the_plan_will_say(
    account: str | None, limits: dict[str, str]
) -> None:
    async def script(here: Services) -> None:
        edits = LimitEdits(here.engine, here.console.store.journal, here.world.clock)
        name = None if account is None else AccountId(account)
        await edits.set_limits(name, limits, "A small day.", CommandId("limit"))
        seen = await here.trading.preview(here.world.master, here.draft())
        with pytest.raises(RefusedError) as refused:
            await here.trading.submit(here.world.master, here.draft(), CommandId("one"))
        sentence, code = refused.value.sentence, refused.value.code
        own = next(row for row in seen.rows if row.is_master)
        assert (seen.blocked_by, own.quantity, own.code, own.reason) == (
            sentence,
            0,
            code,
            sentence,
        )
        assert here.at_broker == 0

    on_a_console(script)


def test_the_same_command_is_one_order() -> None:
    async def script(here: Services) -> None:
        for _ in range(2):
            await here.trading.submit(here.world.master, here.draft(), CommandId("one"))
        await here.console.quiet(60)
        assert here.at_broker == 4

    on_a_console(script)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"quantity": "ten"}, "quantity"), ({"price": "0"}, "price"), ({"price": "1.023"}, "price")],
)
def test_a_field_that_is_wrong_is_named_and_nothing_leaves(
    change: dict[str, str], field: str
) -> None:
    async def script(here: Services) -> None:
        draft = replace(here.draft(), **change)  # type: ignore[arg-type]  # fields of text
        with pytest.raises(RefusedError) as refused:
            await here.trading.submit(here.world.master, draft, CommandId("one"))
        assert refused.value.field == field
        assert (here.at_broker, await here.trading.orders()) == (0, ())

    on_a_console(script)


def test_a_stop_refuses_the_next_order_and_a_kill_wants_its_word() -> None:
    async def script(here: Services) -> None:
        trading = here.trading
        await trading.submit(here.world.master, here.draft(), CommandId("one"))
        await here.console.quiet(60)
        await trading.kill("enough")
        with pytest.raises(RefusedError, match="killed"):
            await trading.submit(here.world.master, here.draft(), CommandId("two"))
        await here.world.clock.sleep(5)
        assert {view.state for view in await trading.orders()} == {State.CANCELLED}
        assert all(one.proven_none for one in await trading.open_orders())
        for word, field in (("", "word"), ("resume", "word")):
            with pytest.raises(RefusedError) as refused:
                await trading.resume("looked", word)
            assert refused.value.field == field
        with pytest.raises(RefusedError) as refused:
            await trading.resume(" ", "RESUME")
        assert refused.value.field == "reason"
        assert (await trading.resume("looked", "RESUME")).state is TradingState.ACTIVE
        assert here.at_broker == 4

    on_a_console(script)


def test_a_cancel_counts_each_order_once_by_what_it_was() -> None:
    async def script(here: Services) -> None:
        trading = here.trading
        crossing = ticket(here.world.terms(away=-40), FanOut.WITH_MASTER)
        filled = await trading.submit(here.world.master, crossing, CommandId("fills"))
        rests = await trading.submit(here.world.master, here.draft(), CommandId("rests"))
        await here.console.quiet(60)
        assert await trading.count_open((), (filled.plan_id, rests.plan_id)) == 4
        assert await trading.cancel_plan(filled.plan_id, CommandId("c1")) == CancelAnswer(filled=4)
        assert await trading.cancel_plan(rests.plan_id, CommandId("c2")) == CancelAnswer(requests=4)
        assert await trading.cancel_plan(rests.plan_id, CommandId("c2")) == CancelAnswer()
        await here.world.clock.sleep(5)
        assert await trading.cancel_all(CommandId("c3")) == CancelAnswer()
        assert await trading.count_open((), (filled.plan_id, rests.plan_id)) == 0

    on_a_console(script)


def test_a_market_order_without_a_price_says_what_to_do() -> None:
    async def script(here: Services) -> None:
        await here.world.clock.sleep(60)
        draft = replace(here.draft(), order_type=OrderType.MARKET, price="")
        seen = await here.trading.preview(here.world.master, draft)
        assert "Use LIMIT" in seen.blocked_by
        with pytest.raises(RefusedError, match="Use LIMIT"):
            await here.trading.submit(here.world.master, draft, CommandId("one"))
        assert here.at_broker == 0

    on_a_console(script)
