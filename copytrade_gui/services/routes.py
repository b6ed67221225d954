"""A route tried: one connection by it, and what that shows of the address the broker sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.route import (
    DIRECT,
    Route,
    what_is_not_compared,
    why_unregistered,
)
from copytrade_gui.ports import Broker, BrokerFailureError, RouteSeen
from copytrade_gui.services.account_cells import Owns, anything, read_routed
from copytrade_gui.services.account_store import PROXY_LOGIN
from copytrade_gui.services.refusing import refusals_logged

_TELLS_NOT = "The broker has no call that tells which address it sees."
_NONE_ENTERED = "No registered addresses are entered that it could be compared with."


@dataclass(frozen=True, slots=True)
class RouteReport:
    """What came of a try. ``good``: the broker answered, and nothing speaks against the address."""

    good: bool
    sentence: str


class RouteVerbs(Protocol):
    """What an operator asks of a route."""

    async def test_route(
        self, account_id: AccountId | None, fields: Mapping[str, str]
    ) -> RouteReport:
        """Connect once by the account's route as these fields would change it, which changes
        nothing; None: a new account's. ``proxy_login`` empty is the stored one.

        Raises RefusedError naming the field.
        """


class Routes:
    """Implements ``RouteVerbs``; ``find`` gives an account by its id."""

    def __init__(
        self,
        broker: Broker,
        find: Callable[[AccountId], Account | None],
        *,
        live: bool,
        owns: Owns = anything,
    ) -> None:
        self._broker = broker
        self._find = find
        self._live, self._owns = live, owns

    @refusals_logged
    async def test_route(
        self, account_id: AccountId | None, fields: Mapping[str, str]
    ) -> RouteReport:
        """Try what the fields say."""
        account = None if account_id is None else self._find(account_id)
        if account is None:
            account = Account(AccountId(""), "", "", "")
        route = read_routed(account.route, fields, live=self._live, owns=self._owns)
        login = fields.get(PROXY_LOGIN, "").strip() or None
        if login is None and route.address != account.route.address:
            login = ""  # a stored login is another proxy's
        return await try_route(self._broker, replace(account, route=route), login)


async def try_route(broker: Broker, account: Account, login: str | None = None) -> RouteReport:
    """Connect once by an account's route; ``login`` takes the place of its proxy's stored one."""
    try:
        seen = await broker.try_route(account, login)
    except BrokerFailureError as failure:
        return RouteReport(good=False, sentence=str(failure).strip())
    wrong, compared = _compared(account.route, seen)
    parts = [
        f"The broker answered in {seen.took_ms:.0f} ms.",
        f"The connection left from {seen.left_from}." if seen.left_from else "",
        f"The broker saw {seen.seen}." if seen.seen else _TELLS_NOT,
        compared,
    ]
    return RouteReport(good=not wrong, sentence=" ".join(filter(None, parts)))


def _compared(route: Route, seen: RouteSeen) -> tuple[bool, str]:
    """Whether the address is a wrong one, and what is to be said of it."""
    if not route.registered:
        return False, _NONE_ENTERED
    by_broker = replace(DIRECT, registered=route.registered)
    why = why_unregistered(by_broker, (seen.seen,)) if seen.seen else ""
    why = why or why_unregistered(route, (seen.left_from,) if seen.left_from else ())
    if why:
        return True, why
    address = seen.seen or seen.left_from
    if address in route.registered:
        return False, "It is one of the registered addresses."
    return False, what_is_not_compared(route, (seen.left_from,) if seen.left_from else ())
