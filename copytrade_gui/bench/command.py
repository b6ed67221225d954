"""The sub-command ``bench``: what to measure, and how to tell it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from copytrade_gui.bench import fanout, report, stops
from copytrade_gui.bench.figures import Target
from copytrade_gui.bench.stand import CONTENDERS, DETECTING, BenchError
from copytrade_gui.ports import BrokerFailureError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sub-commands of ``bench``."""
    kinds = parser.add_subparsers(dest="bench", required=True)
    fan = kinds.add_parser("fanout", help="one order to all followers, beside floor and usual way")
    _add_bursts(fan, CONTENDERS)
    seen = kinds.add_parser("detect", help="an order that the master places at the broker himself")
    _add_bursts(seen, DETECTING)
    stop = kinds.add_parser("stops", help="KILL and restart with thousands of resting orders")
    stop.add_argument("--orders", type=_orders, default=(2_000, 5_000, 10_000), metavar="N,N")
    stop.add_argument("--accounts", type=int, choices=range(2, 501), default=500, metavar="N")
    stop.add_argument("--latency-ms", type=float, default=60.0, metavar="L")
    stop.add_argument(
        "--tls", action=argparse.BooleanOptionalAction, help="only this way; both without"
    )
    stop.add_argument("--restart", action=argparse.BooleanOptionalAction, default=True)
    stop.add_argument("--json", action="store_true", help="one JSON object on stdout")
    stop.add_argument("--check", action="store_true", help="exit 1 when a target is missed")
    early = kinds.add_parser("morning", help="import, logins, contract files, the first preview")
    early.add_argument("--accounts", type=int, choices=range(1, 501), default=500, metavar="N")
    early.add_argument("--latency-ms", type=float, default=60.0, metavar="L")
    early.add_argument("--json", action="store_true", help="one JSON object on stdout")
    early.add_argument("--check", action="store_true", help="exit 1 when a target is missed")
    for name, sentence in (
        ("journal", "commits of a plan of 500 and what follows"),
        ("search", "searching the contract files as one types"),
        ("ui", "2,000 feed rows and 10 events a second for each of 500 followers"),
    ):
        kind = kinds.add_parser(name, help=sentence)
        kind.add_argument("--json", action="store_true")
        kind.add_argument("--rounds", type=int, choices=range(1, 1001), default=20, metavar="R")
    contender = kinds.add_parser("contender")
    names = dict.fromkeys((*CONTENDERS, *DETECTING, "resting", "restarted"))
    contender.add_argument("name", choices=tuple(names))


def _add_bursts(fan: argparse.ArgumentParser, names: Sequence[str]) -> None:
    fan.add_argument("--followers", type=_counts, default=(500,), metavar="N,N")
    fan.add_argument("--latency-ms", type=float, default=60.0, metavar="L")
    fan.add_argument("--tls", action=argparse.BooleanOptionalAction, default=True)
    fan.add_argument("--rounds", type=int, choices=range(1, 101), default=5, metavar="R")
    fan.add_argument("--only", type=_names(names), default=names, metavar="NAME,NAME")
    fan.add_argument("--json", action="store_true", help="one JSON object on stdout")
    fan.add_argument("--out", type=Path, metavar="DIR", help="keep result and picture here")
    fan.add_argument("--check", action="store_true", help="exit 1 when a target is missed")


def run(options: argparse.Namespace) -> int:
    """Measure and tell; returns the exit code."""
    if options.bench == "contender":
        return _contender(options.name)
    try:
        if options.bench in ("fanout", "detect"):
            return _fanout(options)
        if options.bench == "stops":
            return _stops(options)
        if options.bench == "morning":
            return _morning(options)
        return _single(options)
    except (BenchError, BrokerFailureError) as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1


def _fanout(options: argparse.Namespace) -> int:
    chosen = fanout.Options(
        followers=options.followers,
        latency_ms=options.latency_ms,
        tls=options.tls,
        rounds=options.rounds,
        contenders=options.only,
    )
    outcome = fanout.measure(chosen)
    if options.out is not None:
        report.keep(outcome, options.out)
    _print(json.dumps(outcome.as_json()) if options.json else report.table(outcome))
    if not outcome.whole:
        return 1
    return _judged(outcome.targets, check=options.check)


