"""When the simulator's process ends: with its parent, when told, or unused."""

import asyncio

import pytest

from copytrade_gui.simulator.lifetime import Lifetime


def test_it_goes_with_its_parent_unless_it_was_told_to_stay() -> None:
    ends: list[int] = []
    life = Lifetime(lambda: ends.append(1))
    life.stay(3600)
    life.parent_left()
    assert not ends
    life.stay(600)
    assert not ends
    life.stay(0)
    assert ends, "the parent is gone already"
    alone: list[int] = []
    Lifetime(lambda: alone.append(1)).parent_left()
    assert alone


async def test_it_ends_when_nobody_has_used_it_for_so_long_and_never_while_somebody_does() -> None:
    ended, looks = asyncio.Event(), 0

    def in_use() -> bool:
        nonlocal looks
        looks += 1
        return looks <= 8  # twice as long as it would stay unused

    life = Lifetime(ended.set)
    life.stay(0.02)
    watch = asyncio.create_task(life.watch(in_use))
    async with asyncio.timeout(10):
        await ended.wait()
    assert looks > 8
    await watch


async def test_a_machine_that_slept_is_no_time_unused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock jumps by a night at each look: each counts as two looks at most."""
    ended, looks = asyncio.Event(), 0
    loop = asyncio.get_running_loop()
    real, night = loop.time, 0.0

    def in_use() -> bool:
        nonlocal looks, night
        looks += 1
        night += 40_000.0
        return False

    life = Lifetime(ended.set)
    life.stay(0.02)
    monkeypatch.setattr(loop, "time", lambda: real() + night)
    await life.watch(in_use)
    assert looks >= 2
