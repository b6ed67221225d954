"""The rules of exits, each broken on purpose: sized again when they leave, and never to open."""

from __future__ import annotations

from tests.proof.mutants import Mutant

_ENGINE = "copytrade_gui/engine/"
_COPIES_HELD = f"{_ENGINE}planning/copies_held.py"
_DISPATCHER = f"{_ENGINE}sending/dispatcher.py"
_EXIT_WATCH = f"{_ENGINE}stops/exit_watch.py"
_ENTRIES = f"{_ENGINE}planning/entries.py"
_HAND_OVER = f"{_ENGINE}stops/hand_over.py"
_FAN_OUT = f"{_ENGINE}sending/fan_out.py"
_MASTER = f"{_ENGINE}signals/master.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "only whose copies hold alike are sized alike in an exit",
        f"{_ENGINE}planning/planner.py",
        "(by, may_open, copy.held, copy.leaving, copy.coming, carry)",
        "(by, may_open, copy.leaving, copy.coming, carry)",
    ),
    Mutant(
        "what is copied of one master takes nothing of what another one's exit closes",
        _COPIES_HELD,
        "            if there < made:\n",
        "            if True:\n",
    ),
    Mutant(
        "in a master's account neither",
        _COPIES_HELD,
        "                shown = [held]\n",
        "                pass\n",
    ),
    Mutant(
        "who stays in because another exit of his master's rests is named",
        f"{_ENGINE}sending/kept_back.py",
        "            and (order.cancel_requested or self._waits(order.intent.plan_id))\n",
        "            and False\n",
    ),
    Mutant(
        "a copy whose cancel is on its way closes nothing that is counted on",
        f"{_ENGINE}sending/kept_back.py",
        "            and (order.cancel_requested or self._waits(order.intent.plan_id))\n",
        "            and self._waits(order.intent.plan_id)\n",
    ),
    Mutant(
        "a copy of the other exit has ended before its rest is closed",
        _HAND_OVER,
        "        while live := [order for order in resting if not order.state.ended]:\n",
        "        while live := []:\n",
    ),
    Mutant(
        "of a part of his exit a part is handed over",
        _HAND_OVER,
        "            if not out:\n",
        "            if False:\n",
    ),
    Mutant(
        "once he is out all is handed over",
        _HAND_OVER,
        "        return nets is not None and not any(against(terms.side, net) for net in nets)\n",
        "        return False\n",
    ),
    Mutant(
        "whose copies were taken for one exit leaves by the other when that fills too",
        _HAND_OVER,
        "            self._kept.keep(order.intent.plan_id, had, account, held)\n",
        "            pass\n",
    ),
    Mutant(
        "a copy that its owner changed is not taken from him",
        _HAND_OVER,
        "        return any(one.diverged is not None for one in orders)\n",
        "        return False\n",
    ),
    Mutant(
        "what was kept back before a start is handed over after it",
        _HAND_OVER,
        "            self._kept.keep(plan.plan_id, 0, account, held)\n",
        "            pass\n",
    ),
    Mutant(
        "what another master had copied stays",
        _HAND_OVER,
        "        keep = net - units if side is Side.SELL else net + units\n",
        "        keep = 0\n",
    ),
    Mutant(
        "an exit that has its part beside one that rests is told by nobody",
        f"{_ENGINE}sending/kept_back.py",
        "        return min(rests, due - gets), held\n",
        "        return rests, held\n",
    ),
    Mutant(
        "who may open nothing is not sized like who may",
        f"{_ENGINE}planning/planner.py",
        "(by, may_open, copy.held, copy.leaving, copy.coming, carry)",
        "(by, copy.held, copy.leaving, copy.coming, carry)",
    ),
    Mutant(
        "who sizes by his capital is sized alone",
        f"{_ENGINE}orders/links.py",
        "capital if link.sizing.asks_capital else None",
        "None",
    ),
    Mutant(
        "the worst of all shares has the largest position",
        f"{_ENGINE}planning/share_checks.py",
        "default=0) + most,",
        "default=0),",
    ),
    Mutant(
        "an account with limits of its own is always asked",
        f"{_ENGINE}planning/planner.py",
        "if plain and facts.account.account_id not in apart",
        "if plain",
    ),
    Mutant(
        "what a copy of the opposite side holds is asked on its own side as it leaves",
        f"{_ENGINE}planning/exits.py",
        "its = now.whole if intent.terms.side is now.whole.side else opposite(now.whole)",
        "its = now.whole",
    ),
    Mutant(
        "what a copy of the opposite side holds is asked on its own side when it is planned",
        f"{_ENGINE}planning/exits.py",
        "self._copies(exiting, opposite(terms), master, others)",
        "self._copies(exiting, terms, master, others)",
    ),
    Mutant(
        "a copy of the opposite side follows the master's change on its own side",
        f"{_ENGINE}planning/changing.py",
        "        if terms.side is original.side:\n",
        "        if True:\n",
    ),
    Mutant(
        "a link is turned round only while its copies hold nothing",
        "copytrade_gui/services/link_checks.py",
        "        if held or any(",
        "        if any(",
    ),
    Mutant(
        "shares of the opposite side are sold short for intraday alone",
        "copytrade_gui/domain/reverse.py",
        "(share and terms.product is not Product.INTRADAY)",
        "False",
    ),
    Mutant(
        "a change of the master's order takes no entry beyond its guard",
        _ENTRIES,
        "return replace(wanted, price=limit)",
        "return wanted",
    ),
    Mutant(
        "an exit rule leaves what copies other masters",
        _EXIT_WATCH,
        "keep = self.held - self.net",
        "keep = 0",
    ),
    Mutant(
        "what an exit rule sent is not sent again by itself",
        _EXIT_WATCH,
        "or leg.state is LegState.NOT_SENT:",
        "or True:",
    ),
    Mutant(
        "an exit time lies before the broker's own at every exchange that the link copies from",
        "copytrade_gui/domain/exit_rule.py",
        "first = min(ends, key=ends.__getitem__)",
        "first = max(ends, key=ends.__getitem__)",
    ),
    Mutant(
        "the stop of what was sold stands above it",
        "copytrade_gui/domain/exit_rule.py",
        "(loss, gain) if is_long else (gain, loss)",
        "(loss, gain)",
    ),
    Mutant(
        "an exit's limit is never the guard's",
        _ENTRIES,
        "    if guard is None or now.exiting.most:\n",
        "    if guard is None:\n",
    ),
    Mutant(
        "an entry that waited is guarded by the price as it leaves",
        _ENTRIES,
        "        if out is not None:\n            return out\n",
        "",
    ),
    Mutant(
        "of an exit no more leaves than there is to close",
        _DISPATCHER,
        "order.cut = replace(planned, quantity=ruling.units, price=limit)",
        "order.cut = planned",
    ),
    Mutant(
        "what leaves of an exit is stored before its mark",
        _DISPATCHER,
        "            if cuts:\n",
        "            if False:\n",
    ),
    Mutant(
        "after a crash it is known what of an exit had left",
        f"{_ENGINE}recovery/recovery.py",
        "changed.cut = amendment.terms",
        "pass",
    ),
    Mutant(
        "an order of the other side may have filled since it was last read",
        f"{_ENGINE}planning/other_orders.py",
        "return but is None or lane is None or lane.read_ns <= but.called_ns",
        "return False",
    ),
    Mutant(
        "a master's own entry may have filled, however old it is and whatever was pushed",
        f"{_ENGINE}planning/other_orders.py",
        "told = order.is_copy and lane is not None and lane.pushed",
        "told = not order.is_copy or (lane is not None and lane.pushed)",
    ),
    Mutant(
        "an entry that a master placed elsewhere may have filled, too",
        f"{_ENGINE}planning/master_exits.py",
        "unread += self._orders.elsewhere_unread(master, terms, but)",
        "pass",
    ),
    Mutant(
        "a read that was asked for since tells what it filled",
        f"{_ENGINE}planning/other_orders.py",
        "(but is not None and lane is not None and lane.read_ns > but.called_ns)",
        "but is not None",
    ),
    Mutant(
        "an exit takes at most what the account holds",
        _COPIES_HELD,
        "least = min(least, there)",
        "least = held",
    ),
    Mutant(
        "what copies filled since the positions were read counts for what an exit takes",
        "copytrade_gui/engine/books/account_positions.py",
        "found.append(net + since.get(part, 0) if since else net)",
        "pass",
    ),
    Mutant(
        "a fill that a read of positions showed before it was told counts once",
        "copytrade_gui/engine/books/account_positions.py",
        "signed - self._shown_of(account, part, signed)",
        "signed",
    ),
    Mutant(
        "what the owner closed is not taken for a fill of ours that comes later",
        "copytrade_gui/engine/books/account_positions.py",
        " or lane.read_ns > self._sure[account].ended_ns",
        "",
    ),
    Mutant(
        "an old book of positions keeps nobody in",
        _COPIES_HELD,
        "(called and self._positions.tell(account, called.called_ns))",
        "called",
    ),
    Mutant(
        "an exit waits for the end of what it has cancelled",
        f"{_ENGINE}planning/other_orders.py",
        "in UNREAD or self._is_cancelled(order, but)",
        "in UNREAD",
    ),
    Mutant(
        "a start cancels what rests behind an exit",
        f"{_ENGINE}engine.py",
        "        self.resting.restore()\n",
        "",
    ),
    Mutant(
        "what a master cancels at the broker takes what rests of its copies along",
        _FAN_OUT,
        "FanOut.WITH_MASTER or self._ended_short(plan) is not None:",
        "FanOut.WITH_MASTER:",
    ),
    Mutant(
        "what is left of a master's order that is cancelled takes the rest of its copies along",
        _FAN_OUT,
        "self._end_rest(plan, short)\n            if what is _NOTHING_COPIED or (",
        '""\n            if what is _NOTHING_COPIED or (',
    ),
    Mutant(
        "a master's order that is rejected takes along what his copies have resting",
        _FAN_OUT,
        "    ended_alike = (State.FILLED, State.EXPIRED, State.CANCELLED)\n",
        "    ended_alike = (State.FILLED, State.EXPIRED, State.CANCELLED, State.REJECTED)\n",
    ),
    Mutant(
        "what is IOC ends for the copies as it does for the master",
        _FAN_OUT,
        "    return view.state is State.CANCELLED and view.terms.validity is not Validity.IOC\n",
        "    return view.state is State.CANCELLED\n",
    ),
    Mutant(
        "a slice that comes to nothing last takes the copies along, too",
        _FAN_OUT,
        "        elif (short := self._ended_short(plan)) is not None:\n",
        "        elif (short := None) is not None:\n",
    ),
    Mutant(
        "a slice that failed for good keeps no copy alive",
        _FAN_OUT,
        "        self._over.add(view.intent_id)\n",
        "",
    ),
    Mutant(
        "a slice that may be tried once more keeps the copies of the others alive",
        _FAN_OUT,
        "        return _came_to_nothing(order) and not self._may_leave(order)\n",
        "        return _came_to_nothing(order)\n",
    ),
    Mutant(
        "a person who cancels all slices is not told that one of them failed",
        _FAN_OUT,
        "        if going and all(order.cancel_requested for order in going):\n",
        "        if False:\n",
    ),
    Mutant(
        "as long as a slice of the master's works its copies stay",
        _FAN_OUT,
        "        if not all(one.state.ended and not self._may_leave(one) for one in leads):\n",
        "        if False:\n",
    ),
    Mutant(
        "what was there at the first read is in his position already",
        _MASTER,
        "                order.untold = untold\n",
        "                del untold\n",
    ),
    Mutant(
        "what a master cancels elsewhere while nobody looks takes its copies along",
        _MASTER,
        "                self._see_end(order)\n                self._end_copies(order)\n",
        "                self._see_end(order)\n",
    ),
    Mutant(
        "copies of what a master had filled of an order that he cancelled stay",
        _MASTER,
        "            if plan.signal.terms.quantity > filled or any(one.asked for one in copies):\n",
        "            if True:\n",
    ),
    Mutant(
        "a square-off takes along copies that hold nothing yet",
        f"{_ENGINE}stops/square_off.py",
        "self._free({**self._entering(scope), **self._parts(scope)})",
        "self._free(self._parts(scope))",
    ),
    Mutant(
        "an exit that rested cancels them with the first unit that it fills",
        f"{_ENGINE}assembly.py",
        "    news.lead_filled.to(resting.lead_filled, fill_signals.look, hand_overs.lead_filled)\n",
        "    news.lead_filled.to(fill_signals.look, hand_overs.lead_filled)\n",
    ),
    Mutant(
        "what an exit had filled before a start is no position that it turns round",
        f"{_ENGINE}planning/master_exits.py",
        "untold = None if filled is None else -signed(terms, filled)",
        "untold = 0",
    ),
)
