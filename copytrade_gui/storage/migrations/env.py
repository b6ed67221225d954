"""Run by Alembic with the connection that ``storage.upgrade`` has opened; never offline."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from copytrade_gui.storage.database.tables import METADATA


def run() -> None:
    """Run the missing revisions in the caller's transaction."""
    connection = context.config.attributes["connection"]
    if not isinstance(connection, Connection):
        raise TypeError("migrations run on the connection that storage.upgrade opened")
    # SQLite cannot alter most things; batch mode makes the new table and copies.
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_as_batch=True,
        transaction_per_migration=False,
    )
    context.run_migrations()


run()
