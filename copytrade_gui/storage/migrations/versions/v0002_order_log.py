"""Plans are recorded in the order log first; the trail keeps their whole record from here on.

The tables stay as they are. An older program must not open the file any more: it would not know
of plans that are in the order log alone. What was planned before has only counts in the trail.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Remember the newest plan that the trail does not hold whole."""
    op.execute(
        "INSERT INTO meta SELECT 'newest_plan_without_record', "
        "CAST(coalesce(max(plan_number), 0) AS TEXT) FROM plans"
    )
