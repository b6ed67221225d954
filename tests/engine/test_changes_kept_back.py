"""While nothing may leave for an account, no change does; a copy follows once it may again.

The simulator's book is the judge. Halted accounts are in ``test_halted_changes``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import Side
from copytrade_gui.domain.route import Route
from copytrade_gui.domain.seen import Follow
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.planning.denied import DeniedError
from tests.engine.test_exits import position, ticket
from tests.engine.test_exits_changed import trade_through
from tests.engine.test_halted_changes import F1, copy_of_f1, of_f1
from tests.engine.test_master_elsewhere import LOOKING, elsewhere, owner, ready
from tests.engine.test_modify import alarms, lead, resting
from tests.proof.rig import Console, world


def offline(console: Console, account: AccountId, *, kept: bool) -> None:
    state = SessionState.OFFLINE if kept else SessionState.READY
    news = console.engine.core.account_news
    news.session(console.engine.lanes[account], state, "no answer" if kept else "")


def unread(console: Console, account: AccountId, *, kept: bool) -> None:
    lane = console.engine.lanes[account]
    lane.put_status(replace(lane.status, unread=kept))


def address(console: Console, account: AccountId, *, kept: bool) -> None:
    lane = console.engine.lanes[account]
    route = Route(registered=("8.8.4.4",) if kept else ())
    lane.put_account(replace(lane.account, route=route))
    lane.put_status(replace(lane.status, left_from=("8.8.8.8",)))


KEPT = pytest.mark.parametrize("keep", [offline, unread, address])


@KEPT
def test_a_copy_follows_its_master_once_its_account_may_send_again(
    keep: Callable[..., None],
) -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        plan, terms = await resting(console)
        assert terms.price is not None
        before, own = of_f1(made), lead(console, plan).intent.intent_id
        keep(console, F1, kept=True)
        await engine.modify(own, replace(terms, price=terms.price + 1))
        await made.clock.sleep(0.5)
        assert of_f1(made) == before
        await engine.modify(own, replace(terms, price=terms.price + 2))
        await made.clock.sleep(0.1)
        assert of_f1(made) == before
        keep(console, F1, kept=False)
        await engine.read_books(F1)
        await made.clock.sleep(10)
        assert of_f1(made) == (before[0], terms.price + 2)
        assert copy_of_f1(console).diverged is None
        assert len([path for _, method, path, _ in made.wire if method == "PUT"]) == 3

    with world(1) as made:
        made.live(script)


@KEPT
def test_nobody_changes_an_order_of_an_account_that_may_send_nothing(
    keep: Callable[..., None],
) -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        _, terms = await resting(console)
        assert terms.price is not None
        before = of_f1(made)
        keep(console, F1, kept=True)
        less = replace(copy_of_f1(console).terms, price=terms.price - 1)
        with pytest.raises(DeniedError) as denied:
            await engine.modify(copy_of_f1(console).intent.intent_id, less)
        assert denied.value.code == engine.lanes[F1].facts.code == keep.__name__
        await made.clock.sleep(0.5)
        assert of_f1(made) == before

    with world(1) as made:
        made.live(script)


@pytest.mark.parametrize("keep", [offline, address, None])
def test_that_copies_stand_as_they_were_is_told_once(keep: Callable[..., None] | None) -> None:
    """He makes his order smaller elsewhere; nothing of that leaves, and the market comes."""

    async def script(console: Console) -> None:
        made, said = await ready(console, Follow.COPY), alarms(console)
        his = elsewhere(made, terms := ticket(made, Side.BUY, 20, away=200))
        await made.clock.sleep(10)
        if keep is None:
            await console.engine.stop_trading(TradingState.HALT, "test", "a look at it")
        else:
            keep(console, F1, kept=True)
        for quantity in (10, 4):
            owner(made).modify(his.order_id, {"quantity": str(quantity)})
            await made.clock.sleep(4)
        told = [one for one in said if "they stand as they were" in one]
        assert [("F001" in one, "F002" in one) for one in told] == [(True, keep is None)]
        await trade_through(made, terms.price)
        assert position(made, 1) == (2 if keep is offline else 10)  # it is back in a moment

    with world(2, settings=LOOKING) as made:
        made.live(script)
