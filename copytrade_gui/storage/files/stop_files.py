"""Stops asked for by files, their answers, and the trading state in a file of its own.

Files, because they work alike on every system, need no port that others could reach, and lie in a
folder that only this user can write to. What is read here can stop trading, and nothing else.

Each request is a file of its own, in a folder that is there only while something is asked: one
that nobody has seen yet is never overwritten, and an order asks for no more than that folder.
"""

from __future__ import annotations

import hashlib
import logging
import os
import uuid
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import structs

from copytrade_gui.domain.actor import Actor, ActorKind, read_actor
from copytrade_gui.domain.trading_state import STOPS, STRICTNESS, StateChange, TradingState
from copytrade_gui.ports import StopAnswer, StopAsked
from copytrade_gui.storage.files.files import PRIVATE_FOLDER, Files

log = logging.getLogger(__name__)

_MOST_BYTES = 16_384
_ANSWERS_KEPT = 50
_LAST_NS = 2**63
_TRIES = 100
_ASKED = msgspec.json.Decoder(StopAsked)
_ANSWERS = msgspec.json.Decoder(list[StopAnswer])
_STATE = msgspec.json.Decoder(StateChange)
ContentT = TypeVar("ContentT")


class _Written(NamedTuple):
    """A request, and when its file was written (ns): asked for once more it is another one."""

    asked: StopAsked
    at_ns: int = 0


class StopFilesOnDisk:
    """``ports.StopFiles`` in one folder, and the other side of it for who asks."""

    def __init__(self, folder: Path, files: Files | None = None) -> None:
        self._files = files or Files()
        self._requests = folder / "stop-requests"
        self._answers = folder / "stop-answers.json"
        self._state = folder / "trading-state.json"
        self._given: dict[str, _Written] = {}
        """By file name what was given out and lies there still."""
        self._said: deque[StopAnswer] = deque(maxlen=_ANSWERS_KEPT)

    # ------------------------------------------------------------ the console

    def asked(self) -> Sequence[StopAsked]:
        """The stops not yet given out; what is no stop, or cannot be read, is a HALT."""
        try:
            self._requests.stat()  # the whole cost of a look where nothing is asked
        except FileNotFoundError:
            self._given.clear()
            return ()
        except OSError:
            pass  # listing it fails too
        there = self._read_all()
        fresh = [one.asked for name, one in there.items() if self._given.get(name) != one]
        self._given = there
        return sorted(fresh, key=lambda asked: STRICTNESS[asked.state], reverse=True)

    def answer(self, asked: StopAsked, answer: StopAnswer) -> None:
        """Say what became of it, then take the request away.

        What somebody wrote into the same file since is another request, and stays.
        """
        self._said.append(answer)
        try:
            self._files.replace(self._answers, msgspec.json.encode(list(self._said)))
            for name, given in list(self._given.items()):
                if given.asked == asked and self._read(name) in (given, None):
                    self._files.remove(self._requests / name)
                    del self._given[name]
            if not self._given:
                self._remove_folder()
        except OSError as error:
            log.warning("a stop that was asked for by a file was not answered: %s", error)

    def put(self, change: StateChange) -> None:
        """Write down the state that is stored now."""
        self._files.replace(self._state, msgspec.json.encode(change))

    def newest(self) -> StateChange | None:
        """What was written down last."""
        try:
            change = _decoded(_STATE, self._state.read_bytes())
        except OSError:
            return None
        return change if change is not None and 0 <= change.at_ns < _LAST_NS else None

    def _read_all(self) -> dict[str, _Written]:
        try:
            found = {path.name: self._read(path.name) for path in self._requests.iterdir()}
        except FileNotFoundError:
            return {}
        except OSError:
            return {"": _Written(_unreadable(""))}
        return {name: written for name, written in found.items() if written is not None}

    def _read(self, name: str) -> _Written | None:
        """What a file asks for; None: it is gone."""
        try:
            with (self._requests / name).open("rb") as file:
                data, at_ns = file.read(_MOST_BYTES), os.fstat(file.fileno()).st_mtime_ns
        except FileNotFoundError:
            return None
        except OSError:
            return _Written(_unreadable(name))
        asked = _decoded(_ASKED, data)
        if asked is None or asked.state not in STOPS or not asked.name:
            asked = _unreadable(f"{name} {hashlib.sha256(data).hexdigest()}")
        return _Written(_by_a_script(asked), at_ns)

    def _remove_folder(self) -> None:
        try:
            self._requests.rmdir()
        except OSError:
            return  # somebody asks again; the next look sees it

    # ------------------------------------------------------------ who asks

    def ask(self, asked: StopAsked) -> None:
        """Ask the console that holds the folder. Raises OSError."""
        request = self._requests / f"{uuid.uuid4().hex}.json"
        whole = self._requests.with_name(f"stop-{request.stem}.asking")
        self._files.replace(whole, msgspec.json.encode(asked))
        for left in reversed(range(_TRIES)):
            try:
                self._requests.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
                whole.replace(request)
            except OSError:  # the console just took the empty folder away?
                if not left:
                    whole.unlink(missing_ok=True)
                    raise
            else:
                return

    def answered(self, name: str) -> StopAnswer | None:
        """What the console said last of a request of this name; None: nothing yet."""
        try:
            answers = _decoded(_ANSWERS, self._answers.read_bytes()) or []
        except OSError:
            return None
        return next((one for one in reversed(answers) if one.name == name), None)


def _decoded(decoder: msgspec.json.Decoder[ContentT], data: bytes) -> ContentT | None:
    """None: it cannot be read, also where it is nested too deeply."""
    try:
        return decoder.decode(data)
    except (ValueError, RecursionError):
        return None


def _by_a_script(asked: StopAsked) -> StopAsked:
    """It is a script that asks by a file, whatever else it says that it is."""
    actor = read_actor(asked.actor)
    if actor.kind in (ActorKind.COMMAND_LINE, ActorKind.STOP_FILE):
        return asked
    return structs.replace(asked, actor=Actor(ActorKind.STOP_FILE, asked.actor.strip()).text)


def _unreadable(content: str) -> StopAsked:
    return StopAsked(
        f"unreadable {content}",
        TradingState.HALT,
        "stop file",
        "A file beside the database asks for a stop, and it cannot be read.",
    )
