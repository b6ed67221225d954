"""What the program is refused with: one sentence each, for whoever started it."""

from __future__ import annotations

from copytrade_gui.ports import BrokerFailureError, JournalFailureError
from copytrade_gui.storage.files.problems import StorageError


def refusals() -> tuple[type[Exception], ...]:
    """What ``open_console`` raises with one sentence for the operator, and nothing open."""
    return (StorageError, BrokerFailureError, JournalFailureError)
