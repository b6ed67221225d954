"""Each check of the table left out, one at a time; see ``mutants``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from copytrade_gui.domain.checks.account import ACCOUNT_CHECKS
from copytrade_gui.domain.checks.check import Check
from copytrade_gui.domain.checks.plan import PLAN_CHECKS
from copytrade_gui.domain.checks.share import SHARE_CHECKS
from tests.proof.mutants import Mutant

_CHECKS = "copytrade_gui/domain/checks/"
_FINDS_NOTHING = "lambda _facts: None"


def _left_out(file: str, checks: Iterable[Check[Any]]) -> Iterator[Mutant]:
    for check in checks:
        asked = f" {check.ask.__name__}),\n"
        yield Mutant(
            f"the check {check.code} is asked", f"{_CHECKS}{file}", asked, f" {_FINDS_NOTHING}),\n"
        )


MUTANTS: tuple[Mutant, ...] = (
    *_left_out("plan.py", PLAN_CHECKS),
    *_left_out("account.py", ACCOUNT_CHECKS),
    *_left_out("share.py", SHARE_CHECKS),
)
