"""What may be written on the command line.

The arguments of what takes long to load are only known where it is asked for.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from copytrade_gui.domain.account import MOST_FOLLOWERS, MOST_PAPER_MASTERS
from copytrade_gui.domain.day_field import NotADay, read_day
from copytrade_gui.domain.number import LONGEST
from copytrade_gui.domain.order import FanOut, Product, Side

MOST_ORDERS = 1000
PAPER_FOLLOWERS = 10


def parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """What may be written; of a command that is none of ``words`` only its name."""
    whole = argparse.ArgumentParser(prog="copytrade-gui", description="Copy a master's orders.")
    _add_place(whole)
    mode = whole.add_mutually_exclusive_group()
    mode.add_argument(
        "--paper", action="store_true",
        help="trade at the simulated broker, as the window does until live was chosen",
    )  # fmt: skip
    mode.add_argument(
        "--live", action="store_true", help="open the window live, with real orders, for this start"
    )
    whole.add_argument(
        "--followers", type=_between(1, MOST_FOLLOWERS), metavar="N",
        help=f"on paper: at least so many followers (default {PAPER_FOLLOWERS})",
    )  # fmt: skip
    whole.add_argument(
        "--masters", type=_between(1, MOST_PAPER_MASTERS), metavar="M",
        help="on paper: at least so many masters (default 1)",
    )  # fmt: skip
    whole.add_argument(
        "--keep-broker", action=argparse.BooleanOptionalAction, default=None,
        help="on paper: the simulated broker runs on when the window closes (stored)",
    )  # fmt: skip
    commands = whole.add_subparsers(dest="command")
    demo = commands.add_parser("demo", help="copy orders to simulated followers and prove it")
    demo.add_argument("--data-dir", type=Path, metavar="DIR", default=argparse.SUPPRESS)
    demo.add_argument("--followers", type=_between(1, MOST_FOLLOWERS), default=10, metavar="N")
    demo.add_argument("--orders", type=_between(1, MOST_ORDERS), default=1, metavar="K")
    demo.add_argument("--fan-out", type=FanOut, choices=list(FanOut), default=FanOut.WITH_MASTER)
    demo.add_argument("--headless", action="store_true")
    demo.add_argument("--json", action="store_true")
    demo.add_argument(
        "--screenshot", type=_picture, default=Path("screenshots/demo.png"), metavar="PNG"
    )
    doctor = commands.add_parser("doctor", help="say what would stop trading on this machine")
    _add_place(doctor, default=argparse.SUPPRESS)
    doctor.add_argument("--json", action="store_true")
    day = commands.add_parser("close-day", help="read every account once more and seal the day")
    _add_place(day, default=argparse.SUPPRESS)
    day.add_argument("--paper", action="store_true", default=argparse.SUPPRESS)
    day.add_argument("--accept-differences", action="store_true")
    day.add_argument("--json", action="store_true")
    _add_followers(commands.add_parser("followers", help="files of followers, and their routes"))
    _add_paper(commands.add_parser("paper", help="state or end of the paper broker, orders at it"))
    held = commands.add_parser("positions", help="say what copies hold by the stored fills")
    _add_place(held, default=argparse.SUPPRESS)
    held.add_argument("--paper", action="store_true", default=argparse.SUPPRESS)
    held.add_argument("--json", action="store_true")
    sheets = commands.add_parser("sheets", help="write every follower's day as files")
    if "sheets" in words:
        _add_sheets(sheets)
    _add_stop(commands.add_parser("stop", help="stop trading, or say how it stands; for scripts"))
    _add_audit(commands.add_parser("audit", help="verify or export the audit trail"))
    simulator = commands.add_parser("simulator", help="serve the simulated broker")
    if "simulator" in words:
        from copytrade_gui.app import simulated

        simulated.add_arguments(simulator)
    bench = commands.add_parser("bench", help="measure how fast copying is")
    if "bench" in words:
        from copytrade_gui.bench import command

        command.add_arguments(bench)
    return whole


def _add_place(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    parser.add_argument("--data-dir", type=Path, metavar="DIR", default=default)
    parser.add_argument("--profile", metavar="NAME", default=default or "default")


def _add_followers(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, words in (
        ("check", "say row by row what an import would do; changes nothing"),
        ("import", "add and change followers, all rows or none"),
        ("export", "write the followers, without secrets"),
        ("template", "write a file to fill in, with examples"),
    ):
        one = verbs.add_parser(verb, help=words)
        one.add_argument("file", type=Path, metavar="FILE")
        _add_place(one, default=argparse.SUPPRESS)
        one.add_argument("--paper", action="store_true", default=argparse.SUPPRESS)
        if verb in ("check", "import"):
            one.add_argument(
                "--master", metavar="CLIENT", help="whom new followers follow, if there are several"
            )
            one.add_argument(
                "--wrong-rows",
                type=Path,
                metavar="FILE",
                help="write the wrong rows there, each with what is wrong",
            )
        if verb == "import":
            one.add_argument(
                "--good-rows", action="store_true", help="import the rows that are not wrong"
            )
        one.add_argument("--json", action="store_true")
    _add_routes(verbs.add_parser("route", help="connect once by each account's route"))


def _add_routes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("clients", metavar="CLIENT", nargs="*", help="whose; all without it")
    _add_place(parser, default=argparse.SUPPRESS)
    parser.add_argument("--paper", action="store_true", default=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")


def _add_paper(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True)
    order = verbs.add_parser("order", help="place an order at a master's account, as he would")
    order.add_argument("side", type=_side, metavar="BUY|SELL")
    order.add_argument("quantity", metavar="QUANTITY", help="units; lots where the exchange does")
    order.add_argument("symbol", metavar="SYMBOL", help="such as RELIANCE-EQ")
    order.add_argument("--price", default="", metavar="P", help="a limit; without it the market")
    order.add_argument("--product", type=Product, choices=list(Product), default=Product.INTRADAY)
    order.add_argument(
        "--account", default="", metavar="CLIENT", help="whose; the first master's without it"
    )
    for one in (
        order,
        verbs.add_parser("status", help="say whether it runs, and until when"),
        verbs.add_parser("stop", help="end it; its day is kept"),
    ):
        one.add_argument("--data-dir", type=Path, metavar="DIR", default=argparse.SUPPRESS)
        one.add_argument("--json", action="store_true")


def _add_stop(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, words in (
        ("pause", "no new plans; a running one ends"),
        ("reduce", "only what reduces leaves"),
        ("halt", "nothing leaves but cancels"),
        ("kill", "cancel every working order of ours; positions are not touched"),
        ("status", "say which state holds, and who put it in force"),
        ("resume", "trade again, where no console is open; after a KILL only its window does"),
    ):
        one = verbs.add_parser(verb, help=words)
        _add_place(one, default=argparse.SUPPRESS)
        one.add_argument("--paper", action="store_true", default=argparse.SUPPRESS)
        one.add_argument("--json", action="store_true")
        one.set_defaults(reason="", account="", group="", all_orders=False)
        if verb != "status":
            one.add_argument("--reason", metavar="TEXT", help="why, for the strip and the trail")
        if verb in ("reduce", "halt", "kill"):
            whom = one.add_mutually_exclusive_group()
            whom.add_argument("--account", metavar="CLIENT", help="one account alone")
            whom.add_argument("--group", metavar="NAME", help="the followers of one group")
        elif verb == "pause":  # refused with what there is instead
            one.add_argument("--account", help=argparse.SUPPRESS)
            one.add_argument("--group", help=argparse.SUPPRESS)
        if verb == "kill":
            too = "also what the accounts' owners placed themselves elsewhere"
            one.add_argument("--all-orders", action="store_true", help=too)


def _add_sheets(parser: argparse.ArgumentParser) -> None:
    from copytrade_gui.services.sheet_files import Kind

    parser.add_argument("folder", type=Path, metavar="FOLDER")
    _add_place(parser, default=argparse.SUPPRESS)
    parser.add_argument("--paper", action="store_true", default=argparse.SUPPRESS)
    parser.add_argument("--day", type=_day, metavar="2026-12-01", help="another day than today")
    kinds = "all of them where none is named"
    parser.add_argument(
        "--kind", type=Kind, choices=list(Kind), nargs="+", action="extend", help=kinds
    )
    parser.add_argument("--json", action="store_true")


def _side(text: str) -> Side:
    try:
        return Side(text.upper())
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is none; write BUY or SELL") from None


def _add_audit(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True)
    verify = verbs.add_parser("verify", help="say whether nothing was changed since")
    verify.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        nargs="?",
        help="an exported .json, or a day kept as .zip, instead of the folder",
    )
    export = verbs.add_parser("export", help="write the trail as .json, or .csv for a spreadsheet")
    export.add_argument("file", type=Path, metavar="FILE")
    keep = verbs.add_parser("keep", help="write a day with its sheets as one .zip to keep")
    keep.add_argument("file", type=Path, metavar="FILE")
    keep.add_argument("--day", type=_day, metavar="2026-12-01", help="another day than today")
    for one in (verify, export, keep):
        _add_place(one, default=argparse.SUPPRESS)
        one.add_argument("--paper", action="store_true", default=argparse.SUPPRESS)
        one.add_argument("--json", action="store_true")


def _picture(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise argparse.ArgumentTypeError(f"{text} must end in .png or .jpg, such as {text}.png")
    return path


def _day(text: str) -> date:
    day = read_day(text)
    if isinstance(day, NotADay):
        raise argparse.ArgumentTypeError(day.sentence)
    return day


def _between(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        plain = text.isascii() and text.isdecimal() and len(text) <= LONGEST
        if not plain or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"must be a number from {least} to {most}")
        return int(text)

    return number
