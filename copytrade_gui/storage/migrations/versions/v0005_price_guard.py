"""A link may have a price guard: how far from its master's price, and how late, an entry leaves.

Until here none had one.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No link has a guard."""
    op.execute("ALTER TABLE links ADD COLUMN guard TEXT")
