"""Stop-losses, targets and exit times of links: copies that meet one are squared off.

Nothing rests at the broker. With every price of what is held, and every two seconds, each rule is
asked of what copies hold now and of what it cost; whoever meets one is closed as by a square-off,
so never more leaves than copies hold and the broker shows. No rule is remembered as met: after a
start, a stop or a lost session it is asked again.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.events import Event, FillSeen, Severity
from copytrade_gui.domain.exit_rule import EXIT_RULE, ExitRules, Levels, levels
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.instrument import InstrumentKey, Quote
from copytrade_gui.domain.link import LinkState
from copytrade_gui.domain.order import Product
from copytrade_gui.domain.position import Position, PositionKey
from copytrade_gui.domain.square_off import Chosen, LegState
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.books.copies import Copies
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.closable import position_of
from copytrade_gui.engine.planning.copy_ledger import CopyLedger
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.engine.stops.square_off import SquareOffs
from copytrade_gui.engine.stops.square_off_run import Rule

_ACTOR = "exit rule"
_AT_A_TIME = 50
"""So many accounts are counted anew in one turn of the loop."""
_SOON = 0.005
_TRIES = 3
"""Square-offs by which nothing was sent; then it is left to a person."""
_AGAIN_NS = 15_000_000_000
_BLIND_LOOKS = 5
_NAMED = 4
_DONE = ("nothing_held", "squaring_off")
"""A square-off that was denied for one of these need not be told of."""
_Of = tuple[AccountId, PositionKey]
"""A master, and a follower's position."""


class _Watched(Struct, frozen=True, gc=False):
    """What of one position copies one master, by his link's rules.

    ``net`` are the units of this link, ``held`` those of all copies, both signed. ``levels`` is
    None where nobody knows what they cost.
    """

    of: _Of
    rules: ExitRules
    position: Position
    net: int
    held: int
    levels: Levels | None

    @property
    def chosen(self) -> Chosen:
        """It alone: what of the position copies others stays."""
        master, key = self.of
        keep = self.held - self.net
        return Chosen(key.account_id, key.instrument, key.product, keep, (master,))

    def met_by(self, last: Decimal | None) -> str:
        """Which rule was met, with its numbers."""
        if last is None or self.levels is None:
            at = "" if self.rules.at is None else f", {self.rules.at:%H:%M} IST,"
            return f"the exit time of INTRADAY positions{at} is reached"
        return self.levels.in_words(last, self.position.average or last)


class _Try(Struct):
    """How a rule was carried out: up to how many units, how often in vain, and when again.

    ``asked`` are the units that its newest square-off was to close.
    """

    units: int
    asked: int = 0
    command: CommandId | None = None
    vain: int = 0
    again_ns: int = 0


