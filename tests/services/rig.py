"""Services on a whole engine, store and broker in virtual time, with everybody logged in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from copytrade_gui.domain.draft import Draft
from copytrade_gui.domain.order import FanOut, OrderTerms
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.services.closing import Closing
from copytrade_gui.services.followers import Followers
from copytrade_gui.services.trading import Trading
from copytrade_gui.storage.secrets.paper_secrets import PaperSecrets
from tests.proof.rig import MORNING_NS, Console, world

T = TypeVar("T")


class Services:
    """The services that a test asks, over one console."""

    def __init__(self, console: Console) -> None:
        store, clock = console.store, console.world.clock
        self.console = console
        self.engine = console.engine
        self.world = console.world
        self.secrets = PaperSecrets()
        closing = Closing(console.engine, store.journal, store.seals, clock)
        self.trading = Trading(console.engine, store.journal, clock, closing)
        self.followers = Followers(console.engine, store.accounts, self.secrets)

    def draft(self, away: int = 60, fan_out: FanOut = FanOut.WITH_MASTER) -> Draft:
        """A ticket for an order that rests ``away`` ticks off the market."""
        return ticket(self.world.terms(away=away), fan_out)

    @property
    def at_broker(self) -> int:
        """Orders that the broker took, by its own ledger."""
        return len(self.world.broker.ledger.accepted)


def ticket(terms: OrderTerms, fan_out: FanOut = FanOut.WITH_MASTER) -> Draft:
    """The ticket that says these terms."""
    return Draft(
        instrument=terms.instrument,
        side=terms.side,
        quantity=str(terms.quantity),
        in_lots=False,
        product=terms.product,
        order_type=terms.order_type,
        validity=terms.validity,
        price="" if terms.price is None else str(terms.price),
        trigger="" if terms.trigger is None else str(terms.trigger),
        fan_out=fan_out,
    )


class InPlace(ThreadPoolExecutor):
    """Does a thread's work at once: virtual time would jump on while a real thread works."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - told where the result is awaited
            done.set_exception(error)
        return done


def on_a_console(
    script: Callable[[Services], Coroutine[object, object, None]],
    followers: int = 3,
    *,
    settings: EngineSettings | None = None,
    starts_ns: int = MORNING_NS,
) -> None:
    """Run a script on a console that trades."""

    async def live(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        if console.engine.gate.state is not TradingState.ACTIVE:
            await console.engine.resume("operator", "Looked at every book.")
        console.see_price()
        asyncio.get_running_loop().set_default_executor(InPlace())
        await script(Services(console))

    with world(followers, settings=settings, starts_ns=starts_ns) as made:
        made.live(live)
