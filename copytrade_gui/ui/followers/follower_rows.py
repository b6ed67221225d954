"""Rows of the follower table: who copies, how much, how it went last time."""

from __future__ import annotations

from dataclasses import dataclass

from copytrade_gui.domain.account import Account, AccountStatus
from copytrade_gui.domain.basis import why_not_live
from copytrade_gui.domain.drift import ReduceDrift, Step
from copytrade_gui.domain.drift_report import DriftLine
from copytrade_gui.domain.link import NO_FILTERS, Copies, Link
from copytrade_gui.domain.link_field import FILTERS, LABELS, list_text
from copytrade_gui.domain.margin import WhenShort
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import State
from copytrade_gui.domain.route import why_unregistered
from copytrade_gui.ui import figures
from copytrade_gui.ui.drift.drift_rows import brief_words, full_words, look_of, trouble_rank
from copytrade_gui.ui.followers.basis import basis_words
from copytrade_gui.ui.followers.sizing_words import (
    REDUCE_WORDS,
    SHORT_WORDS,
    STATE_HINTS,
    STATE_WORDS,
    STRATEGY_WORDS,
    parameter_words,
)
from copytrade_gui.ui.icons import Mark
from copytrade_gui.ui.state_words import (
    NO_BASIS,
    ONLY_EXITS,
    ORDER_LOOKS,
    PROBLEM_STATES,
    QUIET_RANK,
    SESSION_LOOKS,
    UNREGISTERED,
    Look,
    client_tail,
    copying_look,
    copying_rank,
    feed_words,
    rights_words,
)
from copytrade_gui.ui.tables.columns import Column
from copytrade_gui.ui.theme import Tone


@dataclass(frozen=True, slots=True)
class FollowerRow:
    """A follower of one master with live facts. ``copied`` and ``failed`` count today's copies."""

    account: Account
    link: Link
    status: AccountStatus
    copied: int = 0
    failed: int = 0
    last_state: State | None = None
    unmatched: int = 0
    """Units that copies of today filled although the master's order came to nothing."""
    drift: DriftLine | None = None
    """Its copied position that is furthest out of step; None while it holds none."""
    live: bool = False
    """At the broker, not on paper."""


def _look(row: FollowerRow) -> Look:
    return copying_look(row.account, row.status, row.link.state, live=row.live)


def _rank_of(row: FollowerRow) -> int:
    return copying_rank(row.account, row.status, row.link.state, live=row.live)


def _parameter(row: FollowerRow) -> str:
    return parameter_words(row.link.sizing)


def _strategy(row: FollowerRow) -> str:
    return STRATEGY_WORDS[row.link.sizing.strategy]


def _last_state(row: FollowerRow) -> State | None:
    """The newest state of its newest copy; before the first one of this run, what is on record."""
    if row.last_state is not None:
        return row.last_state
    first = row.status.last_outcome.split(" ", 1)[0]
    return State(first) if first in State.__members__ else None


def _outcome(row: FollowerRow) -> str:
    if row.status.stopped:
        return row.status.stopped  # why it is stopped is all that counts then
    if row.unmatched:
        return f"Filled {figures.whole(row.unmatched)} without the master"
    state = _last_state(row)
    if state is None:
        return row.status.last_outcome or figures.UNKNOWN
    code = row.status.last_outcome.partition(" ")[2] if state in PROBLEM_STATES else ""
    return f"{ORDER_LOOKS[state].word} {code}".rstrip()


def _outcome_tone(row: FollowerRow) -> Tone:
    if row.status.halted or row.unmatched:
        return Tone.BAD
    if row.status.only_exits:
        return ONLY_EXITS.tone
    state = _last_state(row)
    return Tone.MUTED if state is None else ORDER_LOOKS[state].tone


def _outcome_mark(row: FollowerRow) -> Mark | None:
    if row.status.stopped:
        return None
    if row.unmatched:
        return Mark.TRIANGLE
    state = _last_state(row)
    return None if state is None else ORDER_LOOKS[state].mark


def _today(row: FollowerRow) -> str:
    if not row.copied and not row.failed:
        return figures.UNKNOWN
    return f"{row.copied} / {row.failed}" if row.failed else str(row.copied)


