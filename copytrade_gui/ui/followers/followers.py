"""The followers: who copies, how much, how it went; acting on one or on many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QToolBar, QToolButton, QVBoxLayout

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.drift_report import DriftLine, DriftReport
from copytrade_gui.domain.events import AccountChanged, Event, OrderChanged
from copytrade_gui.domain.ids import AccountId, IntentId
from copytrade_gui.domain.link import Follower, Link
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import OrderView
from copytrade_gui.ui import figures
from copytrade_gui.ui.action_table import SPECS, plain_text
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.followers.follower_rows import COLUMNS, FollowerRow, is_failure, search_text
from copytrade_gui.ui.panel import Panel
from copytrade_gui.ui.tables.columns import natural
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.tables.rows_model import RowsModel
from copytrade_gui.ui.widgets.label import PlainLabel
from copytrade_gui.ui.widgets.segments import Segments
from copytrade_gui.ui.widgets.tip import set_tip

_QUIET = frozenset({State.PLANNED, State.SENDING})
BULK = (Act.FOLLOWER_ON, Act.FOLLOWER_OFF, Act.FOLLOWER_STATE, Act.FOLLOWER_SIZING,
        Act.FOLLOWER_EDIT, Act.FOLLOWER_REMOVE)  # fmt: skip

STOPS = (Act.SOME_ONLY_EXITS, Act.SOME_HALT, Act.SOME_KILL)
"""Also of a group or a master, with nobody selected."""
_MORE = (Act.FOLLOWER_GROUP, Act.FOLLOWER_RULES, Act.BASIS, Act.FOLLOWER_LIMITS,
         Act.FOLLOWER_LOSSES, Act.GROUP_LIMITS, Act.GROUP_LOSSES, Act.LOGIN_ONE,
         Act.LOGOUT_ONE)  # fmt: skip

ONE_ONLY = frozenset(
    {Act.FOLLOWER_EDIT, Act.FOLLOWER_LIMITS, Act.FOLLOWER_LOSSES, Act.LOGIN_ONE, Act.LOGOUT_ONE}
)


class FollowersPanel(Panel):
    """Shows the roster's followers; ``follower_work.py`` does what the buttons say."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("followers_panel")
        self._desk = desk
        self._tally: dict[AccountId, dict[IntentId, tuple[int, State]]] = defaultdict(dict)
        self._last: dict[AccountId, tuple[int, State]] = {}
        self._unmatched: Mapping[AccountId, int] = {}
        self._drift: Mapping[AccountId, DriftLine] = {}
        self.model: RowsModel[FollowerRow] = RowsModel(
            COLUMNS, lambda row: row.account.account_id, search=search_text, parent=self
        )
        self.table: DataTable[FollowerRow] = DataTable(
            desk, "followers", self.model, COLUMNS, label="Followers", noun="follower"
        )
        self._build_bar()
        self._build_bulk()
        view = self.table.view
        actions = desk.actions
        view.add_row_actions(
            [actions[a] for a in (*BULK, Act.FOLLOWER_GROUP, Act.FOLLOWER_RULES,
                                  Act.BASIS, Act.FOLLOWER_LIMITS, Act.FOLLOWER_LOSSES,
                                  Act.GROUP_LOSSES, Act.SQUARE_OFF_ACCOUNT, Act.SQUARE_OFF_GROUP,
                                  *STOPS, Act.LIFT_HALT, Act.LOGIN_ONE, Act.LOGOUT_ONE, Act.COPY)]
        )  # fmt: skip
        view.activated.connect(lambda _index: actions[Act.FOLLOWER_EDIT].trigger())
        view.selectionModel().selectionChanged.connect(lambda *_: self._on_selection_changed())
        # Trouble first, then by name: the rows are loaded by name and sorting is stable.
        view.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        desk.roster.changed.connect(self._reload)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.table)
        self._on_selection_changed()
        self._reload()

    # ------------------------------------------------------------ news

    async def load(self, orders: tuple[OrderView, ...]) -> None:
        """Count today's copies that are not counted yet."""
        for order in orders:
            self._count(order)
        self._reload()

    def on_events(self, batch: list[Event]) -> None:
        """Take new statuses and outcomes."""
        touched: set[AccountId] = set()
        for event in batch:
            if isinstance(event, AccountChanged):
                touched.add(event.status.account_id)
            elif isinstance(event, OrderChanged) and self._count(event.order):
                touched.add(event.order.account_id)
        known = (self.model.get(account_id) for account_id in touched)
        self.model.upsert([self._again(row) for row in known if row is not None])

    def show_unmatched(self, units: Mapping[AccountId, int]) -> None:
        """Take what each account's copies filled although the master's orders came to nothing."""
        before, self._unmatched = self._unmatched, units
        if units != before:
            known = (self.model.get(account_id) for account_id in {*before, *units})
            self.model.upsert([self._again(row) for row in known if row is not None])

    def show_drift(self, report: DriftReport) -> None:
        """Take how each account stands to what its copies made."""
        before, self._drift = self._drift, report.worst()
        changed = {name for name in {*before, *self._drift}
                   if before.get(name) != self._drift.get(name)}  # fmt: skip
        known = (self.model.get(account_id) for account_id in changed)
        self.model.upsert([self._again(row) for row in known if row is not None])

    # ------------------------------------------------------------ reading

    def selected(self) -> list[Account]:
        """Accounts of the selected rows, from top to bottom."""
        return [one.account for one in self.selected_followers()]

    def selected_followers(self) -> list[Follower]:
        """The same with their links to the chosen master."""
        rows = (self.model.row_at(index.row()) for index in self.table.view.source_rows())
        return [Follower(row.account, row.link) for row in rows]

    # ------------------------------------------------------------ inside

    def _build_bar(self) -> None:
        self.kinds: Segments[str] = Segments(
            "follower_kinds",
            [("", "All", "Every follower"), ("§on", "On", "Copying is on"),
             ("§trouble", "Trouble", "Stopped, no session, a failed copy, one without its master")],
            label="Show", stretch=False,
        )  # fmt: skip
        self.kinds.chosen.connect(lambda: self.table.narrow(self.kinds.value))
        title = PlainLabel("Followers")
        title.setProperty("role", "panel_title")
        self.table.add_before_filter(title)
        self.table.add_before_filter(self.kinds)
        login = Act.LOGIN_ALL if self._desk.paper else Act.LOGIN_NEXT
        self.table.add_tool(login, words=True)
        self.table.add_tool(Act.FOLLOWER_ADD)
        self.table.add_tool(Act.FOLLOWERS_IMPORT)
        self.table.add_tool(Act.FOLLOWERS_EXPORT)
        self.table.say_when_empty(
            "No followers yet. Import a CSV, or add one; each gets its own share of every "
            "master order.",
            self._desk.actions[Act.FOLLOWERS_IMPORT],
            self._desk.actions[Act.FOLLOWER_ADD],
        )

    def _build_bulk(self) -> None:
        # A tool bar, because it puts away what finds no room.
        self.bulk = QToolBar()
        self.bulk.setObjectName("follower_bulk")
        self.bulk.setAccessibleName("Selected followers")
        more = self.bulk.findChild(QToolButton, "qt_toolbar_ext_button")
        if isinstance(more, QToolButton):
            self._desk.icons.dress(more, "ellipsis-vertical")
            more.setAccessibleName("Selected followers: more actions")
        self.bulk_text = PlainLabel()
        self.bulk.addWidget(self.bulk_text)
        self._bulk_buttons: dict[Act, QPushButton] = {}
        # What stops comes first: at no width of the screen it is what is put away.
        for act in (*STOPS, *BULK):
            button = QPushButton(SPECS[act].brief or plain_text(act))
            button.setObjectName(f"bulk_{act}")
            set_tip(button, self._desk.actions[act].toolTip())
            button.setProperty("kind", "small")
            button.clicked.connect(lambda _checked=False, a=act: self._desk.actions[a].trigger())
            self.bulk.addWidget(button)
            self._bulk_buttons[act] = button
        layout = self.table.layout()
        assert isinstance(layout, QVBoxLayout)  # noqa: S101 - the table lays itself out this way
        layout.insertWidget(1, self.bulk)

    def _reload(self) -> None:
        followers = sorted(self._desk.roster.followers(), key=lambda one: natural(one.account.name))
        rows = [self._row(one.account, one.link) for one in followers]
        if [r.account.account_id for r in rows] == [
            r.account.account_id for r in self.model.rows()
        ]:
            self.model.upsert(rows)  # nobody came or went: nothing moves
            return
        chosen = {account.account_id for account in self.selected()}
        self.model.reset(rows)
        self._select(chosen)
        self._on_selection_changed()  # a reset model tells nobody that what was selected is gone

    def _select(self, accounts: set[AccountId]) -> None:
        if not accounts:
            return
        view = self.table.view
        flags = (
            view.selectionModel().SelectionFlag.Select | view.selectionModel().SelectionFlag.Rows
        )
        for number, row in enumerate(self.model.rows()):
            if row.account.account_id in accounts:
                index = view.proxy.mapFromSource(self.model.index(number, 0))
                view.selectionModel().select(index, flags)

    def _again(self, row: FollowerRow) -> FollowerRow:
        return self._row(row.account, row.link)

    def _row(self, account: Account, link: Link) -> FollowerRow:
        states = [state for _, state in self._tally.get(account.account_id, {}).values()]
        failed = sum(is_failure(state) for state in states)
        last = self._last.get(account.account_id)
        return FollowerRow(
            account=account,
            link=link,
            status=self._desk.roster.status(account.account_id),
            copied=len(states) - failed - sum(s is State.SKIPPED for s in states),
            failed=failed,
            last_state=last[1] if last else None,
            unmatched=self._unmatched.get(account.account_id, 0),
            drift=self._drift.get(account.account_id),
            live=not self._desk.paper,
        )

    def _count(self, order: OrderView) -> bool:
        if not order.is_copy or order.state in _QUIET:
            return False
        counted = self._tally[order.account_id]
        before = counted.get(order.intent_id)
        if before is not None and before[0] > order.changed_ns:
            return False
        counted[order.intent_id] = (order.changed_ns, order.state)
        last = self._last.get(order.account_id)
        if last is None or order.changed_ns >= last[0]:
            self._last[order.account_id] = (order.changed_ns, order.state)
        return True

    def _on_selection_changed(self) -> None:
        number = len(self.table.view.selectionModel().selectedRows())
        # Always there: a bar that comes with the first click moves the row that is clicked.
        self.bulk_text.setText(f"{figures.whole(number)} selected:")
        for act, button in self._bulk_buttons.items():
            button.setEnabled(number == 1 or (number > 0 and act not in ONE_ONLY))
        actions = self._desk.actions
        self._desk.roster.selected = tuple(one.account_id for one in self.selected())
        for act in (*BULK, *_MORE):
            actions[act].setEnabled(number == 1 if act in ONE_ONLY else number > 0)
