"""Scripted misfortune: what goes wrong, for whom, when, and how often. Seeded.

A fault is plain data, so that a file, the control path and a test can all say the same thing.
What each action does is listed in `Action`; which parameters it reads stands behind it.
"""

import random
from collections import Counter
from typing import Literal

import msgspec

from copytrade_gui.simulator.ist import NS
from copytrade_gui.simulator.wire import Wire

Action = Literal[
    # Instead of or after the call itself; with `placed` (the default) the call takes effect first.
    "drop_reply",  # `how`: close, silence or reset
    # `http_status`, `text`, `form`: html, empty, broken, text, json, truncated, huge, deep
    "answer",
    "timed_out",  # a 400 whose text speaks of a time-out
    "code",  # EC `code` in the leg or result; not placed unless `placed` is said
    "too_many",  # 429 with `retry_after` seconds when given; never placed
    "dead_session",  # `form`: 401, EC044, EC055, EC075; never placed; the session lives on
    "expire_session",  # the session really ends now; this call already sees it
    "bad_address",  # EC500 inside a 200; never placed
    # What becomes of a placed order.
    "accept_late",  # accepted `seconds` later
    "show_late",  # in no book before `seconds` have passed
    "reject",  # risk control rejects it with `text`
    "duplicate_order",  # the broker makes `copies` more orders of it
    "tag",  # `form`: NA, empty, truncate, swap, lower, other
    "status",  # the books show `text` as its status
    "end_status",  # the books show `text` as its status once it has ended
    "parts",  # fills in `copies` parts
    "fill_after_cancel",  # a cancel succeeds, and then it fills
    # What a book (orders, order, trades, positions, holdings) shows this time.
    "book_empty",
    "book_short",  # the last `rows` are missing
    "book_stale",  # as it was `seconds` ago
    "book_duplicate",  # `rows` of them twice
    "book_shuffle",
    "book_garble",  # `rows` of them broken; `form`: text, null, number, missing, list
    "book_failed",  # the code for a failed read
    "book_quantity",  # `rows` of them `units` too large; `form` names the figure
    "book_tag",  # `rows` of them with another tag; `form` as for `tag`
    # The network itself: the call does not arrive, and nothing is written down of it. Without
    # accounts new connections are struck too. `form`: refused (the default), silence (no answer),
    # certificate (over sockets as refused: a certificate is shown before any account is known).
    "no_network",
    # How the reply travels.
    "delay",  # `ms`, lognormal with `sigma`
    "wire",  # any mistreatment of the bytes
    # What becomes of a message of the push feed on its way to everybody who hears it.
    "feed_skip",  # nobody gets it
    "feed_repeat",  # it comes `copies` times more
    "feed_delay",  # it comes `ms` later, and what follows it behind it
    "feed_overtaken",  # it comes `ms` later, and what follows it before it
    "feed_garble",  # `form`: text, broken, empty, null, number, list, missing, short, huge (`size`)
    "feed_close",  # nobody gets it, and their connections end; `how`: close, silence or reset
    # What becomes of a client of the push feed.
    "feed_refuse",  # its login; `form`: unavailable, bad_login, unauthorised, silence, reset
    "feed_deny",  # its subscription; `form`: empty for 0x80, or silence
    "feed_outage",  # no connection lives or is taken as long as this is in force
]  # fmt: skip

