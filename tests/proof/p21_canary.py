"""P21: secrets that would be known again, and every place where one could have been left."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import signal
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import msgspec

from copytrade_gui.simulator.faults import Fault
from tests.proof.canary_console import CanarySetup
from tests.proof.killed_console import Note
from tests.proof.real_broker import RealBroker, real_broker
from tests.proof.row import ProofBroken, Row

TEST = "P21"
FOLLOWERS = 12
_PASSPHRASE = "canary passphrase kestrel 7351"
_PATIENCE_S = 240.0
_NOTHING = re.compile(rb"\0{64,}")
"""The reserve file is 64 MB of it."""
_BURST_S = 0.12
_WHERE = ("copytrade.db", "copytrade.db-wal", "emergency.journal", "copytrade.log", "orders.csv",
          "orders.xlsx", "audit.csv", "audit.json", "followers.csv", "crash.txt", "vault.json",
          "environment", "argv", "what it printed", "what the doctor said")  # fmt: skip
_MISFORTUNES = [
    Fault(action="dead_session", call="place", probability=0.05),
    Fault(action="answer", call="place", http_status=503, form="html", probability=0.05),
    Fault(action="answer", call="place", http_status=200, form="json", probability=0.05),
    Fault(action="answer", call="limits", http_status=500, form="text", probability=0.1),
    Fault(action="code", call="place", code="EC904", probability=0.05),
]


def prove(release: bool) -> Row:
    """The same in either column."""
    del release
    started = time.perf_counter()
    flight = asyncio.run(_fly())
    hits = flight.hits()
    if hits:
        raise ProofBroken(f"a secret lies in {', '.join(sorted(hits))}")
    missing = set(_WHERE) - {name.rpartition("/")[2] for name, _ in flight.places()}
    if missing:
        raise ProofBroken(f"not searched, because it was not there: {', '.join(sorted(missing))}")
    size = sum(len(content) for _, content in flight.places())
    return Row(
        TEST,
        "canary secrets searched for",
        len(flight.canaries),
        flight.faults,
        len(flight.verdict.lost),
        len(flight.verdict.duplicate),
        len(flight.verdict.orphan),
        time.perf_counter() - started,
        f"0 hits in {len(list(flight.places()))} places, {size / 1e6:.1f} MB: database, WAL, "
        "logs, exports, backups, a crash report, argv, environment; each plain, base64, hex, "
        "quoted, UTF-16",
    )


class _Flight:
    """One console, its secrets, and everything it left behind."""

    def __init__(self) -> None:
        self.canaries = {_PASSPHRASE}
        self.found: dict[str, bytes] = {}
        self.verdict = Note("none")
        self.faults = 0

    def places(self) -> Iterator[tuple[str, bytes]]:
        """Name and content of all that was left; what is packed is unpacked."""
        yield from self.found.items()

    def take(self, root: Path, name: str) -> None:
        """Read every file of a folder."""
        for path in sorted(root.rglob("*")):
            if not path.is_file():
                continue
            content = path.read_bytes()
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as packed:
                    content += b"".join(packed.read(part) for part in packed.namelist())
            self.found[f"{name}/{path.relative_to(root)}"] = content

    def hits(self) -> set[str]:
        """The places where a canary sits. Raises ProofBroken if the search itself is blind."""
        shapes = [shape for canary in self.canaries for shape in _shapes(canary)]
        if not all(_holds(b"left" + shape + b"right", [shape]) for shape in shapes):
            raise ProofBroken("the search does not find what is there")
        seen: dict[bytes, bool] = {}
        found: set[str] = set()
        for name, content in self.places():
            if content not in seen:
                seen[content] = _holds(_NOTHING.sub(b"", content), shapes)
            if seen[content]:
                found.add(name)
        return found


def _holds(content: bytes, shapes: list[bytes]) -> bool:
    return any(shape in content for shape in shapes)


def _shapes(canary: str) -> Iterator[bytes]:
    """A secret as it may have been written down."""
    plain = canary.encode()
    yield plain
    yield canary.encode("utf-16-le")
    yield plain.hex().encode()
    yield quote(canary, safe="").encode()
    for before in range(3):
        # Inside a longer text base64 begins at any of three places; its edges are not ours.
        yield base64.b64encode(b"?" * before + plain)[4 if before else 0 : -4]


async def _fly() -> _Flight:
    flight = _Flight()
    with tempfile.TemporaryDirectory(prefix="proof-canary-") as name:
        root = Path(name)
        data, exports, home = root / "data", root / "exports", root / "home"
        for folder in (exports, home):
            folder.mkdir()
        async with real_broker(FOLLOWERS + 1, seed=21) as broker:
            await broker.arm(_MISFORTUNES)
            setup = CanarySetup(broker.line, str(data), str(exports), _PASSPHRASE)
            await _live(flight, setup, broker, home)
            flight.take(data, "data after the doctor")
            flight.take(exports, "exports")
            flight.take(home, "home")
    return flight


async def _live(flight: _Flight, setup: CanarySetup, broker: RealBroker, home: Path) -> None:
    environment = {**os.environ, "HOME": str(home), "PYTHONUNBUFFERED": "1"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.proof.canary_console",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 26,
        env=environment,
    )  # fmt: skip
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise AssertionError("the console was started without pipes")
    process.stdin.write(msgspec.json.encode(setup) + b"\n")
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while (note := await _hear(process.stdout)).kind != "written":
                if note.kind == "canary":
                    flight.canaries.add(note.words)
                elif note.kind == "verdict":
                    flight.verdict = note
        flight.faults = await broker.disarm()
        await asyncio.sleep(_BURST_S)
        for name, file in (("environment", "environ"), ("argv", "cmdline")):
            flight.found[name] = Path(f"/proc/{process.pid}/{file}").read_bytes()  # noqa: ASYNC240 - no disk behind it
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
    said = [line async for line in process.stdout if b'"canary"' not in line]
    flight.found["what it printed"] = b"".join(said) + await process.stderr.read()
    await process.wait()
    flight.take(Path(setup.folder), "data")  # the doctor may tidy the log of the database away
    flight.found["what the doctor said"] = await _doctor(setup.folder, environment)


async def _doctor(folder: str, environment: dict[str, str]) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "copytrade_gui", "--data-dir", folder, "--profile", "paper",
        "doctor", "--json",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment,
    )  # fmt: skip
    said, _ = await process.communicate()
    return said


async def _hear(stream: asyncio.StreamReader) -> Note:
    line = await stream.readline()
    if not line.endswith(b"\n"):
        raise ProofBroken("the console with the canaries ended by itself")
    return msgspec.json.decode(line, type=Note)
