"""Each check of the table left out, one at a time; see ``mutants``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from copytrade_gui.domain.checks.account import ACCOUNT_CHECKS, OPENING_CHECKS
from copytrade_gui.domain.checks.check import Check
from copytrade_gui.domain.checks.plan import PLAN_CHECKS
from copytrade_gui.domain.checks.share import SHARE_CHECKS
from tests.proof.mutants import Mutant

_CHECKS = "copytrade_gui/domain/checks/"
_FINDS_NOTHING = "lambda _facts: None"


def _left_out(file: str, checks: Iterable[Check[Any]]) -> Iterator[Mutant]:
    for check in checks:
        asked = f" {check.ask.__name__}),\n"
        yield Mutant(
            f"the check {check.code} is asked", f"{_CHECKS}{file}", asked, f" {_FINDS_NOTHING}),\n"
        )


_CLEARING = "copytrade_gui/engine/planning/clearing.py"
_QUESTIONS = "copytrade_gui/engine/planning/questions.py"
_CHECK = "copytrade_gui/domain/checks/check.py"
_FEED = "copytrade_gui/brokers/iifl/feed.py"
_QUOTES = "copytrade_gui/engine/orders/quotes.py"
_PROTECTION = "copytrade_gui/domain/protection.py"
_MARGIN = "copytrade_gui/domain/margin.py"
_MARGINS = "copytrade_gui/engine/books/margins.py"
_HABIT = "copytrade_gui/domain/habit.py"
_LOADING = "copytrade_gui/storage/journal/loading.py"
_ASKED = "copytrade_gui/engine/planning/plan_checks.py"
_EXITS = "copytrade_gui/engine/planning/exits.py"
_BOUNDING = "copytrade_gui/engine/planning/bounding.py"
_RIGHTS = "copytrade_gui/domain/rights.py"
_UPKEEP = "copytrade_gui/services/session_upkeep.py"
_PLANNER = "copytrade_gui/engine/planning/share_checks.py"
_LANE = "copytrade_gui/engine/orders/lane.py"
_FACTS = (
    (
        "copytrade_gui/engine/orders/core.py",
        "Lanes(takes, live=settings.needs_basis)",
        "Lanes(takes)",
    ),
    (_LANE, "Lane(account, self._takes, live=self._live)", "Lane(account, self._takes)"),
    (_LANE, "basis = self.account.declared.basis", "basis = None"),
    (_LANE, "why_unregistered(self.account.route, status.left_from)", '""'),
    (_LANE, "            and not unregistered\n", ""),
    (_EXITS, "None if lane is None else lane.only_exits", "None"),
    ("copytrade_gui/engine/engine.py", "if only is not None and (more or", "if False and (more or"),
    (_ASKED, 'stopped="" if self._gate.may_plan else self._gate.why_not(),', ""),
    (_ASKED, "takes=self._takes,", "takes=type(self._takes)(delivery_on={key.exchange}),"),
    (_ASKED, "closed=self._hours.why_closed(terms.instrument),", ""),
    (_ASKED, "lot_unseen=self.lots.why_not(terms.instrument.key.exchange),", ""),
    (_ASKED, "last=prices.fresh or traded_at,", ""),
    (_ASKED, "close=prices.close,", ""),
    (_ASKED, "plans=plans,", ""),
    (_ASKED, "same_again=same_again,", ""),
    (_ASKED, "                limits=limits,\n", ""),
    (_ASKED, "                banned=banned,\n", ""),
    (_ASKED, "                ban_unknown=ban_unknown,\n", ""),
    (_ASKED, "                unlike=unlike,\n", ""),
    (_ASKED, "                price_range=prices.taken,\n", ""),
    (_ASKED, "                day_band=prices.band,\n", ""),
    (_ASKED, "        self.habits.made(signal)\n", ""),
    (_LOADING, "        ordered=tuple(ordered(connection, bounds[1])),\n", ""),
    (_ASKED, "                not_trading=self._hours.why_not_trading(terms.instrument),\n", ""),
    (_FEED, "listener.market(MarketStatus(exchange, phase, self._needs.clock.wall_ns()))", "pass"),
    (_FEED, "listener.circuit(Circuit(key, packet.value, upper, now_ns))", "pass"),
    (
        _QUOTES,
        "beyond = quote.last > found.price if upper",
        "beyond = quote.last < found.price if upper",
    ),
    (_PROTECTION, "inside = band.nearest(price)", "inside = price"),
    (_HABIT, "if terms.quantity <= middle * TIMES:", "if terms.quantity <= middle * TIMES * 10:"),
    (_HABIT, "or now <= self._busiest * _FASTER:", "or now <= self._busiest * _FASTER * 10:"),
    (
        _ASKED,
        "return self._exits.of_masters.exiting(master, terms).least >= terms.quantity",
        "return False",
    ),
    (
        _EXITS,
        "if why := self.bans.why_only_exits(instrument, time.at.date()):",
        'if why := "":',
    ),
    (_CLEARING, "        return found\n", "        return []\n"),
    (_CLEARING, "if asked.holds and (confirmed != terms.quantity or unread):", "if unread:"),
    (_CLEARING, "(confirmed != terms.quantity or unread)", "(confirmed is None or unread)"),
    (_CLEARING, "    if unread:\n", "    if False:\n"),
    (_QUESTIONS, "any(seen.covers(one) for seen in despite)", "despite"),
    (_CHECK, "return same and self.amount >= other.amount", "return same"),
    (_CHECK, "same = (self.code, self.whose) == (other.code, other.whose)", "same = True"),
    (
        _PLANNER,
        "            price=price,\n            kind",
        "            price=None,\n            kind",
    ),
    (_PLANNER, "limits=bounds.special.get(account, bounds.limits),", "limits=bounds.limits,"),
    (_PLANNER, "open_orders=bounds.open_orders.get(account, 0),", ""),
    (_PLANNER, "orders_today=bounds.orders_today.get(account, 0),", ""),
    (
        _PLANNER,
        "margin=None if margins is None or share.terms is not None else margins.of(account),",
        "",
    ),
    (_PLANNER, "if not margin.is_short(units, price):", "if True:"),
    (_PLANNER, "if then is WhenShort.SHRINK else 0", "if True else 0"),
    (_PLANNER, "if then is WhenShort.SHRINK else 0", "if False else 0"),
    (_PLANNER, "            no_segment=no_segment,\n", ""),
    (_PLANNER, "            no_product=no_product,\n", ""),
    (_BOUNDING, "if freeze is None and margins is None and not not_enabled:", "if freeze is None:"),
    (
        _BOUNDING,
        "            freeze,\n            not_enabled,\n",
        "            freeze,\n            {},\n",
    ),
    (_RIGHTS, "if told and told <= set(known) else None", "if told else None"),
    (_UPKEEP, "Rights(profile.exchanges, profile.products)", "Rights()"),
    (_MARGIN, "* 100 > self.free * MOST_PERCENT", "* 100 > self.free * 100"),
    (_MARGIN, "return min(quantity, fits - fits % lot)", "return min(quantity, fits)"),
    (
        _MARGINS,
        "                    left = margin - sum([its.paise for its in taken.values()])\n",
        "                    left = margin\n",
    ),
    (_MARGINS, "order.filled if ended else ", ""),
    (_MARGINS, "Paise(max(left, min(margin, 0)))", "Paise(left)"),
    (_PLANNER, "net=bounds.nets.get(account, 0) + signed,", ""),
)
"""How the engine gathers what the checks are asked about: each fact withheld, each answer lost."""


def _withheld() -> Iterator[Mutant]:
    for number, (file, gathered, instead) in enumerate(_FACTS, start=1):
        yield Mutant(f"checks are asked of facts, {number}", file, gathered, instead)


MUTANTS: tuple[Mutant, ...] = (
    *_withheld(),
    *_left_out("plan.py", PLAN_CHECKS),
    *_left_out("account.py", ACCOUNT_CHECKS),
    *_left_out("account.py", OPENING_CHECKS),
    *_left_out("share.py", SHARE_CHECKS),
)