PLACE_ACTIONS = frozenset(
    {"accept_late", "show_late", "reject", "duplicate_order", "tag", "status", "end_status",
     "parts", "fill_after_cancel"}
)  # fmt: skip
BOOK_ACTIONS = frozenset(
    {"book_empty", "book_short", "book_stale", "book_duplicate", "book_shuffle", "book_garble",
     "book_failed", "book_tag", "book_quantity"}
)  # fmt: skip
MESSAGE_ACTIONS = frozenset(
    {"feed_skip", "feed_repeat", "feed_delay", "feed_overtaken", "feed_garble", "feed_close"}
)
_FEED_CALLS = {"feed_refuse": "feed_connect", "feed_deny": "feed_subscribe", "feed_outage": "feed"}
_NOT_PLACED_BY_DEFAULT = frozenset({"code"})


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One misfortune. Without conditions it strikes every matching call."""

    action: Action
    name: str = ""
    call: str = ""
    """Which call: place, modify, cancel, orders, order, trades, positions, holdings, limits,
    profile, session, logout, margin, span, candles, quotes, depth, interest, contracts; several
    separated by commas; `*` for all; `connect` for a new connection (wire and
    no_network only). Of the push feed: feed_order, feed_trade, feed_market (messages; of the market
    for no account), feed_connect, feed_subscribe.
    Empty: place for order actions, all books for book actions, order and trade messages, login or
    subscription for feed actions, all calls for the rest."""
    accounts: list[str] = msgspec.field(default_factory=list)
    """Client ids; empty for all."""
    probability: float = 1.0
    nth: list[int] = msgspec.field(default_factory=list)
    """Only these matching calls of an account, counted from 1."""
    skip: int = 0
    """Let this many matching calls of each account pass first."""
    count: int | None = None
    """Strike at most this often, over all accounts."""
    from_s: float = 0.0
    """Seconds after it was installed."""
    until_s: float | None = None

    placed: bool | None = None
    how: Literal["close", "silence", "reset"] = "close"
    http_status: int = 503
    form: str = ""
    text: str = ""
    code: str = "EC003"
    retry_after: float | None = None
    seconds: float = 0.0
    copies: int = 1
    rows: int = 1
    units: int = 1
    ms: float = 0.0
    sigma: float = 0.0
    size: int = 1_048_576
    wire: Wire | None = None

    @property
    def takes_effect(self) -> bool:
        """Whether the call is carried out before its reply goes wrong."""
        if self.placed is not None:
            return self.placed
        return self.action not in _NOT_PLACED_BY_DEFAULT


class _Armed:
    __slots__ = ("calls", "fault", "hits", "installed_at", "number", "of_the_feed", "seen",
                 "sources", "standing", "who")  # fmt: skip

    def __init__(self, number: int, fault: Fault, now: int) -> None:
        self.number = number
        self.fault = fault
        self.installed_at = now
        self.hits = 0
        self.seen: Counter[str] = Counter()
        self.sources: dict[str, random.Random] = {}
        self.who = frozenset(fault.accounts)
        self.calls = _calls_of(fault)
        self.standing = fault.action in {"no_network", "feed_outage"}
        self.of_the_feed = fault.action.startswith("feed_")


def _calls_of(fault: Fault) -> frozenset[str]:
    if fault.call:
        return frozenset(name.strip() for name in fault.call.split(","))
    if fault.action in PLACE_ACTIONS:
        return frozenset({"place"})
    if fault.action in BOOK_ACTIONS:
        return frozenset({"orders", "trades", "positions", "holdings"})
    if fault.action in MESSAGE_ACTIONS:
        return frozenset({"feed_order", "feed_trade"})
    if fault.action in _FEED_CALLS:
        return frozenset({_FEED_CALLS[fault.action]})
    return frozenset({"*"})


class FaultBook:
    """The faults that are armed, and the dice for them."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._armed: list[_Armed] = []
        self._made = 0

    def __bool__(self) -> bool:
        return bool(self._armed)

    def add(self, fault: Fault, now: int) -> int:
        """Arm a fault; returns its number."""
        self._made += 1
        self._armed.append(_Armed(self._made, fault, now))
        return self._made

    def clear(self, number: int | None = None) -> None:
        """Disarm one fault, or all."""
        self._armed = [a for a in self._armed if number is not None and a.number != number]

    def rows(self) -> list[dict[str, object]]:
        """What is armed and how often it struck."""
        return [
            {"number": a.number, "hits": a.hits, "fault": msgspec.to_builtins(a.fault)}
            for a in self._armed
        ]

    def specs(self) -> list[Fault]:
        """The armed faults themselves."""
        return [a.fault for a in self._armed]

    def strike(self, call: str, account: str, now: int) -> list[tuple[Fault, random.Random]]:
        """The faults that hit this call, in the order they were armed, each with its dice."""
        struck: list[tuple[Fault, random.Random]] = []
        for armed in self._armed:
            if armed.standing or armed.of_the_feed != call.startswith("feed"):
                continue
            if armed.calls.isdisjoint((call, "*")):
                continue
            if armed.who and account not in armed.who:
                continue
            source = self._source(armed, account)
            if self._hits(armed, account, now, source):
                armed.hits += 1
                struck.append((armed.fault, source))
        return struck

    def no_network(self, call: str, account: str, now: int) -> str:
        """How a call is kept from arriving: the form of the first such fault, empty for none.

        ``call`` is `feed` for a connection of the push feed, which an outage of its own ends too.
        """
        for armed in self._armed:
            if not armed.standing or armed.calls.isdisjoint((call, "*")):
                continue
            if armed.who and account not in armed.who:
                continue
            if self._hits(armed, account, now, self._source(armed, account)):
                armed.hits += 1
                return armed.fault.form or "refused"
        return ""

    def _hits(self, armed: _Armed, account: str, now: int, source: random.Random) -> bool:
        fault = armed.fault
        elapsed = (now - armed.installed_at) / NS
        if elapsed < fault.from_s or (fault.until_s is not None and elapsed >= fault.until_s):
            return False
        armed.seen[account] += 1
        if armed.seen[account] <= fault.skip:
            return False
        if fault.nth and armed.seen[account] - fault.skip not in fault.nth:
            return False
        if fault.probability < 1.0 and source.random() >= fault.probability:
            return False
        return fault.count is None or armed.hits < fault.count

    def _source(self, armed: _Armed, account: str) -> random.Random:
        source = armed.sources.get(account)
        if source is None:
            source = random.Random(f"{self._seed}/fault/{armed.number}/{account}")
            armed.sources[account] = source
        return source


def changed_tag(tag: str, form: str, source: random.Random) -> str:
    """A tag as a careless broker would give it back. An empty one shows as `NA`."""
    match form:
        case "truncate":
            return tag[: max(1, len(tag) // 2)]
        case "lower":
            return tag.lower()
        case "swap":
            return tag[1::-1] + tag[2:]
        case "other":
            return "".join(source.choices("ABCDEFGHJKLMNPQRSTUVWXYZ234567", k=16))
        case _:
            return ""
