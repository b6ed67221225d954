"""What a person is asked before a plan leaves, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from copytrade_gui.domain.exits import NO_COPY
from copytrade_gui.domain.link import COPIES_FILLS, NOT_CHOSEN
from copytrade_gui.domain.recipients import Recipients, Scope
from copytrade_gui.engine.planning.share import Share

_NAMED = 8
"""So many accounts are named in a question; of the others the number."""
_TOLD = 3
"""So many reasons are told, the commonest first."""


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


def questions(holds: Sequence[str], shares: Sequence[Share]) -> list[str]:
    """What a person is asked before anything leaves: of the plan, and of accounts' shares."""
    by_words: dict[str, list[str]] = {}
    for share in shares:
        for words in share.holds:
            by_words.setdefault(words, []).append(share.account.name)
    asked = [*holds]
    for words, names in by_words.items():
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        asked.append(f"{', '.join(names[:_NAMED])}{more}: {words}")
    return asked
