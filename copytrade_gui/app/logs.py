"""The program's log: files in the data folder, written off the loop, without secrets."""

from __future__ import annotations

import contextlib
import json
import logging
import logging.handlers
import queue
import re
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import structlog

from copytrade_gui.storage.files.folder import DataFolder

FILE_BYTES = 10 * 1024 * 1024
FILES = 20
REFUSED_BYTES = 1024 * 1024
_NAMED = re.compile(
    r"(?i)(bearer\s+|(?:secret|token|password|passphrase|checksum|auth_?code|usersession)"
    r"[\"']?\s*[:=]\s*[\"']?)[^\s\"',}&]+"
)
_JWT = re.compile(r"\b[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}\b")
_QUIET = ("httpx", "httpcore", "asyncio", "alembic", "sqlalchemy", "aiosqlite")


def redact(text: str) -> str:
    """Put three stars where a secret stands: the net below code that logs none in the first place.

    Covers named values (``token=...``, ``Bearer ...``) and anything shaped like a JWT.
    """
    return _JWT.sub("***", _NAMED.sub(r"\1***", text))


def _redacted(
    _logger: Any, _method: str, fields: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {
        key: redact(value) if isinstance(value, str) else value for key, value in fields.items()
    }


def note_refused_start(folder: DataFolder, sentence: str) -> None:
    """Leave one line about a console that could not start.

    It goes to a file of its own: the log proper belongs to the console that holds the folder.
    Where even this cannot be written, the sentence on the screen has to do.
    """
    path = folder.logs / "refused-starts.log"
    line = {
        "event": redact(sentence),
        "level": "error",
        "timestamp": datetime.now(UTC).isoformat(timespec="microseconds"),
    }
    with contextlib.suppress(OSError):
        full = path.exists() and path.stat().st_size > REFUSED_BYTES
        with path.open("w" if full else "a", encoding="utf-8") as file:
            path.chmod(0o600)
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


@contextmanager
def log_to(folder: DataFolder) -> Iterator[None]:
    """Write our records from INFO and everybody's from WARNING as JSON lines while this is open.

    A full or broken disk costs log lines, never an order: records cross a queue, and the thread
    behind it swallows what it cannot write.
    """
    folder.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder.logs / "copytrade.log"
    path.touch(mode=0o600)
    file = logging.handlers.RotatingFileHandler(
        path, maxBytes=FILE_BYTES, backupCount=FILES - 1, encoding="utf-8"
    )
    file.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _redacted,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    handler = logging.handlers.QueueHandler(records)
    listener = logging.handlers.QueueListener(records, file)
    root, ours = logging.getLogger(), logging.getLogger("copytrade_gui")
    before = ours.level
    ours.setLevel(logging.INFO)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    root.addHandler(handler)
    listener.start()
    try:
        yield
    finally:
        root.removeHandler(handler)
        ours.setLevel(before)
        listener.stop()
        file.close()
