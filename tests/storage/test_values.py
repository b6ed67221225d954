"""A value that no column can keep is refused, and nothing of it stays behind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from copytrade_gui.domain.records import Plan
from copytrade_gui.ports import JournalFailureError
from copytrade_gui.storage.store import Store
from tests.storage.samples import DAY, first_attempts, make_plan
from tests.storage.test_journal import counted


def with_last(plan: Plan, **changes: object) -> Plan:
    *others, last = plan.intents
    return replace(plan, intents=(*others, structs.replace(last, **changes)))


@pytest.mark.expected_log("a commit failed: A record holds a value")
@pytest.mark.parametrize(
    "spoil",
    [
        lambda plan: with_last(
            plan, terms=replace(plan.intents[-1].terms, quantity=10_000_000_000_000_000_000)
        ),
        lambda plan: with_last(plan, reason="half of a letter: \ud83d"),
    ],
    ids=["a number above 64 bits", "text that is no UTF-8"],
)
async def test_a_plan_that_cannot_be_kept_stands_in_no_other_ones_way(
    store: Store, spoil: object
) -> None:
    assert callable(spoil)
    spoilt = spoil(make_plan())
    with pytest.raises(JournalFailureError, match="A record holds a value that no column can keep"):
        await store.journal.commit_plan(spoilt, first_attempts(spoilt))
    await store.journal.flush()
    assert counted(store, "SELECT count(*) FROM plans") == 0
    good = make_plan()
    assert await store.journal.commit_plan(good, first_attempts(good))
    assert (await store.journal.load(DAY)).plans == (good,)
