"""The engine keeps to the manner of the broker it was made for."""

import pytest

from copytrade_gui.brokers.iifl.capabilities import IIFL
from copytrade_gui.domain.capabilities import Capabilities
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, OrderType
from copytrade_gui.engine.orders.core import make_core
from copytrade_gui.engine.planning.denied import DeniedError
from tests.engine.test_leaving import begin
from tests.proof.chance import SeededChance
from tests.proof.rig import Console, world
from tests.proof.virtual import VirtualClock, VirtualTime


def test_what_the_broker_does_not_take_is_refused_before_anything_is_stored() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        with pytest.raises(DeniedError, match=r"takes no LIMIT orders\. Choose MARKET\.") as denied:
            await console.engine.submit(
                console.world.master, console.world.terms(), FanOut.WITH_MASTER, CommandId("one")
            )
        assert denied.value.code == "not_taken"
        assert not list(console.engine.book)

    with world(1) as made:
        made.takes = Capabilities(order_types=frozenset({OrderType.MARKET}))
        made.live(script)
        assert not made.broker.ledger.wire


@pytest.mark.parametrize("a_second", [2, 5])
def test_orders_leave_at_the_brokers_rate(a_second: int) -> None:
    """Ten orders of one account, whose broker takes so many a second."""

    async def script(console: Console) -> None:
        await begin(console)
        for number in range(10):
            await console.engine.submit(
                console.world.master,
                console.world.terms(which=number % 2, away=60 + number),
                FanOut.WITH_MASTER,
                CommandId(str(number)),
            )
        await console.world.clock.sleep(30)

    with world(0) as made:
        made.takes = Capabilities(orders_per_second=a_second, changes_per_second=a_second + 1)
        made.live(script)
        sent = [
            at_ns for at_ns, method, path, _ in made.wire if (method, path) == ("POST", "/orders")
        ]
        busiest = max(sum(at <= one < at + 10**9 for one in sent) for at in sent)
        assert (len(sent), busiest) == (10, a_second)


@pytest.mark.parametrize(
    "takes",
    [
        Capabilities(label_length=15),
        Capabilities(label_characters=frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")),
    ],
)
def test_a_broker_whose_labels_cannot_hold_our_tags_is_not_traded_at(takes: Capabilities) -> None:
    clock = VirtualClock(VirtualTime(0))
    with pytest.raises(ValueError, match="our tags"):
        make_core(clock=clock, chance=SeededChance("1"), kill_flag=_NoFlag(), takes=takes)
    assert IIFL.carries_tags


class _NoFlag:
    def is_set(self) -> bool:
        return False

    def set(self, why: str) -> None: ...

    def clear(self) -> None: ...
