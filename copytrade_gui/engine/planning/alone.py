"""A master's order that would leave without a single copy, though it was not meant to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from copytrade_gui.domain.exits import NO_COPY
from copytrade_gui.domain.link import NOT_CHOSEN
from copytrade_gui.domain.recipients import Recipients, Scope
from copytrade_gui.engine.planning.share import Share

_TOLD = 3
"""So many reasons are told, the commonest first."""


def nobody_gets_it(shares: Sequence[Share], recipients: Recipients) -> list[str]:
    """What a person is asked: why no follower gets the order. Empty where one does.

    Nothing is asked where the ticket is for the master alone or nobody follows him, and nobody
    misses an exit of what his copies do not hold.
    """
    if recipients.scope is Scope.NOBODY or not shares:
        return []
    if any(share.sized.quantity for share in shares):
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
