"""Leaving copied positions, as the operator asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.square_off import Line, Scope, SquareOffReport
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.verbs import RefusedError

OWN_WORD = "ALL"


def must_mean_owners(scope: Scope, own: str) -> None:
    """Raises RefusedError where owners' positions are to be closed and the word is not typed."""
    if any(one.owners for one in scope) and own.strip() != OWN_WORD:
        raise RefusedError(
            f"Word must be {OWN_WORD}. Type it to close what owners hold themselves too.",
            field="own",
        )


@dataclass(frozen=True, slots=True)
class SquareOffPreview:
    """What would be closed, by what is known now.

    ``value`` is all orders together at their worst prices, in paise; ``unpriced`` lines are not in
    it. ``blocked_by`` says why nothing can be sent now, empty when it can. ``stopped`` is a stop
    that the act itself would turn into REDUCE: from then on only what reduces leaves.
    """

    lines: tuple[Line, ...]
    value: Paise
    unpriced: int
    blocked_by: str = ""
    stopped: TradingState | None = None

    @property
    def units(self) -> int:
        """Units of all orders together."""
        return sum(line.units for line in self.lines)

    @property
    def accounts(self) -> int:
        """How many accounts would get an order."""
        return len({line.key.account_id for line in self.lines if line.units})


class SquareOffVerbs(Protocol):
    """Closing what copies hold, and where a person chose it what owners hold themselves."""

    async def preview(self, scope: Scope) -> SquareOffPreview:
        """What would be closed in a scope; sends and stores nothing."""

    async def begin(
        self, scope: Scope, command: CommandId, reason: str = "", word: str = "", own: str = ""
    ) -> None:
        """Close what copies hold in a scope; the same command twice is one square-off.

        A scope with what owners hold themselves (``Chosen.owners``) takes a typed word, ``own``.

        Copies that work there are cancelled first. Under PAUSE, HALT or KILL trading goes over to
        REDUCE before that: from HALT on it takes a ``reason``, after a KILL the ``word`` as well.
        Raises RefusedError: nothing was closed; without a ``field`` trading may be in REDUCE.
        """

    async def report(self, command: CommandId | None = None) -> SquareOffReport | None:
        """How a square-off of today stands, the newest unless named; None if there is none."""

    async def broken_off(self) -> SquareOffReport | None:
        """The newest of today that the program's end or a stop broke off and that left something.

        Nobody goes on with it but a person: ``begin`` with ``domain.square_off.goes_on`` of its
        command, whose report is then of both.
        """
