"""An account says which way its connections take, and which addresses are registered for it.

Until here all took the system's way, and nothing knew what the broker knows an account by.
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every account goes on as it did: directly, from any address, with none registered."""
    for column, says in (
        ("route", "direct"),
        ("route_address", ""),
        ("address_family", "any"),
        ("registered_addresses", ""),
    ):
        op.execute(f"ALTER TABLE accounts ADD COLUMN {column} TEXT NOT NULL DEFAULT '{says}'")
