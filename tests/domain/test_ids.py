"""Names follow from content, so that a crash and a restart make the same ones."""

import string
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.ids import (
    AccountId,
    AttemptId,
    attempt_id,
    intent_id,
    is_our_tag,
    order_tag,
    plan_id,
    signal_id,
)

KEY = b"k" * 32
TAG_LETTERS = string.ascii_uppercase + "234567"


def test_a_tag_is_repeatable_sixteen_characters_and_notices_one_wrong() -> None:
    tag = order_tag(KEY, AttemptId("P.a.1.1"))
    assert tag == order_tag(KEY, AttemptId("P.a.1.1"))
    assert tag not in {
        order_tag(KEY, AttemptId("P.a.1.2")),
        order_tag(b"j" * 32, AttemptId("P.a.1.1")),
    }
    assert len(tag) == 16
    assert is_our_tag(tag)
    for place, letter in product(range(2, 16), TAG_LETTERS):
        changed = tag[:place] + letter + tag[place + 1 :]
        assert is_our_tag(changed) == (changed == tag)


@given(st.binary(min_size=16, max_size=64), st.text(min_size=1, max_size=80))
def test_every_tag_is_one_of_ours_in_the_signs_that_any_broker_takes(key: bytes, name: str) -> None:
    tag = order_tag(key, AttemptId(name))
    assert is_our_tag(tag)
    assert set(tag) <= set(string.ascii_uppercase + string.digits)


@given(st.text(max_size=20) | st.text(TAG_LETTERS, min_size=16, max_size=16))
def test_whatever_else_a_book_holds_is_read_without_a_surprise(text: str) -> None:
    assert is_our_tag(text) in (True, False)
    assert not is_our_tag(text.lower() + "a")


def test_each_part_of_a_name_makes_another_one() -> None:
    master = AccountId("M")
    signals = {signal_id(master, ref, version) for ref in ("cmd:1", "cmd:2") for version in (1, 2)}
    plans = {plan_id(signal) for signal in signals}
    intents = {intent_id(plan, AccountId(a), n) for plan in plans for a in "AB" for n in (1, 2)}
    attempts = {attempt_id(intent, number) for intent in intents for number in (1, 2)}
    tags = {order_tag(KEY, attempt) for attempt in attempts}
    assert [len(one) for one in (signals, plans, intents, attempts, tags)] == [4, 4, 16, 32, 32]
