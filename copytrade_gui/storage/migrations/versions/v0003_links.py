"""Who copies whom is a table of its own: an account may follow several masters, and be one itself.

Until here an account had one role, and a follower one master. A follower without a sizing rule got
nothing; it begins paused, at 1 x. One whose master is gone is kept as an account without a link.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STEPS = (
    """
    CREATE TABLE new_accounts (
        account_id TEXT NOT NULL,
        name TEXT NOT NULL,
        client_id TEXT NOT NULL,
        app_key TEXT NOT NULL,
        active INTEGER NOT NULL CONSTRAINT ck_accounts_active CHECK (active IN (0, 1)),
        master INTEGER NOT NULL CONSTRAINT ck_accounts_master CHECK (master IN (0, 1)),
        CONSTRAINT pk_accounts PRIMARY KEY (account_id)
    )
     STRICT
    """,
    """
    INSERT INTO new_accounts
    SELECT account_id, name, client_id, app_key, active, role = 'master' FROM accounts
    """,
    """
    CREATE TABLE links (
        master_id TEXT NOT NULL
            CONSTRAINT fk_links_master_id REFERENCES new_accounts (account_id),
        follower_id TEXT NOT NULL
            CONSTRAINT fk_links_follower_id REFERENCES new_accounts (account_id),
        strategy TEXT NOT NULL,
        parameter TEXT NOT NULL,
        max_quantity INTEGER,
        min_quantity INTEGER,
        rounding TEXT NOT NULL,
        reverse INTEGER NOT NULL CONSTRAINT ck_links_reverse CHECK (reverse IN (0, 1)),
        overrides TEXT NOT NULL,
        state TEXT NOT NULL,
        group_name TEXT NOT NULL,
        sides TEXT NOT NULL,
        products TEXT NOT NULL,
        exchanges TEXT NOT NULL,
        symbols TEXT NOT NULL,
        not_symbols TEXT NOT NULL,
        opens TEXT,
        closes TEXT,
        CONSTRAINT pk_links PRIMARY KEY (master_id, follower_id)
    )
     STRICT
    """,
    """
    INSERT INTO links
    SELECT
        f.master_id,
        f.account_id,
        coalesce(f.strategy, 'ratio'),
        coalesce(f.parameter, '1'),
        f.max_quantity,
        NULL,
        'down',
        0,
        '[]',
        CASE WHEN f.strategy IS NULL OR f.parameter IS NULL THEN 'paused' ELSE 'active' END,
        '', '[]', '[]', '[]', '[]', '[]', NULL, NULL
    FROM accounts f JOIN accounts m ON m.account_id = f.master_id
    WHERE f.role <> 'master' AND m.role = 'master'
    """,
    "DROP TABLE accounts",
    "ALTER TABLE new_accounts RENAME TO accounts",
)


def upgrade() -> None:
    """Take role, master and sizing out of the accounts, and make a link of them."""
    for step in _STEPS:
        op.execute(step)
