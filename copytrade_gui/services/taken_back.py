"""What an edit is taken back to: the fields it changed as before, all others as they are now."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TypeVar

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.link import Filters, Link
from copytrade_gui.domain.sizing import SizingRule

T = TypeVar("T", Account, Link, SizingRule, Filters)
_PARTED = (SizingRule, Filters)
"""Of these each field is one's own; a time window is taken back whole."""


def taken_back(now: T, before: T, after: T) -> T:
    """``now`` without what turned ``before`` into ``after``; a later change elsewhere stays."""
    changed: dict[str, object] = {}
    for field in fields(now):
        was, done = getattr(before, field.name), getattr(after, field.name)
        if was == done:
            continue
        if isinstance(was, _PARTED):
            was = taken_back(getattr(now, field.name), was, done)
        changed[field.name] = was
    return replace(now, **changed)  # type: ignore[arg-type]  # by name, each of its own type