def _state_tip(row: FollowerRow) -> str:
    """How it stands, and what its link lets through where that is not everything."""
    look, status = _look(row), row.status
    said = f"{look.word}: {status.session_reason}" if status.session_reason else look.word
    if status.stopped:
        said = f"{look.word} since {figures.clock(status.halted_ns)} IST: {status.stopped}"
    elif look is NO_BASIS:
        said = f"{look.word}: {why_not_live(row.account.declared.basis)}"
    elif look is UNREGISTERED:
        said = f"{look.word}: {why_unregistered(row.account.route, status.left_from)}"
    group = f" Group {_group(row)}." if row.link.group else ""
    plain = _is_plain(row.link)
    filtered = "" if plain else f" {_filter_tip(row)}"
    return f"{said.rstrip('.')}.{filtered}{group}" if filtered or group else said


def _is_plain(link: Link) -> bool:
    """True if it copies every order as it is, so that there is nothing to tell."""
    usual = link.copies is Copies.ORDERS and link.when_short is WhenShort.WARN
    usual = usual and link.reduce_drift is ReduceDrift.NO
    return usual and link.copies_all and link.exits is None


def _filter_tip(row: FollowerRow) -> str:
    """What the link lets through, besides its state."""
    link = row.link
    parts = [STATE_HINTS[link.state]]
    if link.copies is Copies.FILLS:
        parts.append("Of each order it copies what fills.")
    if link.when_short is not WhenShort.WARN:
        parts.append(f"{LABELS['when_short']}: {SHORT_WORDS[link.when_short].lower()}.")
    parts += [
        f"{LABELS[field]}: {said}."
        for field in FILTERS
        if (said := list_text(getattr(link.filters, field)))
    ]
    if link.window is not None:
        parts.append(f"From {link.window.in_words} IST.")
    if link.guard is not None:
        parts.append(f"Entries {link.guard.in_words}.")
    if link.exits is not None:
        parts.append(f"Copies: {link.exits.in_words}, while this program runs.")
    if link.reduce_drift is ReduceDrift.YES:
        parts.append(f"Drift: {REDUCE_WORDS[link.reduce_drift].lower()}.")
    return " ".join(parts)


def _group(row: FollowerRow) -> str:
    link = row.link
    if not link.group:
        return figures.UNKNOWN
    times = link.group_multiplier
    return link.group if times == 1 else f"{link.group} {grouped(times)} x"


def _link_state(row: FollowerRow) -> str:
    link = row.link
    asks = (link.window, link.guard, link.exits)
    filtered = link.filters != NO_FILTERS or any(one is not None for one in asks)
    fills = ", fills" if link.copies is Copies.FILLS else ""
    return f"{STATE_WORDS[row.link.state]}{fills}{' *' if filtered else ''}"


def _session_tip(row: FollowerRow) -> str:
    warm = "order connection open" if row.status.warm else "order connection closed"
    reason = f" ({row.status.session_reason})" if row.status.session_reason else ""
    said = f"{SESSION_LOOKS[row.status.session].word}{reason}, {warm}"
    said += f", {feed_words(row.status)}"
    return f"{said}. {row.status.feed_reason}" if row.status.feed_reason else said


def _rank(row: FollowerRow) -> str:
    rank = row.status.average_rank
    return figures.UNKNOWN if rank is None else f"{rank * 100:.0f} %"


def _max_quantity(row: FollowerRow) -> str:
    most = row.link.sizing.max_quantity
    return figures.UNKNOWN if most is None else figures.whole(most)


