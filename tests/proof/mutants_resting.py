"""The rules of copies that still rest when their master leaves, each broken on purpose."""

from __future__ import annotations

from tests.proof.mutants import Mutant

_ENGINE = "copytrade_gui/engine/"
_RESTING = f"{_ENGINE}sending/resting.py"
_MASTER_ORDERS = f"{_ENGINE}planning/master_orders.py"
_SIGNALS = f"{_ENGINE}signals/master.py"
_FOLLOWING = f"{_ENGINE}sending/following.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "copies of an entry that rest are cancelled with their master's exit",
        _RESTING,
        "        self._amendments.cancel(ours, reason=_WHY)\n",
        "",
    ),
    Mutant(
        "copies of an entry that still works for the master are not cancelled with his exit",
        _MASTER_ORDERS,
        "        if not self.ended(plan_id):\n            return False\n",
        "",
    ),
    Mutant(
        "an order placed before the master's entry filled is no exit of it",
        _MASTER_ORDERS,
        "        if called_ns < end.from_ns:\n            return False\n",
        "",
    ),
    Mutant(
        "a copy that its owner changed is not cancelled with the master's exit",
        _RESTING,
        "[order for order in due if order.diverged is None]",
        "due",
    ),
    Mutant(
        "what fills behind an exit that has left is told",
        _RESTING,
        "        if behind and (late := min(units, alone)) > 0:\n",
        "        if behind and (late := 0):\n",
    ),
    Mutant(
        "after a start no order on the other side is an exit of an entry that fills later",
        _MASTER_ORDERS,
        "self._ended(plan, 0 if lane is None else lane.read_ns)",
        "self._ended(plan, 0)",
    ),
    Mutant(
        "an exit that only rests cancels no copy of an entry",
        _RESTING,
        "if self._leaves(plan) and (self._reduces(plan) or copied_by_none(plan)):",
        "if self._reduces(plan) or copied_by_none(plan):",
    ),
    Mutant(
        "so does one that was placed elsewhere",
        _RESTING,
        "        if row.filled_quantity and plan is not None:\n"
        "            self._leave(plan, row.filled_quantity)\n",
        "",
    ),
    Mutant(
        "an exit at the market cancels them before it is known to have filled",
        _RESTING,
        "or signal.terms.order_type is OrderType.MARKET\n",
        "\n",
    ),
    Mutant(
        "an entry that was seen working after an exit was called is none of it",
        _MASTER_ORDERS,
        "from_ns = max(worked_ns, orders[0].called_ns)",
        "from_ns = now - _LATE_NS",
    ),
    Mutant(
        "an entry worked no longer than until it was last looked at",
        _MASTER_ORDERS,
        "from_ns = max(worked_ns, orders[0].called_ns)",
        "from_ns = max(worked_ns, now - _LATE_NS)",
    ),
    Mutant(
        "an end that was told late proves no exit of what filled after it",
        _MASTER_ORDERS,
        "not worked_ns or now - from_ns > _LATE_NS",
        "not worked_ns",
    ),
    Mutant(
        "after a start an entry may have ended long before that was stored",
        _MASTER_ORDERS,
        "_End(leads[0].called_ns, told_ns, unsure=True)",
        "_End(told_ns - _LATE_NS, told_ns, unsure=True)",
    ),
    Mutant(
        "after a start an entry ended when it was stored to have",
        _RESTING,
        "            self._masters.restore(plan)\n",
        "",
    ),
    Mutant(
        "after a start nobody left what he still holds",
        _RESTING,
        "return any(against(slot[3].opposite, net) < units for net in nets)",
        "return True",
    ),
    Mutant(
        "who is out has left what he entered, whichever of his orders was placed first",
        _RESTING,
        "            if one.filled_ns > order.called_ns and self._left_all(slot, plan, one):\n"
        "                return True\n",
        "",
    ),
    Mutant(
        "who still holds some has not left what he entered behind his target",
        _RESTING,
        "if not self._masters.ended(plan) or not self._is_out(slot):",
        "if not self._masters.ended(plan):",
    ),
    Mutant(
        "he is out also where his entry filled last, once all is known",
        _RESTING,
        "        return certain\n",
        "        return False\n",
    ),
    Mutant(
        "whether he is out is asked again when his positions were read",
        _RESTING,
        "        if not out:\n            self._unsure.add(slot)\n",
        "",
    ),
    Mutant(
        "an exit that was not copied cancels nothing while it only rests",
        _RESTING,
        "if seen.filled_quantity or (denied and seen.order_type is OrderType.MARKET):",
        "if True:",
    ),
    Mutant(
        "what he left while nothing ran counts although it is not copied",
        _RESTING,
        "if seen.became in (Seen.WAITS, Seen.COPIED) or",
        "if seen.became is not Seen.DENIED or",
    ),
    Mutant(
        "what fills beside a target that was not sized for it is told",
        _RESTING,
        "            self._notices.filled_beside(slot, account, alone)\n",
        "            pass\n",
    ),
    Mutant(
        "what a copy would have closed is told when it is cancelled",
        _RESTING,
        "                self._notices.kept(slot, account, units)\n",
        "                pass\n",
    ),
    Mutant(
        "a target that was cancelled is none",
        _RESTING,
        "not self._masters.ended(one) and account in",
        "account in",
    ),
    # -- an exit of which a start does not know whether it left
    Mutant(
        "after a start an exit that may never have left cancels nothing while he holds all",
        _RESTING,
        "in_doubt=not there)",
        "in_doubt=False)",
    ),
    Mutant(
        "whether it left is asked of his position again and again",
        _RESTING,
        "                    before = None\n                    self._unsure.add(slot)\n",
        "                    before = None\n",
    ),
    # -- links that are removed while copies of them are open
    Mutant(
        "a master's cancel takes copies of a removed link, also of the last one",
        _SIGNALS,
        "not in self._complete_ns or not lane.account.master:",
        "not in self._complete_ns or not self._lanes.followers_of(account):",
    ),
    Mutant(
        "an order of a master whom nobody copies asks nobody",
        _SIGNALS,
        "late if self._lanes.followers_of(order.view.account_id) else _BY_NOBODY",
        "late",
    ),
    Mutant(
        "a master's exit takes entries of a removed link, though it is not for its follower",
        _RESTING,
        "if lane is not None and master not in lane.links:",
        "if lane is None:",
    ),
    Mutant(
        "a copy of a removed link that does not follow a change is named",
        _FOLLOWING,
        "        self._leave(self._clearing.stopped(copies), change, lambda _: True, _STOPPED)\n",
        "",
    ),
    Mutant(
        "what is open of a removed link is told",
        f"{_ENGINE}engine.py",
        "            self.parts.following.unlinked(before)\n",
        "",
    ),
    Mutant(
        "nobody stops being a master while copies of him are open",
        "copytrade_gui/services/link_checks.py",
        "    if engine.is_copied(master.account_id):\n",
        "    if False:\n",
    ),
    Mutant(
        "no master is removed while copies of him are held",
        "copytrade_gui/services/link_checks.py",
        '    if held:\n        return (\n            f"Copies of',
        '    if False:\n        return (\n            f"Copies of',
    ),
    Mutant(
        "no master is removed while an order of his has not ended",
        "copytrade_gui/services/link_checks.py",
        "    if engine.has_open_orders(account.account_id):\n",
        "    if False:\n",
    ),
    Mutant(
        "no good row of a file is good by what a wrong one says",
        "copytrade_gui/services/follower_import.py",
        "        if not bad:\n",
        "        if True:\n",
    ),
    Mutant(
        "of two rows that contradict each other neither is good",
        "copytrade_gui/services/import_rows.py",
        "        if row.line not in self._contested or",
        "        if True or",
    ),
    Mutant(
        "wrong rows keep a file out unless the good ones are asked for",
        "copytrade_gui/services/follower_files.py",
        "            if preview.problems and not (good_rows and preview.takes):\n",
        "            if False:\n",
    ),
)
