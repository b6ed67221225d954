"""What a contender knows of its own process: memory, processor time, the line to the bench."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TypeVar

import msgspec

from copytrade_gui.bench.words import Go, Poised, Round

_STATUS = Path("/proc/self/status")
_REFS = Path("/proc/self/clear_refs")

T = TypeVar("T")


def memory_mib(name: str = "VmRSS") -> float:
    """Resident memory now (``VmRSS``) or at its highest (``VmHWM``); 0 where it cannot be read."""
    try:
        lines = _STATUS.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    for line in lines:
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu_ms() -> float:
    """Processor time of this process so far, all threads."""
    return time.process_time_ns() / 1e6


def hear(kind: type[T]) -> T | None:
    """The next line from the bench; None when it has closed our input."""
    line = sys.stdin.buffer.readline()
    return msgspec.json.decode(line, type=kind) if line.strip() else None


def wait_for_go(order: Round) -> None:
    """Everything for this burst is laid out; wait until nobody else computes."""
    tell(Poised(order.number))
    hear(Go)


def tell(message: msgspec.Struct) -> None:
    """One line to the bench."""
    sys.stdout.buffer.write(msgspec.json.encode(message) + b"\n")
    sys.stdout.buffer.flush()
