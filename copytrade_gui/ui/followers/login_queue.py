"""The morning's logins, one account after the other: the broker's page, the way back, the next.

In paper mode all of them can be done at once, without a browser.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QProgressBar, QVBoxLayout, QWidget

from copytrade_gui.domain.account import Account, SessionState
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.route import RouteKind, why_unregistered
from copytrade_gui.services.verbs import LOGIN_NOT_RETURNED, LoginPage, RefusedError, SessionVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.followers.login_rows import COLUMNS, LoginList, LoginRow, Stand
from copytrade_gui.ui.state_words import client_tail
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.tables.rows_model import RowsModel
from copytrade_gui.ui.widgets.label import PlainLabel, caption
from copytrade_gui.ui.widgets.tip import set_tip

NAME = "login_queue"
_NO_BROWSER = "No browser could be opened. Copy the address and open it yourself."


class LoginQueueDialog(ConsoleDialog):
    """Walks accounts through their login; closed or paused, it goes on later where it was.

    ``at_once``: as the simulator allows, all together and without a browser.
    """

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        sessions: SessionVerbs,
        accounts: Sequence[Account],
        *,
        at_once: bool = False,
    ) -> None:
        super().__init__(parent, f"Log in - {desk.mode_word}", NAME)
        self.resize(860, 540)
        self._desk = desk
        self._sessions = sessions
        self._at_once = at_once
        self._walk: asyncio.Task[object] | None = None
        self._answer: asyncio.Future[str | None] | None = None
        """What is pasted for the account whose turn it is; None ends its turn as ``_left``."""
        self._left = Stand.SKIPPED
        self._listens = False
        self._page: LoginPage | None = None
        statuses = {one.account_id: desk.roster.status(one.account_id) for one in accounts}
        self._had_session = {
            name for name, one in statuses.items() if one.session is SessionState.READY
        }
        self.list = LoginList(
            (one, statuses[one.account_id].session_reason or why_unregistered(one.route))
            for one in accounts
        )
        self._build()
        self.model.reset(self.list.rows)
        desk.roster.status_changed.connect(self._on_status)
        self.finished.connect(self._stop)
        self._show()

    def _build(self) -> None:
        self.summary = self.add_text("", style="heading")
        self.summary.setObjectName("login_summary")
        self.bar = QProgressBar()
        self.bar.setObjectName("login_progress")
        self.bar.setAccessibleName("Accounts that are logged in")
        self.bar.setTextVisible(False)
        self.box.addWidget(self.bar)
        self.now = QWidget()
        column = QVBoxLayout(self.now)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self.whose = PlainLabel()
        self.whose.setObjectName("login_now")
        self.whose.setWordWrap(True)
        self.address = QLineEdit()
        self.address.setReadOnly(True)
        self.address.setObjectName("login_address")
        self.address.setAccessibleName("Address of the login page")
        opener = self.make_button("Open again", "login_open")
        opener.clicked.connect(self._open_again)
        plain = self.make_button("Open plainly", "login_plain")
        set_tip(plain, "If the broker's page refuses to come back here: paste where it ends then.")
        plain.clicked.connect(self._open_plainly)
        copy = self.make_button("Copy", "login_copy")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.address.text()))
        self.problem = PlainLabel()
        self.problem.setObjectName("problem_code")
        self.problem.setProperty("role", "problem")
        self.problem.setWordWrap(True)
        self.pasted = QLineEdit()
        self.pasted.setObjectName("field_code")
        self.pasted.setPlaceholderText("https://…?authcode=…  or the code alone")
        self.pasted.setAccessibleName("Where the browser ended")
        self.pasted.textEdited.connect(lambda _text: self.problem.hide())
        self.finish = self.make_button("Finish login", "login_save", kind="primary")
        self.finish.clicked.connect(self._on_pasted)
        for words, parts in (
            ("Broker's page", (self.address, opener, plain, copy)),
            ("&Paste here", (self.pasted, self.finish)),
        ):
            row = QHBoxLayout()
            label = caption(words, parts[0])
            label.setMinimumWidth(96)
            row.addWidget(label)
            row.addWidget(parts[0], 1)
            for button in parts[1:]:
                row.addWidget(button)
            column.addLayout(row)
        column.insertWidget(0, self.whose)
        column.addWidget(self.problem)
        self.box.addWidget(self.now)
        self.model: RowsModel[LoginRow] = RowsModel(
            COLUMNS, lambda row: row.account.account_id, parent=self
        )
        self.table: DataTable[LoginRow] = DataTable(
            self._desk, "logins", self.model, COLUMNS, label="Logins", noun="account"
        )
        # Whose turn it is and who failed stand first, however many there are.
        self.table.view.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.box.addWidget(self.table, 1)
        self.leave = self.make_button("Close", "login_close")
        self.leave.clicked.connect(self.reject)
        self.skip = self.make_button("Skip this one", "login_skip")
        self.skip.clicked.connect(partial(self._end_turn, Stand.SKIPPED))
        self.go = self.make_button("", "login_go", kind="primary")
        self.go.clicked.connect(self._on_go)
        self.add_buttons([self.leave, self.skip, self.go])

    # ------------------------------------------------------------ going on and stopping

    def start(self) -> None:
        """Begin with whoever waits."""
        if self._walk is None:
            self.begin(self._desk.tasks, self._work(), name="log in one after the other")

    def _on_go(self) -> None:
        if self._walk is not None:
            self._stop()
            return
        if self.list.next() is None:
            self.model.upsert(self.list.again())
        self.start()

    def _stop(self, *_: object) -> None:
        """Whose turn it is waits again; who is logged in stays so."""
        if self._walk is not None:
            self._walk.cancel()

    async def _work(self) -> None:
        self._walk = asyncio.current_task()
        try:
            if self._at_once:
                await self._all_at_once()
            else:
                await self._one_by_one()
        finally:
            self._walk = self._page = None
            if not self.over:
                self._show()
        if self.list.count(Stand.DONE) == len(self.list.rows):
            number = figures.plural(len(self.list.rows), "account")
            where = " at the simulator" if self._at_once else ""
            self._desk.notices.info(f"{number} logged in{where}.")
            if self._at_once:
                self.accept()

    async def _all_at_once(self) -> None:
        self._show()
        stands = {one.account_id: one for one in await self._sessions.login_all_paper()}
        for account_id in [row.account.account_id for row in self.list.rows]:
            status = stands.get(account_id)
            if status is not None and status.session is SessionState.READY:
                self.list.put(account_id, Stand.DONE)
            else:
                reason = "It was removed meanwhile." if status is None else status.session_reason
                self.list.put(account_id, Stand.FAILED, reason)
        self.model.upsert(self.list.rows)

    async def _one_by_one(self) -> None:
        while (account := self.list.next()) is not None:
            began = self._desk.wall_ns()
            self._put(account, Stand.NOW)
            try:
                stand = await self._log_in(account)
            except RefusedError as refusal:
                self._put(account, Stand.FAILED, refusal.sentence)
                continue
            except BaseException:
                self._put(account, Stand.WAITING)
                raise
            if stand is Stand.DONE:
                self.list.took((self._desk.wall_ns() - began) / 1e9)
            self._put(account, stand)

    async def _log_in(self, account: Account) -> Stand:
        """Through the broker's page. Raises RefusedError."""
        page = self._page = await self._sessions.login_page(account.account_id)
        self.address.setText(page.address)
        self.address.setCursorPosition(0)
        self.pasted.clear()
        self._say(page.problem)
        self._show(account)
        self._open(page.address)
        came, self._listens = None, bool(page.returns_to)
        if page.returns_to:
            came = self._desk.tasks.start(
                self._sessions.login_return(), name="login's return", on_error=lambda _words: None
            )
        try:
            return await self._finished(account.account_id, came)
        finally:
            self._page = None
            if came is not None:
                came.cancel()
                await asyncio.wait([came])

    async def _finished(self, account_id: AccountId, came: asyncio.Task[str] | None) -> Stand:
        """Take what comes back, or is pasted; what was pasted wrongly may be pasted again."""
        while True:
            answer = self._answer = asyncio.get_running_loop().create_future()
            both = {answer} if came is None or not self._listens else {answer, came}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            try:
                if answer.done():
                    if (pasted := answer.result()) is None:
                        return self._left
                    await self._sessions.finish_login(account_id, pasted)
                elif came is not None:
                    await self._sessions.finish_login(account_id, came.result())
            except RefusedError as refusal:
                late = refusal.code == LOGIN_NOT_RETURNED  # nobody is there: no more pages open
                if not late and (refusal.field != "code" or not answer.done()):
                    raise
                self._listens = self._listens and not late
                self._say(refusal.sentence)
                self.pasted.setFocus()
            else:
                return Stand.DONE

    # ------------------------------------------------------------ what is pressed

    def _open(self, address: str) -> None:
        if not QDesktopServices.openUrl(QUrl(address)):
            self._say(_NO_BROWSER)
        self.pasted.setFocus()

    def _open_again(self) -> None:
        """The page once more; where nobody is listened for any more, as a new turn."""
        page = self._page
        if page is None:
            return
        if self._listens or not page.returns_to:
            self._open(page.address)
        else:
            self._end_turn(Stand.WAITING)

    def _open_plainly(self) -> None:
        if self._page is not None:
            self.address.setText(self._page.plain)
            self._open(self._page.plain)

    def _on_pasted(self) -> None:
        self._settle(self.pasted.text().strip())

    def _end_turn(self, stand: Stand) -> None:
        self._left = stand
        self._settle(None)

    def _settle(self, answer: str | None) -> None:
        if self._answer is not None and not self._answer.done():
            self.problem.hide()
            self._answer.set_result(answer)

    # ------------------------------------------------------------ what is shown

    def _put(self, account: Account, stand: Stand, reason: str = "") -> None:
        self.model.upsert([self.list.put(account.account_id, stand, reason)])
        if not self.over:
            self._show(account if stand is Stand.NOW else None)

    def _on_status(self) -> None:
        """Who has come to a session elsewhere needs no turn here."""
        if self.over:
            return
        status = self._desk.roster.status
        found = [
            self.list.put(row.account.account_id, Stand.DONE)
            for row in self.list.rows
            if row.stand in (Stand.WAITING, Stand.FAILED, Stand.SKIPPED)
            and row.account.account_id not in self._had_session
            and status(row.account.account_id).session is SessionState.READY
        ]
        if found:
            self.model.upsert(found)
            self._show()

    def _show(self, account: Account | None = None) -> None:
        """How far it has come, and what can be pressed."""
        self.summary.setText(self.list.words())
        self.bar.setRange(0, max(1, len(self.list.rows)))
        self.bar.setValue(self.list.count(Stand.DONE))
        page = self._page
        if account is not None and page is not None:
            self.whose.setText(whose_words(account, page))
        self.now.setVisible(page is not None)
        walking = self._walk is not None
        self.skip.setVisible(walking and not self._at_once)
        again = self.list.count(Stand.FAILED, Stand.SKIPPED)
        waits = self.list.next() is not None
        self.go.setText(
            "Pause" if walking else f"Try {again} again" if again and not waits else "Start"
        )
        self.go.setVisible(walking or waits or bool(again))
        self.go.setProperty("kind", "" if walking else "primary")
        self.go.style().polish(self.go)
        if page is None:
            first = self.go if self.go.isVisibleTo(self) else self.leave
            first.setDefault(True)
            first.setFocus()
        else:
            self.finish.setDefault(True)  # Enter does not pause
        self.grow()

    def _say(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))
        self.grow()


def whose_words(account: Account, page: LoginPage) -> str:
    """Whose login it is, and how the console comes to its code."""
    role = "master" if account.master else "follower"
    if page.returns_to:
        back = (
            "When the browser comes back to this machine the console takes the code and goes on by "
            "itself. If it ends elsewhere, paste the whole address."
        )
    else:
        back = "Paste the whole address that the browser ends on."
    words = (
        f"{account.name}: log in as {client_tail(account.client_id)} ({role}) on the broker's "
        f"page. Password and code stay there. {back}"
    )
    if account.route.kind is RouteKind.DIRECT:
        return words
    return (
        f"{words} The browser goes its own way, not by {account.route.address} as the account's "
        "orders do: send it there too where the broker asks for one address."
    )
