"""A refusal leaves one line in the log, with its sentence and field, and passes through."""

import logging

import pytest

from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.verbs import RefusedError


@refusals_logged
async def place(quantity: str) -> int:
    if quantity == "ten":
        raise RefusedError('Quantity "ten" is no number. Write 10.', field="quantity")
    return int(quantity)


async def test_a_refusal_is_logged_once_and_reaches_who_asked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    with pytest.raises(RefusedError) as refused:
        await place("ten")
    assert refused.value.field == "quantity"
    assert caplog.messages == ['place refused: Quantity "ten" is no number. Write 10. (quantity)']


async def test_what_is_done_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert await place("10") == 10
    assert caplog.messages == []
