"""IIFL's manner, as docs/broker.md has it (9, 16, 17, 21)."""

from __future__ import annotations

import string

from copytrade_gui.domain.capabilities import Capabilities
from copytrade_gui.domain.instrument import Exchange

IIFL = Capabilities(
    # The broker takes 10 orders a second of a session, and as many changes.
    orders_per_second=8,
    changes_per_second=10,
    reads_per_second=2,
    history_per_second=5,
    delivery_on=frozenset({Exchange.NSEEQ, Exchange.BSEEQ}),  # EC956
    no_ioc_on=frozenset({Exchange.MCXCOMM}),  # since March 2026 (docs/broker.md 21.13)
    most_units=50_000_000,  # EC948
    label_length=50,
    # EC984 shows that there is an alphabet, which is not published; these are safe.
    label_characters=frozenset(string.ascii_letters + string.digits + " -_"),
)
