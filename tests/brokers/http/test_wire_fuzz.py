"""Thousands of broken replies on real sockets: nothing uncaught, nothing hanging, nothing wrong."""

import asyncio
import gzip
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from copytrade_gui.domain.ids import BrokerOrderId
from copytrade_gui.ports import Accepted, NotSent, OrderChannel, PlaceReply, Refused, Unknown
from tests.brokers.certificates import PrivateCa
from tests.brokers.http.fuzz_cases import REFUSED, SHORT_MS, Case, chunked, make_case
from tests.brokers.rig import (
    CALM_MS,
    Answers,
    Line,
    Request,
    ScriptedBroker,
    accepted,
    client,
    place,
    reply,
    says_accepted,
    scripted,
    session_of,
    tag,
)
from tests.proof.counts import proof_range

SEED = 20261124
CHANNELS = 25
Tell = Callable[[str, object], None]


async def act(line: Line, case: Case) -> None:
    """Do to the connection what the case says."""
    for piece in case.pieces:
        line.send(piece)
        for _ in range(3):  # let the other side read it before the next piece is there
            await asyncio.sleep(0)
    if case.then == "close":
        line.close()
    elif case.then == "cut":
        line.cut()
    elif case.then == "forever":
        while not line.closed():
            line.send(case.tail)
            await line.flushed()
            await asyncio.sleep(0)
    elif case.then == "drip":
        while not line.closed():
            line.send(case.tail)
            await asyncio.sleep(0.02)


def verdict(heard: PlaceReply, number: str) -> str:
    outcome = heard.outcome
    if isinstance(outcome, Accepted):
        return "accepted" if outcome.broker_order_id == number else "accepted another's id"
    if isinstance(outcome, Refused):
        return "refused"
    return "not sent" if isinstance(outcome, NotSent) else "unknown"


class Fuzz:
    """A broker that does to each order what its case says, and the verdicts that came of it."""

    def __init__(self, *, lenient: bool) -> None:
        self.cases: dict[str, Case] = {}
        self.wrong: list[str] = []
        self.lenient = lenient

    async def script(self, line: Line, request: Request) -> None:
        if request.tag in self.cases:
            await act(line, self.cases[request.tag])
        else:
            await says_accepted(line, request)

    async def run(self, channel: OrderChannel, broker: ScriptedBroker, numbers: range) -> None:
        for index in numbers:
            number = f"B{tag(index)}"
            case = self.cases[tag(index)] = make_case(SEED, index, number)
            # httpx reads interim replies for as long as they come; only the deadline ends that.
            late = case.ends_by_deadline or (self.lenient and case.name == "flood of interim")
            deadline_ms = SHORT_MS if late else CALM_MS
            heard = await place(channel, index, deadline_ms)
            said = verdict(heard, number)
            right = case.right
            if self.lenient:
                # httpx forgives some of what the wire does not. It may know less, and it may find
                # the good reply in the mess; it may never know something that is not so.
                right |= {"unknown"} if right == REFUSED else {"unknown", "accepted"}
            seen = broker.times_seen(index)
            if said == "not sent":
                # Only a short deadline on a busy machine can pass before the request is out.
                fine = late and seen == 0
            else:
                fine = (
                    said in right
                    and heard.sent_ns > 0
                    and seen == (1 if not late else min(seen, 1))
                )
            if not fine:
                self.wrong.append(
                    f"case {index} {case.name} ({case.then}): {said}, arrived {seen} times"
                )
            # A broker that hangs up behind a good reply is heard before the next order leaves;
            # otherwise that one would rightly be Unknown.
            for _ in range(10):
                await asyncio.sleep(0)


async def test_fuzzed_replies_over_tls(cache: Path, ca: PrivateCa, record_property: Tell) -> None:
    numbers = proof_range(200, "fuzz_tls")
    record_property("replies", await fuzz_replies(cache, numbers, fast=True, ca=ca))


@pytest.mark.timeout(540)
@pytest.mark.parametrize("fast", [True, False], ids=["wire", "httpx"])
async def test_fuzzed_replies(cache: Path, fast: bool, record_property: Tell) -> None:
    numbers = proof_range(1000, "fuzz_wire") if fast else proof_range(150, "fuzz_httpx")
    count = await fuzz_replies(cache, numbers, fast=fast)
    record_property("replies", count)
    record_property("wire_replies", count if fast else 0)


async def fuzz_replies(
    cache: Path, numbers: range, *, fast: bool, ca: PrivateCa | None = None
) -> int:
    """Fuzz these cases; returns how many replies were judged."""
    fuzz = Fuzz(lenient=not fast)
    async with (
        scripted(fuzz.script, tls=ca.good if ca else None) as broker,
        client(broker, cache, fast=fast, ca_file=ca.ca_file if ca else None) as made,
    ):
        sessions = [session_of(made, f"a{index}") for index in range(CHANNELS)]
        await asyncio.gather(*(session.open_channel() for session in sessions))
        await asyncio.gather(
            *(
                fuzz.run(session.orders, broker, numbers[index::CHANNELS])
                for index, session in enumerate(sessions)
            )
        )
    assert fuzz.wrong == []
    assert len(fuzz.cases) == len(numbers)
    assert broker.overlaps == 0
    return len(fuzz.cases)


