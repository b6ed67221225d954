"""What an exchange says of its market: a halt is told once, warns, and ends with its next word."""

from __future__ import annotations

import pytest

from copytrade_gui.domain.events import Alarm, Event, LampChanged, Severity
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.domain.market_status import MarketPhase, MarketStatus
from tests.engine.test_leaving import begin
from tests.proof.rig import Console, world

DAY_NS = 86_400_000_000_000


def says(console: Console, exchange: Exchange, phase: MarketPhase) -> None:
    made = console.world
    listener = console.engine.parts.updates.feed_of(made.master)
    assert listener is not None
    listener.market(MarketStatus(exchange, phase, made.time.wall_ns()))


def halts(console: Console) -> None:
    """The feed says so of the first instrument's exchange; the simulated one takes orders still."""
    says(console, console.world.instruments[0].key.exchange, MarketPhase.HALTED)


def test_a_halt_and_its_end_are_told_once_each_and_the_strip_shows_what_is_halted() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        told: list[Event] = []
        console.engine.bus.subscribe(told.append)
        halted, goes_on = MarketPhase.HALTED, MarketPhase.OPEN
        for exchange, phase in (
            (Exchange.NSEEQ, goes_on),
            (Exchange.NSEEQ, halted),
            (Exchange.NSEEQ, halted),
            (Exchange.NSEFO, halted),
            (Exchange.NSEEQ, goes_on),
            (Exchange.NSEFO, goes_on),
        ):
            says(console, exchange, phase)
        alarms = [one for one in told if isinstance(one, Alarm)]
        assert [(one.code, one.severity, one.sentence.split()[0]) for one in alarms] == [
            ("market_halted", Severity.WARNING, "NSEEQ"),
            ("market_halted", Severity.WARNING, "NSEFO"),
            ("market_goes_on", Severity.INFO, "NSEEQ"),
            ("market_goes_on", Severity.INFO, "NSEFO"),
        ]
        lamps = [one for one in told if isinstance(one, LampChanged) and one.name == "market"]
        assert [(one.state, one.words) for one in lamps] == [
            ("bad", "NSEEQ halted"),
            ("bad", "NSEEQ, NSEFO halted"),
            ("bad", "NSEFO halted"),
            ("ok", ""),
        ]

    with world(1) as made:
        made.live(script)


@pytest.mark.parametrize(
    ("phase", "warns"),
    [(one, one in {MarketPhase.HALTED, MarketPhase.CLOSED}) for one in MarketPhase],
)
def test_only_what_keeps_an_order_from_trading_warns_and_only_on_its_day(
    phase: MarketPhase, warns: bool
) -> None:
    async def script(console: Console) -> None:
        await begin(console)
        share = console.world.instruments[0]
        says(console, share.key.exchange, phase)
        hours = console.engine.core.hours
        assert bool(hours.why_not_trading(share)) is warns
        console.world.time.now_ns += DAY_NS
        assert hours.why_not_trading(share) == ""

    with world(1) as made:
        made.live(script)
