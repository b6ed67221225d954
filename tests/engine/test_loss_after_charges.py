"""Loss limits count what orders cost: a limit is reached by what is left after charges.

The simulator's trades say what was traded; the charges of it are worked out apart.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from copytrade_gui.domain.charges import ChargeTable, Segment, charges
from copytrade_gui.domain.money import rupees
from copytrade_gui.domain.order import Side
from copytrade_gui.simulator.config import Switches
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.storage.files.charges_file import ChargesFile
from tests.engine.test_exits import F1, F2
from tests.engine.test_loss_limits import hold, limit, price, stopped
from tests.proof.rig import Console, ProgramStopped, world

SHIPPED = ChargesFile(Path("charges.toml")).shipped
UNITS = 200
FAST = Switches(latency_ms=5, jitter_ms=5)


def cost(console: Console, number: int = 1) -> Decimal:
    """What the entry of a follower cost, by what the simulator says he traded."""
    made = console.world
    key = made.instruments[0].key
    found = made.broker.find_instrument(key.exchange, key.instrument_id)
    there = made.broker.accounts[number].positions[(*found.key, "INTRADAY")]
    rates = SHIPPED.of(Segment.EQUITY_INTRADAY, console.engine.hours.now.date())
    assert rates is not None
    value = Decimal(there.buy_value) / 10_000
    return rupees(charges(rates, key.exchange, Side.BUY, value).total)


def test_a_days_loss_and_a_floor_are_reached_after_charges_and_both_figures_are_told() -> None:
    async def script(console: Console) -> None:
        console.engine.put_charges(SHIPPED)
        at = await hold(console)  # 200 and 800 units
        of_one, both = cost(console), cost(console) + cost(console, 2)
        assert of_one > 20
        await limit(console, F1, day_loss=1_000)
        reached = at - (1_000 - of_one) / UNITS
        price(console, reached + Decimal("0.01"))
        assert not stopped(console)
        price(console, reached)
        assert (
            f"brought -₹1,000 today after charges of ₹{of_one} (-₹{1_000 - of_one} before "
            "them), and its limit for a day's loss is ₹1,000"
        ) in stopped(console)
        assert not stopped(console, F2)
        await limit(console, all_day_loss=10_000)
        reached = at - (10_000 - both) / (UNITS * 5)
        price(console, reached + Decimal("0.01"))
        assert not stopped(console, F2)
        price(console, reached)
        assert f"today after charges of ₹{both} " in stopped(console, F2)

    with world(2, switches=FAST) as made:
        made.live(script)


def test_a_profit_is_kept_after_charges_also_over_a_restart_and_other_rates_hold_at_once() -> None:
    prices: list[Decimal] = []

    async def morning(console: Console) -> None:
        console.engine.put_charges(SHIPPED)
        at = await hold(console)
        prices.append(at)
        await limit(console, F1, lock_from=500, lock_back=200)
        price(console, at + Decimal(500) / UNITS)  # before charges it is enough
        price(console, at)
        assert not stopped(console)
        raise ProgramStopped("power cut")

    async def again(console: Console) -> None:
        (at,) = prices
        console.engine.put_charges(SHIPPED)
        console.log_all_in()
        # From here on there are no prices but those of this test.
        made = console.world
        made.broker.add_fault(Fault(action="answer", call="quotes", http_status=503))
        await made.clock.sleep(30)
        paid = cost(console)
        await limit(console, F1, lock_from=500, lock_back=200, day_loss=2_000)
        price(console, at + (500 + paid) / UNITS)
        price(console, at + (300 + paid) / UNITS + Decimal("0.01"))
        assert not stopped(console)
        price(console, at + (300 + paid) / UNITS)
        assert "it was ₹500, of which ₹300 are kept" in stopped(console)
        await limit(console, F2, day_loss=2_000)
        dear = [replace(row, brokerage=None, brokerage_most=Decimal(5_000)) for row in SHIPPED.rows]
        assert not stopped(console, F2)
        console.engine.put_charges(ChargeTable(tuple(dear), SHIPPED.checked))
        await console.world.clock.sleep(1)
        assert "after charges of ₹5,9" in stopped(console, F2)

    with world(2, switches=FAST) as made:
        made.live(morning)
        made.live(again)


def test_where_no_rates_are_known_the_sentence_says_so_and_the_limit_still_holds() -> None:
    async def script(console: Console) -> None:
        others = tuple(row for row in SHIPPED.rows if row.segment is Segment.OPTIONS)
        console.engine.put_charges(ChargeTable(others, SHIPPED.checked))
        at = await hold(console)
        await limit(console, F1, day_loss=1_000)
        price(console, at - 5)
        assert (
            "-₹1,000 today, without charges of equity intraday, of which no rates are known"
        ) in stopped(console)

    with world(1, switches=FAST) as made:
        made.live(script)
