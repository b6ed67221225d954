"""A link says what becomes of an entry that needs more margin than its account has.

Until here the broker alone decided.
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every link tells it and sends the entry."""
    op.execute("ALTER TABLE links ADD COLUMN when_short TEXT NOT NULL DEFAULT 'warn'")
