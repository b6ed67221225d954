"""The daily login: the broker's page gives a code, the code gives a session (docs/broker.md 4)."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

_CODE = re.compile(r"[A-Za-z0-9._~-]{4,512}")
_TOKEN = re.compile(r"[\x21-\x7e]{8,8192}")
_CODE_NAMES = ("authcode", "code")
_CLIENT_NAMES = ("clientid", "clientcode")
_CLAIMS = ("preferred_username", "ucc")


def check_sum(client_id: str, auth_code: str, app_secret: str) -> str:
    """Lower-case hex SHA-256 of the three joined without separators (docs/broker.md 4.1)."""
    return hashlib.sha256(f"{client_id}{auth_code}{app_secret}".encode()).hexdigest()


def login_page(address: str, app_key: str, redirect_url: str = "") -> str:
    """The broker's login page for an app; without ``redirect_url`` its registered one is used.

    Better without: the provider decodes the address twice, so ``:`` and ``/`` are left as they are
    (docs/broker.md 21.16).
    """
    query = {"v": "1", "appkey": app_key}
    if redirect_url:
        query["redirecturl"] = redirect_url
    joint = "&" if urlsplit(address).query else "?"
    return f"{address}{joint}{urlencode(query, safe=':/')}"


@dataclass(frozen=True, slots=True)
class LoginReturn:
    """What the browser came back with.

    ``client_id`` is in the broker's own spelling; empty when none came back, or a masked one.
    """

    auth_code: str = field(repr=False)
    client_id: str = ""


def read_login_return(pasted: str) -> LoginReturn | None:
    """Read a pasted redirect address, its query alone, or a bare code; None if it is none of them.

    Parameter names are accepted in any casing and with or without an underscore, ``code`` and
    ``clientcode`` too (docs/broker.md 21.15).
    """
    written = pasted.strip().strip("\"'")
    if _CODE.fullmatch(written) and "=" not in written:
        return LoginReturn(written)
    try:
        parts = urlsplit(written)
    except ValueError:
        return None
    found: dict[str, str] = {}
    for query in (parts.query, parts.fragment, parts.path if "=" in parts.path else ""):
        try:
            pairs = parse_qsl(query.lstrip("?"), max_num_fields=40)
        except ValueError:
            return None
        for name, value in pairs:
            if value.strip():
                found.setdefault(name.lower().replace("_", ""), value.strip())
    code = next((found[name] for name in _CODE_NAMES if name in found), "")
    client_id = next((found[name] for name in _CLIENT_NAMES if name in found), "")
    return LoginReturn(code, whole_id(client_id)) if _CODE.fullmatch(code) else None


def is_login_return(address: str) -> bool:
    """Tell whether an address is one that the broker's page sends a browser to after a login."""
    return read_login_return(address) is not None


def whole_id(client_id: str) -> str:
    """A client id as the broker gives it; empty for one that is masked (``3******1``)."""
    return "" if "*" in client_id else client_id


def client_in(token: str) -> str:
    """The client id that a session token names; empty for a token that cannot be read.

    Nobody here can check the token's signature, so this only ever refuses a session.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return ""
    try:
        claims = msgspec.json.decode(
            base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)), type=dict[str, object]
        )
    except (ValueError, msgspec.DecodeError, RecursionError):
        return ""
    names = (claims.get(name) for name in _CLAIMS)
    return next((whole_id(name.strip()) for name in names if isinstance(name, str) and name), "")


def is_token(text: str) -> bool:
    """Tell whether a session token can stand in a header: visible ASCII, of sane length."""
    return _TOKEN.fullmatch(text) is not None
