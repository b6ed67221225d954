"""What every panel finds on the desk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from copytrade_gui.domain.calendar import Calendar
from copytrade_gui.domain.capabilities import Capabilities
from copytrade_gui.ui.icons import Icons
from copytrade_gui.ui.notices import Notices
from copytrade_gui.ui.roster import Roster
from copytrade_gui.ui.tasks import Tasks
from copytrade_gui.ui.theme import Theme
from copytrade_gui.ui.window_actions import Actions
from copytrade_gui.ui.window_state import WindowMemory


@dataclass(frozen=True, slots=True)
class Desk:
    """Look, work, words and memory of the window. ``wall_ns`` is UTC nanoseconds."""

    theme: Theme
    icons: Icons
    actions: Actions
    tasks: Tasks
    notices: Notices
    roster: Roster
    memory: WindowMemory
    wall_ns: Callable[[], int]
    paper: bool
    calendar: Callable[[], Calendar] = Calendar
    takes: Capabilities = field(default_factory=Capabilities)
    """What the broker takes."""

    @property
    def mode_word(self) -> str:
        """``PAPER`` or ``LIVE``: stands in titles, confirmations and exports."""
        return "PAPER" if self.paper else "LIVE"
