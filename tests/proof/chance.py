"""Chance from a seed, so that a run can be had again."""

import random


class SeededChance:
    """``ports.Chance`` from a seed."""

    def __init__(self, seed: str) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - jitter is no secret

    def uniform(self, low: float, high: float) -> float:
        return self._dice.uniform(low, high)
