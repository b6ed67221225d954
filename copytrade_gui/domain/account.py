"""Accounts at the broker: whose orders are copied, and who copies (``link`` says whom)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from copytrade_gui.domain.basis import UNDECLARED, Declared, why_not_live
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.rights import Rights
from copytrade_gui.domain.route import DIRECT, Route
from copytrade_gui.domain.typed import listed

MOST_FOLLOWERS = 500
"""Followers one console copies to."""
MOST_PAPER_MASTERS = 10
"""Masters of one paper console."""


def client_key(client_id: str) -> str:
    """What all spellings of one client id have in common; only for comparing.

    The broker gives one id in two casings: ``preferred_username`` lower, ``ucc`` upper, callbacks
    either (docs/broker.md 21.2).
    """
    return client_id.strip().casefold()


def same_client(one: str, other: str) -> bool:
    """True if both are one client id at the broker, however they are written."""
    return client_key(one) == client_key(other)


class Role(StrEnum):
    """Whose order of a plan it is: the master's own, or a copy."""

    MASTER = "master"
    FOLLOWER = "follower"


@dataclass(frozen=True, slots=True)
class Account:
    """One broker account. The app secret and the session live behind ``SecretStore``, not here.

    ``active`` is the operator's on/off switch: an account that is off gets no copies, places no
    orders and is not polled. A ``master``'s own orders are copied, and he may be chosen in the
    ticket; whoever has a link to a master follows him, master or not. ``declared`` is why its
    orders may be sent from here, and ``route`` which way its connections take: both belong to the
    account, whomever it copies.
    """

    account_id: AccountId
    name: str
    client_id: str
    app_key: str
    active: bool = True
    master: bool = False
    declared: Declared = UNDECLARED
    route: Route = DIRECT


def without_basis(accounts: Iterable[Account]) -> str:
    """Which of these live accounts open nothing, for want of a basis, in one sentence with the
    remedy; empty: none. The first five are named.
    """
    names = [one.name for one in accounts if why_not_live(one.declared.basis)]
    if not names:
        return ""
    s, have = ("", "has") if len(names) == 1 else ("s", "have")
    return (
        f"{len(names)} account{s} {have} no compliance basis, so only exits leave there: "
        f"{listed(names, 5)}. Choose it under Followers > Declare basis."
    )


class SessionState(StrEnum):
    """Where an account's daily broker session stands."""

    LOGGED_OUT = "logged_out"
    LOGGING_IN = "logging_in"
    READY = "ready"
    EXPIRED = "expired"
    OFFLINE = "offline"
    """The session may be valid, but the broker does not answer, or from a new address of ours."""
    BLOCKED = "blocked"


class FeedState(StrEnum):
    """Whether the broker tells by itself what becomes of an account's orders."""

    OFF = "off"
    """It does not: the books are read."""
    CONNECTING = "connecting"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    REFUSED = "refused"
    """The broker does not give this account's news; asked again now and then."""
    EXPIRED = "expired"
    """The broker does not take the session any more."""


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """Live facts about an account, kept by the engine. Money in paise, durations in ms."""

    account_id: AccountId
    session: SessionState = SessionState.LOGGED_OUT
    session_reason: str = ""
    warm: bool = False
    """True while its order connection is open, so that its next order needs no handshake."""
    free_margin: Paise | None = None
    margin_ns: int = 0
    """When the broker told it, UTC ns; 0: not yet."""
    last_outcome: str = ""
    last_latency_ms: float | None = None
    average_rank: float | None = None
    """Mean place in the send order over its copies, 0 first to 1 last; fairness at a glance."""
    halted: str = ""
    """Why this account alone is stopped, in sentences; empty when it is not."""
    halted_ns: int = 0
    """Since when it is halted, or lets only exits pass, UTC ns; 0 when neither is so."""
    only_exits: str = ""
    """Why what opens is not copied to this account alone, in sentences; empty when it is."""
    ends_by_itself: bool = False
    """All that stops it alone is about its losses of the day, and ends with it."""
    unread: bool = False
    """It had orders today and its order book was not read whole since the start: nothing leaves."""
    feed: FeedState = FeedState.OFF
    feed_reason: str = ""
    """Why the feed does not stand, in one sentence; empty while it does."""
    feed_ns: int = 0
    """Since when it stands so, UTC ns; 0: since the start."""
    catching_up: bool = False
    """The feed stands again, and the order book is still to be read for what came meanwhile."""
    left_from: tuple[str, ...] = ()
    """Local addresses that its newest connections left from, one of a family at most."""
    funds: Paise | None = None
    """What the broker last said the account has before margins in use; None while not read."""
    rights: Rights | None = None
    """What it may trade, by its profile at the last login; None while that was not read."""

    @property
    def stopped(self) -> str:
        """Everything that stops this account alone, in sentences: what a person lifts."""
        return " ".join(filter(None, (self.halted, self.only_exits)))
