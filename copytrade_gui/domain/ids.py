"""Identifiers and the order tag.

Every id is text. Ids of plans, intents and attempts are derived, never drawn, so that a replay
after a crash produces the same ids and the same tags (order-safety section 3).
"""

from __future__ import annotations

import base64
import hashlib
from operator import mul
from typing import NewType

AccountId = NewType("AccountId", str)
"""Our own name of an account; stable for its life, never the broker's client id."""
ActionId = NewType("ActionId", str)
PlanId = NewType("PlanId", str)
IntentId = NewType("IntentId", str)
AttemptId = NewType("AttemptId", str)
BrokerOrderId = NewType("BrokerOrderId", str)
"""The broker's order number; checked against ``[A-Za-z0-9_-]{1,40}`` before it enters a URL."""
CommandId = NewType("CommandId", str)
"""Made when a dialog or ticket opens, so that a second press of its button is the same command."""
TradeId = NewType("TradeId", str)
Tag = NewType("Tag", str)
"""The 16 characters that travel in IIFL's ``orderTag`` and come back in the order book."""

TAG_PREFIX = "CT"
TAG_LENGTH = 16
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_PAIRS = tuple(high + low for high in _ALPHABET for low in _ALPHABET)
_LETTERS = _ALPHABET.encode("ascii")
_NUMBERS = bytes(max(_LETTERS.find(code), 0) for code in range(256))  # 'A' is 0, '7' is 31
_WEIGHTS = tuple(range(1, 2 * TAG_LENGTH, 2))


def _weigh(place: int) -> tuple[int, ...]:
    """What each pair of characters at ``place`` adds to the number behind the check character."""
    high, low = _WEIGHTS[place], _WEIGHTS[place + 1]
    return tuple(high * (pair >> 5) + low * (pair & 31) for pair in range(1024))


_PREFIX_WEIGHT = sum(map(mul, _WEIGHTS, TAG_PREFIX.encode("ascii").translate(_NUMBERS)))
_WEIGH_2, _WEIGH_4, _WEIGH_6, _WEIGH_8, _WEIGH_10, _WEIGH_12 = map(_weigh, range(2, 14, 2))


def action_id(master: AccountId, order_ref: str, version: int) -> ActionId:
    """Name a version of a master order; ``order_ref`` is the broker's id or ``cmd:<command>``."""
    return ActionId(f"{master}/{order_ref}/{version}")


def plan_id(action: ActionId) -> PlanId:
    """Derive the one plan an action may have."""
    digest = hashlib.blake2b(action.encode(), digest_size=10).digest()
    return PlanId("P" + base64.b32encode(digest).decode("ascii"))


def intent_id(plan: PlanId, account: AccountId, slice_number: int) -> IntentId:
    """Name one account's share of a plan; slices count from 1."""
    return IntentId(f"{plan}.{account}.{slice_number}")


def attempt_id(intent: IntentId, number: int) -> AttemptId:
    """Name the ``number``-th request made for an intent; numbers count from 1."""
    return AttemptId(f"{intent}.{number}")


def order_tag(installation_key: bytes, attempt: AttemptId) -> Tag:
    """Derive an attempt's tag: prefix, 13 base32 characters of a keyed hash, a check character.

    ``installation_key`` (16 to 64 bytes, secret to this installation and database epoch) keeps
    two machines that copy the same account from ever producing one tag.
    """
    digest = hashlib.blake2b(attempt.encode(), digest_size=9, key=installation_key).digest()
    # The first 65 of its 72 bits in base32, two characters at a time, and the check character
    # from tables: written as a loop, as ``_check_character`` is, this costs 500 followers a
    # millisecond more.
    bits = int.from_bytes(digest, "big")
    a, b, c = bits >> 62, bits >> 52 & 1023, bits >> 42 & 1023
    d, e, f, last = bits >> 32 & 1023, bits >> 22 & 1023, bits >> 12 & 1023, bits >> 7 & 31
    check = (
        _PREFIX_WEIGHT
        + _WEIGH_2[a] + _WEIGH_4[b] + _WEIGH_6[c] + _WEIGH_8[d] + _WEIGH_10[e] + _WEIGH_12[f]
        + _WEIGHTS[14] * last
    )  # fmt: skip
    pairs, letters = _PAIRS, _ALPHABET
    return Tag(
        f"{TAG_PREFIX}{pairs[a]}{pairs[b]}{pairs[c]}{pairs[d]}{pairs[e]}{pairs[f]}"
        f"{letters[last]}{letters[check % 32]}"
    )


def is_our_tag(text: str) -> bool:
    """Tell whether ``text`` is a well-formed tag of this program (of any installation)."""
    return (
        len(text) == TAG_LENGTH
        and text.isascii()
        and not text.encode("ascii").translate(None, _LETTERS)
        and text.startswith(TAG_PREFIX)
        and text[-1] == _check_character(text[:-1])
    )


def _check_character(body: str) -> str:
    # Odd weights are invertible modulo 32, so every single changed character is noticed.
    numbers = body.encode("ascii").translate(_NUMBERS)
    return _ALPHABET[sum(map(mul, _WEIGHTS, numbers)) % 32]
