"""TLS in memory, as on loops that do not tell when a socket is readable (``test_tls_socket``)."""

from pathlib import Path

import pytest

from copytrade_gui.ports import Accepted
from tests.brokers.certificates import PrivateCa
from tests.brokers.rig import Line, Request, client, place, scripted, session_of

pytestmark = pytest.mark.usefixtures("memory_tls")


async def test_a_large_reply_comes_through_whole(cache: Path, ca: PrivateCa) -> None:
    """Many TLS records, torn over many reads of the socket."""
    wide = b'{"status":"Ok","result":[{"status":"Success","brokerOrderId":"B77","pad":"%b"}]}'

    async def wordy(line: Line, request: Request) -> None:
        body = wide % (b"x" * 200_000)
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        line.send(head)
        for start in range(0, len(body), 30_000):
            line.send(body[start : start + 30_000])
            await line.flushed()

    async with (
        scripted(wordy, tls=ca.good) as broker,
        client(broker, cache, ca_file=ca.ca_file) as made,
    ):
        session = session_of(made)
        await session.open_channel()
        reply = await place(session.orders)
        assert reply.outcome == Accepted("B77")  # type: ignore[arg-type]  # a plain text is one
