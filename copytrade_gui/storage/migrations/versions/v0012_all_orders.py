"""A KILL may take what the owners placed themselves as well, and a start goes on with that."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every stop until here was of the program's own orders alone."""
    op.execute("ALTER TABLE trading_state ADD COLUMN all_orders INTEGER NOT NULL DEFAULT 0")
