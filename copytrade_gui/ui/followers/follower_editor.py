"""Adding and changing followers, and the links by which they copy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.basis import UNDECLARED
from copytrade_gui.domain.drift import REDUCED_AFTER_S, ReduceDrift
from copytrade_gui.domain.link import NO_FILTERS, Copies, Follower, Link, LinkState
from copytrade_gui.domain.link_field import LABELS, exits_text, guard_text, list_text, time_text
from copytrade_gui.domain.margin import MOST_PERCENT, WhenShort
from copytrade_gui.domain.order import Side
from copytrade_gui.domain.sizing import Rounding, RuleTexts, Strategy, rule_texts
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.drift.drift_rows import several_masters
from copytrade_gui.ui.followers.account_editor import AccountEditor
from copytrade_gui.ui.followers.basis import BasisFields
from copytrade_gui.ui.followers.group import GroupField, groups_here
from copytrade_gui.ui.followers.route import ROUTED, RouteFields, TestRoute
from copytrade_gui.ui.followers.sizing_words import (
    BEYOND_WORDS,
    COPIES_WORDS,
    REDUCE_WORDS,
    ROUNDING_WORDS,
    SHORT_WORDS,
    STATE_WORDS,
    STRATEGY_WORDS,
    parameter_hint,
)
from copytrade_gui.ui.state_words import rights_words
from copytrade_gui.ui.widgets.label import PlainLabel
from copytrade_gui.ui.widgets.tip import set_tip

_SIDES = {"": "Buys and sells", Side.BUY.value: "Buys only", Side.SELL.value: "Sells only"}
_OF_ACCOUNT = (
    "name", "client_id", "app_key", "app_secret", "active", "is_master", "basis", "basis_reference",
    "algo_id",
    *ROUTED,
)  # fmt: skip
_LISTS = {
    "products": "All, or such as INTRADAY; NORMAL",
    "exchanges": "All, or such as NSEFO; BSEFO",
    "symbols": "All, or such as NIFTY; TCS",
    "not_symbols": "None, or such as NIFTY; TCS",
}
_ENTRIES = "Only what opens is kept out: what the master leaves is always left."
_COPIES = (
    "Fills: he gets his part each time that more of an order has filled, near the price that it "
    "filled at. Changes and cancels of the order do nothing to it."
)
_SHORT = (
    f"What becomes of an entry that needs more than {MOST_PERCENT} % of what the account had free "
    "when the broker was last asked. Where the broker has not told what it needs, it is sent."
)
_GUARD = (
    "Entries only: no exit is held back by a price. An entry's limit is never worse than the "
    "slippage allows, and after the delay it is not sent."
)
_EXITS = (
    "From what its copies cost on average. Nothing rests at the broker for these: this program "
    "watches the price and squares the copies off. So it has to run, with the account logged in "
    "and trading not stopped."
)
_REDUCE = (
    f"Copies that are still held {REDUCED_AFTER_S} s after their master has left are squared off "
    "once, never more than the account holds, and you are told. Not where its owner traded by "
    "himself, figures do not add up, or brokers close intraday positions in the last half hour: "
    "that stays yours to decide. It needs this program running, and trading not stopped."
)


class FollowerEditor(AccountEditor):
    """One follower of one master; a refusal stands beside the field it names.

    ``others`` are accounts that do not copy this master yet: one of them may be chosen instead of
    a new account, and is then not changed itself.
    """

    belonging = (*AccountEditor.belonging, frozenset({"strategy", "parameter"}))

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        follower: Follower | None,
        save: Callable[[FollowerEditor], Awaitable[object]],
        *,
        test: TestRoute,
        master: str = "",
        others: Sequence[Account] = (),
    ) -> None:
        account = None if follower is None else follower.account
        title = "Add follower" if account is None else f"Edit {account.name}"
        super().__init__(
            parent,
            desk,
            f"{title} - {desk.mode_word}",
            "follower_editor",
            verb="Add follower" if account is None else "Save changes",
            save=lambda: save(self),
        )
        self._others = tuple(others)
        self._add_account_fields(account)
        self._add_sizing_fields(follower)
        self.begin_column()
        self._add_link_fields(follower, master)
        self.add_heading("Why its orders may be sent")
        self.declared = BasisFields(self, desk, UNDECLARED if account is None else account.declared)
        self.begin_column()
        self._add_guard_fields(None if follower is None else follower.link)
        self._add_exit_fields(None if follower is None else follower.link)
        self.begin_column()
        self.add_heading("Which way its connections take")
        self.routed = RouteFields(self, desk, test, account)
        self._show_hint()
        self.shown = {} if follower is None else self.typed()
        self.finish_form()

    def _add_account_fields(self, account: Account | None) -> None:
        self.add_heading("Account")
        self.existing: QComboBox | None = None
        if self._others:
            self.existing = QComboBox()
            self.existing.addItem("A new one")
            for other in self._others:
                self.existing.addItem(other.name)
            self.add_field("existing", "&Which", self.existing)
            self.existing.currentIndexChanged.connect(lambda _number: self._show_existing())
        rights = (
            "" if account is None else rights_words(self._desk.roster.status(account.account_id))
        )
        self.add_texts(account, rights=rights)
        self.active = QCheckBox("Copy to this account")
        self.add_field("active", "&On", self.active)
        self.is_master = QCheckBox("Its own orders may be copied too")
        self.add_field("is_master", "Is maste&r", self.is_master)
        self._show_account(account)

    def _show_account(self, account: Account | None) -> None:
        self.show_texts(account)
        self.active.setChecked(account.active if account else True)
        self.is_master.setChecked(account.master if account else False)

    def _show_existing(self) -> None:
        account = self.chosen
        self._show_account(account)
        for field in (
            self.name, self.client_id, self.app_key, self.app_secret, self.active, self.is_master
        ):  # fmt: skip
            field.setEnabled(account is None)
        self.declared.show(UNDECLARED if account is None else account.declared)
        self.declared.set_enabled(account is None)
        self.routed.show(account)
        self.routed.set_enabled(account is None)
        typed = self.typed()
        self.shown = {} if account is None else {field: typed[field] for field in _OF_ACCOUNT}

    @property
    def chosen(self) -> Account | None:
        """The account that is here already and shall copy this master; None for a new one."""
        number = 0 if self.existing is None else self.existing.currentIndex()
        return self._others[number - 1] if number > 0 else None

    def _add_sizing_fields(self, follower: Follower | None) -> None:
        self.add_heading("Sizing")
        rule = (
            RuleTexts(Strategy.RATIO, "1") if follower is None else rule_texts(follower.link.sizing)
        )
        self.strategy = QComboBox()
        for strategy, words in STRATEGY_WORDS.items():
            self.strategy.addItem(words, str(strategy))
        self.strategy.setCurrentIndex(self.strategy.findData(rule.strategy))
        self.strategy.currentIndexChanged.connect(lambda _number: self._show_hint())
        self.add_field("strategy", "S&izing", self.strategy)
        self.parameter = QLineEdit(rule.parameter)
        self.add_field("parameter", "&Value", self.parameter)
        self.parameter_hint = PlainLabel()
        self.parameter_hint.setProperty("role", "hint")
        self.parameter_hint.setWordWrap(True)
        self.form.addRow("", self.parameter_hint)
        self.max_quantity = QLineEdit(rule.max_quantity)
        self.max_quantity.setPlaceholderText("No cap")
        self.add_field("max_quantity", "&Most units", self.max_quantity)
        self.min_quantity = QLineEdit(rule.min_quantity)
        self.min_quantity.setPlaceholderText("None agreed")
        self.add_field("min_quantity", "&Least units", self.min_quantity)
        self.rounding = QComboBox()
        for rounding, words in ROUNDING_WORDS.items():
            self.rounding.addItem(words, rounding.value)
        self.rounding.setCurrentIndex(self.rounding.findData(rule.rounding or Rounding.DOWN.value))
        self.add_field("rounding", "Ro&unding", self.rounding)
        self.reverse = QCheckBox("Sell where the master buys")
        self.reverse.setChecked(bool(rule.reverse))
        self.add_field("reverse", "Reverse", self.reverse)
        self.overrides = QLineEdit(rule.overrides)
        self.overrides.setPlaceholderText("NIFTY lots 2; NSEFO ratio 0.5")
        self.add_field("overrides", "Overri&des", self.overrides)
        self.parameter.textChanged.connect(lambda _text: self._show_hint())

    def _add_link_fields(self, follower: Follower | None, master: str) -> None:
        self.add_heading(f"Which entries of {master} are copied" if master else "Which entries")
        link = None if follower is None else follower.link
        filters = NO_FILTERS if link is None else link.filters
        self.copies = QComboBox()
        for copies, said in COPIES_WORDS.items():
            self.copies.addItem(said, copies.value)
        self.copies.setCurrentIndex(
            self.copies.findData((Copies.ORDERS if link is None else link.copies).value)
        )
        set_tip(self.copies, _COPIES)
        roster = self._desk.roster
        of = () if link is None else roster.links_of(link.follower_id)
        hint = several_masters([roster.name(one.master_id) for one in of])
        self.add_field("copies", "Copies", self.copies, hint=hint)
        self.when_short = QComboBox()
        for then, said in SHORT_WORDS.items():
            self.when_short.addItem(said, then.value)
        short = WhenShort.WARN if link is None else link.when_short
        self.when_short.setCurrentIndex(self.when_short.findData(short.value))
        set_tip(self.when_short, _SHORT)
        self.add_field("when_short", LABELS["when_short"], self.when_short)
        self.state = QComboBox()
        for state, said in STATE_WORDS.items():
            self.state.addItem(said, state.value)
        self.state.setCurrentIndex(
            self.state.findData((LinkState.ACTIVE if link is None else link.state).value)
        )
        self.add_field("state", "S&tate", self.state)
        known = [group.name for group in groups_here(self._desk)]
        self.group = GroupField("" if link is None else link.group, known)
        self.add_field("group", "&Group", self.group)
        self.sides = QComboBox()
        for side, said in _SIDES.items():
            self.sides.addItem(said, side)
        self.sides.setCurrentIndex(max(0, self.sides.findData(list_text(filters.sides))))
        self.add_field("sides", "Sid&es", self.sides)
        self.lists: dict[str, QLineEdit] = {}
        for field, label, words in (
            ("products", "&Products", filters.products),
            ("exchanges", "E&xchanges", filters.exchanges),
            ("symbols", "Onl&y symbols", filters.symbols),
            ("not_symbols", "Not sym&bols", filters.not_symbols),
        ):
            line = self.lists[field] = QLineEdit(list_text(words))
            line.setPlaceholderText(_LISTS[field])
            set_tip(line, _ENTRIES)
            self.add_field(field, label, line)
        window = None if link is None else link.window
        self.window_from = QLineEdit(time_text(None if window is None else window.opens))
        self.window_to = QLineEdit(time_text(None if window is None else window.closes))
        for field, label, line in (
            ("from", "&From", self.window_from), ("to", "To", self.window_to),
        ):  # fmt: skip
            line.setPlaceholderText("At any time, or such as 09:20 IST")
            self.add_field(field, label, line)

    def _add_guard_fields(self, link: Link | None) -> None:
        self.add_heading("How far from the master's price")
        guard = None if link is None else link.guard
        self.slippage = QLineEdit(guard_text(guard, "slippage"))
        self.slippage.setPlaceholderText("Any, or such as 0.5% or 2.50 rupees")
        self.delay = QLineEdit(guard_text(guard, "delay"))
        self.delay.setPlaceholderText("Any, or seconds after his order")
        self.beyond = QComboBox()
        for beyond, said in BEYOND_WORDS.items():
            self.beyond.addItem(said, beyond.value)
        self.beyond.setCurrentIndex(max(0, self.beyond.findData(guard_text(guard, "beyond"))))
        self.add_field("slippage", "Slipp&age", self.slippage)
        self.add_field("beyond", "Beyond it", self.beyond)
        self.add_field("delay", "Delay", self.delay, hint=_GUARD)

    def _add_exit_fields(self, link: Link | None) -> None:
        self.add_heading("When its copies exit")
        rules = None if link is None else link.exits
        self.stop_loss = QLineEdit(exits_text(rules, "stop_loss"))
        self.target = QLineEdit(exits_text(rules, "target"))
        self.exit_at = QLineEdit(exits_text(rules, "exit_at"))
        self.stop_loss.setPlaceholderText("None, or such as 1% or 2.50 rupees")
        self.target.setPlaceholderText("None, or such as 2% or 5 rupees")
        self.exit_at.setPlaceholderText("Intraday only, such as 15:10 IST")
        self.add_field("stop_loss", "Stop-loss", self.stop_loss)
        self.add_field("target", "Target", self.target)
        self.add_field("exit_at", "Exit at", self.exit_at, hint=_EXITS)
        self.reduce_drift = QComboBox()
        for reduces, said in REDUCE_WORDS.items():
            self.reduce_drift.addItem(said, reduces.value)
        chosen = ReduceDrift.NO if link is None else link.reduce_drift
        self.reduce_drift.setCurrentIndex(self.reduce_drift.findData(chosen.value))
        set_tip(self.reduce_drift, _REDUCE)
        self.add_field("reduce_drift", "Drift", self.reduce_drift)

    def typed(self) -> dict[str, str | bool]:
        """Every field as it stands, by its name in a draft."""
        texts = {
            "parameter": self.parameter,
            "max_quantity": self.max_quantity, "min_quantity": self.min_quantity,
            "overrides": self.overrides,
            "window_from": self.window_from, "window_to": self.window_to, **self.lists,
            "slippage": self.slippage, "delay": self.delay,
            "stop_loss": self.stop_loss, "target": self.target, "exit_at": self.exit_at,
        }  # fmt: skip
        choices = {
            "strategy": self.strategy, "rounding": self.rounding,
            "copies": self.copies, "when_short": self.when_short,
            "state": self.state, "sides": self.sides,
            "beyond": self.beyond, "reduce_drift": self.reduce_drift,
        }  # fmt: skip
        return {
            **super().typed(),
            **{field: line.text().strip() for field, line in texts.items()},
            "group": self.group.name,
            **{field: str(choice.currentData()) for field, choice in choices.items()},
            "reverse": "yes" if self.reverse.isChecked() else "no",
            "active": self.active.isChecked(),
            "is_master": self.is_master.isChecked(),
        }

    def _show_hint(self) -> None:
        strategy = Strategy(str(self.strategy.currentData()))
        self.parameter_hint.setText(parameter_hint(strategy, self.parameter.text()))
