"""A master makes his copied order one of another type at the broker: no copy follows, it is told.

What the broker itself makes of an order, of a stop whose trigger was reached for instance, is none.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from copytrade_gui.domain.changed_terms import by_the_broker, change_in_words
from copytrade_gui.domain.order import OrderTerms, OrderType, Product, Side, Validity
from tests.brokers.rig import INFY
from tests.engine.test_changed_while_down import at_broker, price, rests
from tests.engine.test_exits import position, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_master_elsewhere import LOOKING, only, owner, ready
from tests.engine.test_resting_entries import alarms
from tests.proof.rig import Console, World, world

LIMIT, MARKET, SL, SLM = OrderType.LIMIT, OrderType.MARKET, OrderType.SL, OrderType.SLM


def makes_a_stop(made: World, *, above: int = 60, quantity: int = 4) -> str:
    """Above the market, as the warning puts it."""
    (his,) = made.broker.accounts[0].orders.values()
    was, limit, trigger = at_broker(made)[0][0], price(made, -above), price(made, 10 - above)
    terms = {"orderType": "SL", "price": str(limit), "slTriggerPrice": str(trigger)}
    owner(made).modify(his.order_id, {**terms, "quantity": str(quantity)})
    figures = f"price {was:,.2f} to {limit:,.2f}, trigger {trigger:,.2f}, quantity 10 to {quantity}"
    return f"type LIMIT to SL, {figures}"


def test_a_limit_that_is_made_a_stop_is_told_and_neither_it_nor_what_follows_reaches_a_copy() -> (
    None
):
    async def script(console: Console) -> None:
        await rests(console)
        made, told = console.world, alarms(console)
        before = at_broker(made)
        words = makes_a_stop(made)
        await made.clock.sleep(20)
        (sentence,) = told["not_changed"]
        assert words in sentence
        assert "stay as they are, because they are orders of another type" in sentence
        assert all(account.account_id in sentence for account in made.accounts[1:])
        assert at_broker(made) == before
        makes_a_stop(made, above=80)  # with its limit the copies would trade at once
        await made.clock.sleep(20)
        assert at_broker(made) == before
        assert len(told["not_changed"]) == 2

    with world(2, settings=LOOKING) as made:
        made.live(script)


def test_a_limit_that_is_made_a_stop_while_the_program_is_down_is_named() -> None:
    async def again(console: Console) -> None:
        made, told = console.world, alarms(console)
        before = at_broker(made)
        words = makes_a_stop(made)
        await made.clock.sleep(3)
        await begin(console)
        await made.clock.sleep(30)
        (sentence,) = told["not_changed"]
        assert words in sentence
        assert at_broker(made) == before
        makes_a_stop(made, quantity=5)  # the copies do not follow that either: it stands
        await made.clock.sleep(20)
        assert "type LIMIT to SL" in only(console).reason
        assert at_broker(made) == before

    with world(2, settings=LOOKING) as made:
        made.live(rests)
        made.live(again)


@pytest.mark.parametrize("reached", [False, True])
def test_a_stop_that_is_made_a_limit_is_told_and_one_that_was_triggered_is_followed(
    reached: bool,
) -> None:
    async def script(console: Console) -> None:
        made = await ready(console)
        told, limit = alarms(console), price(made, -60)
        owner(made).place(
            {
                **_fields(ticket(made, Side.BUY, 10)),
                "orderType": "SL",
                "slTriggerPrice": str(price(made, -50)),
                "price": str(limit),
            }
        )
        await made.clock.sleep(10)
        (his,) = made.broker.accounts[0].orders.values()
        before = at_broker(made)
        assert len(before) == 2
        terms = {"price": str(limit if reached else price(made, 60)), "quantity": "4"}
        owner(made).modify(his.order_id, {"orderType": "LIMIT", **terms})
        await made.clock.sleep(20)
        assert ("not_changed" in told) is not reached
        smaller = [(each, units * 4 // 10, live) for each, units, live in before]
        assert at_broker(made) == (smaller if reached else before)
        assert position(made, 1) == 0

    with world(2, settings=LOOKING) as made:
        made.live(script)


def shown(kind: OrderType, limit: int | None = None, trigger: int | None = None) -> OrderTerms:
    return OrderTerms(
        instrument=INFY,
        side=Side.SELL,
        quantity=10,
        product=Product.INTRADAY,
        order_type=kind,
        validity=Validity.DAY,
        price=None if limit is None else Decimal(limit),
        trigger=None if trigger is None else Decimal(trigger),
    )


STOP = shown(SL, 89, 90)


@pytest.mark.parametrize(
    ("before", "now", "made"),
    [
        (shown(MARKET), shown(LIMIT, 98), True),
        (shown(SLM, None, 90), shown(SL, 88, 90), True),
        (shown(SLM, None, 90), shown(LIMIT, 88), True),
        (STOP, shown(LIMIT, 89), True),
        (STOP, shown(LIMIT, 91), True),  # the average, in the limit's place
        (STOP, shown(LIMIT, 120), False),
        (STOP, shown(MARKET), False),
        (STOP, shown(SLM, None, 90), False),
        (shown(LIMIT, 120), STOP, False),
        (shown(LIMIT, 120), shown(SLM, None, 90), False),
        (shown(LIMIT, 120), shown(MARKET), False),
        (shown(MARKET), STOP, False),
    ],
)
def test_what_the_broker_makes_of_an_order_is_no_change(
    before: OrderTerms, now: OrderTerms, made: bool
) -> None:
    assert by_the_broker(before, now, Decimal(91)) is made
    assert bool(change_in_words(before, now, Decimal(91))) is not made


def _fields(terms: OrderTerms) -> dict[str, object]:
    return {
        "exchange": terms.instrument.key.exchange.value,
        "instrumentId": terms.instrument.key.instrument_id,
        "transactionType": terms.side.value,
        "quantity": str(terms.quantity),
        "product": terms.product.value,
    }
