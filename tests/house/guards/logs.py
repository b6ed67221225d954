"""Any log record of WARNING or above that a test did not announce fails it.

An announced record that never came fails it as well: a test that says "this is logged" has to
see the line.
"""

import logging
import re
from collections.abc import Callable, Iterator

import pytest

ExpectLog = Callable[[str], None]

BY_THE_CLOCK = ("alarm sessions_end: ", "alarm calendar: ")
"""What any console on the wall clock says at some hours and days: a test may meet it.

Sessions end at midnight in India, and the list of holidays with its year; a console says so
beforehand. The tests of these two have clocks of their own, and expect them by name.
"""


class WarningRecorder(logging.Handler):
    """Keeps what the whole program logs at WARNING and above, with tracebacks."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def log_expectations(request: pytest.FixtureRequest) -> list[str]:
    """The regular expressions of this test, from its markers and from `expected_log`."""
    return [str(mark.args[0]) for mark in request.node.iter_markers("expected_log")]


@pytest.fixture
def expected_log(log_expectations: list[str]) -> ExpectLog:
    """`expected_log(pattern)`: a WARNING or above whose text matches must come, and may."""
    return log_expectations.append


@pytest.fixture(autouse=True)
def unexpected_log_guard(log_expectations: list[str]) -> Iterator[None]:
    """The outermost guard: it still listens while the other fixtures clean up."""
    recorder = WarningRecorder()
    root = logging.getLogger()
    root.addHandler(recorder)
    try:
        yield
    finally:
        root.removeHandler(recorder)
    patterns = [re.compile(text) for text in log_expectations]
    surprises = [
        line
        for line in recorder.lines
        if not any(pattern.search(line) for pattern in patterns)
        and not any(words in line for words in BY_THE_CLOCK)
    ]
    silent = [
        pattern.pattern
        for pattern in patterns
        if not any(pattern.search(line) for line in recorder.lines)
    ]
    if surprises:
        pytest.fail("Logged and not expected:\n" + "\n".join(surprises), pytrace=False)
    if silent:
        pytest.fail("Expected in the log and never seen: " + ", ".join(silent), pytrace=False)
