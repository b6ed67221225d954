"""What a person is asked before a plan leaves, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from msgspec import Struct

from copytrade_gui.domain.checks.check import Finding, Level, Shown
from copytrade_gui.domain.exits import NO_COPY
from copytrade_gui.domain.link import COPIES_FILLS, NOT_CHOSEN
from copytrade_gui.domain.recipients import Recipients, Scope
from copytrade_gui.domain.typed import listed
from copytrade_gui.engine.planning.share import Share

Despite = Collection[Shown] | None
"""Warnings that a person has read and lets pass, as far as they went when he was shown them; None:
nobody is there to be asked."""
_NAMED = 8
"""So many accounts are named in a question; of the others the number."""
_TOLD = 3
"""So many reasons are told, the commonest first."""


class Asked(Struct, frozen=True):
    """What checks found: ``holds`` that only the typed quantity lets pass, ``warnings`` that a
    person lets pass by what he was ``shown``; both in sentences. ``held`` is what holds.
    """

    holds: tuple[str, ...]
    warnings: tuple[str, ...]
    held: tuple[Shown, ...]
    shown: tuple[Shown, ...]

    def unread(self, despite: Despite) -> bool:
        """True if it warns of something that a person who is there was not shown, or of more."""
        if despite is None:
            return False
        return any(not any(seen.covers(one) for seen in despite) for one in self.shown)


def nobody_gets_it(shares: Sequence[Share], recipients: Recipients) -> list[str]:
    """What a person is asked: why no follower gets the order. Empty where one does.

    Nothing is asked where the ticket is for the master alone or nobody follows him, and nobody
    misses an exit of what his copies do not hold, nor an order whose fills he gets.
    """
    if recipients.scope is Scope.NOBODY or not shares:
        return []
    if any(share.sized.quantity or share.sized.code == COPIES_FILLS for share in shares):
        return []
    meant = [share.sized for share in shares if share.sized.code != NOT_CHOSEN]
    counts = Counter(sized.code for sized in meant)
    if counts.keys() == {NO_COPY}:
        return []
    first = {sized.code: sized.reason for sized in reversed(meant)}
    reasons = [
        f"{number} of {len(meant)}: {first[code]}" for code, number in counts.most_common(_TOLD)
    ]
    why = " ".join(reasons) or f"The ticket is {recipients.in_words()}, and none of them copies."
    return [f"No follower gets this order. {why} Only the master's order is sent."]


def asked_of(found: Sequence[Finding], shares: Sequence[Share], more: Sequence[str] = ()) -> Asked:
    """What a person is asked before anything leaves: of the plan (``found``, and ``more`` that
    holds it), and of accounts' shares.
    """
    holds = [one.sentence for one in found if one.level is Level.HOLD]
    warned = [one for one in found if one.level is Level.WARN]
    by_words: dict[str, list[str]] = {}
    by_code: dict[str, list[Share]] = {}
    for share in shares:
        for words in share.holds:
            by_words.setdefault(words, []).append(share.account.name)
        if share.warning is not None:
            by_code.setdefault(share.warning.code, []).append(share)
    asked = [*holds, *more]
    for words, names in by_words.items():
        asked.append(f"{listed(names, _NAMED)}: {words}")
    warnings = [one.sentence for one in warned]
    for alike in by_code.values():
        warnings += [
            f"{one.account.name}: {one.warning.sentence}"
            for one in alike[:_TOLD]
            if one.warning is not None
        ]
        if len(alike) > _TOLD:
            warnings.append(f"So for {len(alike) - _TOLD} more.")
    shown = [Shown(one.code, "", one.amount) for one in warned]
    for alike in by_code.values():
        shown += [
            Shown(one.warning.code, one.account.account_id, one.warning.amount)
            for one in alike
            if one.warning is not None
        ]
    held = tuple(Shown(one.code) for one in found if one.level is Level.HOLD)
    return Asked(tuple(asked), tuple(warnings), held, tuple(shown))