COLUMNS: tuple[Column[FollowerRow], ...] = (
    Column("state", "Copying", lambda r: _look(r).word, chars=11,
           sort=_rank_of, tip=_state_tip,
           tone=lambda r: _look(r).tone,
           mark=lambda r: _look(r).mark,
           note="Sorts by trouble: halted, exits only, no session, on, off"),
    Column("name", "Name", lambda r: r.account.name, chars=13, takes_rest=True,
           tone=lambda r: Tone.PLAIN if r.account.active else Tone.MUTED),
    Column("client", "Client", lambda r: client_tail(r.account.client_id), chars=9,
           tone=lambda _: Tone.MUTED, tip=lambda r: f"Client id {r.account.client_id}"),
    Column("outcome", "Last copy", _outcome, tone=_outcome_tone, mark=_outcome_mark, chars=13,
           tip=_outcome, note="Of a stopped account: why it is stopped"),
    Column("drift", "Drift", lambda r: brief_words(r.drift) if r.drift else figures.UNKNOWN,
           sort=lambda r: trouble_rank(r.drift) if r.drift else len(Step), chars=14,
           tone=lambda r: look_of(r.drift).tone if r.drift else Tone.MUTED,
           mark=lambda r: look_of(r.drift).mark if r.drift else None,
           tip=lambda r: full_words(r.drift) if r.drift else "It holds no copies",
           note="What its copies made against the broker's books, in lots; the worst of them"),
    Column("latency", "Call ms", lambda r: figures.milliseconds(r.status.last_latency_ms),
           sort=lambda r: r.status.last_latency_ms, numeric=True, chars=7,
           note="Milliseconds from the last copy's own call to its acknowledgement"),
    Column("today", "Today", _today, sort=lambda r: r.failed * 100_000 + r.copied, numeric=True,
           chars=6, tone=lambda r: Tone.WARN if r.failed else Tone.MUTED,
           note="Copies at the broker today / copies that failed"),
    Column("strategy", "Sizing", _strategy, chars=10, tip=lambda r: r.link.sizing.in_words()),
    Column("parameter", "Value", _parameter, numeric=True, chars=6,
           sort=lambda r: r.link.sizing.parameter,
           note="Multiple, per cent of capital, or units"),
    Column("group", "Group", _group, chars=9, tip=lambda r: _group(r) if r.link.group else
           "In no group", shown=False,
           note="With the multiplier of its followers' entries, where it is not 1"),
    Column("link", "State", _link_state, chars=9, tip=_filter_tip, shown=False,
           note="What is copied: active, close only, paused, frozen; fills: what orders fill; "
           "* with a filter or rule"),
    Column("max", "Max qty", _max_quantity, numeric=True, chars=8,
           sort=lambda r: r.link.sizing.max_quantity, shown=False,
           note="Most units in one order"),
    Column("session", "Session", lambda r: SESSION_LOOKS[r.status.session].word, chars=13,
           shown=False, sort=lambda r: list(SESSION_LOOKS).index(r.status.session),
           tone=lambda r: SESSION_LOOKS[r.status.session].tone,
           mark=lambda r: SESSION_LOOKS[r.status.session].mark, tip=_session_tip),
    Column("margin", "Free margin ₹", lambda r: figures.money(r.status.free_margin),
           sort=lambda r: r.status.free_margin, numeric=True, chars=13,
           tip=lambda r: "Not read from the broker yet" if r.status.free_margin is None
           else f"{figures.amount(r.status.free_margin)}, as the broker told it at "
           f"{figures.clock(r.status.margin_ns)} IST"),
    Column("rights", "May trade", lambda r: r.status.rights.kinds if r.status.rights else
           figures.UNKNOWN, chars=14, shown=False, tip=lambda r: rights_words(r.status),
           tone=lambda _: Tone.MUTED,
           note="Segments that the broker has enabled, as its profile told at the login"),
    Column("basis", "Basis", lambda r: basis_words(r.account.declared), chars=12, shown=False,
           tone=lambda r: NO_BASIS.tone if _look(r) is NO_BASIS else Tone.MUTED,
           tip=lambda r: basis_words(r.account.declared),
           note="Why orders of the account may be sent from here, with its reference"),
    Column("route", "Route", lambda r: r.account.route.in_words, chars=14, shown=False,
           tip=lambda r: r.account.route.in_words,
           note="Which way its connections take, and the addresses registered at the broker"),
    Column("rank", "Avg rank", _rank, sort=lambda r: r.status.average_rank, numeric=True, chars=8,
           tone=lambda _: Tone.MUTED, shown=False,
           note="Mean place in the send order: 0 % always first, 100 % always last"),
)  # fmt: skip


def search_text(row: FollowerRow) -> str:
    """What the filter looks through; signs mark what the quick filters want."""
    look = _look(row)
    in_trouble = _rank_of(row) < QUIET_RANK or row.failed or row.unmatched
    in_trouble = in_trouble or (row.drift is not None and row.drift.trouble)
    trouble = "§trouble" if in_trouble else ""
    copies = row.account.active and not row.link.state.stops
    on = "§on" if copies else "§off"
    return (
        f"{row.account.name} {row.account.client_id} {look.word} {_strategy(row)} "
        f"{row.link.group} {_link_state(row)} "
        f"{SESSION_LOOKS[row.status.session].word} {_outcome(row)} {trouble} {on}"
    )


def is_failure(state: State) -> bool:
    """True for a copy that did not become an order."""
    return state in PROBLEM_STATES
