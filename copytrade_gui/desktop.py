"""Run with a window: the engine on its own thread, the window on qasync's loop."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

os.environ.setdefault("QT_API", "pyside6")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

import qasync
from PySide6.QtCore import qVersion
from PySide6.QtWidgets import QApplication

from copytrade_gui.app.demo import (
    DemoError,
    DemoOptions,
    DemoResult,
    demo_folder,
    demo_on,
    table,
)
from copytrade_gui.app.engine_thread import EngineThread
from copytrade_gui.app.modes import modes_of
from copytrade_gui.app.opening import opening
from copytrade_gui.app.paper import SimulatorOptions
from copytrade_gui.app.quitting import replies_are_in
from copytrade_gui.app.refusals import refusals
from copytrade_gui.app.starting import other_console, passphrase_wanted, requests_to
from copytrade_gui.app.system_clock import SystemClock
from copytrade_gui.app.wiring import OpenOptions, window_file
from copytrade_gui.domain.mode import Mode
from copytrade_gui.services.sheet_files import Printer
from copytrade_gui.terminal import command_refusals
from copytrade_gui.ui import starting
from copytrade_gui.ui.day.sheet_pdf import print_page
from copytrade_gui.ui.dialogs.passphrase import PassphraseDialog
from copytrade_gui.ui.dialogs.refusal import Refusal
from copytrade_gui.ui.lock.system_lock import system_screen_lock
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.theme import load_fonts
from copytrade_gui.ui.window_state import FileMemory, bring_to_front, keep_on_screen

T = TypeVar("T")

_SETTLE_S = 2.5
_LOOK_EVERY_S = 0.25
_OTHER_ANSWERS_S = 3.0


def qt_version() -> str:
    """Which Qt was loaded."""
    return qVersion()


def application() -> QApplication:
    """The one QApplication, set up so that closing a dialog never ends the loop."""
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("CopyTrade Console")
    app.setDesktopFileName("copytrade-console")
    app.setQuitOnLastWindowClosed(False)
    return app


def sheet_printer() -> Printer:
    """What prints a follower's sheet into a PDF file, for a command that opens no window."""
    application()
    load_fonts()
    return print_page


def run(
    options: OpenOptions, told: str = "", place: Callable[[Mode], OpenOptions] | None = None
) -> int:
    """Open the window and stay until it is closed; returns the exit code.

    ``told``: what its person has to know about what was opened. ``place`` says what is opened
    when he goes from paper to live or back; without it the window does not offer that.
    """
    app = application()
    while True:
        try:
            reopens = _run_on(app, _window(options, told, chooses=place is not None))
            if reopens is None or place is None:
                return 0
            starting.begin()
            starting.tell_mode(paper=reopens is Mode.PAPER)
            told = opening(options.data_dir, options.profile, reopens).told
            options = place(reopens)
        except refusals() as refusal:
            starting.end()
            typed = _ask_passphrase(refusal, options)
            if typed is not None:
                options = replace(options, passphrase=typed)
                continue
            return refuse(refusal, options)


def refuse(refusal: Exception, options: OpenOptions) -> int:
    """Say why no console opens; returns the exit code."""
    application()
    starting.end()
    print(f"copytrade-gui: {refusal}{_paper_opens(options)}", file=sys.stderr)
    _show_refusal(refusal, options)
    return 1


def _paper_opens(options: OpenOptions) -> str:
    """What else there is where live does not open; with a blank before it."""
    return "" if options.paper is not None else " Paper trading opens with copytrade-gui --paper."


def demo(chosen: DemoOptions, picture: Path, data_dir: Path | None) -> int:
    """The demo in a window: the same scenario, then a screenshot; returns the exit code."""
    app = application()
    known: tuple[type[Exception], ...] = (*command_refusals(), DemoError)
    with tempfile.TemporaryDirectory(prefix="copytrade-demo-") as scratch:
        try:
            _try_to_write(picture)
            result = _run_on(app, _demo(chosen, data_dir or Path(scratch), picture))
        except known as refusal:
            print(f"copytrade-gui: {refusal}", file=sys.stderr)
            return 1
    return 0 if result.ok else 1


