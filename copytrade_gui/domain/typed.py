"""Text of any length from a person, a file or a broker, and many names, fit for a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST_QUOTE = 40
"""Characters of somebody's input that a sentence repeats."""
BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters, marks and a sign that are drawn as nothing (Unicode's Default_Ignorable_Code_Point)."""


def cut(text: str, longest: int) -> str:
    """The text on one line, at most ``longest`` characters; ``…`` stands for what was cut off."""
    begun = text[: longest + 1]
    shown = "".join(
        letter if letter.isprintable() and not BLANK.match(letter) else ascii(letter)[1:-1]
        for letter in begun  # \n, \u200b: seen, not obeyed
    )
    return shown if len(shown) <= longest and len(begun) == len(text) else f"{shown[:longest]}…"


def quoted(text: str) -> str:
    """The text as typed, between quotation marks: ``"0,5"``."""
    return f'"{cut(text, LONGEST_QUOTE)}"'


def listed(names: Sequence[str], most: int) -> str:
    """``Asha, Ravi and 3 more``: the first names, as they stand."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most:,} more"
