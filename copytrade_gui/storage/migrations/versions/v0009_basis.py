"""An account says on what basis its orders are sent from here, and the id of a registered algo.

Until here live orders left without one.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has declared anything yet: a live account opens nothing until somebody does."""
    for column in ("basis", "basis_reference", "algo_id"):
        op.execute(f"ALTER TABLE accounts ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
