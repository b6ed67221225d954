"""A group of followers has a multiplier of its own; each of its links carries it.

Until here a group was a word; its followers keep the sizes they had, at 1 x.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every link multiplies by 1."""
    op.execute("ALTER TABLE links ADD COLUMN group_multiplier TEXT NOT NULL DEFAULT '1'")
