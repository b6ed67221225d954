"""The quantity that is typed again to confirm an order a check holds."""

from __future__ import annotations

from copytrade_gui.domain.draft import Draft, read_quantity
from copytrade_gui.domain.number import NotANumber
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.services.verbs import RefusedError


def typed_units(confirmed: str, draft: Draft, terms: OrderTerms) -> int | None:
    """The quantity in units that was typed to confirm, None if nothing was.

    Raises RefusedError: another quantity than the ticket's.
    """
    if not confirmed.strip():
        return None
    read = read_quantity(confirmed, in_lots=draft.in_lots)
    if isinstance(read, NotANumber):
        raise RefusedError(read.sentence, field="quantity", code="hold")
    units = int(read.value) * (terms.instrument.lot_size if draft.in_lots else 1)
    if units != terms.quantity:
        raise RefusedError(
            f"Quantity must be {draft.quantity.strip()}, as on the ticket. Type it, or go back.",
            field="quantity",
            code="hold",
        )
    return units
