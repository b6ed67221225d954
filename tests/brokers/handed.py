"""What the contract is told of the broker that is handed to it, and IIFL as it is handed."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from copytrade_gui.domain.ids import BrokerOrderId
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.ports import (
    BrokerOrder,
    ChangeOutcome,
    Doubt,
    OrderChannel,
    PlaceOutcome,
    Read,
    Refused,
    Unknown,
)
from tests.brokers.rig import (
    TOKEN,
    Line,
    Request,
    ScriptedBroker,
    accepted,
    client,
    leg,
    reply,
    session_of,
)


class Traded(Protocol):
    """What the contract asks of a session."""

    @property
    def orders(self) -> OrderChannel: ...

    async def open_channel(self) -> None: ...

    async def cancel(self, order: BrokerOrderId) -> ChangeOutcome: ...

    async def modify(self, order: BrokerOrderId, terms: OrderTerms) -> ChangeOutcome: ...

    async def order_history(self, order: BrokerOrderId) -> Read[BrokerOrder]: ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True)
class Answer:
    """How the broker's server answers, and what that proves."""

    body: bytes
    means: PlaceOutcome | None = None
    """None: the order may have arrived, whatever the reason is called."""
    status: int = 200
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """A change as it arrived; ``quantity`` is None for a cancel."""

    order: str
    quantity: int | None


class HandedBroker(ABC):
    """A broker under the contract: how it is opened, and how its server speaks."""

    secret: str
    """Stands in a header of every order."""
    answers: tuple[Answer, ...]
    """Each kind of answer to an order that this broker has beside "accepted"."""
    accepted_status = 200
    change_taken: bytes
    change_refused: Answer

    @abstractmethod
    def session(
        self, broker: ScriptedBroker, cache: Path, *, fast: bool, ca_file: Path | None
    ) -> AbstractAsyncContextManager[Traded]:
        """One logged-in account."""

    @abstractmethod
    def accepted(self, order_id: str) -> bytes:
        """The body that says that an order was taken."""

    @abstractmethod
    def is_read(self, request: Request) -> bool:
        """It neither places nor changes anything."""

    @abstractmethod
    def change_of(self, request: Request) -> Change | None:
        """The change that a request asks for."""

    async def says_accepted(self, line: Line, request: Request) -> None:
        """Take every order as ``B<tag>`` and every change, and answer every read."""
        if self.is_read(request):
            line.send(reply(b'{"status":"Ok","result":{"status":"Success"}}'))
        else:
            body = self.accepted(f"B{request.tag}") if request.tag else self.change_taken
            line.send(reply(body, self.accepted_status))


_ADDRESS = "Error : IP address not authorized for trading."


class Iifl(HandedBroker):
    """IIFL, over its own adapter."""

    secret = f"Bearer {TOKEN.token}"
    answers = (
        Answer(leg("EC954", "not a multiple"), Refused("EC954", "not a multiple")),
        Answer(leg("EC500", _ADDRESS), Refused("EC500", _ADDRESS, blocks_account=True)),
        Answer(
            b"",
            Unknown(
                "The broker says that this account calls too often (429).",
                code="429",
                doubt=Doubt.RATE,
                retry_after_ms=3000,
            ),
            429,
            ("Retry-After: 3",),
        ),
        Answer(
            b"{}",
            Unknown(
                "The broker no longer accepts this session (401).", code="401", doubt=Doubt.AUTH
            ),
            401,
        ),
        Answer(b"<html>Access denied</html>"),
    )
    change_taken = (
        b'{"status":"Ok","result":{"status":"Success","brokerOrderId":"240919000000041"}}'
    )
    change_refused = Answer(
        b'{"status":"EC995","message":"Error : There is no order to cancel."}',
        Refused("EC995", "Error : There is no order to cancel."),
    )

    @asynccontextmanager
    async def session(
        self, broker: ScriptedBroker, cache: Path, *, fast: bool, ca_file: Path | None
    ) -> AsyncIterator[Traded]:
        async with client(broker, cache, fast=fast, ca_file=ca_file) as made:
            yield session_of(made)

    def accepted(self, order_id: str) -> bytes:
        return accepted(order_id)

    def is_read(self, request: Request) -> bool:
        return request.method == "GET"

    def change_of(self, request: Request) -> Change | None:
        found = re.fullmatch(r"/v1/orders/([0-9A-Za-z]+)", request.path)
        if found is None or request.method not in ("DELETE", "PUT"):
            return None
        if request.method == "DELETE":
            assert request.body == b""
            return Change(found[1], None)
        body = json.loads(request.body)
        assert "product" not in body
        return Change(found[1], int(body["quantity"]))
