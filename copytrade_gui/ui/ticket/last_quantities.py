"""The quantity of each instrument's last order, which its next ticket begins with."""

from __future__ import annotations

from copytrade_gui.domain.draft import Draft
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.ui.window_state import WindowMemory, read_json, write_json

_KEY = "ticket/quantities"
_MOST = 200


def last_quantity(memory: WindowMemory, instrument: Instrument) -> tuple[str, bool] | None:
    """The text as it was typed, and whether it meant lots; None for a first order."""
    stored = read_json(memory, _KEY).get(str(instrument.key))
    if isinstance(stored, list) and len(stored) == 2:
        return str(stored[0]), bool(stored[1])
    return None


def remember_quantity(memory: WindowMemory, draft: Draft) -> None:
    """Keep what was ordered; of many instruments the newest."""
    if draft.instrument is None:
        return
    stored = read_json(memory, _KEY)
    stored.pop(str(draft.instrument.key), None)
    stored[str(draft.instrument.key)] = [draft.quantity, draft.in_lots]
    write_json(memory, _KEY, dict(list(stored.items())[-_MOST:]))
