"""How accounts stand to what their copies made: one line a position."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.drift import RANK, Step, Verdict
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.domain.square_off import Chosen, Scope

_TROUBLE = frozenset({Step.MISSING, Step.DRIFTING, Step.UNEXPLAINED})


class DriftLine(Struct, frozen=True, kw_only=True):
    """One account's copies of one instrument and product against the broker's books. Signed units.

    ``held`` is None while the positions are not known today. ``working`` are our orders at the
    broker, ``owner_working`` the owner's. ``masters`` are those whose orders it copies, with their
    names; ``left`` is copied of those of them who are ``out``. A person said that he knows of it
    and lets it be until it is flat: ``ignored``.
    """

    key: PositionKey
    account: str
    symbol: str
    instrument: Instrument | None
    verdict: Verdict
    copied: int
    held: int | None
    owner: int
    working: int
    owner_working: int
    masters: tuple[AccountId, ...]
    master_names: tuple[str, ...]
    left: int
    out: tuple[AccountId, ...]
    read_ns: int
    """When the positions were read, UTC ns; 0: not today."""
    ignored: bool = False

    @property
    def step(self) -> Step:
        """How it stands."""
        return self.verdict.step

    @property
    def lots(self) -> Decimal | None:
        """The units that are off, in lots; None where the instrument is not known."""
        if self.instrument is None:
            return None
        return Decimal(self.verdict.units) / self.instrument.lot_size

    @property
    def exit(self) -> Scope:
        """What a square-off may close of it: what is copied of masters who are out; no more."""
        if not self.left:
            return ()
        key, keep = self.key, self.copied - self.left
        return (Chosen(key.account_id, key.instrument, key.product, keep, self.out),)

    @property
    def rank(self) -> tuple[int, int]:
        """How bad it is; an ignored one is in step."""
        step = Step.IN_STEP if self.ignored else self.step
        return RANK[step], abs(self.verdict.units)

    @property
    def place(self) -> tuple[int, str, str, str]:
        """Where it stands among all: the worst first."""
        return -self.rank[0], self.symbol, self.account, self.key.product

    @property
    def reducible(self) -> int:
        """Units, signed, that may be closed without a person; 0 where nothing may.

        They are too many, all figures add up, and nothing of the account or its owner works there.
        """
        if not self.verdict.adds_up or self.ignored or self.working or self.owner_working:
            return 0
        return self.verdict.excess

    @property
    def trouble(self) -> bool:
        """A person should look at it."""
        return self.step in _TROUBLE and not self.ignored


class DriftReport(Struct, frozen=True):
    """All positions that copies made, or should have, the worst first."""

    lines: tuple[DriftLine, ...] = ()

    def worst(self) -> Mapping[AccountId, DriftLine]:
        """Of each account that holds copies its worst line; an ignored one is in step."""
        found: dict[AccountId, DriftLine] = {}
        for line in self.lines:
            before = found.get(line.key.account_id)
            if before is None or line.rank > before.rank:
                found[line.key.account_id] = line
        return found
