"""A link says whether copies that are too many are closed without a person.

Until here a person decided, always.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of every link a person decides."""
    op.execute("ALTER TABLE links ADD COLUMN reduce_drift TEXT NOT NULL DEFAULT 'no'")
