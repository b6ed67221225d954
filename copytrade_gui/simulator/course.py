"""What a script makes of the market: falls, rises and standstills, laid over the price paths."""

import math
import random
from collections.abc import Set as AbstractSet
from typing import Literal

import msgspec

_WOBBLE = 0.002
"""How far a price strays from the straight way of a move, as a share of it."""


class Scene(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One thing that is to happen to prices; a list of them is a script."""

    scene: Literal["crash", "rise", "move", "still"]
    """`crash`: all fall by ``percent`` within ``seconds``. `rise`: the other way. `move`: by a
    percentage with a sign. `still`: no price moves by itself for so long."""
    percent: float = 8.0
    seconds: int = 60
    after_s: int = 0
    """From when on, counted from when the script was given."""
    symbols: list[str] = msgspec.field(default_factory=list)
    """Underlyings, such as `RELIANCE` or `NIFTY`; empty for all. Derivatives follow theirs."""


class Move(msgspec.Struct, frozen=True):
    """A scene with its times as seconds since the epoch. ``ratio`` 0 is a standstill."""

    start: int
    end: int
    ratio: float
    symbols: tuple[str, ...] = ()

    def concerns(self, symbol: str) -> bool:
        return not self.symbols or symbol in self.symbols


class SceneError(Exception):
    """A scene that cannot be played; the text says why."""


def move_of(scene: Scene, now: int, known: AbstractSet[str]) -> Move:
    """The move that a scene is, from second ``now``, at a market with these underlyings.

    Raises:
        SceneError: seconds or percent that make no sense, or a symbol that is not known.
    """
    strange = sorted(set(scene.symbols) - known)
    if strange:
        raise SceneError(f"symbols: {strange[0]} is no underlying of this market")
    if scene.seconds < 1 or scene.after_s < 0:
        raise SceneError("seconds must be 1 or more, and after_s 0 or more")
    if not -90 <= scene.percent <= 200 or (scene.scene != "move" and scene.percent <= 0):
        raise SceneError(
            "percent must be above 0 and at most 90 for a crash, 200 for a rise; "
            "only a move may have a sign"
        )
    signed = -scene.percent if scene.scene == "crash" else scene.percent
    if signed < -90:
        raise SceneError("percent must be at most 90 for a crash")
    ratio = 0.0 if scene.scene == "still" else 1.0 + signed / 100.0
    start = now + scene.after_s
    return Move(start, start + scene.seconds, ratio, tuple(scene.symbols))


class Course:
    """All moves of a market. Prices stay a pure function of the second."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.moves: list[Move] = []
        self._phases: dict[tuple[str, int], float] = {}

    def path_second(self, symbol: str, slot: int) -> int:
        """Which second of its own path a price is at: standstills do not count."""
        stood = 0
        for move in self.moves:
            if not move.ratio and slot > move.start and move.concerns(symbol):
                stood += min(slot, move.end) - move.start
        return slot - stood

    def factor(self, symbol: str, slot: int) -> float:
        """By what the price on its own path is multiplied at a second."""
        factor = 1.0
        for move in self.moves:
            if not move.ratio or slot <= move.start or not move.concerns(symbol):
                continue
            if slot >= move.end:
                factor *= move.ratio
            else:
                done = (slot - move.start) / (move.end - move.start)
                stray = math.sin(math.pi * done) * math.sin(11.0 * done + self._phase(symbol, move))
                factor *= (1.0 + (move.ratio - 1.0) * done) * (1.0 + _WOBBLE * stray)
        return factor

    def _phase(self, symbol: str, move: Move) -> float:
        phase = self._phases.get((symbol, move.start))
        if phase is None:
            dice = random.Random(f"{self._seed}/{symbol}/{move.start}")
            phase = self._phases[symbol, move.start] = dice.uniform(0.0, math.tau)
        return phase

    def quiet(self, first: int, last: int) -> bool:
        """Whether no move is under way between two seconds."""
        return all(not move.ratio or last <= move.start or first >= move.end for move in self.moves)
