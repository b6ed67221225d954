"""Who copies whom, over real sockets: two masters, an account that is both, edits in between.

The simulator's positions and its ledger are the judge.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.draft import Draft
from copytrade_gui.domain.order import FanOut, OrderType, Side, State
from copytrade_gui.domain.recipients import Recipients, Scope
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.services.follower_verbs import FollowerDraft
from copytrade_gui.services.verbs import RefusedError
from tests.journeys.journey import Journey, journey
from tests.journeys.test_exits import filled

HALF = FollowerDraft(strategy="ratio", parameter="0.5")


def selling(buy: Draft, quantity: str = "10") -> Draft:
    """The other side of a ticket that fills at once."""
    price = str(Decimal(buy.price) - 40)
    return replace(buy, side=Side.SELL, quantity=quantity, price=price)


async def held(trip: Journey, accounts: Iterable[Account]) -> list[int]:
    """What the broker says each of them holds, once all that left has ended."""
    book = trip.opened.engine.book
    await trip.until(lambda: all(order.state.ended for order in book))
    units = await trip.holds()
    return [units[account.client_id] for account in accounts]


async def test_two_masters_with_common_followers_one_of_whom_is_a_master_himself(
    tmp_path: Path,
) -> None:
    async with journey(tmp_path, 4, masters=2) as trip:
        first, second = trip.masters
        verbs, followers = trip.opened.console.followers, trip.followers
        everybody = (first, second, *followers)
        buy = await trip.draft("10", away=Decimal(-20))
        for master in trip.masters:  # everybody copies his own at 1 x, the other one at 0.5 x
            others = {one.account_id for one in followers} - trip.followers_of(master)
            for name in others:
                await verbs.edit(master.account_id, name, HALF)
        assert [len(trip.followers_of(master)) for master in trip.masters] == [4, 4]
        of_ten = {link.key: int(10 * link.sizing.parameter) for link in await verbs.links()}
        await trip.place(first, buy, "in-0")
        await trip.place(second, buy, "in-1")
        await filled(trip, 10)
        assert await held(trip, everybody) == [10, 10, *[15] * 4]
        # A master's exit takes what was copied of himself, and of the other one nothing.
        await trip.place(first, selling(buy), "out-0")
        await filled(trip, 15)
        left = [of_ten[second.account_id, one.account_id] for one in followers]
        assert sorted(left) == [5, 5, 10, 10]
        assert await held(trip, everybody) == [0, 10, *left]
        await trip.place(second, selling(buy), "out-1")
        await filled(trip, 20)
        assert await held(trip, everybody) == [0] * 6

        # One of them becomes a master of another one: no circle can be closed by him.
        both, last, *_ = followers
        await verbs.edit(first.account_id, both.account_id, FollowerDraft(is_master=True))
        await verbs.edit(both.account_id, last.account_id, HALF)
        await verbs.edit(first.account_id, last.account_id, FollowerDraft(is_master=True))
        before = (await verbs.accounts(), await verbs.links())
        for master in (both, last):
            with pytest.raises(RefusedError) as refused:
                await verbs.edit(master.account_id, first.account_id, HALF)
            assert refused.value.field == "master"
            said = refused.value.sentence
            assert said.startswith("It would be a circle: ")
            assert f"{first.name} copies {master.name}" in said
            assert f"{master.name} copies " in said.replace(f"copies {master.name}", "", 1)
        assert (await verbs.accounts(), await verbs.links()) == before
        # His copies are not copied on, his own orders are; each exit leaves its own copies.
        three = (first, both, last)
        copied, copied_too = (of_ten[first.account_id, one.account_id] for one in (both, last))
        await trip.place(first, buy, "in-2")
        await filled(trip, 25)
        assert await held(trip, three) == [10, copied, copied_too]
        await trip.place(both, replace(buy, quantity="4"), "own")
        await filled(trip, 27)
        assert await held(trip, three) == [10, copied + 4, copied_too + 2]
        await trip.place(first, selling(buy), "out-2")
        await filled(trip, 32)
        assert await held(trip, three) == [0, 4, 2]
        await trip.place(both, selling(buy, "4"), "own-out")
        await filled(trip, 34)
        assert await held(trip, everybody) == [0] * 6


async def test_a_link_edited_while_a_plan_runs_changes_later_plans_only(tmp_path: Path) -> None:
    """Rule, filter, time, group and its multiplier change while the copies wait for the master."""
    async with journey(tmp_path, 4) as trip:
        (master,), (sized, filtered, out_of_time, grouped) = trip.masters, trip.followers
        verbs, engine = trip.opened.console.followers, trip.opened.engine
        buy = await trip.draft("10", FanOut.ON_MASTER_WORKING, away=Decimal(-20))
        await trip.misfortune(
            {"action": "delay", "ms": 600, "accounts": [master.client_id], "count": 1}
        )
        await trip.place(master, buy, "one")
        waiting = [order.state for order in engine.book if not order.closes]
        assert waiting.count(State.PLANNED) == 4
        twice = SizingRule(Strategy.RATIO, Decimal(2))
        key = master.account_id
        await verbs.set_sizing(key, [sized.account_id], twice)
        await verbs.edit(key, filtered.account_id, FollowerDraft(sides="SELL"))
        await verbs.edit(
            key, out_of_time.account_id, FollowerDraft(window_from="00:00", window_to="00:01")
        )
        await verbs.set_group(key, [grouped.account_id], "Family", "3")
        await filled(trip, 5)
        everybody = (master, sized, filtered, out_of_time, grouped)
        assert await held(trip, everybody) == [10, 10, 10, 10, 10]
        await trip.place(master, buy, "two")
        await filled(trip, 8)
        assert await held(trip, everybody) == [20, 30, 10, 10, 40]
        # Only the group gets the next one; everybody else is told why not, once.
        family = replace(buy, recipients=Recipients(Scope.GROUPS, frozenset({"Family"})))
        await trip.place(master, family, "three")
        await filled(trip, 10)
        assert await held(trip, everybody) == [30, 30, 10, 10, 70]
        codes = sorted(order.code for order in engine.book if order.state is State.SKIPPED)
        assert codes == ["filtered_side", "not_chosen", "not_chosen", "not_chosen",
                         "outside_window"]  # fmt: skip
        # An exit is everybody's again, in proportion, whatever a filter says.
        await trip.place(master, selling(buy, "30"), "out")
        await filled(trip, 15)
        assert await held(trip, everybody) == [0] * 5


async def test_a_price_guard_bounds_entries_and_no_exit(tmp_path: Path) -> None:
    async with journey(tmp_path, 2) as trip:
        (master,), (near, plain) = trip.masters, trip.followers
        verbs, book = trip.opened.console.followers, trip.opened.engine.book
        guard = FollowerDraft(slippage="0.01%", beyond="limit")
        await verbs.edit(master.account_id, near.account_id, guard)
        buy = replace(await trip.draft("10"), order_type=OrderType.MARKET, price="")
        await trip.place(master, buy, "in")
        await trip.until(lambda: sum(order.state.at_exchange for order in book) == 3)
        limits = {one.intent.account_id: one.terms.price for one in book}
        widest, limit = limits[plain.account_id], limits[near.account_id]
        assert limit is not None
        assert widest is not None
        assert limit < widest == limits[master.account_id]
        trip.opened.engine.cancel([one.intent.intent_id for one in book], "the test")
        await trip.until(lambda: all(order.state.ended for order in book))
        await trip.place(master, replace(buy, side=Side.SELL), "out")
        assert await held(trip, (master, near, plain)) == [0] * 3
        left = {o.intent.account_id: o.terms.price for o in book if o.terms.side is Side.SELL}
        assert set(left.values()) == {left[master.account_id]}


@pytest.mark.expected_log("alarm exit_rule")
async def test_copies_are_left_by_their_links_stop_and_no_others(tmp_path: Path) -> None:
    async with journey(tmp_path, 2) as trip:
        (master,), (stopped, plain) = trip.masters, trip.followers
        verbs, engine, desk = (
            trip.opened.console.followers,
            trip.opened.engine,
            trip.opened.simulator,
        )
        assert desk is not None
        await verbs.edit(master.account_id, stopped.account_id, FollowerDraft(stop_loss="1%"))
        await trip.place(master, await trip.draft("10", away=Decimal(-20)), "in")
        await filled(trip, 3)
        await desk.control("POST", "/market", [{"scene": "crash", "percent": 3, "seconds": 1}])
        await trip.until(lambda: sum(order.state is State.FILLED for order in engine.book) == 4)
        units = await trip.holds()
        assert [units[one.client_id] for one in (master, stopped, plain)] == [10, 0, 10]
