"""A link may have rules by which its copies are left: a stop-loss, a target, a time of the day.

Until here none had one.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No link has a rule."""
    op.execute("ALTER TABLE links ADD COLUMN exits TEXT")
