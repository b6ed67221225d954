"""Loss limits: who reached his is stopped before the next byte, until the next day or a person.

The simulator's trade book, positions and ledger are the judge.
"""

from __future__ import annotations

from decimal import Decimal

from copytrade_gui.domain.order import Side, State
from tests.engine.test_exits import position, press, ticket
from tests.proof import market_crash
from tests.proof.market_crash import HALTS_EACH, SECOND_NS, name_of, play
from tests.proof.rig import Console, world


def test_in_a_crash_every_follower_stops_at_his_limit_within_a_second_of_the_quote() -> None:
    followers = 24

    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        seen = await play(console, followers)
        reach = {n for n in seen.limits if market_crash.PERCENT[n % 8] < 8}
        assert set(seen.quoted_ns) == set(seen.stopped_ns) == reach
        for number in reach:
            late = seen.stopped_ns[number] - seen.quoted_ns[number]
            assert 0 <= late <= SECOND_NS
            assert seen.last_order_ns[number] <= seen.quoted_ns[number] + SECOND_NS
        untouched = set(seen.limits) - reach
        assert min(seen.last_order_ns[n] for n in untouched) > max(seen.quoted_ns.values())
        # The report adds up to the broker's trade book, for each and for all.
        told = dict.fromkeys(seen.limits, Decimal(0))
        for line in seen.report.lines:
            if line.copied is not None:
                assert line.day is not None
                told[int(line.account_id[1:])] += line.day
        assert told == seen.booked
        assert seen.report.followers.day == sum(seen.booked.values())
        assert seen.report.followers.unknown == 0
        # Exits pass where only exits pass; where it halts nothing does.
        before = {n: position(made, n) for n in reach}
        orders = await press(console, ticket(made, Side.SELL, 400), wait_s=20)
        for number in reach:
            status = engine.lanes[name_of(number)].status
            if number % HALTS_EACH == 0:
                assert status.halted
                assert position(made, number) == before[number] > 0
                assert orders[name_of(number)].code == "account_halted"
            else:
                assert status.only_exits
                assert "its limit for a day's loss is Rs" in status.only_exits
                assert position(made, number) == 0
                assert orders[name_of(number)].state is State.FILLED

    with world(followers) as made:
        made.live(script)
