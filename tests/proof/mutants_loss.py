"""The rules of loss limits, each broken on purpose; see ``mutants``."""

from __future__ import annotations

from tests.proof.mutants import Mutant

_ENGINE = "copytrade_gui/engine/"
_PROFITS = f"{_ENGINE}planning/day_profits.py"
_EXITS = f"{_ENGINE}planning/exits.py"
_WATCH = f"{_ENGINE}stops/loss_watch.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant("losses are judged with every price", _WATCH,
           "        for day in self._profits.moved(quote):\n            self._judge(day)\n",
           "        self._profits.moved(quote)\n"),
    Mutant("what is bought after a loss limit was set counts too", _WATCH,
           "        self.concerns(order.intent.account_id)\n", "        pass\n"),
    Mutant("a loss limit that was reached ends with its day", "copytrade_gui/domain/halt.py",
           "        return self.day in (0, day)\n", "        return True\n"),
    Mutant("the day turns in a program that runs on", _WATCH,
           "            self._halts.turn_day()\n", ""),
    Mutant("what was planned before a loss limit was reached does not leave",
           f"{_ENGINE}sending/wave.py",
           "                    code, why = self._exits.why_opens(order)\n",
           "                    pass\n"),
    Mutant("what waits on its channel is asked whether only exits pass",
           f"{_ENGINE}sending/hold.py",
           "        why = why or self._exits.why_opens(order)[1]\n", ""),
    Mutant("what waits in its queue is asked whether only exits pass", _EXITS,
           " or linked.facts.only_exits is not None:\n", ":\n"),
    Mutant("who reached a loss limit is sized as one who only exits", f"{_ENGINE}orders/links.py",
           "why_not(linked.link, terms, moment) or linked.facts.only_exits\n",
           "why_not(linked.link, terms, moment)\n"),
    Mutant("where only exits pass, exits do", _EXITS,
           "return (\"\", \"\") if ruling is None else (ruling.code, ruling.reason)\n",
           "return (LOSS_LIMIT, \"Lost.\") if ruling is None else (ruling.code, ruling.reason)\n"),
    Mutant("a loss that nobody can judge keeps out what opens", _EXITS,
           "self._profits.unknown(names) | kept_out(", "kept_out("),
    Mutant("an old price is no price to judge a loss by", _PROFITS,
           "or now - quote.at_ns <= self._oldest_ns:\n", "or now > 0:\n"),
    Mutant("an equity is not judged without the funds", _PROFITS,
           "return _NO_FUNDS if terms", "return \"\" if terms"),
    Mutant("the highest profit of the day outlives a crash", _PROFITS,
           "        peak = self._peaks.get(scope, _ZERO)\n", "        peak = _ZERO\n"),
    Mutant("all followers' profits are added up", _PROFITS,
           "                whole.profit += gained\n", "                pass\n"),
    Mutant("what stops every follower stops no master", "copytrade_gui/domain/scope.py",
           "    if links:\n", "    if True:\n"),
    Mutant("a group's limit is for those who are in it", "copytrade_gui/domain/scope.py",
           "(link.group for link in links if link.group)", "(\"Family\" for _ in links)"),
    Mutant("who belongs together is judged when all of them were counted", _WATCH,
           "        if self._due and is_whole(day.scope):\n", "        if False:\n"),
    Mutant("what is held is squared off only where a person agreed to it", _WATCH,
           "            if then is Then.SQUARE_OFF:\n                self", "            if True:\n"
           "                self"),
    Mutant("a day that turned holds for limits that are set on it", _WATCH,
           "        self._turn_day()\n        self._profits.limits_set()\n",
           "        self._profits.limits_set()\n"),
    Mutant("a person who trades for a follower opens nothing either",
           f"{_ENGINE}planning/clearing.py",
           "        if lane.status.only_exits and not exits:\n", "        if False:\n"),
)  # fmt: skip
