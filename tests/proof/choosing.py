"""Which tests are asked about a broken rule: those that run the function it stands in."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping

from tests.proof.mutants import Mutant
from tests.proof.touched import Touched

_FEW = 12
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def chosen(
    mutant: Mutant, source: str, touched: list[Touched], noticed: Mapping[str, int]
) -> list[str]:
    """The tests that can notice it, most likely soonest first.

    ``noticed`` counts the broken rules that a test has noticed: those that noticed most come first,
    and then a test of each file in turn, for each file is about something else. What stands outside
    every function works when its file is imported, and then in every test: those that run functions
    of the file come first, and all others after them.
    """
    function = function_at(source, _place(mutant, source))
    asked = touched
    if function is not None:
        name = f"{mutant.file}::{function}"
        asked = [test for test in touched if name in test.functions]
    turn = _turns(asked)
    asked = sorted(
        asked,
        key=lambda test: (
            function is None and mutant.file not in test.files,
            -noticed.get(test.test, 0),
            turn[test.test],
            _cost(test),
        ),
    )
    return [test.test for test in asked]


def in_batches(tests: list[str], before: str | None) -> list[list[str]]:
    """The tests in the order given, of which the first few are asked by themselves: most broken
    rules are noticed by one of them, and finding all of the others takes as long as many tests.

    ``before`` is the test that noticed it the last time: it is asked before any other.
    """
    first = [before] if before in tests else []
    others = [test for test in tests if test not in first]
    return [batch for batch in (first, others[:_FEW], others[_FEW:]) if batch]


def in_order(touched: list[Touched]) -> list[str]:
    """All tests, in an order such as ``chosen`` gives them."""
    turn = _turns(touched)
    return [test.test for test in sorted(touched, key=lambda one: (turn[one.test], _cost(one)))]


def _turns(tests: list[Touched]) -> dict[str, int]:
    """The place of each test among those of its file, the cheapest first."""
    turns: dict[str, int] = {}
    taken: Counter[str] = Counter()
    for test in sorted(tests, key=_cost):
        file = test.test.partition("::")[0]
        turns[test.test] = taken[file]
        taken[file] += 1
    return turns


def _cost(test: Touched) -> float:
    """The shorter a test and the fewer functions it runs, the sooner one of them is noticed."""
    return test.seconds * len(test.functions)


def _place(mutant: Mutant, source: str) -> int:
    """The line, from 1, in which the broken rule first differs from the sound one."""
    pairs = zip(mutant.old, mutant.new, strict=False)
    shorter = min(len(mutant.old), len(mutant.new))
    same = next((at for at, (old, new) in enumerate(pairs) if old != new), shorter)
    return source.count("\n", 0, source.index(mutant.old) + same) + 1


def function_at(source: str, line: int) -> str | None:
    """The qualified name of the innermost function around a line; None outside of them."""
    name = None
    for found, node in _functions(ast.parse(source), ""):
        if node.lineno <= line <= (node.end_lineno or node.lineno):
            name = found  # inner ones come after their outer one
    return name


def _functions(
    parent: ast.AST, prefix: str
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, _FUNCTIONS):
            yield f"{prefix}{node.name}", node
            yield from _functions(node, f"{prefix}{node.name}.<locals>.")
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{prefix}{node.name}.")
        else:
            yield from _functions(node, prefix)
