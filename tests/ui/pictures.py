"""Windows and dialogs over a made-up day, for tests that measure them; none is photographed."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")


from copytrade_gui.domain.checks.check import Shown
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.link import Follower
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.domain.square_off import EVERYTHING
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.modes import LiveCheck, Standing
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.day.day_end import DayEndDialog
from copytrade_gui.ui.day.recovery import RecoveryDialog
from copytrade_gui.ui.day.sheets import SheetsDialog
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog, Question
from copytrade_gui.ui.dialogs.pages import AboutDialog, KeysDialog
from copytrade_gui.ui.dialogs.palette import Palette
from copytrade_gui.ui.dialogs.preferences import PreferencesDialog
from copytrade_gui.ui.drift.catch_up import CatchUpDialog
from copytrade_gui.ui.followers.basis import BasisDialog
from copytrade_gui.ui.followers.follower_editor import FollowerEditor
from copytrade_gui.ui.followers.group import GroupDialog
from copytrade_gui.ui.followers.import_csv import ImportDialog
from copytrade_gui.ui.followers.lift_halt import LiftHaltDialog
from copytrade_gui.ui.followers.link_rules import LinkRulesDialog
from copytrade_gui.ui.followers.link_state import LinkStateDialog
from copytrade_gui.ui.followers.login_queue import LoginQueueDialog
from copytrade_gui.ui.followers.master_editor import MasterEditor
from copytrade_gui.ui.followers.paper_accounts import PaperAccountsDialog
from copytrade_gui.ui.followers.sizing import SizingDialog
from copytrade_gui.ui.leaving import quit_sentence
from copytrade_gui.ui.limits.limits import EVERYBODY, LimitsDialog
from copytrade_gui.ui.lock.renew_key import RenewKeyDialog
from copytrade_gui.ui.lock.set_passphrase import SetPassphraseDialog
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.mode.duties import DutiesDialog
from copytrade_gui.ui.mode.trade_live import TradeLiveDialog
from copytrade_gui.ui.news.alerts import AlertsDialog
from copytrade_gui.ui.orders.change import ChangeDialog
from copytrade_gui.ui.orders.order_details import OrderDetails
from copytrade_gui.ui.orders.review import ReviewDialog
from copytrade_gui.ui.positions.square_off import SquareOffDialog, SquareOffReportDialog
from copytrade_gui.ui.positions.which_group import WhichGroupDialog
from copytrade_gui.ui.stops.kill_guard import KillGuard
from copytrade_gui.ui.stops.morning_check import MorningDialog
from copytrade_gui.ui.stops.resume import ResumeDialog
from copytrade_gui.ui.stops.stop_some import StopSomeDialog
from copytrade_gui.ui.stops.whom import Whom
from copytrade_gui.ui.theme import Scheme
from copytrade_gui.ui.ticket.hold import HoldDialog, WarningDialog
from copytrade_gui.ui.window_state import ForgetfulMemory
from tests.ui import csv_files, fake_drift, fake_positions, people
from tests.ui.fake_modes import ENROLLED, MISSING
from tests.ui.fake_routes import no_test
from tests.ui.fakes import World


async def settle(rounds: int = 8) -> None:
    for _ in range(rounds):
        await asyncio.sleep(0.03)


async def nothing(_dialog: object = None, **_: object) -> None:
    return


def world(followers: int, *, paper: bool = True, trading: bool = True) -> World:
    made = World(followers=followers, paper=paper)
    if trading:
        made.trade()
        made.positions.told = fake_positions.a_morning(tuple(made.accounts.values()))
    return made


async def open_window(made: World, scheme: Scheme, size: tuple[int, int]) -> MainWindow:
    window = MainWindow(made.console(), settings=ForgetfulMemory(), wall_ns=lambda: people.NOW_NS)
    window.desk.theme.apply(scheme, text_percent=100)
    window.resize(*size)
    window.show()
    await window.start()
    window.panels.arrange()
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


def dialogs(window: MainWindow, made: World) -> dict[str, Callable[[], ConsoleDialog]]:
    desk, console = window.desk, made.console()
    listed = tuple(made.accounts.values())
    followers = [
        Follower(made.accounts[link.follower_id], link)
        for link in made.links.values()
        if link.master_id == people.MASTER
    ]
    of_some = tuple(one.account.account_id for one in followers[2:4])
    report = people.recovery(listed)
    bad = csv_files.preview(
        listed,
        followers[2:4],
        'Zoya Rao,IIFL29001,none,ratio,"0,5",none,none,none,none,yes',
        "Diya,IIFL29001",
    )
    twice = SizingRule(Strategy.RATIO, Decimal(2))
    double = [replace(one, link=replace(one.link, sizing=twice)) for one in followers[2:4]]
    new = [Follower(people.follower(n), people.link(n)) for n in range(530, 544)]
    good = csv_files.preview(listed, [*new, *double])
    killed = made.change.__class__(
        TradingState.KILL, "Raghav", "held the kill button", people.NOW_NS
    )

    found = RefusedError("It is large.", found=[Shown("value")], lines=["It is large."])

    def out_of_kill() -> SquareOffDialog:
        asked = SquareOffDialog(
            window, desk, console.square_offs, EVERYTHING, "everything copies hold"
        )
        asked.out_of_stop.show_stop(TradingState.KILL)
        asked.show_problem("Reason is empty. Say in a few words why it is safe.")
        return asked

    return {
        "question": lambda: Question(
            window,
            "Quit - PAPER",
            quit_sentence(12, copying=True, report=window.positions.report, stays=False),
            verb="Quit", back="Stay", also="Cancel them and quit", safe_first=True,
        ),
        "login": lambda: LoginQueueDialog(
            window, desk, console.sessions, desk.roster.without_session()
        ),
        "follower-add": lambda: FollowerEditor(window, desk, None, nothing, test=no_test),
        "follower-edit": lambda: FollowerEditor(window, desk, followers[3], nothing, test=no_test),
        "master-add": lambda: MasterEditor(window, desk, None, nothing, test=no_test),
        "master-edit": lambda: MasterEditor(
            window, desk, desk.roster.masters[0], nothing, test=no_test
        ),
        "sizing": lambda: SizingDialog(window, desk, followers[:12], nothing),
        "link-state": lambda: LinkStateDialog(window, desk, followers[:12], nothing),
        "group": lambda: GroupDialog(window, desk, followers[:12], nothing),
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
        "square-off": lambda: SquareOffDialog(
            window, desk, console.square_offs, EVERYTHING, "everything copies hold"
        ),
        "square-off-out-of-kill": out_of_kill,
        "square-off-report": lambda: SquareOffReportDialog(
            window, desk, console.square_offs, CommandId("off")
        ),
        "order-details": lambda: OrderDetails(
            window, desk, next(iter(made.orders.values())), made.history
        ),
        "set-passphrase": lambda: SetPassphraseDialog(
            window, desk, console.lock, has=True, covers="the lock of the screen and sleep"
        ),
        "renew-key": lambda: RenewKeyDialog(window, desk, console.lock, has=True),
        "keys": lambda: KeysDialog(window, desk),
        "about": lambda: AboutDialog(window, desk, "default"),
        "trade live": lambda: TradeLiveDialog(window, desk, ENROLLED + MISSING, nothing),
        "duties": lambda: DutiesDialog(window, desk, nothing),
        "preferences": lambda: PreferencesDialog(window, desk, lambda _policy: None),
        "palette": lambda: Palette(
            window, desk, console.market, on_instrument=print, on_follower=print
        ),
        "kill": lambda: KillGuard(window, desk, console.trading),
        "kill-some": lambda: KillGuard(
            window, desk, console.trading, Whom("2 selected followers", of_some), "Looks wrong."
        ),
        "stop-some": lambda: StopSomeDialog(
            window, desk, console.trading, TradingState.KILL,
            [Whom("2 selected followers", of_some)],
        ),
        "which-group": lambda: WhichGroupDialog(
            window, desk, [Whom("Group Family, 2 accounts", of_some)]
        ),
        "day-end": lambda: DayEndDialog(window, desk, console.trading),
        "sheets": lambda: SheetsDialog(window, desk, console.sheets),
        "limits": lambda: LimitsDialog(
            window, desk, console.limits, made.limits.shown, EVERYBODY
        ),
        "losses": lambda: LimitsDialog(
            window, desk, console.limits, made.limits.shown, EVERYBODY, losses=True
        ),
        "link-rules": lambda: LinkRulesDialog(window, desk, followers[:12], nothing),
        "basis": lambda: BasisDialog(window, desk, [("All", listed)], nothing),
        "paper-accounts": lambda: PaperAccountsDialog(window, desk, nothing),
        "alerts": lambda: AlertsDialog(window, desk, window.alerts),
        "morning": lambda: MorningDialog(
            window, desk, window.stops._morning,
            [LiveCheck("Sessions", Standing.LACKS, "3 of 25 accounts not logged in.")],
        ),
        "change": lambda: ChangeDialog(
            window, desk, made.changes, next(iter(made.orders.values())), 2
        ),
        "hold": lambda: HoldDialog(window, desk, found, "150", nothing),
        "warning": lambda: WarningDialog(window, desk, found, nothing),
        "catch-up": lambda: CatchUpDialog(
            window, desk, console.catch_ups, master=people.MASTER,
            of=fake_drift.line(listed[3], people.NIFTY_CE).key, close=print,
        ),
    }  # fmt: skip
