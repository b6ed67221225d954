"""Files stay small enough to read, names say what lives there, exceptions carry their reason."""

import io
import re
import tokenize
from pathlib import Path

import pytest

from tests.house.source import PACKAGE, ROOT, named, python_files

MOST_LINES = 400
# A longer file, with the reason why it is one thing.
LONGER: dict[str, str] = {}
# Names that say nothing about what is inside.
EMPTY_NAMES = re.compile(r"^(utils?|helpers?|commons?|managers?|bases?|misc|tools?)$")
EXCUSE = re.compile(
    r"(?:type:\s*ignore(?P<kind>\[[^\]]*\])?|noqa(?P<code>:\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)?)"
)
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
# A test that does not run proves nothing; a rule of one platform may say so.
NOT_RUN = re.compile(
    r"(pytest\.skip\(|pytest\.xfail\(|mark\.skip\b|mark\.xfail\b|mark\.skipif\((?!\s*sys\.platform))"
)

FILES = python_files()


def comments(source: str) -> list[tuple[int, str]]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]


def unexplained(source: str) -> list[int]:
    """Return the lines where a check is switched off without a reason in the same line."""
    found = []
    for line, text in comments(source):
        excuse = EXCUSE.search(text)
        if excuse is None:
            continue
        named_rule = excuse["kind"] or excuse["code"]
        reason = re.sub(EXCUSE, "", text).strip(" #-:,")
        if not named_rule or len(reason.split()) < 2:
            found.append(line)
    return found


def test_files_are_short_enough_to_read() -> None:
    long = {
        named(path): lines
        for path in FILES
        if (lines := path.read_text(encoding="utf-8").count("\n")) > MOST_LINES
        and named(path) not in LONGER
    }
    assert not long, f"more than {MOST_LINES} lines; what second thing moved in? {long}"


def test_names_say_what_lives_there() -> None:
    empty = [
        named(path)
        for path in FILES
        if any(EMPTY_NAMES.match(part) for part in path.relative_to(ROOT).with_suffix("").parts)
    ]
    assert not empty, f"say what is inside: {empty}"


def test_switched_off_checks_say_why() -> None:
    found = {
        named(path): lines
        for path in FILES
        if (lines := unexplained(path.read_text(encoding="utf-8")))
    }
    assert not found, f"no reason in the same line: {found}"


def test_nothing_is_left_unfinished() -> None:
    left = []
    for path in FILES:
        source = path.read_text(encoding="utf-8")
        left += [
            f"{named(path)}:{line}" for line, text in comments(source) if UNFINISHED.search(text)
        ]
        if PACKAGE in path.parents and "NotImplementedError" in source:
            left.append(named(path))
    assert not left, left


def test_every_test_runs() -> None:
    idle = {
        named(path): found[0]
        for path in FILES
        if named(path).startswith("tests/") and path.name != Path(__file__).name
        if (found := NOT_RUN.search(path.read_text(encoding="utf-8")))
    }
    assert not idle, f"a test that does not run proves nothing: {idle}"


@pytest.mark.parametrize(
    ("line", "fine"),
    [
        ("x = 1  # noqa", False),
        ("x = 1  # noqa: E501", False),
        ("x = 1  # type: ignore", False),
        ("x = 1  # type: ignore[attr-defined]", False),
        ("x = 1  # type: ignore[attr-defined]  # qasync ships no types", True),
        ("x = 1  # noqa: BLE001 - a surprise of one lane must not stop the others", True),
        ("x = '# noqa'", True),
    ],
)
def test_the_reading_of_excuses(line: str, *, fine: bool) -> None:
    assert (not unexplained(line + "\n")) is fine
