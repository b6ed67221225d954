"""How replies are mistreated on their way out, seen from a bare socket."""

import asyncio
import gzip
import time
from collections.abc import Callable

import httptools
import msgspec
import pytest

from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.wire import Reply, Wire
from copytrade_gui.simulator.wirescript import script, whole_reply
from tests.simulator.served import Served, serving
from tests.simulator.stand import leg
from tests.waiting import until

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HONEST = b"HTTP/1.1 200 OK\r\n"


def arm(served: Served, **wire: object) -> None:
    served.broker.add_fault(
        msgspec.convert({"action": "wire", "call": "profile", "count": 1, "wire": wire}, Fault)
    )


class Parsed:
    """What a parser that knows nothing of us makes of the bytes."""

    def __init__(self, data: bytes) -> None:
        self.body = b""
        self.headers: dict[bytes, bytes] = {}
        self.complete = 0
        httptools.HttpResponseParser(self).feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name] = value

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete += 1


async def read_for(reader: asyncio.StreamReader, seconds: float) -> bytes:
    """Whatever comes within a time; used where the broker never closes."""
    data = b""
    try:
        async with asyncio.timeout(seconds):
            while chunk := await reader.read(65_536):
                data += chunk
    except TimeoutError:
        pass
    return data


async def read_until(reader: asyncio.StreamReader, enough: Callable[[bytes], object]) -> bytes:
    """What comes until it is enough, however long that takes, and what follows at once."""
    data = b""
    while not enough(data) and (chunk := await reader.read(65_536)):
        data += chunk
    return data + await read_for(reader, 0.03)


async def test_closed_before_any_byte() -> None:
    async with serving() as served:
        arm(served, kind="close")
        assert await served.raw() == b""


async def test_cut_after_some_bytes() -> None:
    async with serving() as served:
        arm(served, kind="cut", at=25)
        data = await served.raw()
        assert len(data) == 25
        assert data.startswith(HONEST)


async def test_reset_in_the_middle() -> None:
    async with serving() as served:
        arm(served, kind="reset", at=10)
        with pytest.raises(ConnectionResetError):
            await served.raw()


async def test_silence_keeps_the_connection() -> None:
    async with serving() as served:
        arm(served, kind="silence")
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(served.request_bytes("GET", "/v1/profile"))
        assert await read_for(reader, 0.15) == b""
        assert not reader.at_eof()
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("wire", [
    {"kind": "torn", "at": 30, "pause_ms": 20}, {"kind": "drip", "chunk": 40, "pause_ms": 1},
    {"kind": "twice"}, {"kind": "early", "pause_ms": 10}, {"kind": "continue", "count": 3},
    {"kind": "chunked", "chunk": 7}, {"kind": "gzip"}, {"kind": "headers", "size": 1_048_576},
    {"kind": "close_after"}, {"kind": "length", "delta": 50}, {"kind": "length", "delta": -50},
    {"kind": "no_length"},
])  # fmt: skip
async def test_each_mistreatment_is_what_the_script_says(wire: dict[str, object]) -> None:
    async with serving() as served:
        arm(served, **wire)
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(served.request_bytes("GET", "/v1/profile"))
        expected = {"twice": 2, "early": 2}.get(str(wire["kind"]), 1)

        def whole(data: bytes) -> bool:
            if wire["kind"] in ("length", "no_length", "headers"):
                return data.endswith(b"}}")
            return Parsed(data.replace(CONTINUE, b"")).complete == expected

        data = await read_until(reader, whole)
        writer.close()
        await writer.wait_closed()
        if wire["kind"] == "continue":
            assert data.startswith(CONTINUE * 3)
            data = data.removeprefix(CONTINUE * 3)
        if wire["kind"] == "length":
            said = int(data.split(b"content-length: ")[1].split(b"\r\n")[0])
            assert said - len(data.partition(b"\r\n\r\n")[2]) == wire["delta"]
            return
        if wire["kind"] == "no_length":
            assert b"content-length" not in data
            assert data.endswith(b"}}")
            return
        if wire["kind"] == "headers":
            assert len(data) > 1_000_000
            assert data.endswith(b"}}")
            return
        parsed = Parsed(data)
        assert parsed.complete == expected
        body = gzip.decompress(parsed.body) if wire["kind"] == "gzip" else parsed.body
        content = msgspec.json.decode(body[: len(body) // expected])
        assert content["result"]["clientName"] == "AARAV AGARWAL"


async def test_a_body_that_never_ends() -> None:
    async with serving() as served:
        arm(served, kind="endless", chunk=500, pause_ms=5)
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(served.request_bytes("GET", "/v1/profile"))
        data = await read_until(reader, lambda data: len(data) > 3000)
        assert Parsed(data).complete == 0
        writer.close()
        await writer.wait_closed()


async def test_garbage_instead_of_a_reply() -> None:
    async with serving() as served:
        arm(served, kind="raw", data="AAECAwQF")
        assert await served.raw() == b"\x00\x01\x02\x03\x04\x05"


async def test_a_reply_before_any_request() -> None:
    async with serving() as served:
        fault = {"action": "wire", "call": "connect", "count": 1,
                 "wire": {"kind": "raw", "data": "SFRUUC8xLjEgMjAwIE9LDQoNCg=="}}  # fmt: skip
        served.broker.add_fault(msgspec.convert(fault, Fault))
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        assert await reader.read() == b"HTTP/1.1 200 OK\r\n\r\n"
        writer.close()
        await writer.wait_closed()


async def test_an_order_is_accepted_although_its_reply_is_cut() -> None:
    async with serving() as served:
        served.broker.add_fault(
            msgspec.convert(
                {"action": "wire", "call": "place", "wire": {"kind": "cut", "at": 40}}, Fault
            )
        )
        body = msgspec.json.encode([leg(orderTag="T")])
        assert len(await served.raw("POST", "/v1/orders", body)) == 40
        assert [o.terms.tag for o in served.broker.ledger.accepted] == ["T"]


async def test_faults_and_honest_replies_share_a_server() -> None:
    async with serving(rate_limits=False) as served, served.client() as client:
        for kind in ("close", "cut", "silence"):
            arm(served, kind=kind)
            slow = asyncio.create_task(served.raw())
            await asyncio.sleep(0.02)
            assert (await client.get("/profile")).status_code == 200
            slow.cancel()
            await asyncio.gather(slow, return_exceptions=True)


def test_a_script_can_be_torn_at_every_byte() -> None:
    reply = Reply(200, (("content-type", "application/json"),), b'{"a":1}')
    whole = whole_reply(reply)
    for at in range(len(whole) + 1):
        reply.wire = Wire("torn", at=at)
        assert b"".join(step.data for step in script(reply)) == whole
        reply.wire = Wire("cut", at=at)
        assert script(reply)[0].data == whole[:at]


async def test_closing_the_server_drops_what_waits() -> None:
    async with serving(latency_ms=60_000) as served:
        order = msgspec.json.encode([leg(orderTag="T")])
        waiting = asyncio.create_task(served.raw("POST", "/v1/orders", order))
        await until(lambda: served.broker.ledger.wire)
        started = time.monotonic()
    assert await waiting == b""
    assert time.monotonic() - started < 30  # it did not wait for the latency
