"""Turn a reply to a read into rows, or into one sentence that says why it proves nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from copytrade_gui.brokers.http.http_call import HttpReply
from copytrade_gui.brokers.iifl.envelope import (
    UnreadableError,
    decode_book,
    decode_rows,
    open_envelope,
)
from copytrade_gui.brokers.iifl.errors import (
    EMPTY_BOOK,
    CodeClass,
    class_of,
    clean,
    is_code,
)
from copytrade_gui.brokers.iifl.scalar import text
from copytrade_gui.brokers.iifl.shapes import Row
from copytrade_gui.ports import BrokerFailureError, Silence

RowT = TypeVar("RowT", bound=Row)


@dataclass(frozen=True, slots=True)
class Page(Generic[RowT]):
    """The rows of one reply. ``problem`` is empty exactly when the reply can be trusted whole.

    ``raws`` are the undecoded rows of a whole reply with any.
    """

    rows: tuple[RowT, ...]
    problem: str = ""
    code: str = ""
    session_dead: bool = False
    raws: Sequence[bytes] = ()
    silence: Silence | None = None

    def must_be_whole(self) -> tuple[RowT, ...]:
        """The rows.

        Raises:
            BrokerFailureError: the reply has a problem.
        """
        if self.problem:
            raise BrokerFailureError(
                self.problem, code=self.code, session_dead=self.session_dead, silence=self.silence
            )
        return self.rows


def read_page(reply: HttpReply, kind: type[RowT], what: str) -> Page[RowT]:
    """Read a reply. ``what`` names the thing read, as in "order book". Total: never raises."""
    refusal = _refused(reply, what)
    if refusal is not None:
        return Page((), *refusal)
    try:
        opened = open_envelope(reply.body)
    except UnreadableError as error:
        return Page((), f"The broker's {what} cannot be read: {error}. Try again in a minute.")
    raws, rows, bad = decode_book(opened.rows, reply.body, kind)
    fine = opened.code.casefold() in _FINE
    outer = opened.code if not fine and is_code(opened.code) else ""
    said = [text(row.status) for row in rows if row.status is not None]  # a book's rows have none
    codes = [status for status in said if is_code(status)] or [outer]
    code = codes[0]
    if code:
        if code in EMPTY_BOOK and len(rows) <= 1 and not bad:
            return Page(())
        messages = [text(row.message) for row in rows if text(row.status) == code]
        return Page((), *_coded(code, messages[0] if messages else opened.message, what))
    if not fine or (opened.alone and not opened.rows):
        why = clean(opened.message) or "no reason given"
        return Page((), f"The broker did not give the {what}: {why}. Try again in a minute.")
    if bad:
        return Page(tuple(rows), f"{bad} rows of the broker's {what} cannot be read.")
    return Page(tuple(rows), raws=[bytes(raw) for raw in raws])


_FINE = frozenset({"ok", "success", ""})
ADDRESS_REFUSED = (
    "The broker does not know this machine's network address. "
    "Register it for the app in the broker's portal."
)
_LOG_IN = "The session is over. Log the account in again."


def _refused(reply: HttpReply, what: str) -> tuple[str, str, bool] | None:
    status = reply.status
    if 200 <= status < 300:
        return None
    if status == 401:
        return _LOG_IN, "401", True
    code = _code_inside(reply)
    if code is not None:
        return _coded(*code, what)
    sentence = f"The broker answered the {what} with HTTP {status}. Try again in a minute."
    if status == 403:
        sentence = (
            f"The broker refused the {what} (403). Check that this machine's network address is "
            "registered for the app, or log in again."
        )
    elif status == 429:
        sentence = f"The broker refused the {what}: too many calls (429). Wait a few seconds."
    return sentence, str(status), False


def _code_inside(reply: HttpReply) -> tuple[str, str] | None:
    if reply.status >= 500:
        return None
    try:
        opened = open_envelope(reply.body)
    except UnreadableError:
        return None
    rows, _ = decode_rows(opened.rows[:1], Row)
    for status, message in [
        *((text(row.status), text(row.message)) for row in rows),
        (opened.code, opened.message),
    ]:
        if is_code(status):
            return status, message
    return None


def _coded(code: str, message: str, what: str) -> tuple[str, str, bool]:
    meaning = class_of(code, message)
    if meaning is CodeClass.AUTH:
        return _LOG_IN, code, True
    sentence = f"The broker did not give the {what}: {clean(message) or code} ({code})."
    if meaning is CodeClass.ADDRESS:
        sentence = ADDRESS_REFUSED
    return sentence, code, False
