"""The proofs with small counts, in every test run; `make proof` runs the whole first column."""

from __future__ import annotations

import pytest

from copytrade_gui.engine.orders import faultpoints
from tests.proof import (
    p01_burst,
    p03_random,
    p04_stops,
    p06_lost_replies,
    p07_slow_visibility,
    p08_lying_book,
    p09_machine,
    p13_detection,
    p14_one_account,
    p15_kill,
    p19_followers,
    p20_soak,
    p28_modify_storm,
    p29_square_off,
    p30_followers_day,
    p31_master_elsewhere,
)
from tests.proof.registry import pieces
from tests.proof.row import ProofBroken, Row, added
from tests.proof.soaked_console import Sample

SOME_OUTCOMES = ("accepted", "EC003 placed", "request lost", "429")


def test_p1_a_burst_is_accepted_whole_and_inside_every_limit() -> None:
    verdict = p01_burst.burst(60, 3)
    verdict.must_be_clean("burst")
    assert verdict.accepted == 3 * 61


@pytest.mark.parametrize("seed", range(12))
def test_p3_a_random_schedule_loses_doubles_and_orphans_nothing(seed: int) -> None:
    p03_random.run(seed, followers=8).verdict.must_be_clean(f"seed {seed}")


def test_p3_a_seed_replays_alike_event_by_event_and_send_by_send() -> None:
    first, again = p03_random.run(5, followers=8), p03_random.run(5, followers=8)
    assert first == again
    assert p03_random.run(6, followers=8).wire != first.wire


@pytest.mark.parametrize("point", faultpoints.ALL)
def test_p4_a_stop_at_each_point_recovers(point: str) -> None:
    for outcome in SOME_OUTCOMES:
        p04_stops.stop_at(point, outcome)


def test_p6_lost_replies_are_found_by_tag_and_never_sent_again() -> None:
    p06_lost_replies.lost_replies(100, 3).must_be_clean("lost replies")


@pytest.mark.parametrize("seconds", p07_slow_visibility.DELAYS)
def test_p7_slow_orders_are_found_late_and_alarmed(seconds: float) -> None:
    p07_slow_visibility.slow(10, seconds).must_be_clean(f"{seconds} s")


def test_p8_lying_books_bring_no_wrong_verdict() -> None:
    verdict, told = p08_lying_book.lying(20, 4)
    verdict.must_be_clean("lies")
    assert told > 100


@pytest.mark.slow
def test_p9_random_events_in_random_order() -> None:
    p09_machine.play(25, 30, 11)


@pytest.mark.parametrize("kind", p15_kill.KINDS)
def test_p15_a_kill_at_a_random_moment_lets_nothing_leave_and_ends_all(kind: str) -> None:
    for seed in range(4):
        p15_kill.run(seed, kind).must_be_clean(f"seed {seed}, {kind}")


@pytest.mark.parametrize("kind", p14_one_account.KINDS)
def test_p14_who_is_struck_makes_nobody_else_wait(kind: str) -> None:
    took, _ = p14_one_account.burst_times(kind, 8)
    assert max(took) - min(took) < 1


@pytest.mark.parametrize("seed", range(6))
def test_p19_who_is_out_gets_nothing_and_a_plan_is_for_who_was_in(seed: int) -> None:
    verdict, _ = p19_followers.run(seed)
    verdict.must_be_clean(f"seed {seed}")


@pytest.mark.parametrize("seed", range(3))
def test_p29_whoever_is_left_by_a_square_off_is_named_and_nobody_is_turned_round(seed: int) -> None:
    seen = p29_square_off.play(10, seed)
    assert 0 < seen.crashed_with < seen.held
    assert seen.verdict is not None
    seen.verdict.must_be_clean(f"seed {seed}")


@pytest.mark.parametrize(
    ("memory_kib", "files", "broken"),
    [(104_000, 90, ""), (106_000, 90, "memory grows"), (100_000, 101, "open files grow")],
)
def test_p20_notices_what_grows(memory_kib: int, files: int, broken: str) -> None:
    first = Sample(240.0, 100_000, 100, 500)
    grown = p20_soak.Growth(first, Sample(600.0, memory_kib, files, 500))
    if not broken:
        grown.must_be_small(memory=True)
        return
    with pytest.raises(ProofBroken, match=broken):
        grown.must_be_small(memory=True)


def test_every_proof_of_the_table_is_found() -> None:
    found = {piece.test for piece in pieces(release=False, wanted=set())}
    assert {*(f"P{number}" for number in range(1, 32)), "P5 window", "fuzz"} == found


def test_parts_add_up_and_a_finding_in_one_part_stays() -> None:
    good = Row("P0", "x", 2, 1, 0, 0, 0, 1.0, "a")
    bad = Row("P0", "x", 3, 1, 0, 1, 0, 1.0, "a")
    total = added([good, bad])
    assert (total.count, total.duplicate, total.note) == (5, 1, "a")
    assert not total.clean


@pytest.mark.parametrize("way", p13_detection.WAYS)
def test_p13_what_the_master_does_elsewhere_is_one_plan_each(way: str) -> None:
    p13_detection.detect(30, 3, way)


@pytest.mark.parametrize(
    ("way", "what"), [("console", "answers lost"), ("elsewhere", "quantity too")]
)
def test_p28_a_storm_of_changes_ends_at_the_last(way: str, what: str) -> None:
    assert p28_modify_storm.storm(6, way, what) > 50


def test_p30_positions_are_the_copies_and_what_each_traded_himself() -> None:
    assert p30_followers_day.play(14, 18, 2).acts


def test_p31_what_a_master_does_elsewhere_ends_in_step_or_named() -> None:
    day = p31_master_elsewhere.play(4, 20, 1)
    assert day.copies > day.named
