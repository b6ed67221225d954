"""What the fields of an account may hold: only what the broker, or a reader, can mean by them.

Every function takes the text as typed or imported, without the spaces around it, and returns one
sentence with field and remedy, or None.
"""

from __future__ import annotations

import re
import unicodedata

from copytrade_gui.domain.typed import BLANK, quoted

MOST_NAME = 100
MOST_CLIENT_ID = 20
MOST_APP_KEY = 64
MOST_APP_SECRET = 512
_LETTERS_AND_DIGITS = re.compile(r"[A-Za-z0-9]+")
_APP_KEY = re.compile(r"[A-Za-z0-9_-]+")
_VISIBLE_ASCII = re.compile(r"[!-~]+")
_VIRAMAS = "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca"
_INDIC, _ARABIC = "[\u0900-\u0dff]", "[\u0620-\u06d3\u0750-\u077f\u08a0-\u08c9]"
_JOINED = re.compile(
    f"(?<=[{_VIRAMAS}])[\u200c\u200d]|(?<={_INDIC})[\u200c\u200d](?=[{_VIRAMAS}])"
    f"|(?<={_ARABIC})\u200c(?={_ARABIC})"
)
"""Zero-width joiners where they shape letters: of Hindi, Malayalam and their kin at a virama, of
Urdu between two letters."""
_WITHOUT_MEANING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def name_problem(name: str) -> str | None:
    """A name is one line that can be read, in any script."""
    return text_problem("Name", name, MOST_NAME) if name else "Name is empty. Write one."


def text_problem(label: str, text: str, most: int) -> str | None:
    """What is wrong with one line of words that a person chose; ``label`` is its field."""
    if not any(letter.isalnum() for letter in text):
        return f"{label} {quoted(text)} has no letter or digit. Write one that can be read."
    if len(text) > most:
        return f"{label} {quoted(text)} has more than {most} characters. Shorten it."
    if unseen(text):
        return (
            f"{label} {quoted(text)} holds a line break or a sign that is not seen. "
            "Write it on one line, by hand."
        )
    return None


def unseen(text: str) -> bool:
    """True if a text holds what does not show on one line, so that two may look alike."""
    left = _JOINED.sub("", text)
    return bool(BLANK.search(left)) or any(
        unicodedata.category(letter) in _WITHOUT_MEANING for letter in left
    )


def client_id_problem(client_id: str) -> str | None:
    """A client id is the broker's: letters and digits (docs/broker.md 4.1, 21.2)."""
    if not client_id:
        return "Client id is empty. Write the broker's client id."
    if len(client_id) > MOST_CLIENT_ID or not _LETTERS_AND_DIGITS.fullmatch(client_id):
        return (
            f"Client id {quoted(client_id)} is not letters and digits as the broker spells it, at "
            f"most {MOST_CLIENT_ID}. If a spreadsheet rewrote it, give its column the format Text."
        )
    return None


def app_key_problem(app_key: str) -> str | None:
    """An app key is letters and digits (15 in samples, docs/broker.md 3), or not known."""
    if app_key and (len(app_key) > MOST_APP_KEY or not _APP_KEY.fullmatch(app_key)):
        return (
            f"App key {quoted(app_key)} is not a key of the broker: letters and digits, at most "
            f"{MOST_APP_KEY}. Copy it again from the broker's page."
        )
    return None


def app_secret_problem(app_secret: str) -> str | None:
    """An app secret is one word (docs/broker.md 3). The sentence never repeats it."""
    if app_secret and (
        len(app_secret) > MOST_APP_SECRET or not _VISIBLE_ASCII.fullmatch(app_secret)
    ):
        return (
            f"App secret must be one word of at most {MOST_APP_SECRET} plain letters, digits and "
            "signs, without a space. Copy it again from the broker's page."
        )
    return None
