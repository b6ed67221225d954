"""The rules of waiting for a price and of catching up, each broken on purpose."""

from __future__ import annotations

from tests.proof.mutants import Mutant

_ENGINE = "copytrade_gui/engine/"
_CATCHING_UP = f"{_ENGINE}signals/catching_up.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "what a short margin leaves of a copy waits for its price as well",
        f"{_ENGINE}planning/share_checks.py",
        "    if sized.code == AWAITS_PRICE:",
        "    if False:",
    ),
    Mutant(
        "an exit of the master ends what waits for a price to enter",
        f"{_ENGINE}sending/price_waits.py",
        "named is None or order.intent.account_id in named",
        "named is not None and order.intent.account_id in named",
    ),
    Mutant(
        "who has an order that is tried again does not catch up as well",
        _CATCHING_UP,
        "return not order.state.ended or self._exits.orders.waits(order)",
        "return not order.state.ended",
    ),
    Mutant(
        "what copies hold already is not placed again",
        _CATCHING_UP,
        "lacking, excess = difference(line.share, copied, lot)",
        "lacking, excess = difference(line.share, 0, lot)",
    ),
    Mutant(
        "what may still be copied from elsewhere is decided first",
        _CATCHING_UP,
        "if seen.became in _OPEN and (seen.filled_quantity or not seen.gone):",
        "if seen.became in _OPEN and not seen.quantity:",
    ),
    Mutant(
        "what followers were caught up with is not copied as well",
        f"{_ENGINE}signals/caught_up.py",
        "return (Seen.CAUGHT_UP, why) if why else None",
        "return None",
    ),
    Mutant(
        "of an order that the master took back only what it filled is copied",
        f"{_ENGINE}signals/master.py",
        "            terms = replace(terms, quantity=row.filled_quantity)",
        "            pass",
    ),
)
