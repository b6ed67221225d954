"""What the follower actions do: dialogs, verbs, and what is said afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Coroutine, Sequence
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.link import Follower
from copytrade_gui.domain.open_orders import Goes
from copytrade_gui.domain.typed import listed
from copytrade_gui.services.follower_verbs import FollowerVerbs, RowVerdict
from copytrade_gui.services.routes import RouteVerbs
from copytrade_gui.services.verbs import SessionVerbs, TradingVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import Question, bring_back
from copytrade_gui.ui.file_choice import CSV, CSV_OR_ALL, ask_open_path, ask_save_path
from copytrade_gui.ui.followers.basis import BasisDialog, groups_of
from copytrade_gui.ui.followers.follower_editor import FollowerEditor
from copytrade_gui.ui.followers.follower_edits import FollowerEdits
from copytrade_gui.ui.followers.followers import FollowersPanel
from copytrade_gui.ui.followers.group import GroupDialog
from copytrade_gui.ui.followers.import_csv import ImportDialog
from copytrade_gui.ui.followers.link_rules import LinkRulesDialog
from copytrade_gui.ui.followers.link_state import LinkStateDialog
from copytrade_gui.ui.followers.login_queue import NAME as LOGIN_QUEUE
from copytrade_gui.ui.followers.login_queue import LoginQueueDialog
from copytrade_gui.ui.followers.master_editor import MasterEditor
from copytrade_gui.ui.followers.sizing import SizingDialog


class FollowerWork(QObject):
    """Connects the follower actions to the verbs."""

    def __init__(
        self,
        desk: Desk,
        panel: FollowersPanel,
        followers: FollowerVerbs,
        sessions: SessionVerbs,
        routes: RouteVerbs,
        window: QWidget,
        *,
        trading: TradingVerbs,
    ) -> None:
        super().__init__(panel)
        self._desk = desk
        self._panel = panel
        self._followers = followers
        self._sessions, self._routes, self._trading = sessions, routes, trading
        self._window = window
        self.edits = FollowerEdits(desk, followers)
        for act, work in (
            (Act.MASTER_ADD, self._add_master),
            (Act.MASTER_EDIT, self._edit_master),
            (Act.MASTER_REMOVE, self._remove_master),
            (Act.FOLLOWER_ADD, self._add),
            (Act.FOLLOWER_EDIT, self._edit),
            (Act.FOLLOWER_REMOVE, self._remove),
            (Act.FOLLOWER_ON, lambda: self._turn(active=True)),
            (Act.FOLLOWER_OFF, lambda: self._turn(active=False)),
            (Act.FOLLOWER_SIZING, self._set_sizing),
            (Act.FOLLOWER_STATE, self._set_state),
            (Act.FOLLOWER_GROUP, self._set_group),
            (Act.FOLLOWER_RULES, self._set_rules),
            (Act.BASIS, self._set_basis),
            (Act.FOLLOWERS_IMPORT, self._import),
            (Act.FOLLOWERS_EXPORT, self._export),
            (Act.FOLLOWERS_TEMPLATE, self._export_template),
            (Act.LOGIN_NEXT, self._log_in_next),
            (Act.LOGIN_ALL, self._log_all_in),
            (Act.LOGIN_ONE, self._log_one_in),
            (Act.LOGOUT_ONE, self._log_out),
        ):
            desk.actions.on(act, partial(self._start, act, work))
        desk.actions[Act.LOGIN_ALL].setVisible(desk.paper)

    def _start(self, act: Act, work: Callable[[], Coroutine[object, object, None]]) -> None:
        self._desk.tasks.start(work(), name=f"action {act}")

    # ------------------------------------------------------------ followers

    async def _add_master(self) -> None:
        async def save(dialog: MasterEditor) -> None:
            await self.edits.add_master(dialog.draft())

        test = self._routes.test_route
        await MasterEditor(self._window, self._desk, None, save, test=test).ask()

    async def _edit_master(self) -> None:
        master = self._desk.roster.master
        if master is None:
            return

        async def save(dialog: MasterEditor) -> None:
            await self.edits.edit_master(master, dialog.draft())

        test = self._routes.test_route
        await MasterEditor(self._window, self._desk, master, save, test=test).ask()

    async def _remove_master(self) -> None:
        roster = self._desk.roster
        master = roster.master
        if master is None:
            return
        if why := await self._followers.why_master_stays(master.account_id):
            self._desk.notices.warn(f"{master.name} cannot be removed now. {why}")
            return
        copied = [roster.name(link.master_id) for link in roster.links_of(master.account_id)]
        stays = f"Its account stays: it copies {listed(copied, 3)}. " if copied else ""
        question = Question(
            self._window,
            f"Remove master - {self._desk.mode_word}",
            f"Remove master {master.name}? Nobody copies it. What it trades is not watched here "
            "any more; its positions stay at the broker, its orders and history here. "
            f"{stays}You can undo this until the console closes.",
            verb="Remove master",
            kind="danger",
            safe_first=True,
        )
        if await question.ask():
            await self.edits.remove_master(master)

    async def _add(self) -> None:
        master = self._desk.roster.master
        if master is None:
            self._desk.notices.warn("There is no master account yet. Add the master first.")
            return

        async def save(dialog: FollowerEditor) -> None:
            if dialog.chosen is None:
                await self.edits.add(master.account_id, dialog.draft())
            else:
                await self.edits.link(master.account_id, dialog.chosen, dialog.draft())

        others = self._desk.roster.not_following()
        await FollowerEditor(
            self._window,
            self._desk,
            None,
            save,
            test=self._routes.test_route,
            master=master.name,
            others=others,
        ).ask()

    async def _edit(self) -> None:
        chosen = self._panel.selected_followers()
        if len(chosen) != 1:
            return
        before = chosen[0]

        async def save(dialog: FollowerEditor) -> None:
            await self.edits.edit(before, dialog.draft())

        master = self._desk.roster.name(before.link.master_id)
        test = self._routes.test_route
        await FollowerEditor(self._window, self._desk, before, save, test=test, master=master).ask()

    async def _remove(self) -> None:
        chosen = self._panel.selected_followers()
        if not chosen:
            return
        one = len(chosen) == 1
        whom = chosen[0].account.name if one else f"these {len(chosen)} followers"
        master = self._desk.roster.name(chosen[0].link.master_id)
        sentence = (
            f"Remove {whom}? It copies {master} no more; its orders and history stay. "
            if one
            else f"Remove {whom}? They copy {master} no more; their orders and history stay. "
        )
        kept = sum(self._stays(follower) for follower in chosen)
        if kept:
            sentence += (
                "Its account stays: it is a master, or copies another one. "
                if one
                else f"{figures.plural(kept, 'account')} of them stay: masters, or copying others. "
            )
            sentence += f"Open copies stay at the broker until {master} cancels or leaves. "
        question = Question(
            self._window,
            f"Remove follower - {self._desk.mode_word}",
            f"{sentence}You can undo this until the console closes.",
            verb="Remove follower" if one else f"Remove {len(chosen)} followers",
            kind="danger",
            safe_first=True,
        )
        if await question.ask():
            await self.edits.remove(chosen[0].link.master_id, chosen)

    async def _turn(self, *, active: bool) -> None:
        chosen = self._panel.selected_followers()
        if len(chosen) > 1:
            verb = f"Turn {len(chosen)} {'on' if active else 'off'}"
            sentence = (
                f"Copy master orders to these {len(chosen)} followers from now on?"
                if active
                else f"Copy nothing more to these {len(chosen)} followers? "
                "Orders that are at the broker stay there."
            )
            question = Question(
                self._window, f"Followers - {self._desk.mode_word}", sentence, verb=verb
            )
            if not await question.ask():
                return
        await self.edits.set_active(chosen, active)

    async def _set_sizing(self) -> None:
        chosen = self._panel.selected_followers()
        if not chosen:
            return

        async def save(dialog: SizingDialog) -> None:
            rule = dialog.rule()
            master_id = chosen[0].link.master_id
            await self.edits.set_sizing(master_id, chosen, rule, cap=dialog.caps)
            self._desk.notices.info(
                f"{figures.plural(len(chosen), 'follower')} now sized {rule.in_words()}."
            )

        await SizingDialog(self._window, self._desk, chosen, save).ask()

    def _stays(self, follower: Follower) -> bool:
        account = follower.account
        return account.master or len(self._desk.roster.links_of(account.account_id)) > 1

    async def _set_state(self) -> None:
        chosen = self._panel.selected_followers()
        if not chosen:
            return

        master, names = chosen[0].link.master_id, [one.account.account_id for one in chosen]
        there = await self._trading.open_copies(master, names)

        async def save(dialog: LinkStateDialog) -> None:
            state, goes = dialog.state(), dialog.goes
            await self.edits.set_state(master, chosen, state)
            words = f"{figures.plural(len(chosen), 'follower')} set to {state.in_words}."
            if goes is not Goes.NOTHING:
                command = CommandId(uuid.uuid4().hex)
                answer = await self._trading.cancel_copies(master, names, goes, command)
                asked = answer.requests + answer.when_found
                words += f" {figures.plural(asked, 'open copy', 'open copies')} cancelled."
            self._desk.notices.info(words)

        await LinkStateDialog(self._window, self._desk, chosen, save, there).ask()

    async def _set_group(self) -> None:
        chosen = self._panel.selected_followers()
        if not chosen:
            return

        async def save(dialog: GroupDialog) -> None:
            name, multiplier = dialog.name, dialog.changed_multiplier
            await self.edits.set_group(chosen[0].link.master_id, chosen, name, multiplier)
            where = f"in group {name}" if name else "in no group"
            self._desk.notices.info(f"{figures.plural(len(chosen), 'follower')} now {where}.")

        await GroupDialog(self._window, self._desk, chosen, save).ask()

    async def _set_rules(self) -> None:
        chosen = self._panel.selected_followers()
        if not chosen:
            return

        async def save(dialog: LinkRulesDialog) -> None:
            changed = len(dialog.changing())
            await self.edits.edit_links(chosen[0].link.master_id, chosen, dialog.fields())
            self._desk.notices.info(f"{figures.plural(changed, 'follower')} changed.")

        await LinkRulesDialog(self._window, self._desk, chosen, save).ask()

    async def _set_basis(self) -> None:
        everybody = await self._followers.accounts()
        masters = [one for one in everybody if one.master]
        groups = groups_of(self._panel.selected(), masters, everybody)
        if not groups:
            self._desk.notices.warn("There is no account yet. Add the master first.")
            return

        async def save(dialog: BasisDialog) -> None:
            ids = [one.account_id for one in dialog.accounts]
            changed = await self._followers.set_basis(ids, dialog.said())
            await self.edits.reload()
            self._desk.notices.info(f"Basis of {figures.plural(changed, 'account')} changed.")

        await BasisDialog(self._window, self._desk, groups, save).ask()

    async def _import(self) -> None:
        master = self._desk.roster.master
        if master is None:
            self._desk.notices.warn("There is no master account yet. Add the master first.")
            return
        path = await ask_open_path(self._window, "Import followers", CSV_OR_ALL)
        if path is None:
            return
        preview = await self._followers.check_csv(master.account_id, path)

        async def save_wrong(dialog: QWidget) -> None:
            name = f"{path.stem}-wrong-rows.csv"
            chosen = await ask_save_path(dialog, "Save wrong rows", name, CSV)
            if chosen is not None:
                number = await self._followers.save_wrong_rows(path, preview, chosen)
                self._desk.notices.info(
                    f"{figures.plural(number, 'row')} written to {chosen}, with all that stands in "
                    "them. Mend them there and import that file."
                )

        window, desk = self._window, self._desk
        if not await ImportDialog(window, desk, path, preview, save_wrong).ask():
            return
        left = len(preview.wrong)
        done = await self._followers.import_csv(
            master.account_id, path, preview, good_rows=left > 0
        )
        await self.edits.reload()
        added = figures.plural(done.count(RowVerdict.NEW), done.noun)
        without = f" {figures.plural(left, 'row')} left out." if left else ""
        desk.notices.info(f"{added} added, {done.count(RowVerdict.CHANGED)} changed.{without}")
        if left:
            await ImportDialog(window, desk, path, preview, save_wrong, done=True).ask()

    async def _export(self) -> None:
        path = await ask_save_path(self._window, "Export followers", "followers.csv", CSV)
        if path is not None:
            number = await self._followers.export_csv(path)
            self._desk.notices.info(
                f"{figures.plural(number, 'follower')} written to {path}, without secrets."
            )

    async def _export_template(self) -> None:
        path = await ask_save_path(self._window, "Export template", "followers-template.csv", CSV)
        if path is not None:
            await self._followers.export_template(path)
            self._desk.notices.info(f"Template written to {path}. Fill it in and import it.")

    # ------------------------------------------------------------ sessions

    async def _log_in_next(self) -> None:
        await self._log_in(self._desk.roster.without_session())

    async def _log_all_in(self) -> None:
        await self._log_in(self._desk.roster.without_session(), at_once=True)

    async def _log_one_in(self) -> None:
        await self._log_in(self._panel.selected()[:1])

    async def _log_in(self, accounts: Sequence[Account], *, at_once: bool = False) -> None:
        if bring_back(self._window, LOGIN_QUEUE):
            return
        if not accounts:
            self._desk.notices.info("Every active account has its session for today.")
            return
        queue = LoginQueueDialog(
            self._window, self._desk, self._sessions, accounts, at_once=at_once
        )
        if at_once:
            queue.start()
        await queue.ask()

    async def _log_out(self) -> None:
        for account in self._panel.selected()[:1]:
            await self._sessions.logout(account.account_id)
            self._desk.notices.info(f"{account.name} is logged out.")
