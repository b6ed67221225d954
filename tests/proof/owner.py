"""The owner of an account at the broker's own terminal: he changes or cancels what he finds."""

from __future__ import annotations

import msgspec

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.simulator.wire import Request
from tests.proof.rig import World

ORDERS = "/v1/orders"


class Owner:
    """One account's owner, logged in beside us."""

    def __init__(self, world: World, account: AccountId) -> None:
        self._world = world
        self._client_id = world.account(account).client_id
        self._token = world.broker.open_session(self._client_id)

    def orders(self) -> list[str]:
        """Ids of all his orders of today that the broker shows him."""
        account = self._world.broker.desk.accounts[self._client_id]
        now = self._world.time.wall_ns()
        return [name for name, order in account.orders.items() if order.visible_at <= now]

    def change(self, order_id: str, **fields: str) -> bool:
        """Ask for a change, fields as the broker spells them; False if the broker refuses."""
        return self._call("PUT", order_id, msgspec.json.encode(fields))

    def cancel(self, order_id: str) -> bool:
        """Ask for a cancel; False if the broker refuses."""
        return self._call("DELETE", order_id, b"")

    def _call(self, method: str, order_id: str, body: bytes) -> bool:
        reply = self._world.broker.handle(
            Request(
                method,
                f"{ORDERS}/{order_id}",
                "",
                {"authorization": f"Bearer {self._token}"},
                body,
                "127.0.0.1",
            )
        )
        return reply.status == 200 and b'"brokerOrderId"' in reply.body
