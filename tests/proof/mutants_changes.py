"""The rules of changed orders, each broken on purpose: everybody ends at the master's last one."""

from __future__ import annotations

from tests.proof.mutants import Mutant

_MODIFYING = "copytrade_gui/engine/sending/modifying.py"
_FOLLOWING = "copytrade_gui/engine/sending/following.py"
_MASTER = "copytrade_gui/engine/signals/master.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "a copy that waits leaves as small as its master's order is by then",
        "copytrade_gui/engine/sending/following.py",
        "                if self._shrinks(order, change):\n",
        "                if False:\n",
    ),
    Mutant(
        "what left smaller than planned is a part of what was planned all the same",
        "copytrade_gui/engine/planning/changing.py",
        "order.sized_terms.quantity * after.quantity",
        "order.sent_terms.quantity * after.quantity",
    ),
    Mutant(
        "a change that comes while only exits leave is made when that is lifted",
        "copytrade_gui/engine/planning/clearing.py",
        "        return only and bool(self._exits.why_opens(order)[0])\n",
        "        return bool(self._exits.why_opens(order)[0])\n",
    ),
    Mutant(
        "a change that was refused behind another one is asked for again",
        _MODIFYING,
        "            elif behind_another and not change.overtaken:\n",
        "            elif False:\n",
    ),
    Mutant(
        "a change that was refused is remembered as never made",
        "copytrade_gui/storage/journal/recalled.py",
        "            if place is not None:\n",
        "            if False:\n",
    ),
    Mutant(
        "a change that nobody was asked for is none of an order that ended",
        _MODIFYING,
        "            if not (change.out or change.taken or change.lost or change.in_doubt):\n",
        "            if False:\n",
    ),
    Mutant(
        "a change is not below what was filled meanwhile",
        _MODIFYING,
        "        terms = _not_below(order, change.terms)\n",
        "        terms = change.terms\n",
    ),
    Mutant(
        "a change that the exchange did not make is told",
        _MODIFYING,
        "                self._give_up(change, _NEVER_ANSWERED if change.lost else _NOT_MADE)\n",
        "                self._drop(change)\n",
    ),
    Mutant(
        "copies keep their part of the master's quantity over many changes",
        "copytrade_gui/engine/planning/changing.py",
        "order.sized_terms.quantity * after.quantity // original.quantity",
        "terms.quantity * after.quantity // before.quantity",
    ),
    Mutant(
        "a copy that had not left when the master's order was changed is changed later",
        _FOLLOWING,
        "            if order.may_attempt:\n",
        "            if False:\n",
    ),
    Mutant(
        "a change that comes while an order is being copied is not lost",
        _MASTER,
        "        elif terms_key(order.row) != terms_key(row):",
        "        elif False:",
    ),
    Mutant(
        "a master's old terms that are pushed late are no change",
        _MASTER,
        "            elif not is_read and terms_key(row) in order.had:\n",
        "            elif False:\n",
    ),
    Mutant(
        "a sale for delivery that is made larger sells no more than its copy holds",
        "copytrade_gui/engine/planning/larger.py",
        "        if may_open and exiting.most < after.quantity:\n",
        "        if True:\n",
    ),
    Mutant(
        "an exit that is changed takes of a copy what it would take placed so",
        "copytrade_gui/engine/planning/changing.py",
        "            of_exit = None if own else resized(order)\n",
        "            of_exit = None\n",
    ),
    Mutant(
        "an exit that is made larger opens only where the link opens",
        "copytrade_gui/engine/planning/resized.py",
        "self._may_open(plan, order, exiting)\n",
        "True\n",
    ),
    Mutant(
        "a changed exit is a part of what its master holds now",
        "copytrade_gui/engine/planning/resized.py",
        "            exact = Exiting(reduced, reduced, (position, position))\n",
        "            exact = Exiting(reduced, reduced)\n",
    ),
    Mutant(
        "what an exit has filled counts as still there when it is changed",
        "copytrade_gui/engine/planning/master_exits.py",
        "sum(one.filled for one in leads) or self._filled.get(but.intent.plan_id, 0)",
        "0",
    ),
    Mutant(
        "that a change of copies waits is told",
        _FOLLOWING,
        "        if who := list(dict.fromkeys(one.intent.account_id for one in new)):\n",
        "        if who := []:\n",
    ),
    Mutant(
        "slices of a changed exit are one share",
        "copytrade_gui/engine/planning/resized.py",
        "            return ends - begins\n",
        "            return units\n",
    ),
    Mutant(
        "who has no order for an exit that is made larger is named",
        _FOLLOWING,
        "[account for account, short in found.items() if short]",
        "[]",
    ),
    Mutant(
        "no copy is made larger than the exchange takes",
        _FOLLOWING,
        "order.is_copy and wanted.quantity > most",
        "False",
    ),
    Mutant(
        "that a copy left as an entry is known when it is to grow",
        "copytrade_gui/engine/planning/exits.py",
        "            self._learn(plan.plan_id, exiting)\n",
        "",
    ),
    Mutant(
        "copies that stay smaller than the master's order are named",
        _FOLLOWING,
        "        self._tell_smaller(smaller, change,",
        "        self._tell_smaller([], change,",
    ),
    Mutant(
        "what a master changed while the program was down is named",
        _MASTER,
        "        view = self.unfollowed.named(view)\n",
        "",
    ),
    Mutant(
        "copies do not follow an order that is of another type than they are",
        _FOLLOWING,
        "                (unlike if is_unlike(order, change) else like).append(order)\n",
        "                like.append(order)\n",
    ),
    Mutant(
        "what the broker makes of a stop is no change",
        "copytrade_gui/domain/changed_terms.py",
        "    OrderType.SL: {OrderType.LIMIT},\n",
        "",
    ),
    Mutant(
        "a stop that is a limit at another price was changed by somebody",
        "copytrade_gui/domain/changed_terms.py",
        "before.order_type is not OrderType.SL or (now.price",
        "True or (now.price",
    ),
    Mutant(
        "a quantity that is changed with what the broker makes of an order is followed",
        _FOLLOWING,
        "replace(before, quantity=asked.quantity, trigger=trigger)",
        "replace(before, trigger=trigger)",
    ),
    Mutant(
        "that copies are of another type stands in the list until they no longer are",
        "copytrade_gui/engine/signals/unfollowed.py",
        "return now if waits or other else",
        "return now if waits else",
    ),
    Mutant(
        "it is named once, and stands in the list after further starts",
        "copytrade_gui/engine/signals/unfollowed.py",
        "structs.replace(order, reason=before.reason)",
        "order",
    ),
    Mutant(
        "an order placed elsewhere of which nobody got a copy is not listed as copied",
        "copytrade_gui/engine/signals/unfollowed.py",
        "if any(one.state is State.PLANNED or one.code == COPIES_FILLS for one in copies):",
        "if copies:",
    ),
)
