"""Who gets a ticket's order: all who copy the master, some of them, or nobody."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import NOT_CHOSEN, Link, NotCopied


class Scope(StrEnum):
    """Which of the followers are meant."""

    ALL = "all"
    GROUPS = "groups"
    FOLLOWERS = "followers"
    """Those that are named."""
    NOBODY = "nobody"
    """The master's order alone."""


class Recipients(Struct, frozen=True):
    """Of all who copy the master, those whom one order is for.

    ``groups`` are names of groups where the scope is GROUPS, ``followers`` accounts where it is
    FOLLOWERS. Whoever is left out gets no order, an exit neither, and keeps what his copies hold.
    """

    scope: Scope = Scope.ALL
    groups: frozenset[str] = frozenset()
    followers: frozenset[AccountId] = frozenset()

    @property
    def everybody(self) -> bool:
        """True if nobody is left out."""
        return self.scope is Scope.ALL

    def why_left_out(self, link: Link) -> NotCopied | None:
        """Why the order is not for this follower; None if it is."""
        if self.scope is Scope.ALL or link.follower_id in self.followers:
            return None
        if link.group and link.group in self.groups:
            return None
        return NotCopied(NOT_CHOSEN, f"The ticket is {self.in_words()}.")

    def in_words(self) -> str:
        """``for group Family alone``."""
        match self.scope:
            case Scope.ALL:
                return "for all followers"
            case Scope.GROUPS:
                return f"for {_groups(self.groups)} alone"
            case Scope.FOLLOWERS:
                number = len(self.followers)
                return f"for {number} chosen {'follower' if number == 1 else 'followers'} alone"
            case Scope.NOBODY:
                return "for the master alone"


EVERYBODY = Recipients()
MASTER_ALONE = Recipients(Scope.NOBODY)


def _groups(names: Iterable[str]) -> str:
    *first, last = sorted(names) or ["none"]
    return f"groups {', '.join(first)} and {last}" if first else f"group {last}"
