"""Bring a database file to today's schema: Alembic's revisions, run from inside the package."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from copytrade_gui.storage.database.tables import APPLICATION_ID, SCHEMA

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


class RevisionError(Exception):
    """Alembic does not know the way from the file's revision to today's."""


def upgrade(connection: Connection) -> None:
    """Run the missing revisions inside the caller's transaction.

    Works in a checkout, an installed program and a frozen one: the revisions are found beside this
    file, and there is no ``alembic.ini``. Raises RevisionError, or what SQLite raises.
    """
    # Nearly every start finds today's schema; to import Alembic takes an eighth of all imports.
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above
    from alembic.util.exc import CommandError  # noqa: PLC0415 - see above

    config = Config()
    # The parser of Config reads a per cent sign as the start of a name.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise RevisionError(str(error)) from error
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA}")
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")


def schema_of(connection: Connection) -> int:
    """The schema number of the file, 0 for an empty one."""
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
