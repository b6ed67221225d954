"""The stops as files beside the database: the state that holds, and a stop that a script asks for.

A file may stop trading and never frees it: nothing that lies there lifts a stop.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from copytrade_gui.domain.trading_state import StateChange, TradingState


class StopAsked(Struct, frozen=True):
    """A stop that somebody asked for beside the window; its answer bears the same ``name``.

    ``account`` is a client id, ``group`` a group's name; with neither it is for everything.
    ``all_orders``: a KILL cancels what the owners placed themselves as well.
    """

    name: str
    state: TradingState
    actor: str
    reason: str
    account: str = ""
    group: str = ""
    all_orders: bool = False

    @property
    def for_all(self) -> bool:
        """True if it is for the whole program."""
        return not (self.account or self.group)


class StopAnswer(Struct, frozen=True):
    """What became of a stop that was asked for; ``held`` is False where nothing was stopped."""

    name: str
    held: bool
    sentence: str


class StopFiles(Protocol):
    """Both directions, and the state as it was last stored."""

    def asked(self) -> Sequence[StopAsked]:
        """The stops that are asked for, strictest first; each is given out once.

        What cannot be read asks for HALT (fail closed).
        """

    def answer(self, asked: StopAsked, answer: StopAnswer) -> None:
        """Say what became of it, and take this request away, no other one. Never raises."""

    def put(self, change: StateChange) -> None:
        """Write down the state that is stored now. Raises OSError."""

    def newest(self) -> StateChange | None:
        """What was written down last; None: nothing, or nothing that can be read."""


class NoStopFiles:
    """Nobody asks beside the window, and nothing is written down."""

    def asked(self) -> Sequence[StopAsked]:
        """Nothing."""
        return ()

    def answer(self, asked: StopAsked, answer: StopAnswer) -> None:
        """Nobody waits for it."""

    def put(self, change: StateChange) -> None:
        """The journal has it."""

    def newest(self) -> StateChange | None:
        """Nothing."""
        return None
