"""Seeing what the master places elsewhere the usual way: his order book, once a second."""

from __future__ import annotations

import asyncio

import httpx

from copytrade_gui.bench.request import headers_of
from copytrade_gui.bench.words import Person, Round, Setup

LOOK_S = 1.0
_WAIT_S = 30.0


def owners_order(client_id: str, order: Round) -> dict[str, object]:
    """What the simulator's control path takes: an order from the broker's own page."""
    return {
        "client_id": client_id,
        "order": {
            "exchange": order.exchange,
            "instrumentId": order.instrument_id,
            "transactionType": order.side,
            "quantity": str(order.quantity),
            "product": "INTRADAY",
            "orderType": "LIMIT",
            "validity": "DAY",
            "price": order.price,
        },
    }


class Watch:
    """A look at the master's order book once a second."""

    def __init__(self, client: httpx.AsyncClient, setup: Setup, master: Person) -> None:
        self._client = client
        self._setup = setup
        self._master = master
        self._rows = 0

    async def begin(self) -> None:
        """Know what is there already."""
        self._rows = await self._look()

    async def until_seen(self, order: Round) -> None:
        """He places it, at any moment of a second; back when a look has shown it."""
        moment = asyncio.get_running_loop().time() + LOOK_S * (1 - order.phase)
        placed = await self._client.post(
            f"{self._setup.control_url}/owner/place",
            json=owners_order(self._master.client_id, order),
        )
        placed.raise_for_status()
        async with asyncio.timeout(_WAIT_S):
            while True:
                await asyncio.sleep(max(0.0, moment - asyncio.get_running_loop().time()))
                if (rows := await self._look()) > self._rows:
                    self._rows = rows
                    return
                moment += LOOK_S

    async def _look(self) -> int:
        reply = await self._client.get(
            f"{self._setup.base_url}/orders", headers=headers_of(self._master)
        )
        return reply.content.count(b'"brokerOrderId"')
