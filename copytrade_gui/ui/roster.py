"""The accounts as the window knows them: who is who, and how each stands."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal

from copytrade_gui.domain.account import Account, AccountStatus, SessionState
from copytrade_gui.domain.events import AccountChanged, Event
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Follower, Link
from copytrade_gui.domain.scope import in_words, is_whole


class Roster(QObject):
    """Accounts with their newest status. ``changed`` when accounts came, went or were edited.

    ``status_changed`` when a session or a stop did: a latency or a margin is its own row's only.
    ``master_changed`` when another master was chosen; ``stranger_seen`` when news named an
    account that is not here, so that the window reads the accounts again.
    """

    changed = Signal()
    status_changed = Signal()
    master_changed = Signal()
    stranger_seen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._accounts: dict[AccountId, Account] = {}
        self._links: tuple[Link, ...] = ()
        self._followers: dict[AccountId, tuple[Follower, ...]] = {}
        """By master, since somebody asked: a ticket asks at every letter."""
        self._statuses: dict[AccountId, AccountStatus] = {}
        self._master: AccountId | None = None
        self.selected: tuple[AccountId, ...] = ()
        """Followers of the chosen master that are selected in their table."""

    # ------------------------------------------------------------ reading

    def account(self, account_id: AccountId) -> Account | None:
        """One account, or None."""
        return self._accounts.get(account_id)

    def name(self, account_id: AccountId) -> str:
        """The account's name, or its id when it is gone."""
        if is_whole(account_id):
            return in_words(account_id)
        account = self._accounts.get(account_id)
        return account.name if account else str(account_id)

    def status(self, account_id: AccountId) -> AccountStatus:
        """The newest status; logged out until told otherwise."""
        return self._statuses.get(account_id) or AccountStatus(account_id)

    def everybody(self) -> tuple[Account, ...]:
        """Every account."""
        return tuple(self._accounts.values())

    @property
    def masters(self) -> tuple[Account, ...]:
        """Every master account."""
        return tuple(a for a in self._accounts.values() if a.master)

    @property
    def master(self) -> Account | None:
        """The master whose ticket and followers the window shows."""
        return self._accounts.get(self._master) if self._master else None

    def followers(self) -> tuple[Follower, ...]:
        """Followers of the chosen master, each with his link to him."""
        return () if self._master is None else self.followers_of(self._master)

    def followers_of(self, master_id: AccountId) -> tuple[Follower, ...]:
        """Followers of any master, each with his link to him."""
        found = self._followers.get(master_id)
        if found is None:
            found = tuple(one for one in self.all_followers() if one.link.master_id == master_id)
            self._followers[master_id] = found
        return found

    def all_followers(self) -> tuple[Follower, ...]:
        """Every link with its follower's account; who has two masters is there twice."""
        accounts = self._accounts
        return tuple(
            Follower(accounts[link.follower_id], link)
            for link in self._links
            if link.follower_id in accounts
        )

    def links_of(self, account_id: AccountId) -> tuple[Link, ...]:
        """By which an account copies its masters."""
        return tuple(link for link in self._links if link.follower_id == account_id)

    def not_following(self) -> tuple[Account, ...]:
        """Accounts that do not copy the chosen master, without himself."""
        following = {one.account.account_id for one in self.followers()} | {self._master}
        return tuple(one for one in self._accounts.values() if one.account_id not in following)

    def active(self) -> tuple[Account, ...]:
        """Accounts that are switched on, whomever they copy; masters first."""
        on = [one for one in self._accounts.values() if one.active]
        return tuple(sorted(on, key=lambda one: not one.master))

    def stopped(self) -> tuple[Account, ...]:
        """Accounts that are stopped alone: halted ones, then those that only exits are copied to;
        masters first.
        """
        found = [one for one in self._accounts.values() if self.status(one.account_id).stopped]
        return tuple(sorted(found, key=lambda one: not self.status(one.account_id).halted))

    def without_session(self) -> tuple[Account, ...]:
        """Active accounts that cannot trade before somebody logs them in; masters first."""
        kept = (SessionState.READY, SessionState.OFFLINE)
        return tuple(
            account
            for account in self.active()
            if self.status(account.account_id).session not in kept
        )

    def offline(self) -> tuple[Account, ...]:
        """Active accounts that the broker does not answer; they come back by themselves."""
        return tuple(
            account
            for account in self.active()
            if self.status(account.account_id).session is SessionState.OFFLINE
        )

    # ------------------------------------------------------------ writing

    def set_accounts(self, accounts: Iterable[Account], links: Iterable[Link]) -> None:
        """Take the accounts and their links as they are stored now."""
        self._accounts = {account.account_id: account for account in accounts}
        self._links = tuple(links)
        self._followers.clear()
        if (master := self.master) is None or not master.master:
            self._master = self.masters[0].account_id if self.masters else None
            self.master_changed.emit()
        self.changed.emit()

    def set_statuses(self, statuses: Iterable[AccountStatus]) -> None:
        """Take the statuses as the engine has them now."""
        self._statuses.update({status.account_id: status for status in statuses})
        self.status_changed.emit()

    def choose_master(self, account_id: AccountId) -> None:
        """Show another master's ticket and followers."""
        if account_id != self._master and account_id in self._accounts:
            self._master = account_id
            self.master_changed.emit()
            self.changed.emit()

    def on_events(self, batch: list[Event]) -> None:
        """Keep statuses current."""
        seen = False
        for event in batch:
            if isinstance(event, AccountChanged):
                before = self.status(event.status.account_id)
                seen = seen or _standing(before) != _standing(event.status)
                self._statuses[event.status.account_id] = event.status
                if event.status.account_id not in self._accounts:
                    self.stranger_seen.emit()
        if seen:
            self.status_changed.emit()


def _standing(status: AccountStatus) -> tuple[object, ...]:
    return status.session, status.session_reason, status.stopped, status.halted_ns
