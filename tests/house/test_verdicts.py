"""Every code an order can end with is in the table, and the page of them is the table."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from copytrade_gui.domain.checks.table import verdicts
from tests.house.source import PACKAGE, ROOT
from tests.house.verdict_page import page

ROOMS = ("engine", "domain")
PLACE = {
    "give_up": 2,
    "skip": 1,
    "_drop": 1,
    "DeniedError": 0,
    "CannotPlanError": 0,
    "Sized": 1,
    "Finding": 0,
    "_block": 0,
    "Verdict": 0,
    "Check": 0,
    "Refusal": 0,
}
"""Which argument of which call is a code."""
NOT_A_VERDICT = frozenset({"alarm"})
CODE = re.compile(r"[a-z]+(_[a-z]+)*")


def codes_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        given = [word.value for word in node.keywords if word.arg == "code"]
        place = PLACE.get(name, -1)
        if 0 <= place < len(node.args):
            given.append(node.args[place])
        for one in given:
            code = getattr(one, "value", None)
            if isinstance(code, str) and CODE.fullmatch(code) and name not in NOT_A_VERDICT:
                yield code


def used() -> set[str]:
    return {
        code
        for room in ROOMS
        for path in sorted((PACKAGE / room).rglob("*.py"))
        if path.name != "table.py"
        for code in codes_in(path)
    }


def test_every_code_is_in_the_table_once() -> None:
    known = [verdict.code for verdict in verdicts()]
    assert len(known) == len(set(known))
    assert sorted(used() - set(known)) == []


def test_the_page_of_verdicts_is_the_table() -> None:
    """Made anew by ``python -m tests.house.verdict_page``."""
    assert (ROOT / "docs" / "verdicts.md").read_text("utf-8") == page()
