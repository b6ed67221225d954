"""Edits of followers that can be taken back: on and off, sizing, the editor, removal."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence

from PySide6.QtGui import QUndoCommand, QUndoStack

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Follower, LinkState
from copytrade_gui.domain.sizing import SizingRule
from copytrade_gui.services.follower_verbs import FollowerDraft, FollowerVerbs
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.widgets.tip import menu_words

Step = Callable[[], Coroutine[object, object, None]]


class _Edit(QUndoCommand):
    """An edit that is done already; undo and redo run its steps on the window's loop."""

    def __init__(self, label: str, start: Callable[[Step, str], None], back: Step, again: Step):
        super().__init__(label)
        self._label = label
        self._start = start
        self._back = back
        self._again = again
        self._first = True

    def undo(self) -> None:
        self._start(self._back, f"undo {self._label}")

    def redo(self) -> None:
        if self._first:  # the stack calls this when the edit is pushed
            self._first = False
            return
        self._start(self._again, f"redo {self._label}")


class FollowerEdits:
    """Calls the verbs and keeps the way back. Nothing that reached a broker is ever in here."""

    def __init__(self, desk: Desk, followers: FollowerVerbs) -> None:
        self._desk = desk
        self._followers = followers
        self.stack = QUndoStack(desk.roster)
        undo, redo = desk.actions[Act.UNDO], desk.actions[Act.REDO]
        undo.setEnabled(False)
        redo.setEnabled(False)
        undo.triggered.connect(lambda _checked=False: self.stack.undo())
        redo.triggered.connect(lambda _checked=False: self.stack.redo())
        self.stack.canUndoChanged.connect(undo.setEnabled)
        self.stack.canRedoChanged.connect(redo.setEnabled)
        self.stack.undoTextChanged.connect(lambda text: undo.setText(_titled("&Undo", text)))
        self.stack.redoTextChanged.connect(lambda text: redo.setText(_titled("Re&do", text)))

    def stop(self) -> None:
        """Tell nobody any more: a stack that goes away empties itself, after its actions."""
        self.stack.blockSignals(True)

    async def reload(self) -> None:
        """Read the accounts and their links as they are stored now."""
        roster, followers = self._desk.roster, self._followers
        roster.set_accounts(await followers.accounts(), await followers.links())
        roster.set_statuses(await followers.statuses())

    async def set_active(self, followers: Sequence[Follower], active: bool) -> None:
        """Turn followers on or off; those that already are so are left out. Raises RefusedError."""
        changed = [one for one in followers if one.account.active is not active]
        if not changed:
            return
        ids = _ids(changed)

        async def do(value: bool) -> None:
            await self._followers.set_active(ids, value)
            await self.reload()

        await do(active)
        self._push(
            f"turning {'on' if active else 'off'} {_whom(changed)}",
            lambda: do(not active),
            lambda: do(active),
        )

    async def set_sizing(
        self, master_id: AccountId, followers: Sequence[Follower], rule: SizingRule, *, cap: bool
    ) -> None:
        """Give several followers of one master one strategy and value, with ``cap`` one cap.

        Raises RefusedError.
        """
        before = await self._as_stored(followers)
        await self._followers.set_sizing(master_id, _ids(before), rule, cap=cap)
        await self._edited(f"sizing of {_whom(before)}", before)

    async def set_state(
        self, master_id: AccountId, followers: Sequence[Follower], state: LinkState
    ) -> None:
        """Set the state of several followers' links to one master. Raises RefusedError."""
        before = await self._as_stored(followers)
        await self._followers.set_state(master_id, _ids(before), state)
        await self._edited(f"state of {_whom(before)}", before)

    async def edit_links(
        self, master_id: AccountId, followers: Sequence[Follower], fields: Mapping[str, str]
    ) -> None:
        """Give several followers' links to one master the fields that are named.

        Raises RefusedError.
        """
        before = await self._as_stored(followers)
        await self._followers.edit_links(master_id, _ids(before), fields)
        await self._edited(f"price guard and exits of {_whom(before)}", before)

    async def set_group(
        self,
        master_id: AccountId,
        followers: Sequence[Follower],
        group: str,
        multiplier: str | None,
    ) -> None:
        """Put followers of one master into a group, all of which may get a multiplier.

        Raises RefusedError.
        """
        of_group = (
            [one for one in self._desk.roster.all_followers() if one.link.group == group]
            if group
            else []
        )
        by_key = {one.link.key: one for one in (*of_group, *followers)}
        before = await self._as_stored(list(by_key.values()))
        await self._followers.set_group(master_id, _ids(followers), group, multiplier)
        await self._edited(f"group of {_whom(followers)}", before)

    async def link(self, master_id: AccountId, account: Account, draft: FollowerDraft) -> Follower:
        """Let an account that is here copy one more master. Raises RefusedError."""
        made = await self._followers.edit(master_id, account.account_id, draft)
        await self.reload()
        self._push(
            f"linking {made.account.name}",
            lambda: self._remove(master_id, [made]),
            lambda: self._restore([made]),
        )
        return made

    async def add_master(self, draft: FollowerDraft) -> Account:
        """Add a master account. Raises RefusedError."""
        made = await self._followers.add_master(draft)
        await self.reload()
        self._push(
            f"adding master {made.name}",
            lambda: self._remove_master(made),
            lambda: self._restore_master(made),
        )
        return made

    async def edit_master(self, master: Account, draft: FollowerDraft) -> None:
        """Change a master account. Raises RefusedError."""
        await self.reload()
        before = self._desk.roster.account(master.account_id) or master
        after = await self._followers.edit_master(master.account_id, draft)
        await self.reload()
        self._push(
            f"editing master {after.name}",
            lambda: self._take_back_master(before, after),
            lambda: self._take_back_master(after, before),
        )

    async def remove_master(self, master: Account) -> None:
        """Remove a master whom nobody copies; his history stays. Raises RefusedError."""
        await self._remove_master(master)
        self._push(
            f"removing master {master.name}",
            lambda: self._restore_master(master),
            lambda: self._remove_master(master),
        )

    async def add(self, master_id: AccountId, draft: FollowerDraft) -> Follower:
        """Add a follower. Raises RefusedError."""
        made = await self._followers.add(master_id, draft)
        await self.reload()
        self._push(
            f"adding {made.account.name}",
            lambda: self._remove(master_id, [made]),
            lambda: self._restore([made]),
        )
        return made

    async def edit(self, follower: Follower, draft: FollowerDraft) -> Follower:
        """Change a follower. Raises RefusedError."""
        before = await self._as_stored([follower])
        after = await self._followers.edit(*follower.link.key, draft)
        await self._edited(f"editing {after.account.name}", before)
        return after

    async def remove(self, master_id: AccountId, followers: Sequence[Follower]) -> None:
        """Remove followers of one master; their history stays. Raises RefusedError."""
        await self._remove(master_id, followers)
        self._push(
            f"removing {_whom(followers)}",
            lambda: self._restore(followers),
            lambda: self._remove(master_id, followers),
        )

    async def _remove_master(self, master: Account) -> None:
        await self._followers.remove_master(master.account_id)
        await self.reload()

    async def _restore_master(self, master: Account) -> None:
        await self._followers.restore_master(master)
        await self.reload()

    async def _take_back_master(self, before: Account, after: Account) -> None:
        await self._followers.take_back_master(before, after)
        await self.reload()

    async def _remove(self, master_id: AccountId, followers: Sequence[Follower]) -> None:
        await self._followers.remove(master_id, _ids(followers))
        await self.reload()

    async def _edited(self, label: str, before: Sequence[Follower]) -> None:
        """Show an edit of these followers, and keep the way back: of what it changed, no more."""
        after = await self._as_stored(before)
        keys = {one.link.key for one in after}
        old = [one for one in before if one.link.key in keys]
        self._push(label, lambda: self._take_back(old, after), lambda: self._take_back(after, old))

    async def _as_stored(self, followers: Sequence[Follower]) -> list[Follower]:
        """These as they are now, whatever was changed elsewhere; who is gone is left out."""
        await self.reload()
        held = {one.link.key: one for one in self._desk.roster.all_followers()}
        keys = (one.link.key for one in followers)
        return [held[key] for key in keys if key in held]

    async def _take_back(self, before: Sequence[Follower], after: Sequence[Follower]) -> None:
        await self._followers.take_back(before, after)
        await self.reload()

    async def _restore(self, followers: Sequence[Follower]) -> None:
        await self._followers.restore(followers)
        await self.reload()

    def _push(self, label: str, back: Step, again: Step) -> None:
        self.stack.push(_Edit(label, self._start, back, again))

    def _start(self, step: Step, name: str) -> None:
        self._desk.tasks.start(step(), name=name)


def _titled(verb: str, what: str) -> str:
    return f"{verb} {menu_words(what)}".rstrip()


def _whom(followers: Sequence[Follower]) -> str:
    return followers[0].account.name if len(followers) == 1 else f"{len(followers)} followers"


def _ids(followers: Sequence[Follower]) -> list[AccountId]:
    return [one.account.account_id for one in followers]
