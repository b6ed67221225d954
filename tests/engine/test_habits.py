"""What is unlike a master: told from the records of earlier runs, here and of orders elsewhere."""

from __future__ import annotations

import pytest

from copytrade_gui.domain.checks.check import Shown
from copytrade_gui.domain.events import Alarm, Event
from copytrade_gui.domain.order import Side
from copytrade_gui.domain.seen import Seen
from copytrade_gui.engine.planning.denied import DeniedError
from tests.engine.test_every_check import used_to
from tests.engine.test_exits import position, press, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_master_elsewhere import LOOKING, elsewhere, ready
from tests.proof.rig import Console, world


def test_after_a_restart_his_usual_size_is_known_and_his_exit_is_not_asked() -> None:
    async def first(console: Console) -> None:
        await begin(console)
        for _ in range(5):
            await press(console, ticket(console.world, Side.BUY, 4))
        with pytest.raises(DeniedError, match="more than 10 times"):
            await press(console, ticket(console.world, Side.BUY, 41))

    async def second(console: Console) -> None:
        await begin(console)
        made = console.world
        with pytest.raises(DeniedError, match="more than 10 times") as denied:
            await press(console, ticket(made, Side.BUY, 41))
        assert (denied.value.code, denied.value.found) == ("hold", (Shown("unusual_size"),))
        assert position(made, 0) == 20
        await press(console, ticket(made, Side.BUY, 40))
        await press(console, ticket(made, Side.SELL, 60))
        assert [position(made, number) for number in (0, 1, 2)] == [0, 0, 0]

    with world(2) as made:
        made.live(first)
        made.live(second)


def test_elsewhere_what_is_too_large_waits_for_a_person_and_what_is_new_is_told() -> None:
    async def script(console: Console) -> None:
        made = await ready(console)
        heard: list[Event] = []
        console.engine.bus.subscribe(heard.append, Alarm)
        used_to("INFY", 1, 20)(console)
        elsewhere(made, ticket(made, Side.BUY, 11))
        await made.clock.sleep(20)
        (seen,) = console.engine.master_signals.orders()
        assert seen.became is Seen.DENIED
        assert "pause copying" in seen.reason
        assert [position(made, number) for number in (0, 1, 2)] == [11, 0, 0]
        terms = made.terms(which=1, away=-60)
        elsewhere(made, terms)
        await made.clock.sleep(20)
        newest = console.engine.master_signals.orders()[0]
        assert newest.became is Seen.COPIED
        (told,) = [one for one in heard if isinstance(one, Alarm)
                   and one.code == "copied_with_warning"]  # fmt: skip
        assert "ordered nothing of SBIN" in told.sentence

    with world(2, settings=LOOKING) as made:
        made.live(script)
