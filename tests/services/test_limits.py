"""Limits as a person sets them: in force for the next order, in the trail, and after a restart."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.checks.limit_fields import LIMIT_FIELDS, looser, read_limits
from copytrade_gui.domain.checks.limits import NO_LIMITS, PAPER_LIMITS, Limits
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import Side, State
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.services.limits import LimitEdits
from copytrade_gui.services.verbs import RefusedError
from tests.engine.test_exits import F1, press, ticket
from tests.proof.rig import Console, world

SETTINGS = EngineSettings(limits=replace(PAPER_LIMITS, collar=None, same_again_ms=None))
BOUNDED = replace(
    SETTINGS,
    limits=replace(SETTINGS.limits, day_loss=Paise(20_000_00), equity_floor=Paise(1_00_000_00)),
)


def edits(console: Console) -> LimitEdits:
    return LimitEdits(console.engine, console.store.journal, console.world.clock)


async def in_force(console: Console) -> dict[str, State]:
    """What becomes of one order, account by account."""
    console.log_all_in()
    await console.world.clock.sleep(5)
    console.see_price()
    orders = await press(console, ticket(console.world, Side.BUY))
    return {name: order.state for name, order in orders.items()}


def test_what_was_set_holds_at_once_and_after_a_restart_and_stands_in_the_trail() -> None:
    async def script(console: Console) -> None:
        verbs = edits(console)
        await verbs.set_limits(None, {"orders_a_day": "20"}, "New month", CommandId("c1"))
        await verbs.set_limits(F1, {"order_value": "1"}, "He asked for it", CommandId("c2"))
        await verbs.set_limits(None, {"orders_a_day": "30"}, "Too few", CommandId("c3"))
        # The same press again, after another edit, sets nothing.
        await verbs.set_limits(None, {"orders_a_day": "20"}, "New month", CommandId("c1"))
        states = await in_force(console)
        assert states.pop(F1) is State.BLOCKED
        assert set(states.values()) == {State.FILLED}
        await console.store.journal.flush()
        facts = await console.store.history.events(1_000, kind="Command")
        assert [(one.actor, one.reason) for one in facts] == [
            ("operator", "Too few"), ("operator", "He asked for it"), ("operator", "New month"),
        ]  # fmt: skip
        edit = json.loads(json.loads(facts[0].body)["subject"])
        assert (edit["before"]["orders_a_day"], edit["after"]["orders_a_day"]) == (20, 30)
        assert await console.store.history.verify() == ()

    async def after(console: Console) -> None:
        shown = await edits(console).limits()
        assert shown.of_all == replace(SETTINGS.limits, orders_a_day=30)
        assert shown.first == SETTINGS.limits
        assert shown.own == {F1: replace(NO_LIMITS, order_value=Paise(100))}
        assert (await in_force(console))[F1] is State.BLOCKED
        await edits(console).set_limits(F1, {"order_value": ""}, "Back", CommandId("c4"))

    async def at_last(console: Console) -> None:
        assert (await edits(console).limits()).own == {}
        assert set((await in_force(console)).values()) == {State.FILLED}

    with world(2, settings=SETTINGS) as made:
        made.live(script)
        made.live(after)
        made.live(at_last)


@pytest.mark.parametrize(
    ("account", "typed", "why", "field", "words"),
    [
        (None, {"open_orders": "0,5"}, "x", "open_orders", "is not a number; write a whole number"),
        (None, {"open_orders": "0"}, "x", "open_orders", "must be above 0"),
        (None, {"order_value": "5L and more"}, "x", "order_value", "is not a number"),
        (None, {"order_value": "10.5"}, "x", "order_value", "is not a whole number"),
        (None, {"open_orders": "40"}, " ", "reason", "Say why"),
        (None, {"open_orders": "50"}, "x", "", "Nothing is different"),
        (F1, {"open_orders": "51"}, "x", "open_orders", "For all accounts it is 50 orders"),
        (AccountId("gone"), {"open_orders": "5"}, "x", "", "not here any more"),
        (None, {"lock_from": "5000"}, "x", "lock_back", "how far the profit may fall back"),
        (F1, {"lock_back": "5000"}, "x", "lock_from", "from which profit on it is kept"),
        (
            None,
            {"all_lock_from": "5000", "all_lock_back": "6000"},
            "x",
            "all_lock_back",
            "above ₹5,000",
        ),
        (
            F1,
            {"day_loss": "20001"},
            "x",
            "day_loss",
            "it is ₹20,000, and one account's limit can only be lower",
        ),
        (F1, {"equity_floor": "99999"}, "x", "equity_floor", "can only be higher. Write more"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_sets_nothing(
    account: AccountId | None, typed: dict[str, str], why: str, field: str, words: str
) -> None:
    async def script(console: Console) -> None:
        verbs = edits(console)
        before = await verbs.limits()
        with pytest.raises(RefusedError) as refused:
            await verbs.set_limits(account, typed, why, CommandId("c1"))
        assert (refused.value.field, words in refused.value.sentence) == (field, True)
        assert await verbs.limits() == before
        assert (await console.store.journal.load(console.engine.hours.now.date())).limits == {}

    with world(1, settings=BOUNDED) as made:
        made.live(script)


TYPED = {one.name: st.none() | st.integers(1, one.bounds.most) for one in LIMIT_FIELDS}


@given(st.fixed_dictionaries(TYPED), st.data())
def test_a_form_read_back_is_what_it_showed(
    values: dict[str, int | None], data: st.DataObject
) -> None:
    factors = {one.name: 100 if one.in_rupees else 1 for one in LIMIT_FIELDS}
    scaled = {name: None if n is None else n * factors[name] for name, n in values.items()}
    for prefix in ("", "all_"):  # a profit that is kept has both numbers
        begins, back = scaled[f"{prefix}lock_from"], scaled[f"{prefix}lock_back"]
        both = None not in (begins, back)
        scaled[f"{prefix}lock_from"] = max(begins or 0, back or 0) if both else None
        scaled[f"{prefix}lock_back"] = min(begins or 0, back or 0) if both else None
    limits = replace(NO_LIMITS, **scaled)  # type: ignore[arg-type]  # paise are integers
    typed = {one.name: one.typed(limits) for one in LIMIT_FIELDS}
    assert read_limits(typed, Limits()) == limits
    names = [one.name for one in LIMIT_FIELDS if "lock" not in one.name]
    shown = data.draw(st.sets(st.sampled_from(names)))
    read = read_limits({name: typed[name] for name in shown}, Limits())
    assert isinstance(read, Limits)
    for name in typed:
        assert getattr(read, name) == getattr(limits if name in shown else Limits(), name)
    found = {one.field for one in looser(limits, Limits())}
    assert (not found) is (Limits().tightened(limits) == _with(Limits(), limits))


def _with(of_all: Limits, own: Limits) -> Limits:
    """``own`` where it is set, else those of all."""
    set_there = {one.name: getattr(own, one.name) for one in LIMIT_FIELDS}
    return replace(
        of_all, **{name: value for name, value in set_there.items() if value is not None}
    )


def test_every_limit_has_its_field() -> None:
    assert {one.name for one in LIMIT_FIELDS} == set(Limits.__dataclass_fields__)
