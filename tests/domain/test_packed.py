"""What is packed comes back as it was, whatever it is like."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.divergence import Change, Divergence
from copytrade_gui.domain.ids import AccountId, AttemptId, BrokerOrderId, IntentId, PlanId, Tag
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, InstrumentKind
from copytrade_gui.domain.order import OrderTerms, OrderType, Product, Side, State, Validity
from copytrade_gui.domain.packed import Form, Packed
from copytrade_gui.domain.records import OrderView, Timing

texts = st.text(max_size=8) | st.sampled_from(["", "RMS: margin exceeds", "PA.F001.1"])
moments = st.integers(0, 2**62)
prices = st.none() | st.decimals(-(10**6), 10**6, places=2)
instruments = st.builds(
    Instrument,
    st.builds(InstrumentKey, st.sampled_from(Exchange), texts),
    texts, texts, texts,
    st.sampled_from(InstrumentKind),
    st.integers(1, 5_000),
    st.just(Decimal("0.05")),
    prices,
    st.none() | st.dates(),
)  # fmt: skip
terms = st.builds(
    OrderTerms,
    instruments,
    st.sampled_from(Side),
    st.integers(1, 10**7),
    st.sampled_from(Product),
    st.sampled_from(OrderType),
    st.sampled_from(Validity),
    prices, prices, prices,
)  # fmt: skip
diverged = st.builds(
    Divergence,
    st.integers(0, 10**7),
    st.lists(st.builds(Change, texts, texts, texts), max_size=3).map(tuple),
    st.booleans(),
    moments,
    moments,
)
views = st.builds(
    OrderView,
    texts.map(PlanId),
    texts.map(IntentId),
    texts.map(AccountId),
    st.sampled_from(Role),
    terms,
    st.sampled_from(State),
    texts,
    texts,
    st.none() | texts.map(AttemptId),
    st.integers(0, 9),
    st.none() | texts.map(Tag),
    st.none() | texts.map(BrokerOrderId),
    st.integers(0, 10**7),
    prices,
    st.none() | st.builds(Timing, moments, moments, moments),
    moments,
    st.booleans(),
    st.none() | diverged,
)
FORM = Form(OrderView)


@settings(max_examples=40)
@given(st.lists(views, min_size=1, max_size=4), st.data())
def test_every_value_comes_back_alone_and_in_its_place(
    values: list[OrderView], data: st.DataObject
) -> None:
    packed = Packed(FORM, FORM.raw(values[0]))
    cut = data.draw(st.integers(0, len(values)))
    for part in (values[:cut], values[cut:]):
        packed.extend(map(FORM.raw, part))
    place = data.draw(st.integers(0, len(values) - 1))
    assert packed[place] == values[place]
    assert list(packed) == values
    assert len(packed) == len(values)


def test_what_would_come_back_as_something_else_is_not_taken() -> None:
    form = Form(dict)
    packed = Packed(form, b"")
    with pytest.raises(ValueError, match="come back"):
        # The second is {"a": 1}, not as msgspec writes it.
        packed.extend([form.raw({"a": 2}), b"\x81\xa1a\xcc\x01"])
    assert len(packed) == 0
