"""Edits of followers that can be taken back: on and off, sizing, the editor, removal."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence

from PySide6.QtGui import QUndoCommand, QUndoStack

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.sizing import SizingRule
from copytrade_gui.services.verbs import FollowerDraft, FollowerVerbs
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
        """Read the accounts as they are stored now."""
        self._desk.roster.set_accounts(await self._followers.accounts())
        self._desk.roster.set_statuses(await self._followers.statuses())

    async def set_active(self, accounts: Sequence[Account], active: bool) -> None:
        """Turn followers on or off; those that already are so are left out. Raises RefusedError."""
        changed = [account for account in accounts if account.active is not active]
        if not changed:
            return
        ids = [account.account_id for account in changed]

        async def do(value: bool) -> None:
            await self._followers.set_active(ids, value)
            await self.reload()

        await do(active)
        self._push(
            f"turning {'on' if active else 'off'} {_whom(changed)}",
            lambda: do(not active),
            lambda: do(active),
        )

    async def set_sizing(self, accounts: Sequence[Account], rule: SizingRule) -> None:
        """Give several followers one rule. Raises RefusedError."""
        ids = [account.account_id for account in accounts]
        before = list(accounts)

        async def again() -> None:
            await self._followers.set_sizing(ids, rule)
            await self.reload()

        await again()
        self._push(f"sizing of {_whom(before)}", lambda: self._restore(before), again)

    async def add(self, master_id: AccountId, draft: FollowerDraft) -> Account:
        """Add a follower. Raises RefusedError."""
        made = await self._followers.add(master_id, draft)
        await self.reload()
        self._push(
            f"adding {made.name}",
            lambda: self._remove([made]),
            lambda: self._restore([made]),
        )
        return made

    async def edit(self, before: Account, draft: FollowerDraft) -> Account:
        """Change a follower. Raises RefusedError."""
        after = await self._followers.edit(before.account_id, draft)
        await self.reload()
        self._push(
            f"editing {after.name}",
            lambda: self._restore([before]),
            lambda: self._restore([after]),
        )
        return after

    async def remove(self, accounts: Sequence[Account]) -> None:
        """Remove followers; their history stays. Raises RefusedError."""
        await self._remove(accounts)
        self._push(
            f"removing {_whom(accounts)}",
            lambda: self._restore(accounts),
            lambda: self._remove(accounts),
        )

    async def _remove(self, accounts: Sequence[Account]) -> None:
        await self._followers.remove([account.account_id for account in accounts])
        await self.reload()

    async def _restore(self, accounts: Sequence[Account]) -> None:
        await self._followers.restore(accounts)
        await self.reload()

    def _push(self, label: str, back: Step, again: Step) -> None:
        self.stack.push(_Edit(label, self._start, back, again))

    def _start(self, step: Step, name: str) -> None:
        self._desk.tasks.start(step(), name=name)


def _titled(verb: str, what: str) -> str:
    return f"{verb} {menu_words(what)}".rstrip()


def _whom(accounts: Sequence[Account]) -> str:
    return accounts[0].name if len(accounts) == 1 else f"{len(accounts)} followers"
