"""A stop asked for by a file, its answer, and the trading state in a file of its own.

Files, because they work alike on every system, need no port that others could reach, and lie in a
folder that only this user can write to. What is read here can stop trading, and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
from pathlib import Path

import msgspec

from copytrade_gui.domain.trading_state import STOPS, StateChange, TradingState
from copytrade_gui.ports import StopAnswer, StopAsked
from copytrade_gui.storage.files.files import Files

log = logging.getLogger(__name__)

_MOST_BYTES = 16_384
_ASKED = msgspec.json.Decoder(StopAsked)
_ANSWER = msgspec.json.Decoder(StopAnswer)
_STATE = msgspec.json.Decoder(StateChange)


class StopFilesOnDisk:
    """``ports.StopFiles`` in one folder, and the other side of it for who asks."""

    def __init__(self, folder: Path, files: Files | None = None) -> None:
        self._files = files or Files()
        self._request = folder / "stop-request.json"
        self._answer = folder / "stop-answer.json"
        self._state = folder / "trading-state.json"

    # ------------------------------------------------------------ the console

    def asked(self) -> StopAsked | None:
        """The stop that is asked for; what is no stop, or cannot be read, is a HALT."""
        try:
            self._request.stat()
        except FileNotFoundError:
            return None
        except OSError:
            return _unreadable("")
        try:
            data = self._request.read_bytes()[:_MOST_BYTES]
        except FileNotFoundError:
            return None
        except OSError:
            return _unreadable("")
        try:
            asked = _ASKED.decode(data)
        except (msgspec.DecodeError, msgspec.ValidationError):
            asked = None
        if asked is None or asked.state not in STOPS or not asked.name:
            return _unreadable(hashlib.sha256(data).hexdigest())
        return asked

    def answer(self, answer: StopAnswer) -> None:
        """Say what became of it, then take the request away."""
        try:
            self._files.replace(self._answer, msgspec.json.encode(answer))
            self._files.remove(self._request)
        except OSError as error:
            log.warning("a stop that was asked for by a file was not answered: %s", error)

    def put(self, change: StateChange) -> None:
        """Write down the state that is stored now."""
        self._files.replace(self._state, msgspec.json.encode(change))

    def newest(self) -> StateChange | None:
        """What was written down last."""
        try:
            return _STATE.decode(self._state.read_bytes())
        except (OSError, msgspec.DecodeError, msgspec.ValidationError):
            return None

    # ------------------------------------------------------------ who asks

    def ask(self, asked: StopAsked) -> None:
        """Ask the console that holds the folder. Raises OSError."""
        with contextlib.suppress(OSError):
            self._files.remove(self._answer)
        self._files.replace(self._request, msgspec.json.encode(asked))

    def answered(self, name: str) -> StopAnswer | None:
        """What the console said of this request; None: nothing yet."""
        try:
            answer = _ANSWER.decode(self._answer.read_bytes())
        except (OSError, msgspec.DecodeError, msgspec.ValidationError):
            return None
        return answer if answer.name == name else None


def _unreadable(content: str) -> StopAsked:
    return StopAsked(
        f"unreadable {content}",
        TradingState.HALT,
        "stop file",
        "A file beside the database asks for a stop, and it cannot be read.",
    )
