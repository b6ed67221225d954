"""What a profile's words deny, and that a word nobody knows denies nothing."""

from __future__ import annotations

import pytest

from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.domain.order import Product
from copytrade_gui.domain.rights import Rights

MCX, EQUITY = Exchange.MCXCOMM, Exchange.NSEEQ


@pytest.mark.parametrize(
    ("words", "denied"),
    [
        (("NSEEQ", "NSEFO"), {MCX}),
        ((" nseeq ", "mcxcomm"), set()),
        (("NSE", "MCX"), set()),
        (("NSE",), {MCX}),
        (("MCX",), {EQUITY}),
        ((), set()),
        (("",), set()),
        (("NSEEQ", "NSE_SLBM"), set()),
    ],
)
def test_a_segment_is_denied_where_every_word_is_known_and_none_names_it(
    words: tuple[str, ...], denied: set[Exchange]
) -> None:
    rights = Rights(words)
    for exchange in (EQUITY, MCX):
        why = rights.why_not_segment(exchange)
        assert bool(why) is (exchange in denied)
        if why:
            assert f"({exchange})" in why
            assert why.endswith("Have it enabled at the broker, then log the account in again.")


def test_a_product_is_denied_with_those_that_are_not() -> None:
    rights = Rights(products=("NORMAL", "intraday"))
    assert not rights.why_not_product(Product.INTRADAY)
    assert "may use INTRADAY, NORMAL" in rights.why_not_product(Product.DELIVERY)
    assert not Rights(products=("NORMAL", "MTF")).why_not_product(Product.DELIVERY)


def test_what_it_may_trade_in_words() -> None:
    assert Rights(("NSEEQ", "BSEEQ", "NSEFO"), ("NORMAL",)).kinds == "Shares, futures and options"
    assert Rights(("NSEEQ",), ()).in_words == "NSEEQ; not told"
    assert Rights().kinds == "Not told"
