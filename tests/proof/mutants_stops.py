"""The rules of stops and cancels, each broken on purpose; see ``mutants``."""

from __future__ import annotations

from tests.proof.mutants import Mutant

_ENGINE = "copytrade_gui/engine/"
_BOOKS = f"{_ENGINE}books/"
_SENDING = f"{_ENGINE}sending/"
_STOPS = f"{_ENGINE}stops/"
_PLANNING = f"{_ENGINE}planning/"
_RECOVERY = f"{_ENGINE}recovery/"
_SQUARE_OFF = "copytrade_gui/domain/square_off.py"
_LOST = "copytrade_gui/ports/memory.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant("a stop that a file asks for holds before the next byte", f"{_ENGINE}orders/gate.py",
           "            self.brake(asked.state)\n", "            pass\n"),
    Mutant("a file that is no stop halts", "copytrade_gui/storage/files/stop_files.py",
           "asked.state not in STOPS or ", ""),
    Mutant("the state's file never frees", f"{_RECOVERY}recovery.py",
           "newer and beside.state in STOPS:", "newer:"),
    Mutant("a stop of one account by a file holds", f"{_STOPS}auto_stops.py",
           "        self._halts.stop(scope, finding)\n", ""),
    Mutant("what may be at the broker is not sent again", "copytrade_gui/services/catch_up.py",
           "gone = [one for one in copies if one.state in NOT_THERE]", "gone = copies"),
    Mutant("a lighter stop frees no folder that is closed", "copytrade_gui/app/stop_command.py",
           "STRICTNESS[held.state] > STRICTNESS[state]", "False"),
    Mutant("what a stop kept back is told as not sent", f"{_SENDING}wave.py",
           "            self._book.move(item.order, State.NOT_SENT, code=code, reason=why)\n",
           "            pass\n"),
    Mutant("all that a stop kept back is marked before any is told of", f"{_SENDING}wave.py",
           "        for item in rest:\n"
           "            self._book.move(item.order, State.NOT_SENT, code=code, reason=why)\n",
           "            self._book.move(item.order, State.NOT_SENT, code=code, reason=why)\n"
           "            self._progress.give_up(item.order, ends, code, why)\n"),
    Mutant("a taken cancel is given its time", f"{_SENDING}amendments.py",
           "        if since < self._settings.cancel_repeat:\n", "        if False:\n"),
    Mutant("an answered cancel is repeated only when the book shows a reason",
           f"{_SENDING}amendments.py", "        return not cancel.answered or (\n",
           "        return True or (\n"),
    Mutant("an account's cancels leave one after another", f"{_SENDING}amendments.py",
           "                await ended\n", ""),
    Mutant("a rule that asks again is no new press", f"{_SENDING}amendments.py",
           "known is not None and anew:", "known is not None:"),
    Mutant("a silent cancel does not keep its account's others for long",
           f"{_SENDING}amendments.py",
           "        if left <= 0 and silent:\n", "        if False:\n"),
    Mutant("a kill cancels what only the broker's book knows", f"{_STOPS}sweep.py",
           "                self._amendments.cancel_row(row, account)\n", ""),
    Mutant("whatever carries our tag is ours", f"{_BOOKS}reconciler.py",
           "if is_our_tag(row.tag) or self._book", "if self._book"),
    Mutant("a kill reads the accounts of which our records know nothing", f"{_STOPS}sweep.py",
           "        for lane in self._lanes:\n            busy",
           "        for lane in ():\n            busy"),
    Mutant("nothing is proven while the book shows an open order of ours", f"{_STOPS}sweep.py",
           "not ours and not shown and quiet", "not ours and quiet"),
    # -- only exits
    Mutant("under REDUCE a copy opens nothing", f"{_PLANNING}exits.py",
           "            only_exits = {**dict.fromkeys(names, moment.kept[0]), **only_exits}\n",
           "            pass\n"),
    Mutant("under REDUCE a master's own order opens nothing", f"{_PLANNING}clearing.py",
           "if not exits and (why := self._gate", "if False and (why := self._gate"),
    Mutant("what of a master's own orders waits under REDUCE opens nothing",
           f"{_PLANNING}exits.py", "                if code := self._why_own_opens(order, plan):\n",
           "                if False:\n"),
    Mutant("what waits under REDUCE opens nothing", f"{_PLANNING}entries.py",
           "        if now.only_exits is not None and not order.closes:\n",
           "        if False:\n"),
    Mutant("REDUCE holds before the next byte", f"{_SENDING}wave.py",
           "order.cancel_requested or reduces or", "order.cancel_requested or"),
    Mutant("no order is changed under REDUCE", f"{_ENGINE}orders/gate.py",
           "return self.state.allows_modify and", "return self.state.allows_sending and"),
    Mutant("REDUCE outlives a crash", f"{_RECOVERY}recovery.py",
           "in (TradingState.PAUSE, TradingState.REDUCE):", "is TradingState.PAUSE:"),
    Mutant("whoever squares off out of a stop says why", "copytrade_gui/services/square_off.py",
           "        must_be_explained(stopped, reason, word)\n", ""),
    Mutant("a stop stays where nothing is to be squared off",
           "copytrade_gui/services/square_off.py",
           "        self._engine.square_offs.must_hold(scope)\n", ""),
    # -- squaring off
    Mutant("squaring off takes no more than the broker shows", _SQUARE_OFF,
           "free = wanted if there is None else min(wanted, against(closing_side(held), there))",
           "free = wanted"),
    Mutant("what works is cancelled before it is squared off", f"{_STOPS}square_off.py",
           "self._amendments.cancel(working, reason", "dict(working=working, reason"),
    Mutant("a long leg waits for the short one that it covers", f"{_STOPS}square_off.py",
           "if self._waits_for_short(run, part, orders, held):", "if False:"),
    Mutant("a stop ends a square-off", f"{_STOPS}square_off.py",
           "if not self._gate.state.allows_new_plans:", "if False:"),
    Mutant("what waited long is measured by a new read", f"{_STOPS}square_off_run.py",
           "self.rows[one][1] < before_ns]", "False]"),
    Mutant("squared off means that the books show it", f"{_STOPS}square_off_run.py",
           "        if part.proven:\n", "        if True:\n"),
    Mutant("plans that only close count as no repetition", f"{_PLANNING}clearing.py",
           "        if (kind := plan.signal.kind) not in _NO_REPETITION:\n",
           "        if kind := plan.signal.kind:\n"),
    Mutant("copies are closed as copies of their own master", f"{_PLANNING}closable.py",
           "part = min(left, against(side, net))", "part = left"),
    # -- squaring off a part
    Mutant("what is to stay of a position stays", f"{_PLANNING}closable.py",
           "(units := beyond(net, chosen.keep))", "(units := net)"),
    Mutant("of a part the copies of its own masters are closed first", f"{_PLANNING}closable.py",
           "one[0] not in first)", "one[0] in first)"),
    Mutant("what is left of a part is that part", f"{_STOPS}square_off_run.py",
           "        return beyond(net, self.keep)\n", "        return net\n"),
    # -- the program ends
    Mutant("nothing more leaves when the program ends", "copytrade_gui/app/quitting.py",
           "    engine.gate.brake(TradingState.HALT)\n", ""),
    Mutant("the program ends after the replies are in", "copytrade_gui/app/quitting.py",
           "    if not waiting:\n", "    if True:\n"),
    # -- our records were lost
    Mutant("what was placed after our records were lost is another's", _LOST,
           " and row.placed_ns < self.before_ns\n", "\n"),
    Mutant("after a loss nothing leaves before the book was taken over", f"{_BOOKS}reconciler.py",
           "                result.complete = False\n"
           "                result.why_not = f\"{number} orders",
           "                result.why_not = f\"{number} orders"),
    Mutant("after a loss every account is read first", f"{_RECOVERY}recovery.py",
           "        if lost_today:\n", "        if False:\n"),
    Mutant("an order that was taken over is at the broker already", f"{_RECOVERY}takeover.py",
           "        self._book.mark(order, attempt)\n", ""),
    Mutant("a stop that is pressed while a resume is stored keeps its file",
           "copytrade_gui/engine/stops/stops.py",
           "        if self._gate.pressed is pressed:  # else", "        if True:  # else"),
)  # fmt: skip
