"""The verbs in one record, handed to the window and to the headless entrance alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Any

from copytrade_gui.domain.actor import Actor
from copytrade_gui.domain.calendar import Calendar
from copytrade_gui.domain.capabilities import Capabilities
from copytrade_gui.domain.events import LampChanged
from copytrade_gui.ports import EventSource
from copytrade_gui.services.acting import verbs_of
from copytrade_gui.services.catch_up import CatchUpVerbs
from copytrade_gui.services.drift_verbs import DriftVerbs
from copytrade_gui.services.follower_verbs import FollowerVerbs
from copytrade_gui.services.limit_verbs import LimitVerbs
from copytrade_gui.services.lock_verbs import LockVerbs
from copytrade_gui.services.master_verbs import ChangeVerbs, MasterVerbs
from copytrade_gui.services.modes import ModeVerbs
from copytrade_gui.services.paper import PaperVerbs
from copytrade_gui.services.position_report import PositionVerbs
from copytrade_gui.services.routes import RouteVerbs
from copytrade_gui.services.sheet_verbs import SheetVerbs
from copytrade_gui.services.square_off_verbs import SquareOffVerbs
from copytrade_gui.services.verbs import HistoryVerbs, MarketVerbs, SessionVerbs, TradingVerbs


@dataclass(frozen=True, slots=True)
class Console:
    """Everything an operator can do, and the news. ``paper`` is True at the simulator."""

    trading: TradingVerbs
    followers: FollowerVerbs
    sessions: SessionVerbs
    routes: RouteVerbs
    history: HistoryVerbs
    market: MarketVerbs
    changes: ChangeVerbs
    masters: MasterVerbs
    positions: PositionVerbs
    drift: DriftVerbs
    catch_ups: CatchUpVerbs
    square_offs: SquareOffVerbs
    limits: LimitVerbs
    sheets: SheetVerbs
    lock: LockVerbs
    events: EventSource
    paper: bool
    profile: str
    paper_broker: PaperVerbs | None = None
    """None outside paper mode."""
    modes: ModeVerbs | None = None
    """None where paper and live are nobody's choice: in a demo, in a test of the engine."""
    takes: Capabilities = field(default_factory=Capabilities)
    """What the broker takes: the choices of a ticket."""
    window_answers: Callable[[], None] = lambda: None
    """For a window to call several times a second: the engine plans nothing while it is silent."""
    window_closed: Callable[[], None] = lambda: None
    lamps: Callable[[], tuple[LampChanged, ...]] = lambda: ()
    """What each lamp said last; a window opens later than most of them speak."""
    calendar: Callable[[], Calendar] = Calendar
    """The sessions, holidays and special sessions in force; readable from any thread."""

    def acting_as(self, actor: Actor) -> Console:
        """The same console, whose every verb is this actor's: in the trail, in the state, in words.

        As it is opened it is the person's at the window.
        """
        return self.each(partial(verbs_of, actor=actor))

    def each(self, changed: Callable[[Any], Any]) -> Console:
        """The same console, each of its services as ``changed`` makes it: with the same verbs."""
        names = {one.name for one in fields(self)} - _NO_VERBS
        there = {name: getattr(self, name) for name in names}
        made = {name: changed(one) for name, one in there.items() if one is not None}
        return replace(self, **made)


_NO_VERBS = frozenset(
    {"events", "paper", "profile", "takes", "window_answers", "window_closed", "lamps", "calendar"}
)
"""What of a console are no verbs: news, facts, and calls that any thread may make."""
