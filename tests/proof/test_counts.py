"""How much a proof does is never a guess, and a suite that did less gives no row."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proof.counts import COUNTS, VARIABLE, is_quick, proof_count, proof_range
from tests.proof.p05_window import Told
from tests.proof.row import ProofBroken
from tests.proof.suite import run_suite

SMALL = "tests/house/test_words.py"


def test_without_a_word_the_count_is_the_quick_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert is_quick()
    assert proof_count(7, "fuzz_wire") == 7


def test_one_word_means_the_same_to_every_test(monkeypatch: pytest.MonkeyPatch) -> None:
    for word in ("1", "release"):
        monkeypatch.setenv(VARIABLE, word)
        for name, count in COUNTS.items():
            wanted = count.each_change if word == "1" else count.release
            assert proof_count(3, name) == wanted


def test_single_counts_may_begin_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "disk=50@100,fuzz_wire=10")
    assert proof_range(3, "disk") == range(100, 150)
    assert proof_range(3, "fuzz_wire") == range(10)
    assert proof_range(3, "fuzz_parser") == range(3)


@pytest.mark.parametrize("said", ["yes", "0", "fuzz_wire", "fuzz_wires=10", "disk=50@", "1,2"])
def test_a_word_nobody_understands_is_an_error(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, said)
    with pytest.raises(ValueError, match="not understood"):
        proof_count(3, "disk")


def test_a_row_needs_what_its_tests_counted() -> None:
    ran = run_suite([SMALL], "1")
    assert ran.passed > 0
    assert ran.row("P0", "x", "").count == ran.passed
    with pytest.raises(ProofBroken, match="counted only"):
        ran.row("P0", "x", "", count="inputs")


@pytest.mark.parametrize(
    ("body", "words"),
    [("assert False", "failed"), ("import unittest; raise unittest.SkipTest", "were skipped")],
)
def test_a_suite_that_fails_or_is_skipped_gives_no_row(
    tmp_path: Path, body: str, words: str
) -> None:
    file = tmp_path / "test_it.py"
    file.write_text(f"def test_it() -> None:\n    {body}\n", encoding="utf-8")
    with pytest.raises(ProofBroken, match=words):
        run_suite([str(file)], "1")


def test_the_report_on_the_screen_is_read_or_refused() -> None:
    text = "Proven at the broker: 12\n   x\n\nStill unknown: decide these first: none\n"
    assert Told.read(text) == Told(proven=12, unknown=0)
    with pytest.raises(ProofBroken, match="does not say"):
        Told.read("Everything is fine.")
