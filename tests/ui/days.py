"""Reports of a day's last check: open, differing, clean, sealed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.day import DayChecked, DayReport, DaySeal, DayStep
from copytrade_gui.services.verbs import RefusedError
from tests.ui.fake_events import FakeEvents
from tests.ui.people import NOW_NS

DIFFERENT_ORDER = (
    "Ishaan Iyer: BUY 150 NIFTY 26NOV 26500 CE, order 26112400017731: filled 150 by the broker's "
    "order book, 75 by its trade book, 150 by our record, 75 by our stored fills. Compare the "
    "order at the broker."
)
DIFFERENT_POSITION = (
    "Meera Menon: NIFTY 26NOV 26500 CE: the positions say 225 bought and 0 sold today, the trade "
    "book 150 and 0. Compare the position at the broker."
)


def open_day(*, blocked: bool = True) -> DayReport:
    """A day that is not sealed: by what has not ended, or by differences only."""
    return DayReport(
        day=ist(NOW_NS).date(),
        checked_ns=NOW_NS,
        actor="operator",
        orders=318,
        fills=21_450,
        accounts=23 if blocked else 24,
        absent=2,
        not_ended=("Diya Deshpande: BUY 150 NIFTY 26NOV 26500 CE, order 26112400018812: working.",)
        if blocked
        else (),
        unread=("Kabir Kulkarni: it is not logged in.",) if blocked else (),
        differences=(DIFFERENT_ORDER, DIFFERENT_POSITION),
        reviews=(
            "Rohan Rao: SELL 75 NIFTY 26NOV 26500 CE: nobody knows whether the broker has it.",
        )
        if blocked
        else (),
    )


def clean_day() -> DayReport:
    """A day with nothing open."""
    return replace(open_day(blocked=False), differences=())


def sealed(report: DayReport) -> DayReport:
    """The same day, closed."""
    seal = DaySeal(
        report.day, report.orders, report.fills, report.accounts, len(report.reviews),
        report.differences, report.actor, report.checked_ns, 41_208, "9f2c" * 16,
    )  # fmt: skip
    where = f"The seal was written to seals/{report.day}-41208.json."
    return replace(report, seal=seal, notes=(where,))


@dataclass
class FakeDay:
    """What the check of the day finds; it waits at two thirds while ``hold`` is there and unset."""

    report: DayReport | None = None
    hold: asyncio.Event | None = None
    refuse: RefusedError | None = None

    async def check(self, events: FakeEvents, accounts: int, accepted: Sequence[str]) -> DayReport:
        for done in range(accounts + 1):
            events.send(DayStep(done, accounts))
            if self.hold is not None and done == accounts * 2 // 3:
                await self.hold.wait()
        if self.refuse is not None:
            raise self.refuse
        report = self.report or open_day()
        if not report.blocked and set(report.differences) <= set(accepted):
            report = sealed(report)
        events.send(DayChecked(report))
        return report
