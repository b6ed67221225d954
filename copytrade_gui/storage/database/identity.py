"""Whose database this is, and how far it has come."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Installation:
    """Who this database is. ``tag_key`` is what ``domain.ids.order_tag`` needs; never shown.

    ``epoch`` rises when an older copy of the database is put back: orders sent after that copy are
    unknown to it, and tags of the new epoch can never equal theirs.
    """

    installation_id: str
    epoch: int
    tag_key: bytes
    lost_ns: int = 0
    """When records were last lost, UTC ns: a copy was put back, a damaged file or a lost order log
    replaced."""

    def __repr__(self) -> str:
        return f"Installation({self.installation_id!r}, epoch={self.epoch})"


def installation_from(meta: dict[str, str]) -> Installation:
    """The identity in ``meta``; the tag key is the stored key bound to the epoch."""
    epoch = int(meta["epoch"])
    key = bytes.fromhex(meta["installation_key"])
    tag_key = hashlib.blake2b(f"tags of epoch {epoch}".encode(), digest_size=32, key=key).digest()
    lost_ns = int(meta.get("records_lost_ns", "0"))
    return Installation(meta["installation_id"], epoch, tag_key, lost_ns)


def read_meta(connection: Connection) -> dict[str, str]:
    """Everything in ``meta``."""
    rows = connection.exec_driver_sql("SELECT name, value FROM meta")
    return {str(name): str(value) for name, value in rows}


def store_meta(connection: Connection, meta: dict[str, str]) -> None:
    """Write ``meta``."""
    for name, value in meta.items():
        connection.exec_driver_sql("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))


def newest_event(connection: Connection) -> tuple[int, str]:
    """Number and hash (hex) of the newest event; 0 and empty if there is none."""
    row = connection.exec_driver_sql(
        "SELECT number, own_hash FROM events ORDER BY number DESC LIMIT 1"
    ).first()
    return (0, "") if row is None else (int(row[0]), row[1].hex())
