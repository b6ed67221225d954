"""What a pushed row may say about an order that we know already.

Pushes come late, twice and out of order, and the broker's stamps have whole seconds: nothing tells
which of two came first. So a row takes an order forward along the way that every order goes, never
back, and what is pending at the broker is for its books to say. Fills are merged whatever the word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from copytrade_gui.domain.order import State
from copytrade_gui.ports import BrokerOrder

_ON_THE_WAY: Mapping[State, int] = {
    State.ACKED: 0,
    State.TRIGGER_PENDING: 1,
    State.WORKING: 2,
    State.PARTIAL: 3,
}


def forward(row: BrokerOrder, known: State) -> BrokerOrder:
    """The row itself if its state is ahead of the ``known`` one, else the row with that one.

    A word that we do not know stays one: whoever merges it tells a person.
    """
    said = row.state
    if said is None or _is_ahead(said, known):
        return row
    return replace(row, state=known)


def _is_ahead(said: State, known: State) -> bool:
    if known.ended:
        return False  # late fills are in the quantities
    if said.ended:
        return True
    place, held = _ON_THE_WAY.get(said), _ON_THE_WAY.get(known)
    return place is not None and held is not None and place > held
