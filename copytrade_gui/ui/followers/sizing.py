"""One sizing rule for several followers, with what changes before it changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from copytrade_gui.domain.link import Follower
from copytrade_gui.domain.link_field import NOTHING
from copytrade_gui.domain.sizing import (
    RuleProblem,
    RuleTexts,
    SizingRule,
    Strategy,
    read_rule,
)
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.form import FormDialog
from copytrade_gui.ui.followers.sizing_words import STRATEGY_WORDS, parameter_hint
from copytrade_gui.ui.widgets.label import PlainLabel

_LISTED = 6


class SizingDialog(FormDialog):
    """Strategy, value and, if asked for, cap; the followers and their present rules stand above.

    Whatever else is in a follower's rule stays his own.
    """

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        followers: Sequence[Follower],
        save: Callable[[SizingDialog], Awaitable[object]],
    ) -> None:
        super().__init__(
            parent,
            desk,
            f"Set sizing - {desk.mode_word}",
            "sizing",
            verb=f"Set for {figures.plural(len(followers), 'follower')}",
            save=lambda: save(self),
        )
        shown = [
            f"{one.account.name}: now {one.link.sizing.in_words()}" for one in followers[:_LISTED]
        ]
        if len(followers) > _LISTED:
            shown.append(f"and {len(followers) - _LISTED} more")
        present = PlainLabel("\n".join(shown))
        present.setProperty("role", "hint")
        self.box.insertWidget(0, present)
        self.strategy = QComboBox()
        for strategy, words in STRATEGY_WORDS.items():
            self.strategy.addItem(words, str(strategy))
        self.add_field("strategy", "S&izing", self.strategy)
        self.parameter = QLineEdit("1")
        self.add_field("parameter", "&Value", self.parameter)
        self.hint = PlainLabel()
        self.hint.setProperty("role", "hint")
        self.form.addRow("", self.hint)
        self.max_quantity = QLineEdit()
        self.max_quantity.setPlaceholderText("Each one's own")
        self.add_field(
            "max_quantity",
            "&Most units",
            self.max_quantity,
            hint=f"Empty leaves each one's own cap; {NOTHING} takes it away. Least units, "
            "rounding and overrides stay in any case.",
        )
        self.strategy.currentIndexChanged.connect(lambda _number: self._show_hint())
        self.parameter.textChanged.connect(lambda _text: self._show_hint())
        self._show_hint()
        self.finish_form()

    def rule(self) -> SizingRule:
        """The rule as typed.

        Raises:
            RefusedError: a field is not a number, or the rule is impossible.
        """
        cap = self._cap
        rule = read_rule(
            RuleTexts(
                str(self.strategy.currentData()),
                self.parameter.text(),
                "" if cap.lower() == NOTHING else cap,
            )
        )
        if isinstance(rule, RuleProblem):
            raise RefusedError(rule.sentence, field=rule.field)
        return rule

    @property
    def caps(self) -> bool:
        """True if the rule's cap shall be each one's, too; the rule without a cap takes it away."""
        return bool(self._cap)

    @property
    def _cap(self) -> str:
        return self.max_quantity.text().strip()

    def _show_hint(self) -> None:
        strategy = Strategy(str(self.strategy.currentData()))
        self.hint.setText(parameter_hint(strategy, self.parameter.text()))
