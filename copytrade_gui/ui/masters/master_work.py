"""Decisions about orders that masters placed elsewhere, and the band that leads to them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.checks.check import Shown
from copytrade_gui.domain.ids import CommandId, PlanId
from copytrade_gui.domain.seen import Follow, Seen, SeenOrder
from copytrade_gui.services.master_verbs import MasterVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import Question, bring_back
from copytrade_gui.ui.masters.masters import MastersPanel
from copytrade_gui.ui.masters.seen_rows import (
    filled_words,
    leaves_at,
    since_words,
    status_words,
    terms_words,
)
from copytrade_gui.ui.panel import Panel
from copytrade_gui.ui.ticket.hold import place
from copytrade_gui.ui.widgets.bands import Band, Bands

_OLD_S = 60
"""A question says the age of an order that was seen longer ago."""


class MasterWork(QObject):
    """Copies, ignores, and changes what becomes of the next ones; each after a question."""

    def __init__(
        self,
        desk: Desk,
        masters: MasterVerbs,
        panel: MastersPanel,
        bands: Bands,
        go: Callable[[Panel], object],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._desk = desk
        self._masters = masters
        self._panel = panel
        self._bands = bands
        self._go = go
        self._window = window
        desk.actions.on(Act.COPY_SEEN, self._ask_copy)
        desk.actions.on(Act.IGNORE_SEEN, self._begin_ignore)
        panel.follow_chosen.connect(self._on_follow_chosen)
        panel.asked_changed.connect(self._show_band)
        desk.roster.changed.connect(self._show_band)

    # ------------------------------------------------------------ the band

    def _show_band(self) -> None:
        self._show_missed()
        asked = self._panel.asked()
        if not asked:
            self._bands.clear_band("masters")
            return
        newest = asked[0]
        name = self._desk.roster.name(newest.account_id)
        if len(asked) == 1:
            sentence = f"{name} placed {terms_words(newest)} at the broker. It waits for you."
        else:
            sentence = (
                f"{figures.plural(len(asked), 'order')} that masters placed at the broker wait "
                f"for you, the newest of {name}: {terms_words(newest)}."
            )
        button = ("Copy or ignore", self._show_asked)
        self._bands.show_band("masters", Band("warn", sentence, (button,)))

    def _show_missed(self) -> None:
        """What was placed while nobody looked stays in a band until somebody has decided."""
        missed = self._panel.missed()
        if not missed:
            self._bands.clear_band("missed")
            return
        newest = missed[0]
        name = self._desk.roster.name(newest.account_id)
        if len(missed) == 1:
            what = f"{name} placed {terms_words(newest)} while nobody looked. It was not copied."
        else:
            what = (
                f"{figures.plural(len(missed), 'order')} were placed by masters while nobody "
                f"looked and not copied, the newest of {name}: {terms_words(newest)}."
            )
        buttons = (("Look at missed", self._go_missed), ("Ignore all", self._ask_ignore_all))
        self._bands.show_band("missed", Band("warn", what, buttons))

    def _go_missed(self) -> None:
        self._go(self._panel)
        for order in self._panel.missed()[:1]:
            self._panel.select(order)

    def _ask_ignore_all(self) -> None:
        if self._panel.missed() and not bring_back(self._window, "question"):
            self._desk.tasks.start(self._ignore_all(), name="ignore missed orders")

    async def _ignore_all(self) -> None:
        missed = self._panel.missed()
        question = Question(
            self._window,
            f"Ignore what was missed - {self._desk.mode_word}",
            f"Copy none of the {figures.plural(len(missed), 'order')} that masters placed while "
            "nobody looked? They stay in the list, where each may still be copied.",
            verb="Ignore all",
            safe_first=True,
        )
        if await question.ask():
            name = uuid.uuid4().hex
            for number, order in enumerate(missed):
                command = CommandId(f"{name}-{number}")
                await self._masters.ignore(order.account_id, order.broker_order_id, command)

    def _show_asked(self) -> None:
        self._go(self._panel)
        for order in self._panel.asked()[:1]:
            self._panel.select(order)

    # ------------------------------------------------------------ copy

    def _ask_copy(self) -> None:
        order = self._panel.selected()
        if order is None or not order.became.open_to_copy:
            return
        if not bring_back(self._window, "question"):
            self._desk.tasks.start(self._copy(order), name="copy a master's order")

    async def _copy(self, order: SeenOrder) -> None:
        follow = await self._masters.follow(order.account_id)
        last = await self._panel.last_price(order)
        question = Question(
            self._window,
            f"Copy now - {self._desk.mode_word}",
            self._copy_sentence(order, follow, last),
            verb=f"Copy now at {leaves_at(order, last)}",
        )
        if not await question.ask():
            return
        # One command per question, so that pressing its button twice is one copy.
        command = CommandId(uuid.uuid4().hex)

        async def send(confirmed: str = "", despite: Sequence[Shown] = ()) -> PlanId:
            return await self._masters.copy(
                order.account_id, order.broker_order_id, command, confirmed, despite
            )

        await place(self._window, self._desk, str(order.to_copy), send)
        self._desk.notices.info(
            f"{terms_words(order)} is being copied. Its copies stand in the order book."
        )
        self._panel.read_follow()

    def _copy_sentence(self, order: SeenOrder, follow: Follow, last: Decimal | None) -> str:
        roster = self._desk.roster
        active = sum(one.account.active for one in roster.followers_of(order.account_id))
        sentence = (
            f"Copy {terms_words(order)} of {roster.name(order.account_id)} to "
            f"{figures.plural(active, 'follower')}, each by its own sizing. At the broker: "
            f"{status_words(order).lower()}, {filled_words(order)} filled."
        )
        if order.gone:
            sentence += f" He took back the rest: copies go by the {figures.whole(order.to_copy)}."
        age_s = (self._desk.wall_ns() - order.seen_ns) // 1_000_000_000
        if age_s >= _OLD_S:
            sentence += (
                f" It was seen {figures.plural(age_s // 60, 'minute')} ago: the market may "
                "stand elsewhere now."
            )
        since = since_words(order, last)
        sentence += f" {since}" if since else " Its price of now is not known."
        if order.became is not Seen.ASKED and order.reason:
            sentence += f" It was not copied by itself: {order.reason}"
        if follow is Follow.ASK:
            sentence += " After this one, his next orders are copied by themselves."
        return sentence

    # ------------------------------------------------------------ ignore

    def _begin_ignore(self) -> None:
        order = self._panel.selected()
        if order is not None and order.became.open_to_ignore:
            self._desk.tasks.start(self._ignore(order), name="ignore a master's order")

    async def _ignore(self, order: SeenOrder) -> None:
        command = CommandId(uuid.uuid4().hex)
        await self._masters.ignore(order.account_id, order.broker_order_id, command)
        self._desk.notices.info(
            f"{terms_words(order)} is not copied. You may still copy it from the list."
        )

    # ------------------------------------------------------------ the next ones

    def _on_follow_chosen(self, word: str) -> None:
        master = self._desk.roster.master
        if master is not None:
            self._desk.tasks.start(self._set_follow(master, Follow(word)), name="follow a master")

    async def _set_follow(self, master: Account, follow: Follow) -> None:
        try:
            if follow is Follow.COPY and not await self._is_meant(master):
                return
            await self._masters.set_follow(master.account_id, follow, CommandId(uuid.uuid4().hex))
            self._desk.notices.info(_FROM_NOW_ON[follow].format(name=master.name))
        finally:
            self._panel.read_follow()

    async def _is_meant(self, master: Account) -> bool:
        active = sum(
            one.account.active for one in self._desk.roster.followers_of(master.account_id)
        )
        question = Question(
            self._window,
            f"Copy by itself - {self._desk.mode_word}",
            f"From now on every order that {master.name} places on the broker's own page or phone "
            f"is copied by itself to {figures.plural(active, 'follower')}, as soon as it is at the "
            "exchange and without asking you. The checks and limits hold for each. Orders that "
            "wait for you now still wait.",
            verb="Copy from now on",
            safe_first=True,
        )
        return await question.ask()


_FROM_NOW_ON = {
    Follow.ASK: "Orders that {name} places elsewhere wait for you first.",
    Follow.COPY: "Orders that {name} places elsewhere are copied by themselves.",
    Follow.SHOW: "Orders that {name} places elsewhere are only shown.",
}
