"""What is copied, price guard, exit rules and drift, set for several followers at once."""

from __future__ import annotations

from datetime import time
from decimal import Decimal

import pytest

from copytrade_gui.domain.drift import ReduceDrift
from copytrade_gui.domain.exit_rule import ExitRules
from copytrade_gui.domain.guard import Beyond, PriceGuard
from copytrade_gui.domain.link import Copies
from copytrade_gui.domain.offset import Offset
from copytrade_gui.services.verbs import RefusedError
from tests.engine.test_exits import F1, F2
from tests.engine.test_links import M, change, link_of, verbs
from tests.proof.rig import Console, world

HALF = Offset(Decimal("0.5"), percent=True)
ONE = Offset(Decimal(1), percent=True)


def test_the_named_fields_are_set_for_all_or_for_none_and_each_link_is_in_the_trail() -> None:
    async def script(console: Console) -> None:
        followers = verbs(console)
        rules = ExitRules(ONE, None, time(15))
        change(console, F1, exits=rules, copies=Copies.FILLS)
        change(console, F2, guard=PriceGuard(ONE, 9, Beyond.LIMIT))
        fields = {"slippage": "0.5%", "delay": "60", "beyond": "wait", "exit_at": ""}
        fields["reduce_drift"] = "Yes"
        await followers.edit_links(M, [F1, F2], fields)
        first, second = link_of(console, F1), link_of(console, F2)
        waits = PriceGuard(HALF, 60, Beyond.WAIT)
        assert (first.guard, first.exits) == (waits, ExitRules(ONE, None, None))
        assert (second.guard, second.exits) == (waits, None)
        assert (first.copies, second.copies) == (Copies.FILLS, Copies.ORDERS)
        assert {first.reduce_drift, second.reduce_drift} == {ReduceDrift.YES}
        assert {one.key: one for one in await console.store.accounts.links()} == {
            one.key: one for one in (first, second)
        }
        await console.store.journal.flush()
        told = await console.store.history.events(10, kind="LinkChanged")
        assert sorted(one.account_id or "" for one in told if one.actor == "operator")[-2:] == [
            F1,
            F2,
        ]
        # What one of them cannot have is set for nobody, and he is named.
        change(console, F1, guard=None)
        with pytest.raises(RefusedError) as refused:
            await followers.edit_links(M, [F2, F1], {"beyond": "limit"})
        assert refused.value.field == "beyond"
        assert refused.value.sentence.startswith(console.engine.lanes[F1].account.name)
        assert link_of(console, F2) == second
        count = len(await console.store.history.events(10, kind="LinkChanged"))
        await followers.edit_links(M, [F2], {"delay": "60"})
        await console.store.journal.flush()
        again = await console.store.history.events(10, kind="LinkChanged")
        assert len(again) == count + 1, "change() above is one; what is so already is none"
        assert await console.store.history.verify() == ()

    with world(2) as made:
        made.live(script)