class ExitWatch:
    """Hears prices, fills and edits of links; begins square-offs."""

    def __init__(
        self, core: Core, *, copies: Copies, ledger: CopyLedger, square_offs: SquareOffs
    ) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._gate = core.gate
        self._hours = core.hours
        self._clock = core.clock
        self._work = core.work
        self._quotes = core.quotes
        self._settings = core.settings
        self._copies = copies
        self._ledger = ledger
        self._square_offs = square_offs
        self._watched: dict[AccountId, list[_Watched]] = {}
        self._holders: dict[InstrumentKey, list[_Watched]] = {}
        self._due: dict[AccountId, None] = {}
        self._met: dict[_Of, str] = {}
        """Whose rule was met, and which, until its square-off begins."""
        self._tries: dict[_Of, _Try] = {}
        self._told: set[_Of] = set()
        self._filled_ns: dict[AccountId, int] = {}
        """When copies of an account were last seen to fill, UTC ns."""
        self._looking = self._asking = self._acting = False
        self._blind = 0
        self._day = indian_day(core.clock.wall_ns())

    # ------------------------------------------------------------ what it hears

    def begin(self) -> None:
        """The day was restored."""
        for lane in self._lanes:
            self.concerns(lane.account_id)

    def on_quote(self, quote: Quote) -> None:
        """A price came."""
        for one in self._holders.get(quote.key, ()):
            last = self._price(one)
            if last is not None and one.levels is not None and one.levels.passed(last):
                self._meet(one, last)

    def filled(self, order: Order, _units: int) -> None:
        """More units of an order of ours were filled."""
        account = order.intent.account_id
        if self._tries and (of := (order.master_id, position_of(order))) in self._tries:
            nets = self._ledger.nets_of(order.master_id, order.intent.terms)
            if not nets.get(account, 0):
                del self._tries[of]  # flat: the rules of what is copied next are asked anew
        self._filled_ns[account] = self._clock.wall_ns()
        self.concerns(account)

    def hear(self, event: Event) -> None:
        """A trade was read: from the bus."""
        if isinstance(event, FillSeen):
            self.concerns(event.fill.account_id)

    def concerns(self, account: AccountId) -> None:
        """What its copies hold, or a link of it, changed; it is counted anew in a moment."""
        lane = self._lanes.get(account)
        ruled = lane is not None and any(one.link.exits for one in lane.links.values())
        if ruled or account in self._watched:
            if not self._due:
                self._work.later(_SOON, self._catch_up)
            self._due[account] = None

    def told(self) -> dict[PositionKey, str]:
        """Of each position that is watched at what it exits: ``stop-loss at 99, exit at 15:10``."""
        found: dict[PositionKey, str] = {}
        for watched in self._watched.values():
            for one in watched:
                key, at = one.of[1], one.rules.at
                words = [] if one.levels is None else [one.levels.told]
                if at is not None and key.product is Product.INTRADAY:
                    words.append(f"exit at {at:%H:%M}")
                if said := ", ".join(filter(None, words)):
                    found[key] = f"{found[key]}; {said}" if key in found else said
        return found

    # ------------------------------------------------------------ counting

    def _catch_up(self) -> None:
        accounts = list(self._due)[:_AT_A_TIME]
        for account in accounts:
            del self._due[account]
            self._watched[account] = list(self._count(account))
            if not self._watched[account]:
                del self._watched[account]
        if self._due:
            self._work.later(_SOON, self._catch_up)
        else:
            self._gather()
        self._judge(accounts)
        if self._watched and not self._looking:
            self._looking = True
            self._work.later(self._settings.loss_look, self._look)

    def _gather(self) -> None:
        """By instrument: a price asks for nothing else."""
        self._holders = {}
        for watched in self._watched.values():
            for one in watched:
                self._holders.setdefault(one.of[1].instrument, []).append(one)
        held = {one.of for watched in self._watched.values() for one in watched}
        self._tries = {of: one for of, one in self._tries.items() if of in held}
        self._told &= held

    def _count(self, account: AccountId) -> Iterator[_Watched]:
        lane = self._lanes.get(account)
        links = [] if lane is None else [one.link for one in lane.links.values()]
        rules = {one.master_id: one.exits for one in links if one.state is not LinkState.FROZEN}
        copies = self._copies.of(account)
        for key in copies if any(rules.values()) else ():
            held = self._ledger.copied_of(key)
            for master, nets in self._ledger.masters_of(key.instrument, key.product):
                net, ruled = nets.get(account, 0), rules.get(master)
                if ruled is None or net * held <= 0:
                    continue
                net = max(net, held) if held < 0 else min(net, held)
                copy, average = copies[key], copies[key].position.average
                known = copy.priced and average is not None and average > 0
                at = levels(ruled, average, is_long=net > 0) if known and average else None
                if (tried := self._tries.get((master, key))) is not None:
                    tried.units = min(tried.units, abs(net))
                yield _Watched((master, key), ruled, copy.position, net, held, at)

    # ------------------------------------------------------------ judging

    def _look(self) -> None:
        self._looking = False
        today = indian_day(self._clock.wall_ns())
        if today != self._day:
            self._day = today
            self.begin()
        self._follow_up()
        if self._watched:
            self._looking = True
            self._work.later(self._settings.loss_look, self._look)
            self._judge(list(self._watched))
            trading = [key for key in self._holders if not self._closed(key)]
            if trading and not self._asking:
                self._asking = True
                self._work.start(self._ask(trading), "prices of what exit rules watch")
            self._tell_blind()

    async def _ask(self, held: list[InstrumentKey]) -> None:
        try:
            await self._quotes.refresh(held)
        finally:
            self._asking = False

    def _judge(self, accounts: list[AccountId]) -> None:
        """Ask the rules of what is held now, by the newest prices that are young enough."""
        now = self._hours.now.time()
        for account in accounts:
            for one in self._watched.get(account, ()):
                key = one.of[1]
                last = self._price(one)
                if one.rules.ends(key.product, now):
                    self._meet(one, None)
                elif last is not None and one.levels is not None and one.levels.passed(last):
                    self._meet(one, last)

    def _price(self, one: _Watched) -> Decimal | None:
        """The last price, in rupees, if it is young and no older than what the account filled last:
        by one from before it bought nobody meets a rule.
        """
        key = one.of[1]
        quote = self._quotes.newest(key.instrument)
        oldest_ns = self._clock.wall_ns() - int(self._settings.loss_price_age * 1e9)
        oldest_ns = max(oldest_ns, self._filled_ns.get(key.account_id, 0))
        return None if quote is None or quote.at_ns < oldest_ns or quote.last <= 0 else quote.last

    def _closed(self, key: InstrumentKey) -> str:
        instrument = self._copies.instruments.get(key)
        return "" if instrument is None else self._hours.why_closed(instrument)

    def _meet(self, one: _Watched, last: Decimal | None) -> None:
        """Its rule is met, by this last price or, without one, by the time of the day.

        Nothing follows where that was tried already, or while its market is closed.
        """
        tried = self._tries.get(one.of)
        if tried is not None and (abs(one.net) <= tried.units or tried.command is not None):
            return
        if one.of in self._met or self._closed(one.of[1].instrument):
            return
        if tried is not None and self._clock.mono_ns() < tried.again_ns:
            return
        if not self._met:
            self._work.later(_SOON, self._act)
        self._met[one.of] = one.met_by(last)

    # ------------------------------------------------------------ acting

    def _act(self) -> None:
        """Square off what has met a rule and can be; tell once of what has to wait."""
        met, self._met = self._met, {}
        stopped = "" if self._gate.may_plan else self._gate.why_not() or "Trading is stopped."
        ready: dict[PositionKey, tuple[_Watched, str]] = {}
        for of, words in met.items():
            lane, one = self._lanes.get(of[1].account_id), self._watched_as(of)
            if lane is None or one is None:
                continue
            if why := stopped or lane.why_not()[1]:
                if self._gate.state is not TradingState.RECOVERING:
                    left = "It is as soon as orders can leave, if its rule is met then."
                    self._tell_once(one, f"{words}. It is not squared off yet: {why} {left}")
            else:
                ready.setdefault(of[1], (one, words))  # copies of another master at the next look
        if ready and not self._acting:
            self._acting = True
            self._work.start(self._square_off([*ready.values()]), "square-off by exit rules")

    async def _square_off(self, ready: list[tuple[_Watched, str]]) -> None:
        command = CommandId(f"exit rules at {self._clock.wall_ns()}")
        scope = tuple(one.chosen for one, _ in ready)
        met = {one.of[1]: (EXIT_RULE, f"{words[0].upper()}{words[1:]}.") for one, words in ready}
        try:
            await self._square_offs.begin(scope, command, _ACTOR, Rule(met.__getitem__))
        except DeniedError as denied:
            for one, words in ready:
                if denied.code not in _DONE:
                    self._tell_once(one, f"{words}. {denied.sentence}")
            return
        finally:
            self._acting = False
        for one, _ in ready:
            tried = self._tries.setdefault(one.of, _Try(0))
            tried.units, tried.asked, tried.command = abs(one.net), abs(one.net), command
        one, words = ready[0]
        more = f" {len(ready) - 1} more positions are too." if len(ready) > 1 else ""
        self._alarm(one, f"{words}. It is squared off.{more}", Severity.WARNING)

    def _follow_up(self) -> None:
        """What square-offs that are over did not send, or did not reach, is tried again, a few
        times.
        """
        for of, tried in self._tries.items():
            report = None if tried.command is None else self._square_offs.report(tried.command)
            if report is None or not report.over:
                continue
            tried.command = None
            leg = next((one for one in report.legs if one.key == of[1]), None)
            if leg is not None and leg.closed >= tried.asked:
                tried.units = 0  # what is held now was copied since
            # With nothing left of its part it still holds some: others' copies there changed.
            elif leg is None or not leg.left or leg.state is LegState.NOT_SENT:
                tried.vain += 1
                tried.again_ns = self._clock.mono_ns() + _AGAIN_NS
                if tried.vain < _TRIES:
                    tried.units = 0
                elif one := self._watched_as(of):
                    why = "" if leg is None else leg.reason
                    self._alarm(one, f"its exit rule was met, and nothing could be sent. {why}")

    def _watched_as(self, of: _Of) -> _Watched | None:
        return next((one for one in self._watched.get(of[1].account_id, ()) if one.of == of), None)

    # ------------------------------------------------------------ telling

    def _tell_blind(self) -> None:
        """Tell once when a rule could not be asked for a while."""
        blind = [
            one
            for watched in self._watched.values()
            for one in watched
            if (one.rules.stop or one.rules.target)
            and not self._closed(one.of[1].instrument)
            and (one.levels is None or self._price(one) is None)
        ]
        self._blind = self._blind + 1 if blind else 0
        if self._blind == _BLIND_LOOKS:
            names = ", ".join(dict.fromkeys(self._what(one) for one in blind[:_NAMED]))
            more = f" and {len(blind) - _NAMED} more" if len(blind) > _NAMED else ""
            self._book.alarm(
                "exit_rule_blind",
                f"The exit rules of {names}{more} cannot be judged: no price of the last "
                f"{self._settings.loss_price_age:g} s, or not what it cost, is known. Watch it "
                "yourself until that is back.",
                severity=Severity.CRITICAL,
            )

    def _what(self, one: _Watched) -> str:
        key = one.of[1]
        lane, instrument = self._lanes.get(key.account_id), self._copies.instruments[key.instrument]
        name = key.account_id if lane is None else lane.account.name
        return f"{name}, {instrument.symbol}"

    def _tell_once(self, one: _Watched, sentence: str) -> None:
        if one.of not in self._told:
            self._told.add(one.of)
            self._alarm(one, sentence)

    def _alarm(self, one: _Watched, sentence: str, severity: Severity = Severity.CRITICAL) -> None:
        self._book.alarm(
            EXIT_RULE,
            f"{self._what(one)}: {sentence}",
            account=one.of[1].account_id,
            severity=severity,
        )
