"""The floor: bare sockets with bytes built beforehand; no engine, no database, no event loop.

One blocking write per account, one after the other, then replies as epoll reports them. Less than
this no Python program does, and nothing is judged but that the reply is whole and names an order.
"""

from __future__ import annotations

import gc
import re
import selectors
import socket
import ssl
import time
from urllib.parse import urlsplit

from copytrade_gui.bench import process
from copytrade_gui.bench.cores import keep_off_the_brokers_core
from copytrade_gui.bench.request import body_of, bytes_of, tls_of, verdict_of
from copytrade_gui.bench.tally import Tally
from copytrade_gui.bench.words import Burst, Failed, Ready, Rested, Round, Setup

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_PATIENCE_S = 30.0


def run() -> int:
    """Serve bursts until the bench closes our input."""
    setup = process.hear(Setup)
    if setup is None:
        return 1
    idle = process.memory_mib()
    connections = _connect(setup)
    process.tell(Ready(len(connections), idle, process.memory_mib(), "blocking sockets, epoll"))
    gc.collect()
    gc.freeze()
    keep_off_the_brokers_core()
    while (order := process.hear(Round)) is not None:
        requests = [
            bytes_of(setup, person, body_of(order, number))
            for number, person in enumerate(setup.people)
        ]
        process.wait_for_go(order)
        try:
            process.tell(_burst(connections, requests))
            process.tell(Rested(order.number))
        except OSError as error:
            process.tell(Failed(str(error)))
            return 1
    return 0


def _connect(setup: Setup) -> list[socket.socket]:
    context = tls_of(setup)
    parts = urlsplit(setup.base_url)
    if parts.hostname is None or parts.port is None:
        raise ValueError("the simulator names a host and a port")
    made = []
    for _ in setup.people:
        plain = socket.create_connection((parts.hostname, parts.port), timeout=_PATIENCE_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is None:
            made.append(plain)
        else:
            made.append(context.wrap_socket(plain, server_hostname=parts.hostname))
    return made


def _burst(connections: list[socket.socket], requests: list[bytes]) -> Burst:
    with selectors.EpollSelector() as waiting:
        for connection in connections:
            connection.setblocking(False)
            waiting.register(connection, selectors.EVENT_READ)
        heard: dict[int, bytes] = {}
        left = len(connections)
        tally = Tally()
        tally.first_ns = time.monotonic_ns()
        for connection, request in zip(connections, requests, strict=True):
            if connection.send(request) != len(request):
                raise OSError("a socket took only a part of a request")
        tally.last_ns = time.monotonic_ns()
        limit = time.monotonic() + _PATIENCE_S
        while left:
            ready = waiting.select(max(0.0, limit - time.monotonic()))
            if not ready:
                raise OSError(f"{left} replies did not come within {_PATIENCE_S:g} s")
            for key, _ in ready:
                connection = key.fileobj  # type: ignore[assignment]  # sockets were registered
                left -= _read(connection, heard, tally)
        return tally.burst(len(requests))


def _read(connection: socket.socket, heard: dict[int, bytes], tally: Tally) -> int:
    """Read what there is; 1 when that made a reply whole."""
    try:
        data = connection.recv(65_536)
    except (ssl.SSLWantReadError, BlockingIOError):
        return 0  # a session ticket, or a part of a record
    if not data:
        raise OSError("the broker closed a connection")
    number = connection.fileno()
    data = heard.pop(number, b"") + data
    head, gap, body = data.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    if not gap or length is None or len(body) < int(length[1]):
        heard[number] = data
        return 0
    tally.replied(verdict_of(int(head[9:12]), body))
    return 1
