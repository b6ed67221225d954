"""The rules by which drift is reduced without a person, each broken on purpose."""

from __future__ import annotations

from tests.proof.mutants import Mutant

_REDUCER = "copytrade_gui/engine/signals/drift_reducer.py"
_REPORT = "copytrade_gui/domain/drift_report.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "drift is reduced by itself only where all figures add up",
        "copytrade_gui/domain/drift.py",
        "adds_up = not differs and not one.owner",
        "adds_up = True",
    ),
    Mutant(
        "of a position with several masters only what copies those who are out is too many",
        _REPORT,
        "self.key, self.copied - self.left",
        "self.key, 0",
    ),
    Mutant(
        "what a person lets be is not reduced by itself",
        _REPORT,
        "if not self.verdict.adds_up or self.ignored or",
        "if not self.verdict.adds_up or",
    ),
    Mutant(
        "drift is reduced only where the link says so",
        _REDUCER,
        "if lane is None or linked is None or linked.link.reduce_drift is not ReduceDrift.YES:",
        "if lane is None or linked is None:",
    ),
    Mutant(
        "a link that is paused reduces no drift",
        _REDUCER,
        "return not linked.link.state.stops and not lane.why_not()[0]",
        "return not lane.why_not()[0]",
    ),
    Mutant(
        "drift is reduced by itself once, and never chased",
        _REDUCER,
        "if not units or tried or not self._trades(line):",
        "if not units or not self._trades(line):",
    ),
    Mutant(
        "a start does not begin anew what was begun before it",
        _REDUCER,
        "for one in read_scope(begun.scope) if begun.actor == _ACTOR else ():",
        "for one in ():",
    ),
    Mutant(
        "drift is reduced only after it was so for a time",
        _REDUCER,
        "return now >= ends_ns and self._was_read(line, ends_ns)",
        "return True",
    ),
    Mutant(
        "right before an order that reduces drift leaves it is asked whether it still is",
        _REDUCER,
        "if tried is None or reducible != tried.units or units != tried.units:",
        "if False:",
    ),
    Mutant(
        "what a master sold elsewhere is a person's who is asked, or said no",
        _REDUCER,
        "                    and not self._decides(*part)\n",
        "",
    ),
    Mutant(
        "what a master converted he still holds",
        _REDUCER,
        "                    and self.facts.holds_none(master, key.instrument)\n",
        "",
    ),
    Mutant(
        "drift is not reduced while brokers close by themselves",
        _REDUCER,
        "return not self._hours.broker_ends(instrument, line.key.product)",
        "return True",
    ),
)
