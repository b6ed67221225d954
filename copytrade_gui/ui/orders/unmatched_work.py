"""Copies that filled although their master's order came to nothing: the band that stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from copytrade_gui.domain.ids import AccountId, PlanId
from copytrade_gui.domain.square_off import Scope
from copytrade_gui.domain.unmatched import Unmatched
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import Question, bring_back
from copytrade_gui.ui.followers.followers import FollowersPanel
from copytrade_gui.ui.orders.orders import OrdersPanel
from copytrade_gui.ui.panel import Panel
from copytrade_gui.ui.widgets.bands import Band, Bands
from copytrade_gui.ui.window_state import read_json, write_json

_DONE = "unmatched_done"
_KEPT = 100


@dataclass(frozen=True, slots=True)
class Exit:
    """``of`` says what may be closed of some plans; ``show`` previews a scope, and sends it only
    once a person has confirmed that.
    """  # fmt: skip

    of: Callable[[Sequence[PlanId]], Coroutine[object, object, Scope]]
    show: Callable[[Scope, str], object]


class UnmatchedWork(QObject):
    """Shows them until a person says that he has dealt with them, also over a restart.

    It proposes their exit; nothing is sent before he has seen and confirmed it.
    """

    def __init__(
        self,
        desk: Desk,
        orders: OrdersPanel,
        followers: FollowersPanel,
        bands: Bands,
        show: Callable[[Panel], object],
        window: QWidget,
        *,
        exit_plan: Exit,
    ) -> None:
        super().__init__(window)
        self._desk = desk
        self._orders = orders
        self._followers = followers
        self._bands = bands
        self._show = show
        self._exit = exit_plan
        self._window = window
        self._shown: list[Unmatched] = []
        orders.counts_changed.connect(self._refresh)
        desk.roster.changed.connect(self._refresh)

    def _refresh(self) -> None:
        found = self._orders.model.unmatched()
        done = read_json(self._desk.memory, _DONE) if found else {}
        self._shown = [one for one in found if done.get(one.plan_id) != one.units]
        units: Counter[AccountId] = Counter()
        for one in self._shown:
            units.update({copy.account_id: copy.filled_quantity for copy in one.copies})
        self._followers.show_unmatched(units)
        if not self._shown:
            self._bands.clear_band("unmatched")
            return
        sentence = self._shown[0].in_words(self._desk.roster.name)
        others = len(self._shown) - 1
        if others:
            sentence += f" So did the copies of {figures.plural(others, 'other order')}."
        self._bands.show_band(
            "unmatched",
            Band(
                "bad",
                sentence,
                (
                    ("Plan their exit", self._begin_exit),
                    ("Show orders", self._show_orders),
                    ("Dealt with", self._ask),
                ),
            ),
        )

    def _show_orders(self) -> None:
        self._show(self._orders)
        self._orders.show_problems()

    def _begin_exit(self) -> None:
        self._desk.tasks.start(self._plan_exit(), name="exit of unmatched copies")

    async def _plan_exit(self) -> None:
        shown = self._shown
        scope = await self._exit.of([one.plan_id for one in shown])
        if not scope:
            self._desk.notices.warn("These copies hold nothing any more. Press Dealt with.")
            return
        orders = figures.plural(len(shown), "order")
        self._exit.show(scope, f"copies of {orders} of which the master got nothing")

    def _ask(self) -> None:
        if not bring_back(self._window, "question"):
            self._desk.tasks.start(self._deal_with(), name="unmatched copies")

    async def _deal_with(self) -> None:
        shown = self._shown
        units = sum(one.units for one in shown)
        question = Question(
            self._window,
            f"Copies without their master - {self._desk.mode_word}",
            f"Take this warning away only if the {figures.whole(units)} units were closed, or are "
            "meant to stay. It comes back if more of these copies fill.",
            verb="Dealt with",
            safe_first=True,
        )
        if await question.ask():
            done = read_json(self._desk.memory, _DONE)
            done.update({one.plan_id: one.units for one in shown})
            write_json(self._desk.memory, _DONE, dict(list(done.items())[-_KEPT:]))
            self._refresh()
