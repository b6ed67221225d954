"""Reads of a broker's book made by hand, for an order whose reply never came."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from decimal import Decimal

from copytrade_gui.domain.ids import BrokerOrderId, CommandId, TradeId
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.ports import BrokerOrder, BrokerTrade, Read
from copytrade_gui.simulator.faults import Fault
from tests.proof.rig import Console, world

EMPTY: Read[BrokerTrade] = Read((), whole=True)
LOST = Fault(action="drop_reply", call="place", placed=False)


@dataclass(frozen=True)
class Doubt:
    """One order in doubt; nothing but what a test hands in is read from now on."""

    console: Console
    lane: Lane
    order: Order

    def row(self, number: str = "B1", **changes: object) -> BrokerOrder:
        """A row as the book would show our order, with these fields changed."""
        terms, attempt = self.order.intent.terms, self.order.attempt
        assert attempt is not None
        shown = BrokerOrder(
            broker_order_id=BrokerOrderId(number),
            tag=attempt.tag,
            status_text="open",
            state=State.WORKING,
            key=terms.instrument.key,
            side=terms.side,
            quantity=terms.quantity,
            filled_quantity=0,
            pending_quantity=terms.quantity,
            price=terms.price or Decimal(0),
            trigger=Decimal(0),
            average_price=Decimal(0),
            product=terms.product,
            order_type=terms.order_type,
            validity=terms.validity,
            rejection_reason="",
            placed_ns=attempt.marked_ns,
        )
        return replace(shown, **changes)  # type: ignore[arg-type]  # fields by name, as a test says

    def trade(self, number: str, order: str, quantity: int, tag: str = "") -> BrokerTrade:
        terms = self.order.intent.terms
        return BrokerTrade(
            TradeId(number), BrokerOrderId(order), terms.instrument.key, terms.side, quantity,
            terms.price or Decimal(1), tag, "",
        )  # fmt: skip

    def read(
        self,
        *rows: BrokerOrder,
        whole: bool = True,
        trades: Read[BrokerTrade] = EMPTY,
    ) -> None:
        """One read of both books, as the poller takes it in."""
        engine = self.console.engine
        absorbed = engine.parts.reconciler.absorb_orders(self.lane, Read(rows, whole=whole))
        engine.parts.reconciler.absorb_trades(self.lane, trades)
        engine.parts.resolver.judge(self.lane, absorbed, trades)

    def pass_time(self, seconds: float) -> None:
        """Let time pass without a turn of the loop."""
        self.console.world.time.now_ns += int(seconds * 1e9)

    def state(self) -> State:
        return self.order.state

    def halted(self) -> str:
        return self.lane.status.halted

    def lift(self) -> bool:
        """A person looked at what is shown, and lifts the halt."""
        engine, account = self.console.engine, self.lane.account_id
        return engine.lift_account_halt(account, self.halted(), "operator", "looked")


def with_a_doubt(
    test: Callable[[Doubt], None], fault: Fault = LOST, *, after_s: float = 7.5
) -> None:
    """Place an order whose answer is ``fault``, and hand it over while it is in doubt."""

    async def script(console: Console) -> None:
        made = console.world
        console.log_all_in()
        await made.clock.sleep(5)
        made.broker.add_fault(fault)
        await console.engine.submit(made.master, made.terms(), FanOut.WITH_MASTER, CommandId("a"))
        await made.clock.sleep(after_s)
        order = next(one for one in console.engine.book if one.intent.account_id == "F001")
        assert order.state is State.UNKNOWN
        order.absent_reads = 0
        test(Doubt(console, console.engine.lanes[order.intent.account_id], order))
        made.broker.clear_faults()

    live(script, 1)


def live(script: Callable[[Console], Coroutine[object, object, None]], followers: int) -> None:
    """One life of the program."""
    with world(followers) as made:
        made.live(script)
