"""What may be declared of an account, and what is refused in one sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.basis import (
    LABELS,
    MOST_ALGO_ID,
    MOST_REFERENCE,
    Basis,
    BasisProblem,
    Declared,
    problem_with,
    read_basis,
    why_not_live,
)

RIGHT = [
    Declared(),
    Declared(Basis.SELF),
    Declared(Basis.SELF, "HUF of the same person"),
    Declared(Basis.SELF, algo_id="ALGO-1_x"),
    *(Declared(Basis.FAMILY, said) for said in (
        "spouse", "Wife", "dependent child: Ravi", "my son", "dependent parent", "Mother, 71",
    )),
    Declared(Basis.REGISTERED_PM, "INP000001234"),
    Declared(Basis.BROKER_OR_AUTHORISED_PERSON, "AP0297001234"),
    Declared(Basis.EMPANELLED, "NSE/ALGO/2026/17"),
]  # fmt: skip
WRONG = [
    (Declared(Basis.FAMILY), "basis_reference", "needs the relation"),
    (Declared(Basis.FAMILY, "brother"), "basis_reference", '"brother" names no relation'),
    (Declared(Basis.FAMILY, "grandparental friend"), "basis_reference", "names no relation"),
    (Declared(Basis.REGISTERED_PM), "basis_reference", "SEBI registration number"),
    (Declared(Basis.BROKER_OR_AUTHORISED_PERSON), "basis_reference", "registration number"),
    (Declared(Basis.EMPANELLED), "basis_reference", "reference of the empanelment"),
    (Declared(None, "spouse"), "basis", "Choose the basis"),
    (Declared(Basis.SELF, "x" * (MOST_REFERENCE + 1)), "basis_reference", "more than 100"),
    (Declared(Basis.SELF, "two\nlines"), "basis_reference", "on one line"),
    (Declared(Basis.SELF, "none"), "basis_reference", "cannot be"),
    (Declared(Basis.SELF, "---"), "basis_reference", "no letter or digit"),
    (Declared(Basis.SELF, algo_id="x" * (MOST_ALGO_ID + 1)), "algo_id", "at most 12"),
    (Declared(Basis.SELF, algo_id="a b"), "algo_id", "letters and digits"),
    (Declared(algo_id="none"), "algo_id", "Leave it empty"),
]


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("said", RIGHT, ids=lambda said: said.in_words)
def test_what_says_enough_is_taken(said: Declared, live: bool) -> None:
    assert problem_with(said, live=live) is None


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize(("said", "field", "words"), WRONG)
def test_what_says_too_little_is_refused_by_its_field(
    said: Declared, field: str, words: str, live: bool
) -> None:
    problem = problem_with(said, live=live)
    assert problem is not None
    assert problem.field == field
    assert words in problem.sentence
    assert problem.sentence.startswith(LABELS[field])
    assert problem.sentence.endswith(".")


def test_the_simulators_is_for_paper_alone() -> None:
    assert problem_with(Declared(Basis.SIMULATOR), live=False) is None
    problem = problem_with(Declared(Basis.SIMULATOR), live=True)
    assert problem is not None
    assert problem.field == "basis"
    assert "This one is live" in problem.sentence


@pytest.mark.parametrize("basis", list(Basis))
def test_a_basis_is_read_as_files_and_as_the_window_spell_it(basis: Basis) -> None:
    for said in (basis.value, basis.value.upper(), basis.value.replace("_", " "), basis.in_words):
        assert read_basis(f" {said} ") is basis
    assert basis.means.endswith(".")
    assert bool(why_not_live(basis)) is (basis is Basis.SIMULATOR)


def test_none_is_read_and_a_word_that_is_none_of_them_is_refused_with_all_of_them() -> None:
    assert read_basis("") is read_basis("None") is None
    problem = read_basis("friend")
    assert isinstance(problem, BasisProblem)
    assert all(basis.value in problem.sentence for basis in Basis)
    assert "none" in problem.sentence or '"friend"' in problem.sentence


@given(st.builds(Declared, st.none() | st.sampled_from(Basis), st.text(max_size=150),
                 st.text(max_size=20)), st.booleans())  # fmt: skip
def test_whatever_is_typed_is_taken_whole_or_refused_in_one_line(
    said: Declared, live: bool
) -> None:
    problem = problem_with(said, live=live)
    if problem is None:
        assert len(said.reference) <= MOST_REFERENCE
        assert len(said.algo_id) <= MOST_ALGO_ID
        assert not (live and said.basis is Basis.SIMULATOR)
    else:
        assert problem.field in LABELS
        assert "\n" not in problem.sentence
        assert len(problem.sentence) < 300
