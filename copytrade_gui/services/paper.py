"""More masters and followers at the simulated broker, opened while the console runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from copytrade_gui.domain.account import MOST_FOLLOWERS, MOST_PAPER_MASTERS, Account
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.number import Bounds, NotANumber, read_number
from copytrade_gui.ports import BrokerFailureError
from copytrade_gui.services.account_store import APP_SECRET
from copytrade_gui.services.followers import Followers
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.verbs import RefusedError, SessionVerbs


@dataclass(frozen=True, slots=True)
class Arrived:
    """Accounts that are new at the simulated broker, with their links and app secrets."""

    accounts: Sequence[Account]
    links: Sequence[Link]
    app_secrets: Mapping[AccountId, str]


Opener = Callable[[int, int], Awaitable[Arrived]]
"""Opens so many masters and so many followers at the simulated broker."""


class PaperVerbs(Protocol):
    """What only paper trading has."""

    async def grow(self, masters: str, followers: str) -> int:
        """Have at least so many paper masters and followers, as typed; returns how many are new.

        They are logged in. New followers are shared out among all masters, sized as a real book's
        are. Whoever is here stays as he is. Raises RefusedError.
        """

    async def broker_kept(self) -> bool:
        """Whether the simulated broker runs on when the console closes."""

    async def broker_news(self) -> str:
        """What to hear about how the simulated broker was found at the start; empty if nothing."""

    async def keep_broker(self, *, keep: bool) -> None:
        """Let it run on, or end with the console; stored. Raises RefusedError."""


class Keeping(Protocol):
    """Whether the simulated broker runs on when the console closes."""

    news: str
    """What a person should hear about how it was found at the start; empty if nothing."""

    def kept(self) -> bool:
        """As it was chosen last."""

    async def keep(self, keep: bool) -> None:
        """Choose. Raises BrokerFailureError."""


class PaperAccounts:
    """Implements ``PaperVerbs``."""

    def __init__(
        self, followers: Followers, sessions: SessionVerbs, opener: Opener, keeping: Keeping
    ) -> None:
        self._followers = followers
        self._sessions = sessions
        self._open = opener
        self._keeping = keeping

    async def broker_kept(self) -> bool:
        """As it was chosen last."""
        return self._keeping.kept()

    async def broker_news(self) -> str:
        """How it was found at the start."""
        return self._keeping.news

    @refusals_logged
    async def keep_broker(self, *, keep: bool) -> None:
        """Choose, for this close and every later one."""
        try:
            await self._keeping.keep(keep)
        except BrokerFailureError as failure:
            raise RefusedError(str(failure)) from failure

    @refusals_logged
    async def grow(self, masters: str, followers: str) -> int:
        """Open what is missing, keep it, and log it in."""
        wanted = _read(masters, "masters", MOST_PAPER_MASTERS)
        wanted_followers = _read(followers, "followers", MOST_FOLLOWERS)
        async with self._followers.changing:
            here = await self._followers.accounts()
            more_masters = max(0, wanted - sum(one.master for one in here))
            more = max(0, wanted_followers - sum(not one.master for one in here))
            if not more_masters + more:
                return 0
            try:
                arrived = await self._open(more_masters, more)
            except BrokerFailureError as failure:
                raise RefusedError(str(failure)) from failure
            secrets = {(name, APP_SECRET): one for name, one in arrived.app_secrets.items()}
            await self._followers.keep(arrived.accounts, arrived.links, secrets)
        await self._sessions.login_all_paper()
        return len(arrived.accounts)


def _read(typed: str, field: str, most: int) -> int:
    bounds = Bounds(most, f"the most {field} of a paper console", example="10", whole=True)
    read = read_number(typed, bounds, field.capitalize())
    if isinstance(read, NotANumber):
        raise RefusedError(read.sentence, field=field)
    return int(read.value)
