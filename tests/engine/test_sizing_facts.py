"""What a size follows from beside the rule: funds of both, the order's stop, what rounding took."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.sizing import Rounding, SizingRule, Strategy
from tests.engine.test_exits import F1, press, shown, ticket
from tests.engine.test_exits_in_proportion import BUY, SELL, give, held
from tests.engine.test_leaving import begin
from tests.proof.rig import Console, world


def test_what_rounding_took_of_entries_comes_with_later_ones() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        give(console, F1, SizingRule(Strategy.RATIO, Decimal("0.5"), rounding=Rounding.CARRY))
        quantities = []
        for _ in range(4):
            shown_first = shown(console, ticket(made, BUY, 1))[F1]
            assert shown(console, ticket(made, BUY, 1))[F1] == shown_first, "a look changes nothing"
            orders = await press(console, ticket(made, BUY, 1), wait_s=3)
            quantities.append(orders[F1].intent.terms.quantity)
            assert (quantities[-1], orders[F1].intent.code) == shown_first
        assert quantities == [0, 1, 0, 1]
        await press(console, ticket(made, SELL, 4))
        assert held(console) == [0, 0]

    with world(1) as made:
        made.live(script)


def test_a_rule_by_funds_goes_by_both_accounts_margins() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        give(console, F1, SizingRule(Strategy.EQUITY, Decimal(1)))
        console.engine.note_margin(F1, Paise(3_000_000))
        buy = ticket(made, BUY, 10)
        console.engine.note_margin(made.master, Paise(0))
        assert shown(console, buy)[F1] == (0, "no_master_capital")
        console.engine.note_margin(made.master, Paise(10_000_000))
        assert shown(console, buy)[F1] == (3, "")
        await press(console, buy)
        assert held(console) == [10, 3]

    with world(1) as made:
        made.live(script)


def test_a_rule_by_risk_goes_by_the_stop_that_the_ticket_names() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        give(console, F1, SizingRule(Strategy.RISK_RUPEES, Decimal(60)))
        buy = ticket(made, BUY, 10)
        assert shown(console, buy)[F1] == (0, "no_stop")
        assert buy.price is not None
        stopped = replace(buy, stop=buy.price - 20)
        assert shown(console, stopped)[F1] == (3, "")
        await press(console, stopped)
        assert held(console) == [10, 3]
        assert await console.store.history.verify() == (), "the stop is in the record alone"
        await press(console, ticket(made, SELL, 10))
        assert held(console) == [0, 0], "an exit needs no stop"

    with world(1) as made:
        made.live(script)
