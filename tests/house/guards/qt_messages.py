"""Any message of Qt (debug lines apart) that a test did not announce fails it."""

import re
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

# One line each, with the reason why nothing of ours can avoid it.
HARMLESS = (
    # The offscreen platform says so whenever a window has a minimum size.
    re.compile(r"^This plugin does not support propagateSizeHints\(\)$"),
    # The offscreen platform again, when a window is brought to the front.
    re.compile(r"^This plugin does not support raise\(\)$"),
)


@pytest.fixture(autouse=True)
def qt_message_guard(
    request: pytest.FixtureRequest, unexpected_log_guard: None
) -> Iterator[list[str]]:
    """Yield the messages so far, so that a test can look at them."""
    messages: list[str] = []

    def note(kind: QtMsgType, context: QMessageLogContext, text: str | None) -> None:
        if kind is not QtMsgType.QtDebugMsg:
            messages.append(text or "")

    before = qInstallMessageHandler(note)
    try:
        yield messages
    finally:
        qInstallMessageHandler(before)
    expected = [
        re.compile(str(mark.args[0])) for mark in request.node.iter_markers("expected_qt_message")
    ]
    surprises = [
        text
        for text in messages
        if not any(pattern.search(text) for pattern in (*HARMLESS, *expected))
    ]
    if surprises:
        pytest.fail("Qt said, and nobody expected it:\n" + "\n".join(surprises), pytrace=False)
