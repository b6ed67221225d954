"""What the bench says to its contenders and hears from them, one JSON line each."""

from __future__ import annotations

import msgspec


class Person(msgspec.Struct, frozen=True):
    """One simulated account with an open session; the baselines need no more."""

    client_id: str
    token: str


class Feed(msgspec.Struct, frozen=True):
    """Where the simulator tells of orders by itself."""

    host: str
    port: int
    ca_file: str


class Setup(msgspec.Struct, frozen=True):
    """What a contender is made of. ``people`` is empty for consoles, which log in themselves."""

    base_url: str
    login_url: str
    control_url: str
    ca_file: str | None
    accounts_file: str
    people: list[Person]
    feed: Feed | None = None


class Ready(msgspec.Struct, frozen=True):
    """The contender is warm. Memory in MiB of resident set, before and after its logins."""

    accounts: int
    idle_mib: float
    warm_mib: float
    transport: str = ""


class Round(msgspec.Struct, frozen=True):
    """One burst: the same order for every account. ``phase`` is 0 to 1 of the stall's second."""

    number: int
    side: str
    price: str
    exchange: str
    instrument_id: str
    quantity: int
    phase: float = 0.0


class Poised(msgspec.Struct, frozen=True):
    """The next thing the contender does is the call; it waits for ``Go``."""

    poised: int


class Go(msgspec.Struct, frozen=True):
    """Nobody else computes now."""

    go: int


class Rested(msgspec.Struct, frozen=True):
    """What the burst left to do is done."""

    rested: int


class Burst(msgspec.Struct, frozen=True):
    """What one burst took, in ms from the call. ``replies_ms`` are ascending.

    ``commit_ms`` is the journal's share and ``commit_bytes`` what it wrote before the first byte
    left, as pages of the write-ahead log. ``seen_ms`` is when an order that was placed elsewhere
    was known, 0 for one of our own. ``shown_ms`` is the time from the broker's last fill until
    every row of the window says *Filled*, 0 where nobody looked. ``stall_ms`` is the longest time
    in which the window's loop did not turn, the forced stall apart; ``stalled`` tells whether the
    burst fell into one.
    """

    orders: int
    acked: int
    refused_for_rate: int
    first_byte_ms: float
    last_byte_ms: float
    replies_ms: list[float]
    cpu_ms: float
    peak_mib: float
    seen_ms: float = 0.0
    commit_ms: float = 0.0
    commit_bytes: int = 0
    plan_ms: float = 0.0
    shown_ms: float = 0.0
    stall_ms: float = 0.0
    stalled: bool = False
    problem: str = ""


class RestSetup(msgspec.Struct, frozen=True):
    """A console on a folder that outlives it, at a simulator that outlives it too."""

    base_url: str
    login_url: str
    control_url: str
    ca_file: str | None
    accounts_file: str
    folder: str


class Rest(msgspec.Struct, frozen=True):
    """Place so many master orders with their copies at a price that does not trade."""

    plans: int
    price: str
    exchange: str
    instrument_id: str


class Resting(msgspec.Struct, frozen=True):
    """So many orders stand open at the broker by the console's records."""

    resting: int


class Kill(msgspec.Struct, frozen=True):
    """Press KILL now."""

    kill: str


class Shown(msgspec.Struct, frozen=True):
    """The window is there."""

    shown: int


class MayTrade(msgspec.Struct, frozen=True):
    """Every book was read and compared; so many orders are known as open."""

    may_trade: int


class Failed(msgspec.Struct, frozen=True):
    """The contender cannot go on; one sentence why."""

    failed: str
