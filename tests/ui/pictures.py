"""Draws the window and every dialog, dark and light, small and large, into PNG files."""

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

from PySide6.QtWidgets import QApplication, QWidget
from qasync import QEventLoop

from copytrade_gui.domain.events import Alarm, Severity
from copytrade_gui.domain.order import Side
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.dialogs.day_end import DayEndDialog
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog, Question
from copytrade_gui.ui.dialogs.follower_editor import FollowerEditor, MasterEditor
from copytrade_gui.ui.dialogs.import_csv import ImportDialog
from copytrade_gui.ui.dialogs.kill_guard import KillGuard
from copytrade_gui.ui.dialogs.lift_halt import LiftHaltDialog
from copytrade_gui.ui.dialogs.login import LoginDialog
from copytrade_gui.ui.dialogs.order_details import OrderDetails
from copytrade_gui.ui.dialogs.pages import AboutDialog, KeysDialog
from copytrade_gui.ui.dialogs.palette import Palette
from copytrade_gui.ui.dialogs.preferences import PreferencesDialog
from copytrade_gui.ui.dialogs.recovery import RecoveryDialog
from copytrade_gui.ui.dialogs.resume import ResumeDialog
from copytrade_gui.ui.dialogs.review import ReviewDialog
from copytrade_gui.ui.dialogs.sizing import SizingDialog
from copytrade_gui.ui.main_window import MainWindow, quit_sentence
from copytrade_gui.ui.theme import Scheme
from copytrade_gui.ui.window_state import ForgetfulMemory
from tests.ui import csv_files, days, people
from tests.ui.fakes import World

SIZES = ((1280, 720), (1920, 1080))
SCHEMES = (Scheme.DARK, Scheme.LIGHT)


