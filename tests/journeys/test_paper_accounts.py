"""More paper masters and followers, opened while the console runs, judged at the simulator."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from copytrade_gui.app.closed_folder import closed_folder
from copytrade_gui.app.paper import SimulatorOptions
from copytrade_gui.app.wiring import OpenOptions, open_console
from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.order import State
from copytrade_gui.services.follower_verbs import FollowerDraft, RowVerdict
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


async def test_followers_of_a_file_trade_on_paper_and_do_after_a_restart(tmp_path: Path) -> None:
    """Their client ids are none of the paper broker's own; one has an app of his own, one none."""
    file = tmp_path / "followers.csv"
    file.write_text(
        "name,client_id,app_key,app_secret,strategy,parameter\n"
        "Asha,AB1234,ashas-key,ashas-secret,ratio,2\n"
        "Ravi,90017,,,ratio,1\n"
    )
    folder = tmp_path / "data"
    async with journey(folder, 1, kept=True) as trip:
        followers, (master,) = trip.opened.console.followers, trip.masters
        await followers.import_csv(master.account_id, file)
        statuses = await trip.opened.console.sessions.login_all_paper()
        assert {one.session for one in statuses} == {SessionState.READY}
        again = await followers.check_csv(master.account_id, file)
        assert {row.verdict for row in again.rows} == {RowVerdict.UNCHANGED}
        await trip.place(master, await trip.draft("10"), "first")
        book = trip.opened.engine.book
        await trip.until(lambda: sum(order.state is State.FILLED for order in book) == 4)
        holds = {master.client_id: 10, trip.followers[0].client_id: 10, "AB1234": 20, "90017": 10}
        assert await trip.holds() == holds
    # A third one comes while the console is closed.
    file.write_text("name,client_id,strategy,parameter\nZoya,30000003,ratio,1\n")
    async with closed_folder(folder, "default", paper=True) as closed:
        await closed.files.import_csv(closed.master(None), file)
    async with journey(folder, 1, kept=True) as trip:
        assert all(lane.logged_in for lane in trip.opened.engine.lanes)
        assert await trip.holds() == holds
        named = {one.client_id: one for one in trip.accounts}
        assert named.keys() == {*holds, "30000003"}
        assert named["AB1234"].app_key == "ashas-key"
        # He is given another client id, and is that client of the paper broker.
        followers, (master,) = trip.opened.console.followers, trip.masters
        zoya = named["30000003"].account_id
        await followers.edit(master.account_id, zoya, FollowerDraft(client_id="CD777"))
        statuses = await trip.opened.console.sessions.login_all_paper()
        assert {one.session for one in statuses} == {SessionState.READY}
        # Whom he had brought and takes away stays away, as whoever else or counted anew.
        await followers.remove(master.account_id, [zoya])
        paper = trip.opened.console.paper_broker
        assert paper is not None
        assert await paper.grow("1", "4") == 1
        assert {one.client_id for one in await followers.accounts()} == {*holds, "30000004"}
