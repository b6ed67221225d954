"""How accounts stand to their copies, as a window test plays it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.catch_up import CatchUp, Missing
from copytrade_gui.domain.drift import Step, Verdict
from copytrade_gui.domain.drift_report import DriftLine, DriftReport
from copytrade_gui.domain.ids import AccountId, CommandId, IntentId, PlanId
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.order import Product
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.domain.square_off import Scope
from copytrade_gui.services.verbs import RefusedError
from tests.ui import people


@dataclass
class FakeDrift:
    told: DriftReport = field(default_factory=DriftReport)
    ignored: list[tuple[PositionKey, int]] = field(default_factory=list)
    refuse: RefusedError | None = None
    planned: list[tuple[PlanId, ...]] = field(default_factory=list)
    exit: Scope = ()

    async def report(self) -> DriftReport:
        return self.told

    async def ignore(self, key: PositionKey, units: int, command: CommandId) -> None:
        del command
        if self.refuse is not None:
            raise self.refuse
        self.ignored.append((key, units))

    async def unmatched_exit(self, plans: Sequence[PlanId]) -> Scope:
        self.planned.append(tuple(plans))
        return self.exit


@dataclass
class FakeCatchUps:
    told: CatchUp = field(default_factory=lambda: CatchUp(master="Master", symbol=""))
    begun: list[tuple[AccountId, PositionKey, dict[AccountId, int]]] = field(default_factory=list)
    refuse: RefusedError | None = None
    asked: list[tuple[IntentId, ...]] = field(default_factory=list)
    lost: Missing | RefusedError = field(
        default_factory=lambda: RefusedError("No copies are chosen.")
    )

    async def missing(self, intents: Sequence[IntentId]) -> Missing:
        self.asked.append(tuple(intents))
        if isinstance(self.lost, RefusedError):
            raise self.lost
        return self.lost

    async def preview(self, master: AccountId, of: PositionKey) -> CatchUp:
        del master, of
        return self.told

    async def begin(
        self,
        master: AccountId,
        of: PositionKey,
        agreed: Mapping[AccountId, int],
        command: CommandId,
    ) -> int:
        del command
        if self.refuse is not None:
            raise self.refuse
        self.begun.append((master, of, dict(agreed)))
        return len(agreed)


def line(
    account: Account,
    instrument: Instrument,
    step: Step = Step.IN_STEP,
    units: int = 0,
    *,
    copied: int = 75,
    held: int | None = 75,
    reason: str = "",
    excess: int = 0,
    masters: tuple[AccountId, ...] = (),
    ignored: bool = False,
) -> DriftLine:
    """One position; nothing works at the broker."""
    return DriftLine(
        key=PositionKey(account.account_id, instrument.key, Product.NORMAL),
        account=account.name,
        symbol=instrument.symbol,
        instrument=instrument,
        verdict=Verdict(step, units, reason, excess),
        copied=copied,
        held=held,
        owner=0,
        working=0,
        owner_working=0,
        masters=masters,
        master_names=tuple(f"Master {one}" for one in masters),
        left=excess,
        out=masters if excess else (),
        read_ns=0 if held is None else people.NOW_NS - 40_000_000_000,
        ignored=ignored,
    )
