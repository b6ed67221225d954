"""Identifiers and the order tag.

Every id is text. Ids of plans, intents and attempts are derived, never drawn, so that a replay
after a crash produces the same ids and the same tags (docs/safety.md 3).
"""

from __future__ import annotations

import base64
import hashlib
import sys
from functools import lru_cache
from operator import mul
from typing import NewType

AccountId = NewType("AccountId", str)
"""Our own name of an account; stable for its life, never the broker's client id."""
SignalId = NewType("SignalId", str)
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
TAG_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
"""Base32: letters and digits that no label of an order escapes."""
_LETTERS = TAG_CHARACTERS.encode("ascii")
_NUMBERS = bytes(max(_LETTERS.find(code), 0) for code in range(256))  # 'A' is 0, '7' is 31
_LETTER_OF = bytes(_LETTERS[byte & 31] for byte in range(256))
_WEIGHTS = tuple(range(1, 2 * TAG_LENGTH, 2))
_PREFIX_WEIGHT = sum(map(mul, _WEIGHTS, TAG_PREFIX.encode("ascii").translate(_NUMBERS)))
_BODY_WEIGHTS = _WEIGHTS[len(TAG_PREFIX) : -1]
_HASHED = len(_BODY_WEIGHTS)


def signal_id(master: AccountId, order_ref: str, version: int) -> SignalId:
    """Name what asks for orders: a version of one thing of a master's (see ``records.Signal``)."""
    return SignalId(f"{master}/{order_ref}/{version}")


def seen_command(master_id: AccountId, order_id: str) -> CommandId:
    """The command under which an order that a master placed elsewhere is copied, once."""
    return CommandId(f"seen:{master_id}:{order_id}")


def fill_command(plan: PlanId, total: int) -> CommandId:
    """The command under which a growth of what a master's order has filled is copied, once.

    ``plan`` is the order's own; ``total`` are the units that it has filled with this growth.
    """
    return CommandId(f"fill:{plan}:{total}")


def plan_id(signal: SignalId) -> PlanId:
    """Derive the one plan a signal may have."""
    digest = hashlib.blake2b(signal.encode(), digest_size=10).digest()
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
    hashed = _keyed(installation_key).copy()
    hashed.update(attempt.encode())
    digest = hashed.digest()
    # A character from the low five bits of each byte. In the weighted sum the other bits are
    # multiples of 32, so the bytes themselves do for the check character: 500 followers wait.
    check = _PREFIX_WEIGHT + sum(map(mul, _BODY_WEIGHTS, digest))
    body = digest.translate(_LETTER_OF).decode("ascii")
    return Tag(sys.intern(f"{TAG_PREFIX}{body}{TAG_CHARACTERS[check % 32]}"))


@lru_cache(maxsize=8)
def _keyed(installation_key: bytes) -> hashlib.blake2b:
    """The hash that has taken in the key and nothing else: a copy of it is made for each tag."""
    return hashlib.blake2b(digest_size=_HASHED, key=installation_key)


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
    return TAG_CHARACTERS[sum(map(mul, _WEIGHTS, numbers)) % 32]
