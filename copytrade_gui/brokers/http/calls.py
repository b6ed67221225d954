"""What can be out on an order connection, and who hears what came of it.

Each job ends in exactly one of three ways: replied, lost (a byte may have left), or unsent. The
reply is judged first and told later, so that the channel can put its connection in order before
anybody acts on the news, perhaps by placing the next order.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from copytrade_gui.brokers.http.http_call import AnswerLostError, HttpReply, NothingSentError
from copytrade_gui.brokers.http.timers import Wait
from copytrade_gui.domain.ids import BrokerOrderId, Tag
from copytrade_gui.ports import Accepted, NotSent, PlaceOutcome, PlaceReply, Silence, Unknown

log = logging.getLogger(__name__)

_KEPT_IDS = 4096
_LEFT = Tag("")
"""In place of the tag of an order that nobody can hold any more."""
_UNJUDGED = Unknown("no reply was judged")
FROM_THE_BROKER = frozenset({*range(200, 300), 400, 401, 403})
"""Status codes of a program that read the request; a server before it says others unasked."""


JudgeReply = Callable[[int, Mapping[str, str], bytes], PlaceOutcome]
"""What a reply to one order proves: status, headers with lower-case names, body. Never raises."""


class Unanswered:
    """How many orders of all channels wait for their end, and when the newest left, monotonic."""

    __slots__ = ("count", "newest_ns")

    def __init__(self) -> None:
        self.count = 0
        self.newest_ns = 0


class ReplyJudge:
    """Judges the replies of one channel; remembers the order ids that they have named."""

    def __init__(self, judge: JudgeReply, unanswered: Unanswered) -> None:
        self._judge = judge
        self.unanswered = unanswered
        self._ids: dict[BrokerOrderId, None] = {}

    def judge(self, reply: HttpReply) -> tuple[PlaceOutcome, bool]:
        """What the reply proves; False if it may not be ours.

        One id for two orders is no answer. And what is not the broker's word about an order may
        have been said before the order arrived: its own answer, still to come, would be taken for
        the next one's.
        """
        outcome = self._judge(reply.status, reply.headers, reply.body)
        if isinstance(outcome, Accepted) and not self._is_new(outcome.broker_order_id):
            return Unknown("The broker answered with the order id of an earlier order."), False
        return outcome, not isinstance(outcome, Unknown)

    def _is_new(self, number: BrokerOrderId) -> bool:
        if number in self._ids:
            return False
        if len(self._ids) >= _KEPT_IDS:
            del self._ids[next(iter(self._ids))]
        self._ids[number] = None
        return True


class Job(ABC):
    """A request with its bytes. ``sent_ns`` is 0 until it is handed to the socket."""

    __slots__ = ("request", "sent_ns", "wait")

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.sent_ns = 0
        self.wait: Wait | None = None
        """Its deadline."""

    @abstractmethod
    def judge(self, reply: HttpReply) -> bool:
        """Take the reply. False if it may not be ours, so that the connection must go."""

    @abstractmethod
    def tell(self, at_ns: int) -> None:
        """Pass on what was judged."""

    @abstractmethod
    def lost(self, reason: str, at_ns: int) -> None:
        """Pass on that a byte may have left and no usable reply came."""

    @abstractmethod
    def unsent(self, reason: str, at_ns: int, silence: Silence | None = None) -> None:
        """Pass on that no byte left; ``silence`` if that was for want of a connection."""

    def end(self) -> None:
        """Stop its deadline."""
        if self.wait is not None:
            self.wait.cancel()


class PlaceJob(Job):
    """An order. ``sent_ns`` is given for one that left before its job was made."""

    __slots__ = ("_done", "_outcome", "_replies", "tag")

    def __init__(
        self,
        request: bytes,
        done: Callable[[PlaceReply], None],
        replies: ReplyJudge,
        sent_ns: int = 0,
        tag: Tag = _LEFT,
    ) -> None:
        self.request = request
        self.sent_ns = sent_ns
        self.wait = None
        self._done = done
        self._replies = replies
        unanswered = replies.unanswered
        unanswered.count += 1
        if sent_ns:
            unanswered.newest_ns = sent_ns
        self.tag = tag
        self._outcome: PlaceOutcome = _UNJUDGED

    @property
    def accepted(self) -> bool:
        """True once a reply was judged that says so."""
        return isinstance(self._outcome, Accepted)

    def judge(self, reply: HttpReply) -> bool:
        """Judge the reply by the broker's rules, and against the ids of earlier replies."""
        self._outcome, ours = self._replies.judge(reply)
        return ours

    def tell(self, at_ns: int) -> None:
        """Call ``done``."""
        self._call(self._outcome, at_ns)

    def lost(self, reason: str, at_ns: int) -> None:
        """It may have arrived."""
        self._call(Unknown(reason), at_ns)

    def unsent(self, reason: str, at_ns: int, silence: Silence | None = None) -> None:
        """It never left."""
        self._call(NotSent(reason, silence), at_ns)

    def _call(self, outcome: PlaceOutcome, at_ns: int) -> None:
        self.end()
        self._replies.unanswered.count -= 1
        try:
            self._done(PlaceReply(outcome, self.sent_ns, at_ns))
        except Exception:
            # The listener's bug must not break the connection it did not cause.
            log.exception("the listener of an order's reply failed")


class CallJob(Job):
    """A call that somebody awaits; how long it took is the awaiter's to measure."""

    __slots__ = ("_answer", "_reply")

    def __init__(self, request: bytes, answer: asyncio.Future[HttpReply]) -> None:
        super().__init__(request)
        self._answer = answer
        self._reply: HttpReply | None = None

    def judge(self, reply: HttpReply) -> bool:
        """Keep the reply; what it says is the awaiter's to judge."""
        self._reply = reply
        return reply.status in FROM_THE_BROKER

    def tell(self, at_ns: int) -> None:  # noqa: ARG002 - see the class
        """Hand the reply over."""
        self.end()
        if self._reply is not None and not self._answer.done():
            self._answer.set_result(self._reply)

    def lost(self, reason: str, at_ns: int) -> None:  # noqa: ARG002 - see the class
        """It may have arrived."""
        self._fail(AnswerLostError(reason, sent_ns=self.sent_ns))

    def unsent(self, reason: str, at_ns: int, silence: Silence | None = None) -> None:  # noqa: ARG002 - see the class
        """It never left."""
        self._fail(NothingSentError(reason, silence=silence))

    def _fail(self, error: Exception) -> None:
        self.end()
        if not self._answer.done():
            self._answer.set_exception(error)


class KeepAliveJob(Job):
    """A read whose answer nobody needs; ``heard``, if given, is set when it ended in any way.

    That the session may be over is for the books to find out; here only the connection counts.
    """

    __slots__ = ("_heard",)

    def __init__(self, request: bytes, heard: asyncio.Future[None] | None) -> None:
        super().__init__(request)
        self._heard = heard

    def judge(self, reply: HttpReply) -> bool:
        """Any reply of the broker itself will do."""
        return reply.status in FROM_THE_BROKER

    def tell(self, at_ns: int) -> None:  # noqa: ARG002 - see the class
        """It ended."""
        self.end()
        if self._heard is not None and not self._heard.done():
            self._heard.set_result(None)

    def lost(self, reason: str, at_ns: int) -> None:  # noqa: ARG002 - see the class
        """It ended."""
        self.tell(at_ns)

    def unsent(self, reason: str, at_ns: int, silence: Silence | None = None) -> None:  # noqa: ARG002 - see the class
        """It ended."""
        self.tell(at_ns)