def _stops(options: argparse.Namespace) -> int:
    chosen = stops.Options(
        orders=options.orders,
        accounts=options.accounts,
        latency_ms=options.latency_ms,
        tls=(False, True) if options.tls is None else (options.tls,),
        restart=options.restart,
    )
    outcome = stops.measure(chosen)
    _print(json.dumps(outcome.as_json()) if options.json else outcome.table())
    return _judged(outcome.targets, check=options.check)


def _morning(options: argparse.Namespace) -> int:
    from copytrade_gui.bench import morning  # noqa: PLC0415 - only this has Qt

    outcome = morning.measure(morning.Options(options.accounts, options.latency_ms))
    if options.json:
        _print(json.dumps(outcome.as_json()))
    else:
        _print(f"{report.plain(outcome.rows())}\n\n{report.target_table(outcome.targets)}")
    return _judged(outcome.targets, check=options.check)


def _judged(targets: Sequence[Target], *, check: bool) -> int:
    """The exit code; with ``check`` a missed target is told and is 1."""
    missed = [target for target in targets if not target.met]
    if check and missed:
        sys.stderr.write(report.target_table(missed) + "\n")
        return 1
    return 0


def _contender(name: str) -> int:
    run_it: Callable[[], int]
    if name == "floor":
        from copytrade_gui.bench.floor import run as run_it  # noqa: PLC0415 - the floor is alone
    elif name == "resting":
        from copytrade_gui.bench.resting import run as run_it  # noqa: PLC0415 - one child at a time
    elif name == "restarted":
        from copytrade_gui.bench.restarted import run as run_it  # noqa: PLC0415 - only this has Qt
    elif name in ("usual", "each", "watched"):
        from copytrade_gui.bench.usual import run as run_usual  # noqa: PLC0415 - none of ours

        return run_usual(name)
    elif name in ("window", "shown"):
        from copytrade_gui.bench import windowed  # noqa: PLC0415 - only this has Qt

        run_it = windowed.run if name == "window" else windowed.run_shown
    else:
        from copytrade_gui.bench import elsewhere, ours  # noqa: PLC0415 - no httpx baseline

        if name in ("push", "poll"):
            return ours.run(elsewhere.desk)
        return ours.run(partial(ours.Desk, situation=ours.Situation(name)))
    return run_it()


def _single(options: argparse.Namespace) -> int:
    if options.bench == "ui":
        from copytrade_gui.bench.frames import measure  # noqa: PLC0415 - only this has Qt
    elif options.bench == "journal":
        from copytrade_gui.bench.commits import measure  # noqa: PLC0415 - one bench at a time
    else:
        from copytrade_gui.bench.searching import measure  # noqa: PLC0415 - one bench at a time
    found = measure(options.rounds)
    _print(json.dumps(found) if options.json else report.plain(found))
    return 0


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")


def _counts(text: str) -> Sequence[int]:
    parts = text.split(",")
    if not all(part.isascii() and part.isdecimal() and 1 <= int(part) <= 500 for part in parts):
        raise argparse.ArgumentTypeError("must be numbers from 1 to 500 with commas between")
    return tuple(map(int, parts))


def _orders(text: str) -> Sequence[int]:
    parts = text.split(",")
    if not all(part.isascii() and part.isdecimal() and 1 <= int(part) <= 100_000 for part in parts):
        raise argparse.ArgumentTypeError("must be numbers from 1 to 100000 with commas between")
    return tuple(map(int, parts))


def _names(known: Sequence[str]) -> Callable[[str], Sequence[str]]:
    def some(text: str) -> Sequence[str]:
        names = text.split(",")
        if not set(names) <= set(known):
            raise argparse.ArgumentTypeError(f"must be some of {', '.join(known)}")
        return tuple(name for name in known if name in names)

    return some