BODY = accepted(f"B{tag(1)}")
FORMS = {
    "length": reply(BODY),
    "chunked": chunked(BODY, [11, 40], trailer=b"X-T: 1\r\n"),
    "gzip": reply(gzip.compress(BODY), 200, "Content-Encoding: gzip"),
    "continue": b"HTTP/1.1 100 Continue\r\n\r\n" + reply(BODY),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_torn_at_every_byte(cache: Path, ca: PrivateCa, form: str, tls: bool) -> None:
    """Cut short at any byte it is Unknown; in two parts at any byte it is the reply."""
    sent = FORMS[form]
    plan: dict[str, tuple[int, bool]] = {}

    async def script(line: Line, request: Request) -> None:
        if request.tag not in plan:
            await says_accepted(line, request)
            return
        at, whole = plan[request.tag]
        body = sent.replace(tag(1).encode(), request.tag.encode())
        if form == "gzip":
            again = gzip.compress(accepted(f"B{request.tag}"), mtime=0)
            body = reply(again, 200, "Content-Encoding: gzip")
        line.send(body[:at])
        for _ in range(3):
            await asyncio.sleep(0)
        if whole:
            line.send(body[at:])
        else:
            line.close()

    step = 5 if tls else 1
    async with (
        scripted(script, tls=ca.good if tls else None) as broker,
        client(broker, cache, ca_file=ca.ca_file if tls else None) as made,
    ):
        session = session_of(made)
        await session.open_channel()
        for number, at in enumerate(range(0, len(sent), step), start=1):
            for whole, offset in ((True, 0), (False, 10_000)):
                plan[tag(number + offset)] = (at, whole)
                heard = await place(session.orders, number + offset)
                expected = Accepted if whole else Unknown
                assert isinstance(heard.outcome, expected), (at, whole, heard)


async def test_a_reply_before_the_request_belongs_to_nobody(cache: Path) -> None:
    """A broker that speaks first: its words are never taken for the answer to an order."""
    early = 3

    async def welcome(line: Line) -> None:
        nonlocal early
        if early:
            early -= 1
            line.send(reply(accepted("EARLY")))

    async with scripted(welcome=welcome) as broker, client(broker, cache) as made:
        session = session_of(made)
        answers = Answers()
        for number in range(8):
            answers.place(session.orders, number)
        heard = await answers.all(range(8))
        seen = [broker.times_seen(number) for number in range(8)]
    for number, one in enumerate(heard):
        if isinstance(one.outcome, Accepted):
            assert one.outcome.broker_order_id == f"B{tag(number)}"
            assert seen[number] == 1
        elif isinstance(one.outcome, NotSent):
            assert seen[number] == 0
    assert sum(isinstance(one.outcome, Accepted) for one in heard) >= 5


async def test_bytes_on_an_idle_connection_end_it(cache: Path) -> None:
    lines: list[Line] = []
    again = asyncio.Event()

    async def welcome(line: Line) -> None:
        lines.append(line)
        if len(lines) == 2:
            again.set()

    async with scripted(welcome=welcome) as broker, client(broker, cache) as made:
        session = session_of(made)
        await session.open_channel()
        assert isinstance((await place(session.orders, 1)).outcome, Accepted)
        lines[0].send(reply(accepted("LATE")))
        await again.wait()
        outcome = (await place(session.orders, 2)).outcome
    assert outcome == Accepted(BrokerOrderId(f"B{tag(2)}"))


async def test_an_id_that_was_given_before_is_no_answer(cache: Path) -> None:
    async def script(line: Line, request: Request) -> None:
        if request.method == "POST":
            line.send(reply(accepted("SAME")))
        else:
            await says_accepted(line, request)

    async with scripted(script) as broker, client(broker, cache) as made:
        session = session_of(made)
        await session.open_channel()
        assert isinstance((await place(session.orders, 1)).outcome, Accepted)
        assert isinstance((await place(session.orders, 2)).outcome, Unknown)
        assert isinstance((await place(session.orders, 3)).outcome, Unknown)
    assert broker.connections >= 2
    assert len(broker.orders()) == 3


class Renegotiating:
    """OpenSSL's own server, which can ask for another handshake in the middle of a connection."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.said = b""

    async def until(self, words: bytes) -> re.Match[bytes]:
        """Wait until it has printed this; what clients send is printed too."""
        assert self._process.stdout is not None
        while not (found := re.search(words, self.said)):
            more = await self._process.stdout.read(65_536)
            assert more, self.said
            self.said += more
        return found

    async def type(self, line: bytes) -> None:
        """What its operator types: ``r`` renegotiates, anything else goes to the client."""
        assert self._process.stdin is not None
        self._process.stdin.write(line)
        await self._process.stdin.drain()


@asynccontextmanager
async def renegotiating(ca: PrivateCa) -> AsyncIterator[Renegotiating]:
    files = ca.ca_file.parent
    process = await asyncio.create_subprocess_exec(
        "openssl", "s_server", "-tls1_2", "-accept", "127.0.0.1:0",
        "-cert", str(files / "good.crt"), "-key", str(files / "good.key"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield Renegotiating(process)
    finally:
        process.kill()
        await process.communicate()
        await asyncio.sleep(0)


async def test_another_handshake_is_refused_and_proves_nothing(cache: Path, ca: PrivateCa) -> None:
    """TLS renegotiation under a sent order: the line is cut, the order Unknown, and sent once."""
    async with renegotiating(ca) as server:
        port = (await server.until(rb"ACCEPT \S*?:(\d+)"))[1].decode()
        base = ScriptedBroker(says_accepted, base_url=f"https://127.0.0.1:{port}/v1")
        async with client(base, cache, ca_file=ca.ca_file) as made:
            session = session_of(made)
            await session.open_channel()
            first = asyncio.create_task(place(session.orders, 1))
            await server.until(tag(1).encode())
            await server.type(reply(accepted(f"B{tag(1)}")))
            assert (await first).outcome == Accepted(BrokerOrderId(f"B{tag(1)}"))
            second = asyncio.create_task(place(session.orders, 2))
            await server.until(tag(2).encode())
            await server.type(b"r\n")
            assert isinstance((await second).outcome, Unknown)
        assert [server.said.count(tag(number).encode()) for number in (1, 2)] == [1, 1]
