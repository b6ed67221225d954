"""What the code cites is there: each page, and on it the heading, row or paragraph of that number.

A citation is ``docs/NAME.md`` with numbers behind it, as in ``docs/safety.md 9.34`` or
``docs/broker.md 4.1, 21.2``. On the page a number stands at the beginning of a heading, of a
table's row or of a paragraph in bold.
"""

import ast
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.house.source import ROOT, named, python_files

NUMBER = r"\d+(?:\.\d+)*"
CITATION = re.compile(
    rf"docs/(?P<page>[\w/-]+\.md)(?P<numbers>(?:(?:,| and| to)?\s+(?:#\s+)?(?:{NUMBER})(?![\w/]))*)"
)
ON_A_PAGE = re.compile(rf"^(?:#+ |\| |- \*\*)({NUMBER})(?!\.?\d)", re.MULTILINE)
NUMBERED = {"safety.md", "broker.md"}
"""Pages of numbered rules."""
ELSEWHERE = re.compile(
    r"order-safety|\breference \d|\b[Ss]ections? \d|\b[Ll]aws? \d|\(rows? \d|section \d+ row"
)
"""The ways to cite a page that is not in the repository."""


@cache
def numbers_of(page: str) -> frozenset[str]:
    return frozenset(ON_A_PAGE.findall((ROOT / "docs" / page).read_text(encoding="utf-8")))


def words(source: str) -> Iterator[tuple[int, str]]:
    """Each docstring and run of comments, with its first line."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, text
    run: list[str] = []
    first = last = 0
    for token in tokenize.generate_tokens(iter(source.splitlines(keepends=True)).__next__):
        if token.type == tokenize.COMMENT:
            if run and token.start[0] != last + 1:
                yield first, "\n".join(run)
                run = []
            first = first if run else token.start[0]
            last = token.start[0]
            run.append(token.string)
    if run:
        yield first, "\n".join(run)


def complaints(text: str) -> list[str]:
    """What in these words leads nowhere."""
    found = [f"cites what is not here: {match[0]}" for match in ELSEWHERE.finditer(text)]
    for match in CITATION.finditer(text):
        page = match["page"]
        numbers = re.findall(NUMBER, match["numbers"])
        if not (ROOT / "docs" / page).is_file():
            found.append(f"no page docs/{page}")
        elif page in NUMBERED:
            found += [f"docs/{page} has no {one}" for one in numbers if one not in numbers_of(page)]
    return found


def test_every_citation_leads_to_what_it_names() -> None:
    cited = 0
    found: dict[str, list[str]] = {}
    for path in python_files():
        if path == Path(__file__):
            continue
        for line, text in words(path.read_text(encoding="utf-8")):
            cited += len(CITATION.findall(text))
            if wrong := complaints(text):
                found[f"{named(path)}:{line}"] = wrong
    assert cited > 100
    assert not found


@pytest.mark.parametrize(
    "text",
    [
        "as order-safety section 9 row 34 says",
        "as reference 21 row 3 says",
        "law 8 says so",
        "docs/safety.md 9.99",
        "docs/safety.md 9.34, 9.99",
        "docs/safety.md 9.34 and\n# 9.99",
        "docs/nowhere.md 1",
    ],
)
def test_a_citation_that_leads_nowhere_is_noticed(text: str) -> None:
    assert complaints(text)


@pytest.mark.parametrize(
    "text",
    [
        "docs/safety.md 9.34",
        "docs/safety.md 9.41 to 9.45",
        "docs/broker.md\n    # 21.18), so 2 of 3",
        "docs/safety.md 6.",
        "docs/architecture.md says where",
        "docs/broker.md as a whole",
    ],
)
def test_a_good_one_is_not(text: str) -> None:
    assert not complaints(text)


@pytest.mark.parametrize("page", sorted(NUMBERED))
def test_no_number_stands_twice_on_a_page(page: str) -> None:
    found = ON_A_PAGE.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))
    assert len(found) == len(set(found))
