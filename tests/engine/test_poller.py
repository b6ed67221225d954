"""When the books are read."""

from __future__ import annotations

import pytest

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.ports import BrokerOrder, Read
from tests.engine.test_leaving import begin
from tests.proof.rig import Console, world

F1 = AccountId("F001")


def test_a_login_while_the_last_sessions_read_is_out_has_the_book_read_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing of the account is open, so that nobody else would ask for a read."""
    read: list[Read[BrokerOrder]] = []

    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        made.line.connect_s = 3.0
        console.engine.attach(F1, console.engine.lanes[F1].session)  # type: ignore[arg-type]  # logged in
        await made.clock.sleep(1)
        made.line.connect_s = 0.0
        console.log_in(F1)
        session = console.engine.lanes[F1].session
        assert session is not None
        order_book = session.order_book

        async def counted() -> Read[BrokerOrder]:
            read.append(await order_book())
            return read[-1]

        monkeypatch.setattr(session, "order_book", counted)
        await made.clock.sleep(10)
        assert [one.whole for one in read] == [True]

    with world(1) as made:
        made.live(script)
