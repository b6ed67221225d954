"""The schema as it is today; the Alembic revisions build it step by step and a test compares both.

Every table is STRICT: SQLite would otherwise keep an amount as a floating number. Money is whole
paise or decimal text (rupees), times are integer nanoseconds, flags are 0 and 1.

Intents and attempts carry integer keys: with text keys the 500-follower commit writes twice the
bytes. Their public ids are derived (``domain.ids``) and are rebuilt when read. ``intents.state`` is
what the operator sees: the newest attempt's state once it was told. ``last_event`` is the number
of the event that set a row: the order of facts, which the wall clock is not.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from copytrade_gui.domain.order import ENDED, NO_LIVE_ATTEMPT, State

SCHEMA = 12
"""Number of the newest revision; kept in SQLite's ``user_version``."""
APPLICATION_ID = 0x43544731
"""SQLite's ``application_id`` of our files: ``CTG1``."""

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def states_outside(states: frozenset[State]) -> str:
    """SQL condition: ``state`` is none of these. ``<>`` costs a third of ``NOT IN`` a row."""
    return " AND ".join(f"state <> '{state}'" for state in State if state in states)


def _number(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _words(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _flag(name: str) -> Column[int]:
    return Column(name, Integer, CheckConstraint(f"{name} IN (0, 1)", name=name), nullable=False)


meta = Table(
    "meta", METADATA, Column("name", Text, primary_key=True), _words("value"), sqlite_strict=True
)

accounts = Table(
    "accounts",
    METADATA,
    Column("account_id", Text, primary_key=True),
    _words("name"),
    _words("client_id"),
    _words("app_key"),
    _flag("active"),
    _flag("master"),
    Column("basis", Text, nullable=False, server_default=""),
    Column("basis_reference", Text, nullable=False, server_default=""),
    Column("algo_id", Text, nullable=False, server_default=""),
    Column("route", Text, nullable=False, server_default="direct"),
    Column("route_address", Text, nullable=False, server_default=""),
    Column("address_family", Text, nullable=False, server_default="any"),
    Column("registered_addresses", Text, nullable=False, server_default=""),
    sqlite_strict=True,
)

links = Table(
    "links",
    METADATA,
    Column("master_id", Text, ForeignKey("accounts.account_id"), primary_key=True),
    Column("follower_id", Text, ForeignKey("accounts.account_id"), primary_key=True),
    _words("strategy"),
    _words("parameter"),
    Column("max_quantity", Integer),
    Column("min_quantity", Integer),
    _words("rounding"),
    _flag("reverse"),
    _words("overrides"),
    _words("state"),
    _words("group_name"),
    _words("sides"),
    _words("products"),
    _words("exchanges"),
    _words("symbols"),
    _words("not_symbols"),
    Column("opens", Text),
    Column("closes", Text),
    Column("group_multiplier", Text, nullable=False, server_default="1"),
    Column("guard", Text),
    Column("exits", Text),
    Column("copies", Text, nullable=False, server_default="orders"),
    Column("when_short", Text, nullable=False, server_default="warn"),
    Column("reduce_drift", Text, nullable=False, server_default="no"),
    sqlite_strict=True,
)
"""Who copies whom, by which rule. Lists, guard, exit rules: JSON; times: ``HH:MM``, IST."""

instruments_used = Table(
    "instruments_used",
    METADATA,
    Column("instrument_number", Integer, primary_key=True),
    _words("exchange"),
    _words("instrument_id"),
    _words("content_hash"),
    _words("content"),
    UniqueConstraint("exchange", "instrument_id", "content_hash"),
    sqlite_strict=True,
)

order_terms = Table(
    "order_terms",
    METADATA,
    Column("terms_number", Integer, primary_key=True),
    Column(
        "instrument_number",
        Integer,
        ForeignKey("instruments_used.instrument_number"),
        nullable=False,
    ),
    _words("side"),
    _words("product"),
    _words("order_type"),
    _words("validity"),
    Column("price", Text),
    Column("trigger_price", Text),
    sqlite_strict=True,
)

actions = Table(
    "actions",
    METADATA,
    Column("action_id", Text, primary_key=True),
    _words("master_id"),
    _words("order_ref"),
    _number("version"),
    Column("terms_number", Integer, ForeignKey("order_terms.terms_number"), nullable=False),
    _number("quantity"),
    _words("fan_out"),
    Column("command_id", Text),
    _number("made_ns"),
    UniqueConstraint("master_id", "order_ref", "version"),
    sqlite_strict=True,
)

plans = Table(
    "plans",
    METADATA,
    Column("plan_number", Integer, primary_key=True),
    Column("plan_id", Text, nullable=False, unique=True),
    Column("action_id", Text, ForeignKey("actions.action_id"), nullable=False, unique=True),
    _number("made_ns"),
    _number("made_mono_ns"),
    Column("settled", Text),
    Index("ix_plans_made_ns", "made_ns"),
    sqlite_strict=True,
)

intents = Table(
    "intents",
    METADATA,
    Column("intent_number", Integer, primary_key=True),
    Column("plan_number", Integer, ForeignKey("plans.plan_number"), nullable=False),
    _words("account_id"),
    _words("role"),
    _number("slice_number"),
    Column("terms_number", Integer, ForeignKey("order_terms.terms_number"), nullable=False),
    _number("quantity"),
    _number("signal_age_ms"),
    _number("send_rank"),
    _words("state"),
    _words("code"),
    _words("reason"),
    _flag("cancel_requested"),
    _number("changed_ns"),
    _number("last_event"),
    UniqueConstraint("plan_number", "account_id", "slice_number"),
    Index("ix_intents_open", "plan_number", sqlite_where=text(states_outside(ENDED))),
    sqlite_strict=True,
)

attempts = Table(
    "attempts",
    METADATA,
    Column("attempt_row", Integer, primary_key=True),
    Column("intent_number", Integer, ForeignKey("intents.intent_number"), nullable=False),
    _number("number"),
    Column("tag", Text, nullable=False, unique=True),
    _words("payload_hash"),
    _number("marked_ns"),
    _number("deadline_ms"),
    _words("state"),
    UniqueConstraint("intent_number", "number"),
    Index(
        "ux_attempts_one_live",
        "intent_number",
        unique=True,
        sqlite_where=text(states_outside(NO_LIVE_ATTEMPT)),
    ),
    sqlite_strict=True,
)

broker_orders = Table(
    "broker_orders",
    METADATA,
    Column("broker_order_row", Integer, primary_key=True),
    _words("account_id"),
    _words("broker_order_id"),
    Column("attempt_row", Integer, ForeignKey("attempts.attempt_row"), nullable=False, unique=True),
    _words("state"),
    _number("filled_quantity"),
    Column("average_price", Text),
    _number("changed_ns"),
    _number("last_event"),
    UniqueConstraint("account_id", "broker_order_id"),
    sqlite_strict=True,
)

fills = Table(
    "fills",
    METADATA,
    Column("fill_row", Integer, primary_key=True),
    _words("account_id"),
    _words("trade_id"),
    _words("broker_order_id"),
    _number("quantity"),
    _words("price"),
    _words("at_text"),
    _number("seen_ns"),
    UniqueConstraint("account_id", "trade_id"),
    Index("ix_fills_seen_ns", "seen_ns"),
    sqlite_strict=True,
)

latency_samples = Table(
    "latency_samples",
    METADATA,
    Column("attempt_row", Integer, ForeignKey("attempts.attempt_row"), primary_key=True),
    _number("called_ns"),
    _number("sent_ns"),
    _number("replied_ns"),
    _number("at_ns"),
    sqlite_strict=True,
)

commands = Table(
    "commands",
    METADATA,
    Column("command_id", Text, primary_key=True),
    _words("actor"),
    _words("verb"),
    _words("subject"),
    _words("reason"),
    _number("at_ns"),
    sqlite_strict=True,
)

trading_state = Table(
    "trading_state",
    METADATA,
    Column("change_number", Integer, primary_key=True),
    _words("state"),
    _words("actor"),
    _words("reason"),
    _number("at_ns"),
    Column("all_orders", Integer, nullable=False, server_default="0"),
    UniqueConstraint("at_ns", "state", "actor", "reason"),
    sqlite_strict=True,
)

events = Table(
    "events",
    METADATA,
    Column("number", Integer, primary_key=True),
    _number("wall_ns"),
    _number("mono_ns"),
    Column("clock_offset_ms", Integer),
    _words("actor"),
    _words("kind"),
    _words("account_id"),
    _words("plan_id"),
    _words("intent_id"),
    _words("reason"),
    _words("body"),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("own_hash", LargeBinary, nullable=False),
    Index("ix_events_wall_ns", "wall_ns"),
    sqlite_strict=True,
)

APPEND_ONLY = ("events", "trading_state", "commands", "fills")
"""Tables whose rows are never changed or deleted: triggers abort the try."""


def guards(table: str) -> tuple[str, str]:
    """SQL of the two triggers that keep a table append-only."""
    refusal = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    return (
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refusal}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refusal}",
    )
