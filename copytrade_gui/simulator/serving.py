"""The simulator as a process of its own: arguments in, one line of JSON out, serve until told."""

import argparse
import asyncio
import contextlib
import gc
import os
import secrets
import shutil
import signal
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import TypeVar, get_args

import msgspec

from copytrade_gui.simulator.accounts import account_row
from copytrade_gui.simulator.broker import SimulatedBroker
from copytrade_gui.simulator.certificates import (
    Authority,
    CertificateKind,
    server_context,
)
from copytrade_gui.simulator.config import SimulatorConfig, Switches
from copytrade_gui.simulator.control import ControlledBroker, read_faults, read_script
from copytrade_gui.simulator.course import SceneError
from copytrade_gui.simulator.feed.server import FeedServer
from copytrade_gui.simulator.keeping import ADDRESS, InUseError, StateLock, write_private
from copytrade_gui.simulator.lifetime import Lifetime
from copytrade_gui.simulator.server import SimulatorServer, quiet_about_handshakes
from copytrade_gui.simulator.snapshot import StateError, load, save

_Item = TypeVar("_Item")
_SAVE_AFTER_S = 0.05
_SAVE_SHARE = 20  # at most a twentieth of the time goes into saving


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The simulator's options, for a parser of its own or a sub-command of the program's."""
    parser.add_argument("--port", type=int, default=0, metavar="P", help="0 takes a free port")
    parser.add_argument("--accounts", type=int, default=11, metavar="N", help="default 11")
    parser.add_argument("--masters", type=int, default=1, metavar="M", help="default 1")
    parser.add_argument(
        "--seed",
        type=int,
        metavar="S",
        help="keys and prices follow from it; without it keys are new each time",
    )
    parser.add_argument("--latency-ms", type=float, default=0.0, metavar="L")
    parser.add_argument(
        "--jitter-ms", type=float, default=0.0, metavar="J", help="lognormal, mean J"
    )
    parser.add_argument("--capital", type=int, default=10_000_000, help="rupees of each account")
    parser.add_argument("--tls", action="store_true", help="with an authority made at start")
    parser.add_argument(
        "--certificate",
        choices=get_args(CertificateKind),
        default="good",
        help="a bad one, for tests",
    )
    parser.add_argument("--feed-port", type=int, default=0, metavar="P", help="of the push feed")
    parser.add_argument(
        "--feed-certificate",
        choices=get_args(CertificateKind),
        default="good",
        help="a bad one for the push feed, for tests",
    )
    parser.add_argument("--state", type=Path, metavar="FILE", help="keep the day in this file")
    parser.add_argument(
        "--folder",
        type=Path,
        metavar="DIR",
        help="with --state: a folder for certificate, accounts and address, found again while it "
        "runs and removed at its end",
    )
    parser.add_argument("--faults", type=Path, metavar="FILE", help="JSON list of faults")
    parser.add_argument(
        "--market", type=Path, metavar="FILE", help="JSON list of scenes, such as a crash"
    )
    parser.add_argument(
        "--with-parent",
        action="store_true",
        help="stop when standard input closes, unless told to stay",
    )


class SetupError(Exception):
    """Arguments or files that the simulator cannot start with; the text names which."""


def serve(options: argparse.Namespace) -> int:
    """Run a simulator as `add_arguments` describes until interrupted; returns the exit code."""
    lock: StateLock | None = None
    try:
        _check_places(options)
        lock = None if options.state is None else StateLock(options.state)
        broker = build(options)
        for fault in _read("--faults", options.faults, read_faults):
            broker.add_fault(fault)
        broker.play(_read("--market", options.market, read_script))
        folder = _folder(options)
    except (SetupError, StateError, SceneError, InUseError, OSError) as problem:
        print(f"simulator: {problem}", file=sys.stderr)
        if lock is not None:
            lock.release()
        return 2
    try:
        return asyncio.run(_serve(broker, options, folder))
    except SetupError as problem:
        print(f"simulator: {problem}", file=sys.stderr)
        return 2
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            lock.release()


def _check_places(options: argparse.Namespace) -> None:
    """The folder is removed at the end, so that it must be ours. Raises SetupError."""
    if options.state is not None and not options.state.parent.is_dir():
        raise SetupError(f"--state: the folder {options.state.parent} does not exist")
    folder: Path | None = options.folder
    if folder is None:
        return
    if options.state is None:
        raise SetupError("--folder needs --state, whose lock lets one simulator use it at a time")
    if folder.exists() and not folder.is_dir():
        raise SetupError(f"--folder: {folder} is a file")
    if folder.exists() and any(folder.iterdir()) and not (folder / ADDRESS).exists():
        raise SetupError(f"--folder: {folder} holds other files; name a new folder")


def _folder(options: argparse.Namespace) -> Path:
    """Where the certificate and the other files lie, with rights 0700."""
    if options.folder is None:
        return Path(tempfile.mkdtemp(prefix="copytrade-simulator-"))
    shutil.rmtree(options.folder, ignore_errors=True)  # of one that was killed
    options.folder.mkdir(mode=0o700)
    # First of all, so that whoever comes after a kill right now knows whose folder it is.
    write_private(options.folder / ADDRESS, b"{}")
    return Path(options.folder)


def build(options: argparse.Namespace) -> SimulatedBroker:
    """The broker that the options ask for, new or from its state file.

    Raises:
        SetupError, StateError, OSError: with a sentence for the user.
    """
    if not 1 <= options.accounts <= 5000:
        raise SetupError("--accounts must be between 1 and 5000")
    if not 0 <= options.masters <= options.accounts:
        raise SetupError("--masters must be between 0 and the number of accounts")
    if options.latency_ms < 0 or options.jitter_ms < 0:
        raise SetupError("--latency-ms and --jitter-ms must not be negative")
    for word, port in (("--port", options.port), ("--feed-port", options.feed_port)):
        if not 0 <= port <= 65_535:
            raise SetupError(f"{word} must be between 0 and 65535")
    config = SimulatorConfig(
        seed=1 if options.seed is None else options.seed,
        secret=secrets.token_hex(16) if options.seed is None else "",
        accounts=options.accounts,
        masters=options.masters,
        capital=options.capital,
        switches=Switches(latency_ms=options.latency_ms, jitter_ms=options.jitter_ms),
    )
    if options.state is None or not options.state.exists():
        return SimulatedBroker(config, time.time_ns)
    broker = load(options.state, config, time.time_ns)
    broker.desk.switches.latency_ms = options.latency_ms
    broker.desk.switches.jitter_ms = options.jitter_ms
    return broker


def _read(option: str, path: Path | None, read: Callable[[bytes], list[_Item]]) -> list[_Item]:
    if path is None:
        return []
    try:
        return read(path.read_bytes())
    except (msgspec.DecodeError, RecursionError) as problem:
        raise SetupError(f"{option} {path}: {problem}") from problem


async def _serve(broker: SimulatedBroker, options: argparse.Namespace, folder: Path) -> int:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    token = secrets.token_urlsafe(18)
    authority = Authority(folder)
    context: ssl.SSLContext | None = None
    if options.tls or options.certificate != "good":
        context = server_context(*authority.issue(options.certificate))
    loop.set_exception_handler(quiet_about_handshakes)
    lifetime = Lifetime(stopping.set)
    controlled = ControlledBroker(broker, token, lifetime)
    server = SimulatorServer(controlled, fast=True)
    feed = FeedServer(broker.feed, authority, fast=True)
    port = await _listen("--port", options.port, server.start("127.0.0.1", options.port, context))
    feed_port = await _listen(
        "--feed-port",
        options.feed_port,
        feed.start("127.0.0.1", options.feed_port, options.feed_certificate),
    )
    root = f"{'https' if context else 'http'}://127.0.0.1:{port}"
    accounts_file = folder / "accounts.json"
    accounts_file.touch(mode=0o600)
    accounts_file.write_bytes(msgspec.json.encode([account_row(a) for a in broker.accounts]))
    first_line = {
        "base_url": f"{root}/v1",
        "login_url": f"{root}/login",
        "control_url": f"{root}/control/{token}",
        "feed": {"host": "127.0.0.1", "port": feed_port, "ca_file": str(feed.ca_file)},
        "ca_file": str(authority.ca_file) if context else None,
        "accounts_file": str(accounts_file),
    }
    if options.folder is not None:
        told = first_line | {"pid": os.getpid(), "started_ns": time.time_ns()}
        write_private(folder / ADDRESS, msgspec.json.encode(told))
    calls = [0]

    def in_use() -> bool:
        before, calls[0] = calls[0], controlled.calls
        return bool(server.connections or feed.connections) or calls[0] != before

    with _stopped_by_signals(loop, stopping.set):
        if options.with_parent:
            _tell_of_parent(loop, lifetime.parent_left)
        print(msgspec.json.encode(first_line).decode(), flush=True)
        _calm_the_collector()
        watch = asyncio.create_task(lifetime.watch(in_use), name="lifetime")
        keeper = asyncio.create_task(_keep(broker, options.state, stopping), name="state keeper")
        await stopping.wait()
        await keeper
        watch.cancel()
        if options.folder is not None:
            (folder / ADDRESS).write_bytes(b"{}")  # nobody finds one that is ending
        await feed.close()
        await server.close()
    return 0


async def _listen(option: str, port: int, start: Coroutine[None, None, int]) -> int:
    try:
        return await start
    except OSError as problem:
        raise SetupError(f"{option}: cannot listen on port {port}: {problem}") from problem


async def _keep(broker: SimulatedBroker, path: Path | None, stopping: asyncio.Event) -> None:
    """Save soon after every change, and once more at the end."""
    if path is None:
        return
    saved, pause = -1, _SAVE_AFTER_S
    while not stopping.is_set():
        if broker.desk.changes != saved:
            saved = broker.desk.changes
            started = time.perf_counter()
            save(broker, path)
            pause = max(_SAVE_AFTER_S, _SAVE_SHARE * (time.perf_counter() - started))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause)
    save(broker, path, durable=True)


def _calm_the_collector() -> None:
    """Leave what lives all day alone; look at little at a time, and at everything hardly ever.

    Looking through 50,000 young objects at one time takes 30 ms, in the middle of a burst; through
    700 at a time it takes a tenth of that in all. Orders make no cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(700, 10, 1_000)


@contextlib.contextmanager
def _stopped_by_signals(
    loop: asyncio.AbstractEventLoop, stop: Callable[[], None]
) -> Iterator[None]:
    wanted = (signal.SIGINT, signal.SIGTERM)
    before = [
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop)) for number in wanted
    ]
    try:
        yield
    finally:
        for number, handler in zip(wanted, before, strict=True):
            signal.signal(number, handler)


def _tell_of_parent(loop: asyncio.AbstractEventLoop, left: Callable[[], None]) -> None:
    """Call ``left`` when the process that started us is gone: its end of our input closes."""

    def wait() -> None:
        # Not sys.stdin: a thread that waits inside its lock aborts the interpreter at the end.
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        with contextlib.suppress(RuntimeError):  # the loop may be gone already
            loop.call_soon_threadsafe(left)

    threading.Thread(target=wait, name="parent watch", daemon=True).start()


def main(argv: Sequence[str] | None = None, *, prog: str = "simulator") -> int:
    """Serve as the command line ``argv`` asks, under this name; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog=prog, description="A simulated IIFL broker on this machine, for paper trading."
    )
    add_arguments(parser)
    return serve(parser.parse_args(argv))
