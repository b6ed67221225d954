"""Routes tried without a broker."""

from collections.abc import Mapping

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.services.routes import RouteReport


class FakeRoutes:
    """Hears which routes are tried; each is as ``says``."""

    def __init__(self) -> None:
        self.tried: list[tuple[AccountId | None, dict[str, str]]] = []
        self.says = RouteReport(good=True, sentence="The broker answered in 5 ms.")

    async def test_route(
        self, account_id: AccountId | None, fields: Mapping[str, str]
    ) -> RouteReport:
        self.tried.append((account_id, dict(fields)))
        return self.says


no_test = FakeRoutes().test_route
"""For editors of which nobody tries a route."""
