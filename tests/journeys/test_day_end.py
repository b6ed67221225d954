"""The day ends over real sockets: what the simulated broker says of it, and what its ledger."""

import asyncio
import json
from datetime import time
from pathlib import Path

import msgspec
import pytest

from copytrade_gui import headless
from copytrade_gui.app.paper import SimulatorOptions
from copytrade_gui.domain import calendar
from copytrade_gui.domain.day import DaySeal
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.domain.order import State
from copytrade_gui.domain.trading_state import TradingState
from tests.journeys.journey import Journey, journey


@pytest.fixture(autouse=True)
def _evening(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests run at any hour: on this day the exchange closed at midnight."""
    row = calendar.SessionHours(
        frozenset(Exchange), calendar.SessionKind.CONTINUOUS, time(0), time(0, 0, 1)
    )
    monkeypatch.setattr(calendar, "SESSIONS", (row,))


async def filled(trip: Journey) -> None:
    await trip.place(trip.masters[0], await trip.draft("10"), "one")
    book = trip.opened.engine.book
    await trip.until(lambda: [order.state for order in book] == [State.FILLED] * 4)


async def test_a_difference_is_shown_and_the_day_is_sealed_when_it_is_gone(tmp_path: Path) -> None:
    async with journey(tmp_path, 3) as trip:
        trading, history = trip.opened.console.trading, trip.opened.console.history
        await filled(trip)
        ledger = await trip.at_broker()
        wrong = trip.accounts[-1]
        await trip.misfortune(
            {"action": "book_quantity", "units": 7, "call": "positions",
             "accounts": [wrong.client_id]}
        )  # fmt: skip
        report = await trading.end_of_day()
        assert report.seal is None
        (sentence,) = report.differences
        assert sentence == (
            f"{wrong.name}: RELIANCE-EQ (INTRADAY): the broker shows a position of 17, but 0 "
            "carried, 10 bought and 0 sold make 10. Compare the position at the broker."
        )
        await trip.end_misfortune()
        report = await trading.end_of_day()
        assert report.seal is not None, report.in_words
        assert await history.verify_audit() == ()
        trail = tmp_path / "trail.json"
        await trip.opened.store.history.export_events(trail)
        exported = json.loads(trail.read_text(encoding="utf-8"))
        fact = [one for one in exported if one["kind"] == "DaySealed"][-1]
        assert fact["previous_hash"] == report.seal.head
        assert fact["number"] == report.seal.events + 1
        assert await trip.at_broker() == ledger, "nothing was traded to repair it"


async def test_a_restart_tells_the_difference_and_waits_for_a_person(tmp_path: Path) -> None:
    async with journey(tmp_path, 3, kept=True) as trip:
        await filled(trip)
        ledger = await trip.at_broker()
        await trip.misfortune(
            {"action": "book_short", "rows": 99, "call": "trades",
             "accounts": [trip.accounts[-1].client_id]}
        )  # fmt: skip
    async with journey(tmp_path, 3, kept=True) as trip:
        trading = trip.opened.console.trading
        engine = trip.opened.engine

        def told() -> bool:
            report = engine.recovery_report
            return report is not None and bool(report.differences) and not report.unread_accounts

        await trip.until(told)
        report = await trading.recovery()
        assert report is not None
        assert report.needs_resume
        assert any(
            "filled 10 by the broker's order book, 0 by its trade book" in sentence
            for sentence in report.differences
        )
        assert (await trading.state()).state is TradingState.RECOVERING
        assert (await trading.resume("looked at the broker's page")).state is TradingState.ACTIVE
        assert await trip.at_broker() == ledger


def test_the_day_is_closed_without_a_window(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def trade() -> None:
        async with journey(tmp_path, 3, kept=True) as trip:
            await filled(trip)

    asyncio.run(trade())
    paper = SimulatorOptions(accounts=4, latency_ms=0, jitter_ms=0)
    code = headless.close_day(tmp_path, "default", paper, accept=False, as_json=False)
    shown = capsys.readouterr().out
    assert code == 0, shown
    assert " is sealed: 4 orders in 4 accounts" in shown
    # A slow machine is still open when the program closes the day by itself: then there are two.
    files = tmp_path.glob("profiles/paper/seals/*.json")
    seals = [msgspec.json.decode(one.read_bytes(), type=DaySeal) for one in files]
    assert max(seals, key=lambda seal: seal.at_ns).head in shown
    assert headless.close_day(tmp_path, "default", paper, accept=True, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["seal"]["actor"].startswith("command line (")
