"""A part of the engine that needs more than eight others is two parts."""

import ast
from collections.abc import Iterator

import pytest

from tests.house.source import PACKAGE

MOST = 8


def parts() -> Iterator[tuple[str, int]]:
    """Each class of the engine, and how many it is made with."""
    for path in sorted((PACKAGE / "engine").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.ClassDef):
                continue
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    names = [*method.args.args[1:], *method.args.kwonlyargs]
                    yield f"{path.relative_to(PACKAGE)}: {node.name}", len(names)


def test_no_part_of_the_engine_is_made_with_more_than_eight_others() -> None:
    found = dict(parts())
    assert len(found) > 20
    assert {name: count for name, count in found.items() if count > MOST} == {}


@pytest.mark.parametrize("word", ["self.on_", "._on_"])
def test_nothing_is_called_back_by_an_attribute_that_somebody_sets_later(word: str) -> None:
    """The parts tell by ``News``; what hears what stands in the assembly alone."""
    found = [
        f"{path.relative_to(PACKAGE)}:{number}"
        for path in sorted((PACKAGE / "engine").rglob("*.py"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if word in line and "work.py" not in path.name
    ]
    assert found == []
