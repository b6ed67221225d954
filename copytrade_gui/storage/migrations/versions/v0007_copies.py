"""A link says what it copies: the master's orders, or what they fill.

Until here every link copied orders.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every link copies orders."""
    op.execute("ALTER TABLE links ADD COLUMN copies TEXT NOT NULL DEFAULT 'orders'")
