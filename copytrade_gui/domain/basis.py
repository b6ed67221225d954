"""On what basis an account is traded here, as its owner or a person he trusts has declared it.

India's rules ask it of whoever sends an account's orders by program (docs/safety.md 13): the rules
for its owner, for his family, and for who trades for others differ. Nothing here judges the claim;
it is stored with its reference, and a live account without one opens nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from copytrade_gui.domain.account_field import text_problem
from copytrade_gui.domain.typed import quoted

MOST_REFERENCE = 100
MOST_ALGO_ID = 12
"""Characters of an ``algoId`` at the broker (docs/broker.md 9.1.13)."""
NOTHING = "none"
"""How a file says that there is none."""
_ALGO_ID = re.compile(r"[A-Za-z0-9_-]+")
_BETWEEN = re.compile(r"[\s_-]+")
_RELATION = re.compile(
    r"\b(spouse|wife|husband|child|children|son|daughter|parents?|father|mother)\b", re.IGNORECASE
)
"""The family that may share an address: spouse, dependent children, dependent parents."""
LABELS = {"basis": "Basis", "basis_reference": "Basis reference", "algo_id": "Algo id"}
"""What the fields are called in a sentence and in the window."""


class Basis(StrEnum):
    """Why orders of an account may be sent from here."""

    SELF = "self"
    FAMILY = "family"
    REGISTERED_PM = "registered_pm"
    BROKER_OR_AUTHORISED_PERSON = "broker_or_authorised_person"
    EMPANELLED = "empanelled"
    SIMULATOR = "simulator"

    @property
    def in_words(self) -> str:
        """As it stands in the window."""
        return _MEANINGS[self].words

    @property
    def means(self) -> str:
        """One sentence for what it declares."""
        return _MEANINGS[self].means

    @property
    def asks(self) -> str:
        """What its reference has to say; empty where it needs none."""
        return _MEANINGS[self].asks


class _Meaning(NamedTuple):
    words: str
    means: str
    asks: str = ""


_MEANINGS = {
    Basis.SELF: _Meaning(
        "My own account", "The account belongs to the person who runs this program."
    ),
    Basis.FAMILY: _Meaning(
        "Family",
        "It belongs to that person's spouse, dependent child or dependent parent: only they may "
        "share an address.",
        "the relation: spouse, dependent child or dependent parent",
    ),
    Basis.REGISTERED_PM: _Meaning(
        "Registered portfolio manager",
        "It belongs to a client of a portfolio manager registered with SEBI, who runs this "
        "program.",
        "the manager's SEBI registration number",
    ),
    Basis.BROKER_OR_AUTHORISED_PERSON: _Meaning(
        "Broker or authorised person",
        "It belongs to a client of the broker or of his authorised person, who runs this program.",
        "the registration number of the broker or authorised person",
    ),
    Basis.EMPANELLED: _Meaning(
        "Empanelled provider",
        "It belongs to a client of a provider who is empanelled with the exchange.",
        "the reference of the empanelment",
    ),
    Basis.SIMULATOR: _Meaning(
        "Simulator", "It is an account at the simulated broker; a live account cannot have it."
    ),
}


@dataclass(frozen=True, slots=True)
class Declared:
    """What is declared of one account: basis, its reference, and the id of a registered algo."""

    basis: Basis | None = None
    reference: str = ""
    algo_id: str = ""

    @property
    def in_words(self) -> str:
        """``Family (spouse), algo id ABC1``; ``none``."""
        said = NOTHING if self.basis is None else self.basis.in_words
        said += f" ({self.reference})" if self.reference else ""
        return f"{said}, algo id {self.algo_id}" if self.algo_id else said


UNDECLARED = Declared()
SIMULATED = Declared(Basis.SIMULATOR)
"""What an account at the simulated broker is by itself."""


class BasisProblem(NamedTuple):
    """Which field is wrong, as ``LABELS`` spells it, in one sentence with the remedy."""

    field: str
    sentence: str


def read_basis(text: str) -> Basis | BasisProblem | None:
    """Read a basis in any casing, with spaces or underscores; None for an empty text."""
    said = _BETWEEN.sub("_", text.strip().lower())
    if said in ("", NOTHING):
        return None
    for basis in Basis:
        if said in (basis.value, _BETWEEN.sub("_", basis.in_words.lower())):
            return basis
    known = ", ".join(Basis)
    return BasisProblem("basis", f"Basis {quoted(text)} is not known. Use one of: {known}.")


def problem_with(said: Declared, *, live: bool) -> BasisProblem | None:
    """What is wrong with what is declared of an account, at the broker or on paper."""
    basis, reference = said.basis, said.reference
    if live and basis is Basis.SIMULATOR:
        return BasisProblem(
            "basis",
            f"Basis {basis} is for accounts at the simulated broker. This one is live: choose why "
            "its orders may be sent from here.",
        )
    if basis is None and reference:
        return BasisProblem(
            "basis", "Basis is empty, but it has a reference. Choose the basis it belongs to."
        )
    if basis is not None and basis.asks and not reference:
        return BasisProblem(
            "basis_reference", f"Basis reference is empty. {basis.in_words} needs {basis.asks}."
        )
    return _reference_problem(basis, reference) or _algo_problem(said.algo_id)


def _reference_problem(basis: Basis | None, reference: str) -> BasisProblem | None:
    if not reference:
        return None
    if reference.lower() == NOTHING:
        return BasisProblem(
            "basis_reference", f"Basis reference cannot be {quoted(reference)}. Leave it empty."
        )
    if problem := text_problem("Basis reference", reference, MOST_REFERENCE):
        return BasisProblem("basis_reference", problem)
    if basis is Basis.FAMILY and not _RELATION.search(reference):
        return BasisProblem(
            "basis_reference",
            f"Basis reference {quoted(reference)} names no relation that may share an address: "
            "spouse, dependent child or dependent parent. Write which, or choose another basis.",
        )
    return None


def _algo_problem(algo_id: str) -> BasisProblem | None:
    """An algo id is the exchange's, for whoever had the algo registered; else there is none."""
    known = _ALGO_ID.fullmatch(algo_id) and algo_id.lower() != NOTHING
    if not algo_id or (known and len(algo_id) <= MOST_ALGO_ID):
        return None
    return BasisProblem(
        "algo_id",
        f"Algo id {quoted(algo_id)} is not one of a registered algo: letters and digits, at most "
        f"{MOST_ALGO_ID}. Leave it empty if the algo is not registered.",
    )


def why_not_live(basis: Basis | None) -> str:
    """Why a live account with this basis opens nothing, in sentences; empty: it may."""
    if basis is None:
        return (
            "It has no compliance basis, so only exits leave it. Choose one under Followers > "
            "Declare basis."
        )
    if basis is Basis.SIMULATOR:
        return (
            "Its compliance basis is the simulator, and it is live, so only exits leave it. "
            "Choose another under Followers > Declare basis."
        )
    return ""
