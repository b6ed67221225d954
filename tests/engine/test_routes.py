"""Nothing leaves an account from an address that the broker does not know it by.

The simulator's ledger is the judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.events import Event, RouteChanged
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import Side
from copytrade_gui.domain.route import DIRECT, Family, Route, RouteKind
from copytrade_gui.ports import Silence
from tests.engine.test_exits import F1, press, ticket
from tests.engine.test_hold import sent_by
from tests.engine.test_leaving import begin
from tests.engine.test_offline import F2, alarms, cut_off, reason_of, state_of, states
from tests.proof.rig import Console, World, world

HOME, AWAY = "192.0.2.10", "198.51.100.7"


def route(console: Console, said: Route) -> None:
    """What a person says of the first follower's route while the program runs."""
    lane = console.engine.lanes[F1]
    console.engine.put_account(replace(lane.account, route=said))


def at_home(*more: str) -> Route:
    return Route(registered=(HOME, *more))


@contextmanager
def home_world(followers: int) -> Iterator[World]:
    """The first follower's one registered address is that of home."""
    with world(followers) as made:
        made.accounts[1] = replace(made.accounts[1], route=at_home())
        yield made


def test_the_first_order_of_a_session_waits_until_its_address_is_registered() -> None:
    async def script(console: Console) -> None:
        made, heard = console.world, alarms(console)
        made.line.address = AWAY
        await begin(console)
        await made.clock.sleep(2)
        assert any(AWAY in alarm.sentence and HOME in alarm.sentence for alarm in heard)
        await press(console, ticket(made, Side.BUY, away=60))
        assert (sent_by(console, 0), sent_by(console, 1), sent_by(console, 2)) == (1, 0, 1)
        (order,) = console.engine.book.of_account(F1)
        assert order.code == "address"
        assert AWAY in order.reason
        route(console, at_home(AWAY))
        await press(console, ticket(made, Side.BUY, away=61))
        assert sent_by(console, 1) == 1
        assert state_of(console, F1) is SessionState.READY

    with home_world(2) as made:
        made.live(script)


@pytest.mark.parametrize("address", [HOME, "10.0.0.4", "fd00::4"], ids=["same", "router", "six"])
def test_what_is_registered_or_behind_a_router_leaves(address: str) -> None:
    async def script(console: Console) -> None:
        made = console.world
        made.line.address = address
        await begin(console)
        await press(console, ticket(made, Side.BUY, away=60))
        assert sent_by(console, 1) == 1

    with home_world(1) as made:
        made.live(script)


def test_an_order_that_waits_for_its_connection_does_not_leave_from_an_unregistered_one() -> None:
    async def script(console: Console) -> None:
        made = console.world
        made.line.address = HOME
        await begin(console)
        await press(console, ticket(made, Side.BUY, away=60))
        made.line.connect_s = 0.5
        await press(console, ticket(made, Side.BUY, away=61), wait_s=0.2)
        route(console, Route(registered=(AWAY,)))  # corrected while the order waits
        await made.clock.sleep(2)
        assert sent_by(console, 1) == 1

    with home_world(1) as made:
        made.live(script)


def test_a_route_that_does_not_carry_makes_its_account_offline_and_nobody_else() -> None:
    async def script(console: Console) -> None:
        made, changes = console.world, states(console)
        await begin(console)
        why = "The order book could not be read: its proxy 127.0.0.1:9 refuses the connection."
        console.engine.offline.unanswered(F1, Silence.ROUTE, why)
        assert state_of(console, F1) is SessionState.OFFLINE
        assert reason_of(console, F1).startswith(f"{why} Nothing is sent another way")
        await press(console, ticket(made, Side.BUY, away=60))
        assert (sent_by(console, 1), sent_by(console, 2)) == (0, 1)
        await made.clock.sleep(20)
        assert state_of(console, F1) is SessionState.READY  # its book could be read again
        assert changes == []  # the others were answered

    with world(2) as made:
        made.live(script)


def test_two_routes_that_do_not_carry_are_reason_to_ask_the_idle_accounts() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        cut_off(console.world, AccountId("M"))
        for account in (F1, F2):
            console.engine.offline.unanswered(account, Silence.ROUTE, "Its proxy is silent.")
        await console.world.clock.sleep(2)
        (row,) = console.world.broker.desk.faults.rows()
        assert int(str(row["hits"])) > 0

    with world(2) as made:
        made.live(script)


def test_each_change_of_a_route_is_told_once_with_what_it_was() -> None:
    async def script(console: Console) -> None:
        heard: list[Event] = []
        console.engine.bus.subscribe(heard.append, RouteChanged)
        source = Route(RouteKind.SOURCE, HOME, Family.IPV4, (HOME,))
        for said in (source, source, DIRECT):
            route(console, said)
        assert heard == [
            RouteChanged(F1, DIRECT, source, "operator"),
            RouteChanged(F1, source, DIRECT, "operator"),
        ]
        await console.store.journal.flush()
        (newest, _) = await console.store.history.events(100, kind="RouteChanged")
        assert newest.reason == f"From {HOME}, IPv4 only, registered {HOME} becomes Direct."
        assert newest.actor == "operator"

    with world(1) as made:
        made.live(script)
