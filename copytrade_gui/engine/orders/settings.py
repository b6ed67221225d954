"""The engine's numbers, with the rule of docs/safety.md each comes from."""

from __future__ import annotations

from dataclasses import dataclass

from copytrade_gui.domain.checks.limits import NO_LIMITS, Limits


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Defaults of the safety rules. Durations in seconds unless the name says ms."""

    limits: Limits = NO_LIMITS
    """docs/safety.md 10: what bounds every order; a live console begins with the defaults there."""
    deadline_ms: int = 7_000
    """Whole place call, docs/safety.md 4.6."""
    signal_age_market_ms: int = 10_000
    signal_age_resting_ms: int = 60_000
    """docs/safety.md 10.20: MARKET, SL-M and marketable LIMIT 10 s; resting LIMIT and SL 60 s."""
    quote_age_ms: int = 5_000
    """docs/safety.md 10.10: an older quote cannot price a MARKET order."""
    resend_after: tuple[float, ...] = (0.25, 0.5)
    resend_jitter: float = 0.05
    """docs/safety.md 5.11: NOT_SENT may repeat at most twice."""
    gate_every: int = 25
    """docs/safety.md 4.4: trading state is read again before so many writes."""
    resolver_first: float = 1.0
    resolver_fast: float = 2.0
    resolver_fast_for: float = 30.0
    resolver_slow: float = 10.0
    settle_window: float = 180.0
    settle_reads: int = 4
    confirm_gap: float = 2.0
    confirm_reads: int = 2
    give_up: float = 1_800.0
    look_alike_before: float = 2.0
    """docs/safety.md 6."""
    late_find_every: float = 30.0
    """Accounts with an order called absent keep being read, so that a late one is found."""
    masters_every: float = 0.0
    """docs/safety.md 8: a master's book is read so often for what he places elsewhere; 0: never."""
    poll_first: float = 1.0
    poll_active: float = 2.0
    poll_idle: float = 10.0
    poll_pushed: float = 10.0
    """While the broker tells by itself: its books say what a push cannot, such as an absence."""
    positions_every: float = 10.0
    """A master's positions are read so often: he may trade elsewhere too."""
    positions_after_fill: float = 3.0
    positions_copied: float = 120.0
    positions_again: float = 10.0
    positions_at_once: int = 8
    """A follower's are read so long after his copies filled, so often while they hold, and so soon
    again where that failed; so many accounts at one time, because nothing waits for it.
    """
    holdings_every: float = 0.0
    """An account's holdings are read at least so often; 0: only when a person asks."""
    ended_whole: float = 600.0
    """Orders that ended so long ago are packed."""
    loss_look: float = 2.0
    """While a loss limit is set, prices of what is held are asked for so often."""
    drift_look: float = 2.0
    """While a link has drift reduced by itself, it is looked for so often."""
    loss_price_age: float = 15.0
    """docs/safety.md 10.18: with an older one nothing that opens is copied."""
    master_poll: float = 0.2
    """How fast an open order is followed by polling; whoever has a feed hears sooner."""
    cancel_repeat: float = 2.0
    cancel_repeats: int = 3
    """docs/safety.md 9.11."""
    cancel_patience: float = 1.0
    """An account's next cancel waits for the answer to the one before it, until the broker has
    answered nobody's for so long.
    """
    cancel_moves: float = 5.0
    """An account's book is not read while its cancels are answered, one at least in so long."""
    modify_repeat: float = 30.0
    """docs/safety.md 9.12: the book has shown the old order for so long."""
    breaker_in_a_row: int = 25
    breaker_window: int = 50
    breaker_share: float = 0.30
    """docs/safety.md 9.10."""
    alike_rejections: float = 0.20
    """docs/safety.md 9.8."""
    rate_penalty: float = 60.0
    rate_wait_ms: int = 1_000
    """docs/safety.md 9.6: after a 429 wait at least a second, halve the rate for a minute."""
    reads_at_once: int = 32
    """Bounds reads in flight, so that 500 books never stand before an order."""
    offline_after: int = 3
    offline_first: float = 1.0
    offline_slowest: float = 5.0
    """docs/safety.md 9.35: OFFLINE after so many calls without answer; then read at this pace."""
    offline_suspects: int = 2
    """So many silent accounts are a reason to look whether the others are answered."""
    offline_reads_at_once: int = 8
    """Kept apart from the other reads: a read without an answer takes seconds."""
    compare_reads: int = 4
    compare_every: float = 5.0
    compares_at_once: int = 16
    """docs/safety.md 7.4: trades and positions may lag; what differs in the last two reads does."""
    gap_needs_resume: float = 60.0
    """docs/safety.md 7.6."""
    lots_seen_first: bool = False
    """At the live broker no commodity order leaves before a position row has shown its lot."""
    needs_basis: bool = False
    """docs/safety.md 13: at the live broker nothing opens in an account without a basis."""
    arms_each_day: bool = False
    """docs/safety.md 11.10: at the live broker nothing opens on a day before a person arms it."""
    keeps_sessions: bool = False
    """docs/safety.md 9.32: at the live broker no order leaves outside continuous trading."""
    day_ends: bool = True
    """docs/safety.md 9.31: outside the session a broker ends orders by itself, which nobody did."""
