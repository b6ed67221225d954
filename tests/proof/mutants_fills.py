"""The rules of copying fills, each broken on purpose: once, his part, and never what was missed."""

from __future__ import annotations

from tests.proof.mutants import Mutant

_ENGINE = "copytrade_gui/engine/"
_FILLS = f"{_ENGINE}signals/fills.py"
_MASTER_EXITS = f"{_ENGINE}planning/master_exits.py"
_PLANNER = f"{_ENGINE}planning/planner.py"
_FAN_OUT = f"{_ENGINE}sending/fan_out.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "what a master's own order fills is told to who copies fills",
        _FAN_OUT,
        "            self._news.lead_filled(view.plan_id)\n",
        "            pass\n",
    ),
    Mutant(
        "that a master's own order ended is told, whoever filled before",
        _FAN_OUT,
        "            self._news.lead_ended(view)\n",
        "            pass\n",
    ),
    Mutant(
        "a copy that filled is told, whatever became of the master's order",
        _FAN_OUT,
        "                self._news.copy_filled(view.plan_id)\n",
        "                pass\n",
    ),
    Mutant(
        "what filled while nobody looked is not copied by itself",
        _FILLS,
        "too_late = not news.since_ns or late_ms > most_ms",
        "too_late = not news.since_ns",
    ),
    Mutant(
        "who copies fills takes nothing of the order itself",
        _PLANNER,
        "if left_out is None and link.copies is _FILLS else left_out",
        "if False else left_out",
    ),
    Mutant(
        "a fill brings what the rule gives for all that filled, less what it gave before",
        "copytrade_gui/domain/sizing/growth.py",
        "        was = size(",
        "        size(",
    ),
    Mutant(
        "a fill is an exit by what the master had before it",
        _MASTER_EXITS,
        "back = self._masters.told_from(master, part, place.first_trade)",
        "back = 0",
    ),
    Mutant(
        "what leaves already is no part of what a fill closes",
        _MASTER_EXITS,
        "return structs.replace(copy, leaving=0)",
        "return copy",
    ),
)
