"""What the ticket says of an order before it is sent is what comes of it, in every trading state.

The broker's ledger is the judge.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import time

import pytest

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.draft import Draft
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import Side
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.ticket_words import obstacle
from tests.engine.test_market_hours import WEDNESDAY, wall_ns
from tests.services.rig import Services, on_a_console, ticket

BUY, SELL = Side.BUY, Side.SELL
LEAVES, ASKED, REFUSED = "leaves", "asked", "refused"


async def nothing(_here: Services) -> None:
    """As it stands: trading is active."""


def stopped(state: TradingState) -> Callable[[Services], Awaitable[None]]:
    async def stop(here: Services) -> None:
        await here.engine.stop_trading(state, "operator", "too wild")

    return stop


async def recovering(here: Services) -> None:
    here.engine.gate.recover("clock", "The machine slept.")


async def master_logged_out(here: Services) -> None:
    here.engine.detach(here.world.master, SessionState.LOGGED_OUT)


async def master_off(here: Services) -> None:
    here.engine.put_account(replace(here.world.account(here.world.master), active=False))


async def followers_off(here: Services) -> None:
    names = [one.account_id for one in here.world.accounts if not one.master]
    await here.followers.set_active(names, active=False)


async def market_closed(here: Services) -> None:
    await here.world.clock.sleep(480)


CASES = [
    (nothing, LEAVES, LEAVES, ""),
    (followers_off, ASKED, ASKED, ""),
    (stopped(TradingState.REDUCE), REFUSED, LEAVES, "Resume to open positions again."),
    (stopped(TradingState.PAUSE), REFUSED, REFUSED, "Resume to place new orders."),
    (stopped(TradingState.HALT), REFUSED, REFUSED, "Resume with a reason."),
    (stopped(TradingState.KILL), REFUSED, REFUSED, "Resume by typing the word."),
    (recovering, REFUSED, REFUSED, "resume when that is done"),
    (master_logged_out, REFUSED, REFUSED, "Log it in"),
    (master_off, REFUSED, REFUSED, "Switch it on first."),
    (market_closed, REFUSED, REFUSED, "closing auction"),
]


@pytest.mark.parametrize(("change", "entry", "out", "remedy"), CASES)
def test_what_is_said_before_is_what_a_press_does(
    change: Callable[[Services], Awaitable[None]], entry: str, out: str, remedy: str
) -> None:
    async def script(here: Services) -> None:
        master = here.world.master
        await here.trading.submit(master, order(here, BUY), CommandId("held"))
        await here.console.quiet(60)
        here.console.see_price()
        await change(here)
        here.console.see_price()
        for side, expected in ((BUY, entry), (SELL, out)):
            seen = await here.trading.preview(master, order(here, side))
            said, asked = obstacle(seen), [one for one in seen.warnings if "be asked" in one]
            before, came, sentence = here.at_broker, LEAVES, ""
            try:
                await here.trading.submit(master, order(here, side), CommandId(f"{side} now"))
            except RefusedError as refusal:
                sentence = refusal.sentence
                came = ASKED if refusal.code == "hold" else REFUSED
            await here.console.quiet(60)
            assert came == expected, sentence
            assert (here.at_broker > before) is (came == LEAVES)
            assert bool(said) is (came == REFUSED)
            assert bool(asked) is (came == ASKED)
            if came == REFUSED:
                assert said == f"This order will be refused. {sentence}"
                assert remedy in said
                assert not [one for one in seen.warnings if "is sent" in one]
            if came == ASKED:
                assert asked == [f"You will be asked: {sentence}"]

    starts_ns = wall_ns(WEDNESDAY, time(15, 7))
    on_a_console(script, settings=EngineSettings(keeps_sessions=True), starts_ns=starts_ns)


def order(here: Services, side: Side) -> Draft:
    """A ticket that fills at once."""
    return ticket(here.world.terms(side=side, away=-40))