async def _window(options: OpenOptions, told: str, *, chooses: bool) -> Mode | None:
    """The window from its opening to its end; returns what is to be opened next."""
    modes = modes_of(options.data_dir, options.profile) if chooses else None
    async with EngineThread(options) as engine:
        memory = FileMemory(window_file(options))
        window = MainWindow(replace(engine.console(), modes=modes), settings=memory)
        requests = requests_to(engine.opened.folder.root)
        window.show()
        starting.end()
        await window.start()
        if told:
            print(f"copytrade-gui: {told}", file=sys.stderr)
            window.desk.notices.warn(told)
        window.lock_work.follow(system_screen_lock(window))
        keep_on_screen(window)
        watch = asyncio.create_task(_answer(requests.taken, window))
        if options.paper is not None:
            await engine.console().sessions.login_all_paper()
        await window.closing.wait()
        # The window stays until then and says why.
        await engine.call(replies_are_in(engine.opened.engine, SystemClock()))
        watch.cancel()
        if window.paper_work.keeps_broker:
            print("The paper broker keeps running. To end it: copytrade-gui paper stop")
        await window.stop()
        return window.reopens


async def _answer(asked: Callable[[], bool], window: MainWindow) -> None:
    """Show the window whenever a second start asks for it."""
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        if asked():
            bring_to_front(window)


async def _demo(chosen: DemoOptions, data_dir: Path, picture: Path) -> DemoResult:
    paper = SimulatorOptions(
        accounts=chosen.followers + 1, latency_ms=chosen.latency_ms, tls=chosen.tls
    )
    async with EngineThread(demo_folder(data_dir, paper)) as engine:
        memory = FileMemory(engine.opened.folder.root / "window.ini")
        window = MainWindow(engine.console(), settings=memory)
        window.resize(1600, 1000)
        window.panels.arrange()  # for this size, not for the smaller one of a screen that is none
        window.show()
        await window.start()
        result, orders = await engine.call(demo_on(engine.opened, chosen))
        await asyncio.sleep(_SETTLE_S)  # let fills arrive and the chart draw before the picture
        saved = window.grab().save(str(picture))
        print(table(result, orders))
        print(f"screenshot: {picture}" if saved else f"Screenshot {picture} was not saved.")
        await window.stop()
    return result


def _try_to_write(picture: Path) -> None:
    """Say now, not after the whole demo, that its picture cannot be saved. Raises DemoError."""
    there = picture.exists()
    try:
        picture.parent.mkdir(parents=True, exist_ok=True)
        with picture.open("ab"):
            pass
        if not there:
            picture.unlink()
    except OSError as error:
        raise DemoError(
            f"Screenshot {picture} cannot be saved ({error.strerror or error}). "
            "Choose another place with --screenshot."
        ) from error


def _run_on(app: QApplication, main: Coroutine[object, object, T]) -> T:
    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner:
        return runner.run(main)


def _shown() -> bool:
    return QApplication.platformName() != "offscreen"


def _ask_passphrase(refusal: Exception, options: OpenOptions) -> str | None:
    """The passphrase, typed by a person; None where it would not help, or nobody gave one."""
    wanted = passphrase_wanted(refusal, options.passphrase)
    if wanted is None or not _shown():
        return None
    memory = FileMemory(window_file(options))
    dialog = PassphraseDialog(memory, new=wanted.new, least=wanted.least, problem=wanted.problem)
    return dialog.passphrase() if dialog.exec() == dialog.DialogCode.Accepted else None


def _show_refusal(refusal: Exception, options: OpenOptions) -> None:
    """Nothing is open yet, so a dialog that is executed outside any coroutine is safe."""
    other = other_console(refusal)
    sentence, heading = str(refusal), "The console does not open"
    if other is not None:
        heading = "The console is open already"
        if other.ask(_OTHER_ANSWERS_S):
            sentence = (
                "Its window is in front now. One console works in a data folder at a time; to "
                "work beside it, start with another --profile."
            )
        else:
            sentence += " It shows no window yet: wait until it has started, or end it first."
    # Whoever closed the question for the passphrase knows why nothing opened.
    if _shown() and passphrase_wanted(refusal, options.passphrase) is None:
        sentence += "" if other is not None else _paper_opens(options)
        Refusal(FileMemory(window_file(options)), sentence, heading).exec()
