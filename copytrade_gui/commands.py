"""Choose: window, demo, doctor, day's end, followers, positions, stops, audit and so on.

Each command loads what it needs and no more: whoever stops trading waits for nothing else.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

from copytrade_gui import command_line

if TYPE_CHECKING:
    from copytrade_gui.app.doctor import Finding
    from copytrade_gui.app.paper import SimulatorOptions
    from copytrade_gui.services.sheet_files import Printer


_ALWAYS_PAPER = ("bench", "demo", "paper", "simulator")


def run(argv: Sequence[str]) -> int:
    """Do what the words of the command line ask for; returns the exit code."""
    shown = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not shown:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    parser = command_line.parser(argv)
    options = parser.parse_args(argv)
    if options.live and (options.paper or options.command in _ALWAYS_PAPER):
        parser.error("--live contradicts the paper that is asked for; leave one of them out")
    if options.command is None:
        return _window(options, parser.error)
    commands: dict[str, Callable[[argparse.Namespace], int]] = {
        "audit": _audit,
        "bench": _bench,
        "close-day": _close_day,
        "demo": _demo,
        "doctor": _doctor,
        "followers": _followers,
        "paper": _paper_broker,
        "positions": _positions,
        "sheets": _sheets,
        "simulator": _simulator,
        "stop": _stop,
    }
    return commands[options.command](options)


def _demo(options: argparse.Namespace) -> int:
    from copytrade_gui import headless
    from copytrade_gui.app.demo import DemoOptions

    chosen = DemoOptions(
        followers=options.followers, orders=options.orders, fan_out=options.fan_out
    )
    if options.headless or options.json:
        return headless.demo(chosen, data_dir=options.data_dir, as_json=options.json)
    from copytrade_gui import desktop

    return desktop.demo(chosen, options.screenshot, options.data_dir)


def _paper(options: argparse.Namespace) -> SimulatorOptions:
    from copytrade_gui.app.paper import SimulatorOptions

    masters, followers = options.masters or 1, options.followers or command_line.PAPER_FOLLOWERS
    return SimulatorOptions(
        accounts=masters + followers, masters=masters, latency_ms=30, jitter_ms=10
    )


def _window(options: argparse.Namespace, refuse: Callable[[str], NoReturn]) -> int:
    """Open paper or live; ``refuse`` ends the program with what is wrong on the command line."""
    from copytrade_gui.app.opening import opening
    from copytrade_gui.app.refusals import refusals
    from copytrade_gui.domain.mode import Mode
    from copytrade_gui.ui import starting

    forced = Mode.PAPER if options.paper else Mode.LIVE if options.live else None
    try:
        chosen = opening(options.data_dir, options.profile, forced)
    except refusals() as problem:
        from copytrade_gui import desktop
        from copytrade_gui.app.wiring import OpenOptions

        return desktop.refuse(problem, OpenOptions(options.data_dir, options.profile))
    live = chosen.mode is Mode.LIVE
    if live and (options.followers or options.masters):
        refuse("--followers and --masters give paper accounts; write --paper as well")
    if live and options.keep_broker is not None:
        refuse("--keep-broker is about the paper broker; write --paper as well")
    starting.tell_mode(paper=not live)
    from copytrade_gui import desktop
    from copytrade_gui.app.wiring import OpenOptions

    def place(mode: Mode) -> OpenOptions:
        return OpenOptions(
            options.data_dir,
            options.profile,
            None if mode is Mode.LIVE else _paper(options),
            keep_paper_day=True,
            keep_broker=options.keep_broker,
            contracts_first=False,
        )

    return desktop.run(place(chosen.mode), chosen.told, place)


def _close_day(options: argparse.Namespace) -> int:
    from copytrade_gui import headless

    return headless.close_day(
        options.data_dir,
        options.profile,
        _paper(options) if options.paper else None,
        accept=options.accept_differences,
        as_json=options.json,
    )


def _doctor(options: argparse.Namespace) -> int:
    from copytrade_gui import headless

    return headless.doctor(options.data_dir, options.profile, window=[_qt()], as_json=options.json)


def _followers(options: argparse.Namespace) -> int:
    from copytrade_gui import headless

    place = options.data_dir, options.profile, options.paper
    if options.verb == "route":
        return headless.try_routes(*place, options.clients, as_json=options.json)
    if options.verb == "template":
        return headless.follower_template(options.file, as_json=options.json)
    if options.verb == "export":
        return headless.export_followers(*place, options.file, as_json=options.json)
    return headless.import_followers(
        *place,
        options.file,
        master=options.master,
        only_check=options.verb == "check",
        good_rows=options.verb == "import" and options.good_rows,
        wrong_rows=options.wrong_rows,
        as_json=options.json,
    )


def _paper_broker(options: argparse.Namespace) -> int:
    from copytrade_gui import headless
    from copytrade_gui.app.paper_command import PaperOrder

    if options.verb == "status":
        return headless.paper_standing(options.data_dir, as_json=options.json)
    if options.verb == "stop":
        return headless.paper_stop(options.data_dir, as_json=options.json)
    order = PaperOrder(
        options.side,
        options.quantity,
        options.symbol,
        options.price,
        options.product,
        options.account,
    )
    return headless.paper_order(options.data_dir, order, as_json=options.json)


def _simulator(options: argparse.Namespace) -> int:
    from copytrade_gui.app import simulated

    return simulated.serve(options)


def _bench(options: argparse.Namespace) -> int:
    from copytrade_gui.bench import command

    return command.run(options)


def _positions(options: argparse.Namespace) -> int:
    from copytrade_gui import headless

    place = options.data_dir, options.profile, options.paper
    return headless.positions(*place, as_json=options.json)


def _stop(options: argparse.Namespace) -> int:
    from copytrade_gui.app.stop_command import carry_out
    from copytrade_gui.app.stop_words import StopWish
    from copytrade_gui.terminal import say

    wish = StopWish(
        options.verb, options.reason, options.account, options.group, options.all_orders
    )
    work = carry_out(options.data_dir, options.profile, wish, paper=options.paper)
    return say(work, as_json=options.json, good=lambda told: told.ok)


def _sheets(options: argparse.Namespace) -> int:
    from copytrade_gui import headless
    from copytrade_gui.services.sheet_files import Kind

    kinds = options.kind or list(Kind)
    return headless.sheets(
        options.data_dir,
        options.profile,
        options.paper,
        options.folder,
        day=options.day,
        kinds=kinds,
        pdf=_printer() if Kind.PDF in kinds else None,
        as_json=options.json,
    )


def _printer() -> Printer | None:
    try:
        from copytrade_gui import desktop
    except ImportError:
        return None
    return desktop.sheet_printer()


def _audit(options: argparse.Namespace) -> int:
    from copytrade_gui import headless

    if options.verb == "keep":
        return headless.keep_day_file(
            options.data_dir,
            options.profile,
            options.paper,
            options.file,
            day=options.day,
            pdf=_printer(),
            as_json=options.json,
        )
    do = headless.verify_audit if options.verb == "verify" else headless.export_audit
    place = options.data_dir, options.profile, options.paper
    return do(*place, options.file, as_json=options.json)


def _qt() -> Finding:
    from copytrade_gui.app.doctor import Finding

    platform = os.environ.get("QT_QPA_PLATFORM") or "of the desktop"
    try:
        from copytrade_gui import desktop
    except ImportError as problem:
        return Finding("window", "bad", f"Qt does not load: {problem}. Install its libraries.")
    return Finding("window", "ok", f"Qt {desktop.qt_version()}, platform {platform}.")
