"""What most programs of this kind do: httpx, a task per order, and a flush per order.

``shared`` is the usual way: ``gather`` over one client with httpx's own limits, a semaphore of 50,
and a database flush per order. ``each`` is its best known repair: one client per account, one TLS
context for all, no semaphore and no database. ``watched`` is the usual way to copy what the master
places elsewhere: a look at his order book once a second, and then as ``shared``.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import httpx
from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from copytrade_gui.bench import process
from copytrade_gui.bench.cores import keep_off_the_brokers_core
from copytrade_gui.bench.request import body_of, headers_of, tls_of, verdict_of
from copytrade_gui.bench.tally import Tally
from copytrade_gui.bench.watch import Watch
from copytrade_gui.bench.words import Burst, Failed, Person, Ready, Rested, Round, Setup

CONNECTIONS = 100
KEPT_ALIVE = 20
TOGETHER = 50
_TIMEOUT_S = 30.0
_BODY_OUT = "http11.send_request_body.complete"


class _Base(DeclarativeBase):
    """The usual way's tables."""


class _Row(_Base):
    """One order as the usual way keeps it."""

    __tablename__ = "orders"
    number: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str]
    status: Mapped[str]


def run(name: str) -> int:
    """Serve bursts until the bench closes our input."""
    setup = process.hear(Setup)
    if setup is None:
        return 1
    with tempfile.TemporaryDirectory(prefix="copytrade-bench-") as folder:
        if name == "each":
            asyncio.run(_each(setup))
        else:
            asyncio.run(_shared(setup, Path(folder), watched=name == "watched"))
    return 0


async def _shared(setup: Setup, folder: Path, *, watched: bool) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{folder / 'orders.sqlite'}")
    async with engine.begin() as connection:
        await connection.run_sync(_Base.metadata.create_all)
    idle = process.memory_mib()
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=KEPT_ALIVE)
    async with httpx.AsyncClient(
        verify=tls_of(setup) or True, limits=limits, timeout=_TIMEOUT_S
    ) as client:
        gate = asyncio.Semaphore(TOGETHER)
        flushing = asyncio.Lock()  # a session may not be used by two tasks at once
        people, watch = setup.people, None
        if watched:
            people, watch = people[1:], Watch(client, setup, people[0])
            await watch.begin()

        async def burst(order: Round) -> Burst:
            bodies = [body_of(order, number) for number in range(len(people))]
            tally = Tally()
            if watch is not None:
                await watch.until_seen(order)
            seen_ms = (time.monotonic_ns() - tally.called_ns) / 1e6
            async with AsyncSession(engine) as session:

                async def one(person: Person, body: bytes) -> None:
                    async with gate:
                        row = _Row(account=person.client_id, status="sent")
                        async with flushing:
                            session.add(row)
                            await session.flush()
                        await _place(client, setup, person, body, tally)

                await asyncio.gather(*map(one, people, bodies))
                made = tally.burst(len(bodies))
                await session.commit()
            return made if watch is None else structs.replace(made, seen_ms=seen_ms)

        await _serve(burst, Ready(len(people), idle, process.memory_mib(), "httpx shared"))
    await engine.dispose()


async def _each(setup: Setup) -> None:
    idle = process.memory_mib()
    context = tls_of(setup) or True
    clients = [httpx.AsyncClient(verify=context, timeout=_TIMEOUT_S) for _ in setup.people]
    await _warm(clients, setup)

    async def burst(order: Round) -> Burst:
        bodies = [body_of(order, number) for number in range(len(clients))]
        tally = Tally()
        await asyncio.gather(
            *(
                _place(client, setup, person, body, tally)
                for client, person, body in zip(clients, setup.people, bodies, strict=True)
            )
        )
        return tally.burst(len(bodies))

    try:
        ready = Ready(len(clients), idle, process.memory_mib(), "httpx per account")
        await _serve(burst, ready)
    finally:
        await asyncio.gather(*(client.aclose() for client in clients))


async def _warm(clients: Sequence[httpx.AsyncClient], setup: Setup) -> None:
    """Open each client's connection with a cheap read, as we do for ours."""
    gate = asyncio.Semaphore(TOGETHER)

    async def one(client: httpx.AsyncClient, person: Person) -> None:
        async with gate:
            await client.get(f"{setup.base_url}/profile", headers=headers_of(person))

    await asyncio.gather(*map(one, clients, setup.people))


async def _place(
    client: httpx.AsyncClient, setup: Setup, person: Person, body: bytes, tally: Tally
) -> None:
    async def trace(event: str, _: object) -> None:
        if event == _BODY_OUT:
            tally.sent(time.monotonic_ns())

    reply = await client.post(
        f"{setup.base_url}/orders",
        content=body,
        headers=headers_of(person),
        extensions={"trace": trace},
    )
    tally.replied(verdict_of(reply.status_code, reply.content))


async def _serve(burst: Callable[[Round], Awaitable[Burst]], ready: Ready) -> None:
    gc.collect()
    gc.freeze()
    keep_off_the_brokers_core()
    process.tell(ready)
    while (order := await asyncio.to_thread(process.hear, Round)) is not None:
        await asyncio.to_thread(process.wait_for_go, order)
        try:
            process.tell(await burst(order))
            process.tell(Rested(order.number))
        except httpx.HTTPError as error:
            process.tell(Failed(f"{type(error).__name__}: {error}"))
