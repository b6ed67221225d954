"""Live facts of every account, announced in small batches."""

from __future__ import annotations

from dataclasses import replace

from copytrade_gui.domain.account import FeedState, SessionState
from copytrade_gui.domain.events import AccountChanged
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.rights import Rights
from copytrade_gui.engine.orders.bus import Bus
from copytrade_gui.engine.orders.lane import Lane, Lanes
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.orders.work import Work

_ANNOUNCE_AFTER = 0.1


class AccountNews:
    """Changes account statuses and tells about them at most ten times a second."""

    def __init__(self, lanes: Lanes, bus: Bus, work: Work) -> None:
        self._lanes = lanes
        self._bus = bus
        self._work = work
        self._changed: dict[AccountId, None] = {}
        self._rights: dict[Rights, Rights] = {}

    def session(self, lane: Lane, state: SessionState, reason: str = "") -> None:
        """A session began, ended or is blocked."""
        lane.put_status(replace(lane.status, session=state, session_reason=reason))
        self._note(lane)

    def left_from(self, lane: Lane, addresses: tuple[str, ...]) -> None:
        """Its newest connections left from these local addresses."""
        if lane.status.left_from != addresses:
            lane.put_status(replace(lane.status, left_from=addresses))
            self._note(lane)

    def feed(self, lane: Lane, state: FeedState, reason: str, at_ns: int) -> None:
        """Its feed stands, or why it does not; ``at_ns`` is now, UTC."""
        status = lane.status
        catching_up = state is FeedState.LIVE and lane.gap
        if (status.feed, status.feed_reason, status.catching_up) != (state, reason, catching_up):
            since_ns = status.feed_ns if status.feed is state else at_ns
            lane.put_status(
                replace(
                    status,
                    feed=state,
                    feed_reason=reason,
                    feed_ns=since_ns,
                    catching_up=catching_up,
                )
            )
            self._note(lane)

    def halt(
        self, lane: Lane, halted: str, only_exits: str, since_ns: int, *, ends_by_itself: bool
    ) -> None:
        """Stop this account alone; both empty let it go on. Only ``Halts`` decides that."""
        lane.put_status(
            replace(
                lane.status,
                halted=halted,
                only_exits=only_exits,
                halted_ns=since_ns,
                ends_by_itself=ends_by_itself,
            )
        )
        self._note(lane)

    def margin(self, lane: Lane, free: Paise, funds: Paise | None, at_ns: int) -> None:
        """The free margin was read, and what there is before margins in use; ``at_ns`` is now."""
        lane.put_status(replace(lane.status, free_margin=free, funds=funds, margin_ns=at_ns))
        self._note(lane)

    def rights(self, lane: Lane, rights: Rights) -> None:
        """The account's profile was read. Equal rights are one object."""
        lane.put_status(replace(lane.status, rights=self._rights.setdefault(rights, rights)))
        self._note(lane)

    def outcome(self, lane: Lane, order: Order, intents: int) -> None:
        """An order of this account got its first reply."""
        latency = lane.status.last_latency_ms
        if order.timing is not None:
            latency = order.timing.call_to_reply_ms
            if intents > 1:
                lane.rank_total += order.intent.rank / (intents - 1)
                lane.rank_count += 1
        average = lane.rank_total / lane.rank_count if lane.rank_count else None
        words = order.state if not order.code else f"{order.state} {order.code}"
        lane.put_status(
            replace(lane.status, last_outcome=words, last_latency_ms=latency, average_rank=average)
        )
        self._note(lane)

    def refresh_warmth(self) -> None:
        """Look which order connections are open."""
        for lane in self._lanes:
            warm = lane.session is not None and lane.session.orders.warm
            if warm != lane.status.warm:
                lane.put_status(replace(lane.status, warm=warm))
                self._note(lane)

    def _note(self, lane: Lane) -> None:
        if not self._changed:
            self._work.later(_ANNOUNCE_AFTER, self._announce)
        self._changed[lane.account_id] = None

    def _announce(self) -> None:
        changed = list(self._changed)
        self._changed.clear()
        for account in changed:
            lane = self._lanes.get(account)
            if lane is not None:
                self._bus.publish(AccountChanged(lane.status))
