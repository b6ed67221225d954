"""What a loss limit that was reached does beside its stop (docs/safety.md 10.18).

Entries that work at the broker are cancelled with the same act, and whatever opens is as soon as it
is found there. What copies hold is squared off where a person agreed to it with the limit: at once,
or as soon as orders can leave in the account again, also after a restart. Where that must wait,
a person is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from copytrade_gui.domain.checks.account import LOSS_LIMIT
from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.loss import Then, then_of
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.domain.scope import EVERY_FOLLOWER, wholes_of
from copytrade_gui.domain.square_off import Chosen
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.copy_ledger import CopyLedger
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.engine.planning.opening import opening
from copytrade_gui.engine.sending.amendments import Amendments
from copytrade_gui.engine.stops.square_off import SquareOffs
from copytrade_gui.engine.stops.square_off_run import Rule
from copytrade_gui.ports import OpenWork

_ACTOR = "loss limit"
_NAMED = 4
_ENTRY = "It opens, and a loss limit was reached."
_DONE = ("nothing_held", "squaring_off")
"""A square-off that was denied for one of these need not be begun later."""


class LossActs:
    """Cancels entries, begins square-offs that were agreed, and keeps those that must wait."""

    def __init__(
        self,
        core: Core,
        *,
        ledger: CopyLedger,
        amendments: Amendments,
        square_offs: SquareOffs,
    ) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._halts = core.halts
        self._gate = core.gate
        self._clock = core.clock
        self._work = core.work
        self._news = core.news
        self._ledger = ledger
        self._amendments = amendments
        self._square_offs = square_offs
        self._owed: dict[AccountId, None] = {}
        """Accounts of which what copies hold is still to be squared off."""
        self._told: set[AccountId] = set()
        self._beginning = False
        self._restored = False

    def restore(self, work: OpenWork) -> None:
        """A start: what stops that were stored had still to do is done now.

        The program may have ended between such a stop and what follows from it.
        """
        self._restored = True
        for lane in self._lanes:
            account = lane.account_id
            if not self._stopped(account):
                continue
            self.cancel_entries([lane])
            since_ns = lane.status.halted_ns
            if self._agreed(account) and not self._square_offs.began(account, since_ns):
                self._owed[account] = None
        since_ns = self._halts.halted_ns(EVERY_FOLLOWER)
        if since_ns and (work.trading is None or work.trading.at_ns < since_ns):
            self._halt_all()

    # ------------------------------------------------------------ what follows from a stop

    def act(self, scope: AccountId, then: Then) -> None:
        """A limit of this account, or of several together, was reached; its stop is in force."""
        lanes = list(self._lanes_of(scope))
        self.cancel_entries(lanes)
        if then is Then.SQUARE_OFF:
            self._owed.update(dict.fromkeys(lane.account_id for lane in lanes))
        if then is Then.HALT and scope == EVERY_FOLLOWER:
            self._halt_all()

    def cancel_entries(self, lanes: Iterable[Lane]) -> None:
        """Cancel whatever opens of the copies that work, or may work, in these accounts.

        What has not left is judged again when it is about to.
        """
        for lane in lanes:
            if entries := opening(self._book, self._ledger, lane.account_id):
                self._amendments.cancel(entries, reason=_ENTRY)

    def live(self, order: Order) -> None:
        """An order is at the broker: an entry goes that had left when its account was stopped."""
        account = order.intent.account_id
        if not self._restored or order.closes or order.cancel_requested:
            return
        if self._stopped(account) and order in opening(self._book, self._ledger, account):
            self._amendments.cancel([order], reason=_ENTRY)

    def carry_on(self) -> None:
        """Begin the square-offs that are owed where orders can leave; tell once where they wait."""
        if not self._owed or self._beginning:
            return
        holders = {key.account_id for key, _ in self._ledger.copied()}
        ready: list[AccountId] = []
        kept: dict[AccountId, str] = {}
        stopped = "" if self._gate.may_plan else self._gate.why_not() or "Trading is stopped."
        for account in list(self._owed):
            lane = self._lanes.get(account)
            if lane is None or account not in holders or not self._agreed(account):
                del self._owed[account]
            elif why := stopped or lane.why_not()[1]:
                kept[account] = why
            else:
                ready.append(account)
        if ready:
            self._beginning = True
            self._work.start(self._square_off(ready), "square-off by loss limits")
        self._tell_kept({one: why for one, why in kept.items() if one not in self._told})

    # ------------------------------------------------------------ inside

    async def _square_off(self, accounts: list[AccountId]) -> None:
        """Close what copies hold of these, together; what keeps it from that is told."""
        chosen = tuple(Chosen(account) for account in accounts)
        command = CommandId(f"loss limits at {self._clock.wall_ns()}")
        try:
            await self._square_offs.begin(chosen, command, _ACTOR, Rule(self._why))
        except DeniedError as denied:
            if denied.code not in _DONE:
                new = [account for account in accounts if account not in self._told]
                self._tell_kept(dict.fromkeys(new, denied.sentence))
                return
        finally:
            self._beginning = False
        for account in accounts:
            self._owed.pop(account, None)
            self._told.discard(account)

    def _why(self, key: PositionKey) -> tuple[str, str]:
        lane = self._lanes.get(key.account_id)
        return LOSS_LIMIT, "" if lane is None else lane.status.stopped

    def _tell_kept(self, kept: dict[AccountId, str]) -> None:
        if not kept:
            return
        self._told.update(kept)
        account, why = next(iter(kept.items()))
        names = ", ".join(self._lanes[one].account.name for one in list(kept)[:_NAMED])
        more = f" and {len(kept) - _NAMED} more" if len(kept) > _NAMED else ""
        self._book.alarm(
            "loss_limit",
            f"What copies hold of {names}{more} is not squared off yet, as was agreed with the "
            f"loss limit. {why} It begins by itself as soon as orders can leave again.",
            account=account if len(kept) == 1 else None,
            severity=Severity.CRITICAL,
        )

    def _halt_all(self) -> None:
        sentences = [
            one.sentence for one in self._halts.findings_of(EVERY_FOLLOWER) if not one.only_exits
        ]
        self._news.loss_of_all(" ".join(sentences))

    def _lanes_of(self, scope: AccountId) -> Iterator[Lane]:
        for lane in self._lanes:
            links = [linked.link for linked in lane.links.values()]
            if lane.account_id == scope or scope in wholes_of(links):
                yield lane

    def _stopped(self, account: AccountId) -> bool:
        lane = self._lanes.get(account)
        if lane is None or not lane.status.stopped:
            return False
        return any(then_of(one.evidence) is not None for one in self._halts.found_in(account))

    def _agreed(self, account: AccountId) -> bool:
        """True while a stop is in force with which a person agreed to a square-off."""
        found = self._halts.found_in(account)
        return any(then_of(one.evidence) is Then.SQUARE_OFF for one in found)
