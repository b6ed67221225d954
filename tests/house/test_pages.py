"""What the pages name is there: files, folders and links, and in the room tree every package."""

import ast
import re
from pathlib import Path

import pytest

from tests.house.source import PACKAGE, ROOT, named

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
PAST = {"docs/benchmarks/history.md"}
"""Tells what was measured of programs before this one, in their words."""
CODE = re.compile(r"`([^`\s]+)`")
FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)*\.(?:py|md|toml|lock|svg|png|qss)(?=$|:)")
FOLDER = re.compile(r"(?:[\w.-]+/)+")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)[^)]*\)")
MADE = {"screenshots/", "calendar.toml", "charges.toml", "freeze.toml", "ban.toml"}
"""Made when the program runs, or of its user's."""
ROOTS = (ROOT, PACKAGE, ROOT / "docs")
NAMES = {
    path.name for folder in ("copytrade_gui", "tests") for path in (ROOT / folder).rglob("*.py")
}
TREE = re.compile(r"^```\ncopytrade_gui/\n(?P<tree>.*?)^```", re.MULTILINE | re.DOTALL)


def missing(text: str, page: Path) -> list[str]:
    """The files, folders and links in this text that are not there."""
    found = [link for link in LINK.findall(text) if not (page.parent / link).exists()]
    for code in CODE.findall(text):
        match = FILE.match(code) or FOLDER.fullmatch(code)
        if match is None or code in MADE or "NAME" in code or "<" in code:
            continue
        name = match[0]
        there = any((root / name).exists() for root in (*ROOTS, page.parent))
        if not there and ("/" in name or name not in NAMES):
            found.append(name)
    return found


def test_the_quiz_asks_fifteen_times_for_one_file() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("quiz")[2]
    answers = re.findall(r"^\| \d+ \|.*\| `([^`]+)` \|$", page, re.MULTILINE)
    assert len(answers) == len(set(answers)) == 15
    assert [answer for answer in answers if not (PACKAGE / answer).is_file()] == []


def packages() -> dict[str, str]:
    """Each package below the program, with the first line of its docstring."""
    return {
        path.parent.relative_to(PACKAGE).as_posix(): (
            ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        )
        for path in sorted(PACKAGE.rglob("__init__.py"))
    }


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_what_a_page_names_is_there(page: Path) -> None:
    if named(page) not in PAST:
        assert missing(page.read_text(encoding="utf-8"), page) == []


@pytest.mark.parametrize(
    "text",
    ["`engine/no_such.py`", "`no_such.py`", "`engine/no_such/`", "[here](no_such.md)"],
)
def test_what_is_not_there_is_noticed(text: str) -> None:
    assert missing(text, ROOT / "README.md")
    assert not missing("`engine/engine.py`, `engine/orders/`, `order.py`", ROOT / "README.md")


def test_every_room_and_wing_says_its_one_sentence() -> None:
    silent = [name for name, says in packages().items() if not re.match(r"[A-Z].+[.]", says)]
    assert silent == []


def test_the_room_tree_names_every_package() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    tree = TREE.search(page)
    assert tree is not None
    drawn: list[str] = []
    path: list[str] = []
    for line in tree["tree"].splitlines():
        entry = re.match(r"(?P<indent>[│ ]*)[├└]── (?P<name>\w+)/", line)
        if entry:
            depth = len(entry["indent"]) // 4
            path = [*path[:depth], entry["name"]]
            drawn.append("/".join(path))
    assert sorted(drawn) == sorted(name for name in packages() if name != ".")
