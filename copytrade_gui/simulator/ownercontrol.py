"""Owners over the control path: what they do at the broker's own pages, by HTTP."""

from collections.abc import Callable

import msgspec

from copytrade_gui.simulator.broker import SimulatedBroker
from copytrade_gui.simulator.owner import Owner, OwnerError, owned_row
from copytrade_gui.simulator.wire import Request

Handler = Callable[[Request, dict[str, str]], object]
"""Answers a control request with its query; raises with a sentence."""


class _OwnerOrder(msgspec.Struct, forbid_unknown_fields=True):
    client_id: str
    order: dict[str, str | int | float]
    channel: str = "Web"
    words: dict[str, str] = msgspec.field(default_factory=dict)


class _OwnerChange(msgspec.Struct, forbid_unknown_fields=True):
    client_id: str
    order_id: str
    changes: dict[str, str | int | float] = msgspec.field(default_factory=dict)


class _OwnerExit(msgspec.Struct, forbid_unknown_fields=True):
    client_id: str
    exchange: str
    instrument_id: str
    product: str = "INTRADAY"
    percent: int = 100
    channel: str = "Web"


class OwnerControl:
    """The verbs of an `Owner`, each with the client id of the account."""

    def __init__(self, broker: SimulatedBroker) -> None:
        self._broker = broker
        self.routes: dict[tuple[str, str], Handler] = {
            ("POST", "/owner/place"): self._place,
            ("POST", "/owner/modify"): self._modify,
            ("POST", "/owner/cancel"): self._cancel,
            ("POST", "/owner/leave"): self._leave,
        }

    def _place(self, request: Request, _query: dict[str, str]) -> object:
        """An order from the broker's page, phone or dealer: see `Owner.place`."""
        asked = msgspec.json.decode(request.body or b"{}", type=_OwnerOrder)
        order = self._owner(asked.client_id).place(
            asked.order, channel=asked.channel, words=asked.words
        )
        return owned_row(order)

    def _modify(self, request: Request, _query: dict[str, str]) -> object:
        asked = msgspec.json.decode(request.body or b"{}", type=_OwnerChange)
        return owned_row(self._owner(asked.client_id).modify(asked.order_id, asked.changes))

    def _cancel(self, request: Request, _query: dict[str, str]) -> object:
        asked = msgspec.json.decode(request.body or b"{}", type=_OwnerChange)
        return owned_row(self._owner(asked.client_id).cancel(asked.order_id))

    def _leave(self, request: Request, _query: dict[str, str]) -> object:
        """A position is left at MARKET, whole or a ``percent`` of it."""
        asked = msgspec.json.decode(request.body or b"{}", type=_OwnerExit)
        order = self._owner(asked.client_id).leave(
            asked.exchange, asked.instrument_id, asked.product,
            percent=asked.percent, channel=asked.channel,
        )  # fmt: skip
        return owned_row(order)

    def _owner(self, client_id: str) -> Owner:
        if client_id not in self._broker.desk.accounts:
            raise OwnerError(f"client_id {client_id!r} is none of the simulated accounts")
        return self._broker.owner(client_id)
