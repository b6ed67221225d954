"""Which way an account's connections take: the fields of a form, and a button that tries it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from PySide6.QtWidgets import QComboBox, QLineEdit

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.route import (
    DIRECT,
    Family,
    Route,
    RouteKind,
    what_is_not_compared,
    why_unregistered,
)
from copytrade_gui.domain.route_field import LABELS, route_text
from copytrade_gui.services.routes import RouteReport
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.form import FormDialog
from copytrade_gui.ui.widgets.label import PlainLabel
from copytrade_gui.ui.widgets.tip import set_tip

TestRoute = Callable[[AccountId | None, Mapping[str, str]], Awaitable[RouteReport]]
"""Connects once by a route as typed; see ``RouteVerbs``."""
ROUTED = tuple(LABELS)
"""The fields, as files name them."""
_ADDRESS_HINTS = {
    RouteKind.DIRECT: "None: the system chooses",
    RouteKind.SOURCE: "Of this machine, such as 203.0.113.7",
    RouteKind.PROXY: "http://host:port",
}
_MEANS = {
    RouteKind.DIRECT: "Orders, reads, news and login leave as this machine's network sends them.",
    RouteKind.SOURCE: "They leave from this address of the machine, or not at all.",
    RouteKind.PROXY: "They go through this proxy (HTTP CONNECT), or not at all.",
}
_LOGIN = (
    "user:password, kept as the app secret is. Leave it empty to keep what is stored; write none "
    "to forget it. Another proxy needs its own."
)
_REGISTERED = (
    "Those of the account's app at the broker, one or several with a semicolon between them. "
    "Orders that would leave from another address are held here, for the broker would refuse them."
)
_HINT_LINES = 3
"""Room for what is said of any route, so that no field moves."""


class RouteFields:
    """Route, family and registered addresses as fields of a form, with a button that tries them."""

    def __init__(
        self, form: FormDialog, desk: Desk, test: TestRoute, account: Account | None = None
    ) -> None:
        self._form, self._desk, self._test_route = form, desk, test
        self._account = account
        self.route = QComboBox()
        for kind in RouteKind:
            self.route.addItem(kind.in_words, kind.value)
        form.add_field("route", LABELS["route"], self.route)
        self.address, self.login, self.registered = QLineEdit(), QLineEdit(), QLineEdit()
        form.add_field("route_address", LABELS["route_address"], self.address)
        self.login.setEchoMode(QLineEdit.EchoMode.Password)
        set_tip(self.login, _LOGIN)
        form.add_field("proxy_login", LABELS["proxy_login"], self.login)
        self.family = QComboBox()
        for family in Family:
            self.family.addItem(family.in_words, family.value)
        form.add_field("address_family", LABELS["address_family"], self.family)
        self.registered.setPlaceholderText("None entered: nothing is compared")
        set_tip(self.registered, _REGISTERED)
        form.add_field("registered_addresses", LABELS["registered_addresses"], self.registered)
        self.hint = PlainLabel()
        self.hint.setObjectName("route_hint")
        self.hint.setProperty("role", "hint")
        self.hint.setWordWrap(True)
        self.hint.ensurePolished()  # only then its font is known
        self.hint.setMinimumHeight(_HINT_LINES * self.hint.fontMetrics().lineSpacing())
        self.test = form.make_button("Test route", "test_route")
        self.test.clicked.connect(self._begin_test)
        form.form.addRow("", self.hint)
        form.form.addRow("", self.test)
        self.route.currentIndexChanged.connect(lambda _number: self._show_hint())
        self.show(account)

    def show(self, account: Account | None) -> None:
        """Show an account's route."""
        self._account = account
        route = DIRECT if account is None else account.route
        self.route.setCurrentIndex(self.route.findData(route.kind.value))
        self.address.setText(route.address)
        self.family.setCurrentIndex(self.family.findData(route.family.value))
        self.registered.setText(route_text(route, "registered_addresses"))
        self.login.clear()
        self._show_hint()
        self._say_what_is_wrong(route)

    def typed(self) -> dict[str, str]:
        """The fields as files name and spell them."""
        return {
            "route": str(self.route.currentData()),
            "route_address": self.address.text().strip(),
            "proxy_login": self.login.text().strip(),
            "address_family": str(self.family.currentData()),
            "registered_addresses": self.registered.text().strip(),
        }

    def set_enabled(self, enabled: bool) -> None:
        """Let the fields be changed."""
        for field in (self.route, self.address, self.login, self.family, self.registered):
            field.setEnabled(enabled)
        if enabled:
            self._show_hint()

    def _show_hint(self) -> None:
        kind = RouteKind(str(self.route.currentData()))
        proxy = kind is RouteKind.PROXY
        self.address.setPlaceholderText(_ADDRESS_HINTS[kind])
        self.address.setEnabled(kind is not RouteKind.DIRECT)
        if kind is RouteKind.DIRECT:
            self.address.clear()
        self.login.setEnabled(proxy)
        self.login.setPlaceholderText("user:password, if it asks for one" if proxy else "")
        self.family.setEnabled(not proxy)
        if proxy:
            self.family.setCurrentIndex(self.family.findData(Family.ANY.value))
        self._say(_MEANS[kind], good=None)

    def _say_what_is_wrong(self, route: Route) -> None:
        status = (
            None if self._account is None else self._desk.roster.status(self._account.account_id)
        )
        left_from = () if status is None else status.left_from
        if why := why_unregistered(route, left_from):
            self._say(why, good=False)
        elif said := what_is_not_compared(route, left_from):
            self._say(said, good=None)

    def _say(self, words: str, *, good: bool | None) -> None:
        self.hint.setText(words)
        self.hint.setProperty("role", "hint" if good is not False else "problem")
        self.hint.style().polish(self.hint)
        if self._form.isVisible():
            self._form.grow()

    # ------------------------------------------------------------ the test

    def _begin_test(self) -> None:
        if not self._form.may_press(self.test):
            return
        self._form.clear_problems()
        self._say("Connecting to the broker…", good=None)
        self._form.begin(
            self._desk.tasks,
            self._test(),
            name="test route",
            on_error=self._failed,
            buttons=[self.test],
        )

    async def _test(self) -> None:
        account = None if self._account is None else self._account.account_id
        try:
            report = await self._test_route(account, self.typed())
        except RefusedError as refusal:
            self._show_hint()
            self._form.show_problem(refusal.sentence, refusal.field)
        else:
            self._say(report.sentence, good=report.good)

    def _failed(self, sentence: str) -> None:
        self._say(sentence, good=False)
