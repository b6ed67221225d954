"""A small proxy that takes HTTP CONNECT, over real sockets."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class ConnectProxy:
    """``asked`` are the hosts and ports it was asked for; with a ``login`` it asks for that."""

    leaves_from: str = "127.0.0.9"
    login: str = ""
    answer: bytes = b""
    """What it says instead of connecting."""
    silent: bool = False
    port: int = 0
    asked: list[str] = field(default_factory=list)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._open.add(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            await self._answer(head, reader, writer)

    async def _answer(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        verb, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        assert verb == "CONNECT"
        self.asked.append(target)
        if self.silent:
            await reader.read()
            return
        proof = b"Basic " + base64.b64encode(self.login.encode())
        if self.login and b"Proxy-Authorization: " + proof not in head:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        if self.answer:
            writer.write(self.answer)
            writer.close()
            return
        host, _, port = target.rpartition(":")
        there, back = await asyncio.open_connection(
            host, int(port), local_addr=(self.leaves_from, 0)
        )
        self._open.add(back)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        ways = (_copy(reader, back), _copy(there, writer))
        await asyncio.gather(*ways)

    def cut(self) -> None:
        """End every connection through it."""
        for writer in self._open:
            writer.transport.abort()

    async def close(self) -> None:
        """End them, and whoever carries for them."""
        self.cut()
        if self._tasks:
            await asyncio.wait(self._tasks)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.close()


@asynccontextmanager
async def connect_proxy(
    *, login: str = "", answer: bytes = b"", silent: bool = False
) -> AsyncIterator[ConnectProxy]:
    """A proxy whose own connections leave from 127.0.0.9."""
    proxy = ConnectProxy(login=login, answer=answer, silent=silent)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
        await server.wait_closed()
