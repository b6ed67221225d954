"""What a command says on the terminal, and the code it ends with."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from typing import Protocol, TypeVar

import msgspec

from copytrade_gui.app.refusals import refusals
from copytrade_gui.services.verbs import RefusedError


class Told(Protocol):
    """What came of a command: a sentence, and with ``--json`` all of its fields."""

    @property
    def sentence(self) -> str:
        """For a person."""


ToldT = TypeVar("ToldT", bound=Told)


def say(
    work: Coroutine[object, object, ToldT], *, as_json: bool, good: Callable[[ToldT], bool]
) -> int:
    """Do a command's work and say what came of it; returns the exit code."""
    try:
        told = asyncio.run(work)
    except command_refusals() as refusal:
        return refused(refusal, as_json=as_json)
    print(msgspec.json.encode(told).decode() if as_json else told.sentence)
    return 0 if good(told) else 1


def command_refusals() -> tuple[type[Exception], ...]:
    """What the work of a command raises with one sentence, and nothing done."""
    return (*refusals(), RefusedError)


def refused(refusal: Exception, *, as_json: bool) -> int:
    """Say why nothing was done; returns the exit code."""
    if as_json:
        field = refusal.field if isinstance(refusal, RefusedError) else ""
        print(json.dumps({"ok": False, "refused": str(refusal), "field": field, "rows": []}))
    else:
        print(f"copytrade-gui: {refusal}", file=sys.stderr)
    return 1