class Camera:
    """Waits until a widget has settled, then writes its picture."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self.taken: list[Path] = []

    async def take(self, widget: QWidget, name: str) -> None:
        await settle()
        path = self._out / f"{name}.png"
        widget.grab().save(str(path))
        self.taken.append(path)


async def settle(rounds: int = 8) -> None:
    for _ in range(rounds):
        await asyncio.sleep(0.03)


async def nothing(_dialog: object) -> None:
    return


def world(followers: int, *, paper: bool = True, trading: bool = True) -> World:
    made = World(followers=followers, paper=paper)
    if trading:
        made.trade()
    return made


async def open_window(made: World, scheme: Scheme, size: tuple[int, int]) -> MainWindow:
    window = MainWindow(made.console(), settings=ForgetfulMemory(), wall_ns=lambda: people.NOW_NS)
    window.desk.theme.apply(scheme, text_percent=100)
    window.resize(*size)
    window.show()
    await window.start()
    window.reset_layout()
    made.lamps()
    await settle()
    return window


async def fill_ticket(window: MainWindow, price: str = "101.05") -> None:
    window.ticket.form.search.pick(people.NIFTY_CE)
    window.ticket.form.set_quantity("2", in_lots=True)
    await settle()
    window.ticket.form.price.set_text(price)
    window.ticket.refresh()
    await settle(14)


async def window_pictures(camera: Camera, scheme: Scheme, size: tuple[int, int]) -> None:
    name = f"{scheme}-{size[0]}"
    made = world(500 if size[0] > 1500 else 24)
    window = await open_window(made, scheme, size)
    await fill_ticket(window)
    window.orders.table.view.expand(window.orders.table.view.proxy.index(0, 0))
    await camera.take(window, f"{name}-window")
    window.ticket.ask_or_send()
    await camera.take(window, f"{name}-window-question")
    window.ticket.face.confirm.click()
    await camera.take(window, f"{name}-window-sent")
    await fill_ticket(window, "101.03")
    window.ticket.face.preview.toggle.setChecked(True)
    window.followers.table.view.selectAll()
    made.events.send(
        Alarm(Severity.WARNING, "EC812", "12 followers: no margin. The other 488 have their "
              "orders. Show them in the order book under Problems.", people.NOW_NS),
        Alarm(Severity.CRITICAL, "", "Diya Deshpande filled 75 more than planned. The account is "
              "stopped; look at its positions at the broker.", people.NOW_NS),
    )  # fmt: skip
    await camera.take(window, f"{name}-window-problems")
    for key in ("activity", "notices"):
        window.docks[key].bring_forward()
        await camera.take(window, f"{name}-window-{key}")
    await window.stop()


async def diverged_picture(camera: Camera, scheme: Scheme) -> None:
    """Owners changed copies of the newest order; one is made out in a dialog."""
    made = World(followers=12)
    orders = people.owners_changes(
        people.plan_orders("P6", tuple(made.accounts.values()), people.NOW_NS, people.NIFTY_PE,
                           Side.BUY, Decimal("86.10"), resting=True, troubles=False)
    )  # fmt: skip
    for order in reversed(orders):
        made.orders[order.intent_id] = order
    window = await open_window(made, scheme, (1920, 1080))
    window.orders.table.view.expandAll()
    await camera.take(window, f"{scheme}-state-diverged")
    details = OrderDetails(window, window.desk, orders[2])
    details.present()
    await camera.take(details, f"{scheme}-state-diverged-details")
    details.close()
    await window.stop()


async def state_pictures(camera: Camera, scheme: Scheme) -> None:
    size = SIZES[0]
    window = await open_window(World(followers=0), scheme, size)
    await camera.take(window, f"{scheme}-state-first-use")
    window.followers.table.filter.setText("nifty")
    await window.stop()
    made = world(24)
    made.recovery = people.recovery(tuple(made.accounts.values()))
    made.reviews = people.reviews(tuple(made.accounts.values()))
    made.set_state(TradingState.RECOVERING, "start")
    window = await open_window(made, scheme, size)
    window.followers.table.filter.setText("no such follower")
    await camera.take(window, f"{scheme}-state-recovery")
    await window.stop()
    made = world(24)
    out = [account for account in made.accounts.values() if account.active][2:9]
    for account in out:
        made.statuses[account.account_id] = people.offline(made.statuses[account.account_id])
    window = await open_window(made, scheme, size)
    made.events.send(
        Alarm(Severity.WARNING, "offline", "7 accounts: The broker does not answer. Check this "
              "machine's network; the account goes on by itself when its order book can be read "
              "again.", people.NOW_NS),
    )  # fmt: skip
    await fill_ticket(window)
    await camera.take(window, f"{scheme}-state-offline")
    await window.stop()
    made = world(24, paper=False)
    window = await open_window(made, scheme, size)
    made.set_state(TradingState.HALT, "the feed of NSE stands still")
    await fill_ticket(window)
    await camera.take(window, f"{scheme}-state-live-halted")
    await window.stop()
    made = world(24)
    window = await open_window(made, scheme, size)
    made.halt(people.MASTER, people.DUPLICATE)
    view = window.followers.table.view
    view.setCurrentIndex(view.proxy.index(0, 0))
    await fill_ticket(window)
    await camera.take(window, f"{scheme}-state-account-halted")
    await window.stop()
    await diverged_picture(camera, scheme)
    window = await open_window(world(24), scheme, size)
    window.desk.theme.apply(text_percent=150)
    await fill_ticket(window)
    await camera.take(window, f"{scheme}-state-text-150")
    window.desk.theme.apply(text_percent=100)
    await window.stop()


def dialogs(window: MainWindow, made: World) -> dict[str, Callable[[], ConsoleDialog]]:
    desk, console = window.desk, made.console()
    listed = tuple(made.accounts.values())
    report = people.recovery(listed)
    bad = csv_files.preview(
        listed, listed[4:6], 'Zoya Rao,IIFL29001,none,ratio,"0,5",none,yes', "Diya,IIFL29001"
    )
    double = [replace(one, sizing=SizingRule(Strategy.RATIO, Decimal(2))) for one in listed[4:6]]
    good = csv_files.preview(listed, [*(people.follower(n) for n in range(530, 544)), *double])
    killed = made.change.__class__(
        TradingState.KILL, "Raghav", "held the kill button", people.NOW_NS
    )
    return {
        "question": lambda: Question(
            window, "Quit - PAPER", quit_sentence(12, copying=True), verb="Quit", back="Stay",
            also="Cancel them and quit", safe_first=True,
        ),
        "login": lambda: LoginDialog(
            window, desk, listed[3],
            "https://login.broker.example/connect?appkey=app-1&v=1", console.sessions, 7,
        ),
        "follower-add": lambda: FollowerEditor(window, desk, None, nothing),
        "follower-edit": lambda: FollowerEditor(window, desk, listed[5], nothing),
        "master-add": lambda: MasterEditor(window, desk, nothing),
        "sizing": lambda: SizingDialog(window, desk, listed[2:14], nothing),
        "import-good": lambda: ImportDialog(window, desk, Path("followers.csv"), good),
        "import-bad": lambda: ImportDialog(window, desk, Path("followers.csv"), bad),
        "resume": lambda: ResumeDialog(window, desk, console.trading, killed),
        "lift-halt": lambda: LiftHaltDialog(
            window, desk, console.trading, listed[5],
            replace(made.statuses[listed[5].account_id], halted=people.OVERFILL,
                    halted_ns=people.NOW_NS),
        ),
        "review": lambda: ReviewDialog(window, desk, console.trading, people.reviews(listed)),
        "recovery": lambda: RecoveryDialog(window, desk, report),
        "order-details": lambda: OrderDetails(window, desk, next(iter(made.orders.values()))),
        "keys": lambda: KeysDialog(window, desk),
        "about": lambda: AboutDialog(window, desk, "default"),
        "preferences": lambda: PreferencesDialog(window, desk, lambda _policy: None),
        "palette": lambda: Palette(
            window, desk, console.market, on_instrument=print, on_follower=print
        ),
    }  # fmt: skip


async def day_pictures(camera: Camera, scheme: Scheme, window: MainWindow, made: World) -> None:
    """The end of the day: while it reads, kept open, only differing, sealed."""
    made.day_end.hold = asyncio.Event()
    window.desk.actions[Act.END_OF_DAY].trigger()
    await settle()
    dialog = window.findChild(DayEndDialog)
    assert dialog is not None
    await camera.take(dialog, f"{scheme}-dialog-day-reading")
    made.day_end.hold.set()
    await camera.take(dialog, f"{scheme}-dialog-day-open")
    await camera.take(window, f"{scheme}-state-day-open")
    made.day_end.report = days.open_day(blocked=False)
    dialog.again.click()
    await camera.take(dialog, f"{scheme}-dialog-day-differs")
    dialog.seal.click()
    await camera.take(dialog, f"{scheme}-dialog-day-sealed")
    dialog.close()


async def dialog_pictures(camera: Camera, scheme: Scheme) -> None:
    made = world(24)
    window = await open_window(made, scheme, SIZES[0])
    for name, build in dialogs(window, made).items():
        dialog = build()
        dialog.present()
        await camera.take(dialog, f"{scheme}-dialog-{name}")
        dialog.close()
    await day_pictures(camera, scheme, window, made)
    guard = KillGuard(window, window.desk, made.console().trading)
    guard.start()
    guard.present()
    await camera.take(guard, f"{scheme}-dialog-kill-guard")
    guard.hold.held.emit()
    await settle()
    guard.refresh()
    await camera.take(guard, f"{scheme}-dialog-kill-done")
    guard.close()
    await window.stop()


async def all_pictures(out: Path, only: str) -> list[Path]:
    camera = Camera(out)
    steps: list[tuple[str, Callable[[], Awaitable[None]]]] = []
    for scheme in SCHEMES:
        steps += [
            (f"{scheme}-{size[0]}", partial(window_pictures, camera, scheme, size))
            for size in SIZES
        ]
        steps.append((f"{scheme}-state", partial(state_pictures, camera, scheme)))
        steps.append((f"{scheme}-dialog", partial(dialog_pictures, camera, scheme)))
    for name, step in steps:
        if only in name:
            await step()
    return camera.taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("screenshots"))
    parser.add_argument("--only", default="", help="part of a step's name, such as dark-1280")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    with QEventLoop(app) as loop:
        taken = loop.run_until_complete(all_pictures(arguments.out, arguments.only))
    print(f"{len(taken)} pictures in {arguments.out}")
