"""The proof table, for the terminal and for docs/proof.md."""

from __future__ import annotations

import datetime as dt
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from tests.proof.row import Row

_HEADS = ("test", "what", "count", "faults", "lost", "duplicate", "orphan", "seconds", "note")


def _cells(row: Row) -> tuple[str, ...]:
    numbers = (row.count, row.faults, row.lost, row.duplicate, row.orphan)
    return (row.test, row.what, *(f"{n:,}" for n in numbers), f"{row.seconds:.1f}", row.note)


def plain(rows: Sequence[Row]) -> str:
    """Columns padded with blanks."""
    lines = [_HEADS, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADS))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if 2 <= column <= 7 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def markdown(rows: Sequence[Row], broken: Sequence[str], command: str) -> str:
    """The whole of docs/proof.md."""
    lines = [
        "# Proof",
        "",
        "Lost, duplicate and orphan are judged by the simulated broker's own ledger, never by the",
        "program's database (see `tests/proof/judge.py`). All three must be zero in every row.",
        "",
        f"- Date: {dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC",
        f"- Machine: {_machine()}",
        f"- Command: `{command}`",
        "",
        f"| {' | '.join(_HEADS)} |",
        f"|{'|'.join('---:' if 2 <= n <= 7 else '---' for n in range(len(_HEADS)))}|",
        *(f"| {' | '.join(_cells(row))} |" for row in rows),
    ]
    if broken:
        lines += ["", f"**Broken in this run: {', '.join(broken)}.**"]
    return "\n".join([*lines, ""])


def _machine() -> str:
    python = f"Python {platform.python_version()}"
    return f"{_cpu()}, {os.cpu_count()} cores, {_memory_gib()}, {python}"


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> str:
    if not hasattr(os, "sysconf"):
        return "memory unknown"
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB RAM"
