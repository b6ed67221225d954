"""More paper masters and followers, opened while the console runs, judged at the simulator."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from copytrade_gui.app.paper import SimulatorOptions
from copytrade_gui.app.wiring import OpenOptions, open_console
from copytrade_gui.domain.account import SessionState
from copytrade_gui.services.verbs import RefusedError
from tests.journeys.journey import journey


async def test_more_paper_accounts_trade_at_once_and_are_there_after_a_restart(
    tmp_path: Path,
) -> None:
    async with journey(tmp_path, 2, kept=True) as trip:
        paper, followers = trip.opened.console.paper_broker, trip.opened.console.followers
        assert paper is not None
        before = await followers.links()
        assert await paper.grow("2", "6") == 5
        assert await paper.grow("1", "3") == 0, "nobody is taken away"
        trip.accounts = await followers.accounts()
        trip.masters = [one for one in trip.accounts if one.master]
        assert [one.name for one in trip.masters] == ["Master", "Master 2"]
        assert {one.session for one in await followers.statuses()} == {SessionState.READY}
        assert set(before) <= set(await followers.links()), "who was here keeps his link"
        for master in trip.masters:
            await trip.place(master, await trip.draft(away=Decimal(5)), master.name)
        await trip.decided(8)
        assert await trip.at_broker() == {one.client_id: 1 for one in trip.accounts}
    # The command line asks for more of them on the same day, and takes none away either.
    wanted = SimulatorOptions(accounts=10, masters=3, latency_ms=0, jitter_ms=0)
    options = OpenOptions(data_dir=tmp_path, paper=wanted, keep_paper_day=True)
    async with open_console(options) as opened:
        accounts = await opened.console.followers.accounts()
        assert sum(one.master for one in accounts) == 3
        assert len(accounts) == 10


async def test_a_number_of_paper_accounts_that_cannot_be_names_the_field(tmp_path: Path) -> None:
    async with journey(tmp_path, 1) as trip:
        paper = trip.opened.console.paper_broker
        assert paper is not None
        for masters, followers, field in (
            ("1", "501", "followers"), ("1", "0", "followers"), ("1", "0,5", "followers"),
            ("11", "10", "masters"), ("", "10", "masters"),
        ):  # fmt: skip
            with pytest.raises(RefusedError) as refused:
                await paper.grow(masters, followers)
            assert refused.value.field == field
        assert len(await trip.opened.console.followers.accounts()) == 2
