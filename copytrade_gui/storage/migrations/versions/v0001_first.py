"""The first schema: plans, attempts, books, the audit trail."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_STEPS = (
    """
    CREATE TABLE accounts (
        account_id TEXT NOT NULL,
        role TEXT NOT NULL,
        name TEXT NOT NULL,
        client_id TEXT NOT NULL,
        app_key TEXT NOT NULL,
        active INTEGER NOT NULL CONSTRAINT ck_accounts_active CHECK (active IN (0, 1)),
        master_id TEXT,
        strategy TEXT,
        parameter TEXT,
        max_quantity INTEGER,
        CONSTRAINT pk_accounts PRIMARY KEY (account_id)
    )
     STRICT
    """,
    """
    CREATE TABLE commands (
        command_id TEXT NOT NULL,
        actor TEXT NOT NULL,
        verb TEXT NOT NULL,
        subject TEXT NOT NULL,
        reason TEXT NOT NULL,
        at_ns INTEGER NOT NULL,
        CONSTRAINT pk_commands PRIMARY KEY (command_id)
    )
     STRICT
    """,
    """
    CREATE TABLE events (
        number INTEGER NOT NULL,
        wall_ns INTEGER NOT NULL,
        mono_ns INTEGER NOT NULL,
        clock_offset_ms INTEGER,
        actor TEXT NOT NULL,
        kind TEXT NOT NULL,
        account_id TEXT NOT NULL,
        plan_id TEXT NOT NULL,
        intent_id TEXT NOT NULL,
        reason TEXT NOT NULL,
        body TEXT NOT NULL,
        previous_hash BLOB NOT NULL,
        own_hash BLOB NOT NULL,
        CONSTRAINT pk_events PRIMARY KEY (number)
    )
     STRICT
    """,
    """
    CREATE INDEX ix_events_wall_ns ON events (wall_ns)
    """,
    """
    CREATE TABLE fills (
        fill_row INTEGER NOT NULL,
        account_id TEXT NOT NULL,
        trade_id TEXT NOT NULL,
        broker_order_id TEXT NOT NULL,
        quantity INTEGER NOT NULL,
        price TEXT NOT NULL,
        at_text TEXT NOT NULL,
        seen_ns INTEGER NOT NULL,
        CONSTRAINT pk_fills PRIMARY KEY (fill_row),
        CONSTRAINT uq_fills_account_id_trade_id UNIQUE (account_id, trade_id)
    )
     STRICT
    """,
    """
    CREATE INDEX ix_fills_seen_ns ON fills (seen_ns)
    """,
    """
    CREATE TABLE instruments_used (
        instrument_number INTEGER NOT NULL,
        exchange TEXT NOT NULL,
        instrument_id TEXT NOT NULL,
        content_hash TEXT NOT NULL,
        content TEXT NOT NULL,
        CONSTRAINT pk_instruments_used PRIMARY KEY (instrument_number),
        CONSTRAINT uq_instruments_used_exchange_instrument_id_content_hash UNIQUE (exchange,
            instrument_id, content_hash)
    )
     STRICT
    """,
    """
    CREATE TABLE meta (
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        CONSTRAINT pk_meta PRIMARY KEY (name)
    )
     STRICT
    """,
    """
    CREATE TABLE trading_state (
        change_number INTEGER NOT NULL,
        state TEXT NOT NULL,
        actor TEXT NOT NULL,
        reason TEXT NOT NULL,
        at_ns INTEGER NOT NULL,
        CONSTRAINT pk_trading_state PRIMARY KEY (change_number),
        CONSTRAINT uq_trading_state_at_ns_state_actor_reason UNIQUE (at_ns, state, actor,
            reason)
    )
     STRICT
    """,
    """
    CREATE TABLE order_terms (
        terms_number INTEGER NOT NULL,
        instrument_number INTEGER NOT NULL,
        side TEXT NOT NULL,
        product TEXT NOT NULL,
        order_type TEXT NOT NULL,
        validity TEXT NOT NULL,
        price TEXT,
        trigger_price TEXT,
        CONSTRAINT pk_order_terms PRIMARY KEY (terms_number),
        CONSTRAINT fk_order_terms_instrument_number FOREIGN KEY(instrument_number) REFERENCES
            instruments_used (instrument_number)
    )
     STRICT
    """,
    """
    CREATE TABLE actions (
        action_id TEXT NOT NULL,
        master_id TEXT NOT NULL,
        order_ref TEXT NOT NULL,
        version INTEGER NOT NULL,
        terms_number INTEGER NOT NULL,
        quantity INTEGER NOT NULL,
        fan_out TEXT NOT NULL,
        command_id TEXT,
        made_ns INTEGER NOT NULL,
        CONSTRAINT pk_actions PRIMARY KEY (action_id),
        CONSTRAINT uq_actions_master_id_order_ref_version UNIQUE (master_id, order_ref,
            version),
        CONSTRAINT fk_actions_terms_number FOREIGN KEY(terms_number) REFERENCES order_terms
            (terms_number)
    )
     STRICT
    """,
    """
    CREATE TABLE plans (
        plan_number INTEGER NOT NULL,
        plan_id TEXT NOT NULL,
        action_id TEXT NOT NULL,
        made_ns INTEGER NOT NULL,
        made_mono_ns INTEGER NOT NULL,
        settled TEXT,
        CONSTRAINT pk_plans PRIMARY KEY (plan_number),
        CONSTRAINT uq_plans_plan_id UNIQUE (plan_id),
        CONSTRAINT uq_plans_action_id UNIQUE (action_id),
        CONSTRAINT fk_plans_action_id FOREIGN KEY(action_id) REFERENCES actions (action_id)
    )
     STRICT
    """,
    """
    CREATE INDEX ix_plans_made_ns ON plans (made_ns)
    """,
    """
    CREATE TABLE intents (
        intent_number INTEGER NOT NULL,
        plan_number INTEGER NOT NULL,
        account_id TEXT NOT NULL,
        role TEXT NOT NULL,
        slice_number INTEGER NOT NULL,
        terms_number INTEGER NOT NULL,
        quantity INTEGER NOT NULL,
        signal_age_ms INTEGER NOT NULL,
        send_rank INTEGER NOT NULL,
        state TEXT NOT NULL,
        code TEXT NOT NULL,
        reason TEXT NOT NULL,
        cancel_requested INTEGER NOT NULL CONSTRAINT ck_intents_cancel_requested CHECK
            (cancel_requested IN (0, 1)),
        changed_ns INTEGER NOT NULL,
        last_event INTEGER NOT NULL,
        CONSTRAINT pk_intents PRIMARY KEY (intent_number),
        CONSTRAINT uq_intents_plan_number_account_id_slice_number UNIQUE (plan_number,
            account_id, slice_number),
        CONSTRAINT fk_intents_plan_number FOREIGN KEY(plan_number) REFERENCES plans
            (plan_number),
        CONSTRAINT fk_intents_terms_number FOREIGN KEY(terms_number) REFERENCES order_terms
            (terms_number)
    )
     STRICT
    """,
    """
    CREATE INDEX ix_intents_open ON intents (plan_number) WHERE state <> 'BLOCKED'
            AND state <> 'SKIPPED' AND state <> 'STALE' AND state <> 'NOT_SENT'
            AND state <> 'REFUSED' AND state <> 'NOT_PLACED' AND state <> 'FILLED'
            AND state <> 'CANCELLED' AND state <> 'REJECTED' AND state <> 'EXPIRED'
    """,
    """
    CREATE TABLE attempts (
        attempt_row INTEGER NOT NULL,
        intent_number INTEGER NOT NULL,
        number INTEGER NOT NULL,
        tag TEXT NOT NULL,
        payload_hash TEXT NOT NULL,
        marked_ns INTEGER NOT NULL,
        deadline_ms INTEGER NOT NULL,
        state TEXT NOT NULL,
        CONSTRAINT pk_attempts PRIMARY KEY (attempt_row),
        CONSTRAINT uq_attempts_intent_number_number UNIQUE (intent_number, number),
        CONSTRAINT fk_attempts_intent_number FOREIGN KEY(intent_number) REFERENCES intents
            (intent_number),
        CONSTRAINT uq_attempts_tag UNIQUE (tag)
    )
     STRICT
    """,
    """
    CREATE UNIQUE INDEX ux_attempts_one_live ON attempts (intent_number) WHERE state <>
            'NOT_SENT' AND state <> 'REFUSED' AND state <> 'NOT_PLACED'
    """,
    """
    CREATE TABLE broker_orders (
        broker_order_row INTEGER NOT NULL,
        account_id TEXT NOT NULL,
        broker_order_id TEXT NOT NULL,
        attempt_row INTEGER NOT NULL,
        state TEXT NOT NULL,
        filled_quantity INTEGER NOT NULL,
        average_price TEXT,
        changed_ns INTEGER NOT NULL,
        last_event INTEGER NOT NULL,
        CONSTRAINT pk_broker_orders PRIMARY KEY (broker_order_row),
        CONSTRAINT uq_broker_orders_account_id_broker_order_id UNIQUE (account_id,
            broker_order_id),
        CONSTRAINT uq_broker_orders_attempt_row UNIQUE (attempt_row),
        CONSTRAINT fk_broker_orders_attempt_row FOREIGN KEY(attempt_row) REFERENCES attempts
            (attempt_row)
    )
     STRICT
    """,
    """
    CREATE TABLE latency_samples (
        attempt_row INTEGER NOT NULL,
        called_ns INTEGER NOT NULL,
        sent_ns INTEGER NOT NULL,
        replied_ns INTEGER NOT NULL,
        at_ns INTEGER NOT NULL,
        CONSTRAINT pk_latency_samples PRIMARY KEY (attempt_row),
        CONSTRAINT fk_latency_samples_attempt_row FOREIGN KEY(attempt_row) REFERENCES attempts
            (attempt_row)
    )
     STRICT
    """,
    """
    CREATE TRIGGER events_no_update BEFORE UPDATE ON events
            BEGIN SELECT RAISE(ABORT, 'events is append-only'); END
    """,
    """
    CREATE TRIGGER events_no_delete BEFORE DELETE ON events
            BEGIN SELECT RAISE(ABORT, 'events is append-only'); END
    """,
    """
    CREATE TRIGGER trading_state_no_update BEFORE UPDATE ON trading_state
            BEGIN SELECT RAISE(ABORT, 'trading_state is append-only'); END
    """,
    """
    CREATE TRIGGER trading_state_no_delete BEFORE DELETE ON trading_state
            BEGIN SELECT RAISE(ABORT, 'trading_state is append-only'); END
    """,
    """
    CREATE TRIGGER commands_no_update BEFORE UPDATE ON commands
            BEGIN SELECT RAISE(ABORT, 'commands is append-only'); END
    """,
    """
    CREATE TRIGGER commands_no_delete BEFORE DELETE ON commands
            BEGIN SELECT RAISE(ABORT, 'commands is append-only'); END
    """,
    """
    CREATE TRIGGER fills_no_update BEFORE UPDATE ON fills
            BEGIN SELECT RAISE(ABORT, 'fills is append-only'); END
    """,
    """
    CREATE TRIGGER fills_no_delete BEFORE DELETE ON fills
            BEGIN SELECT RAISE(ABORT, 'fills is append-only'); END
    """,
)


def upgrade() -> None:
    """From nothing to schema 1."""
    for step in _STEPS:
        # On one line: SQLAlchemy reads constraints back only from unbroken ones.
        op.execute(" ".join(step.split()))
