"""The owner of an account at the broker's own terminal: he changes or cancels what he finds."""

from __future__ import annotations

from collections.abc import Callable

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.simulator.orders import Order
from copytrade_gui.simulator.owner import OwnerError
from tests.proof.rig import World


class Owner:
    """One account's owner, at work beside us."""

    def __init__(self, world: World, account: AccountId) -> None:
        self._world = world
        self._client_id = world.account(account).client_id
        self._owner = world.broker.owner(self._client_id)

    def orders(self) -> list[str]:
        """Ids of all his orders of today that the broker shows him."""
        account = self._world.broker.desk.accounts[self._client_id]
        now = self._world.time.wall_ns()
        return [name for name, order in account.orders.items() if order.visible_at <= now]

    def change(self, order_id: str, **fields: str) -> bool:
        """Ask for a change, fields as the broker spells them; False if the broker refuses."""
        return _taken(lambda: self._owner.modify(order_id, fields))

    def cancel(self, order_id: str) -> bool:
        """Ask for a cancel; False if the broker refuses."""
        return _taken(lambda: self._owner.cancel(order_id))


def _taken(ask: Callable[[], Order]) -> bool:
    try:
        ask()
    except OwnerError:
        return False
    return True
