"""The daily login: the broker's page gives a code, the code gives a session (reference 4)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

_CODE = re.compile(r"[A-Za-z0-9._~-]{4,512}")
_TOKEN = re.compile(r"[\x21-\x7e]{8,8192}")
_CLIENT_NAMES = frozenset({"clientid", "clientcode"})


def check_sum(client_id: str, auth_code: str, app_secret: str) -> str:
    """Lower-case hex SHA-256 of the three joined without separators (reference 4.1, step 4)."""
    return hashlib.sha256(f"{client_id}{auth_code}{app_secret}".encode()).hexdigest()


def login_page(address: str, app_key: str, redirect_url: str = "") -> str:
    """The broker's login page for an app; without ``redirect_url`` its registered one is used."""
    query = {"v": "1", "appkey": app_key}
    if redirect_url:
        query["redirecturl"] = redirect_url
    joint = "&" if urlsplit(address).query else "?"
    return f"{address}{joint}{urlencode(query)}"


@dataclass(frozen=True, slots=True)
class LoginReturn:
    """What the browser came back with. ``client_id`` is empty when only a code was pasted."""

    auth_code: str = field(repr=False)
    client_id: str = ""


def read_login_return(pasted: str) -> LoginReturn | None:
    """Read a pasted redirect address, its query alone, or a bare code; None if it is none of them.

    Parameter names are accepted in any casing, and ``clientcode`` too, as seen live.
    """
    written = pasted.strip().strip("\"'")
    if _CODE.fullmatch(written) and "=" not in written:
        return LoginReturn(written)
    try:
        parts = urlsplit(written)
    except ValueError:
        return None
    code, client_id = "", ""
    for query in (parts.query, parts.fragment, parts.path if "=" in parts.path else ""):
        try:
            pairs = parse_qsl(query.lstrip("?"), max_num_fields=40)
        except ValueError:
            return None
        for name, value in pairs:
            if name.lower() == "authcode":
                code = code or value.strip()
            elif name.lower() in _CLIENT_NAMES:
                client_id = client_id or value.strip()
    return LoginReturn(code, client_id) if _CODE.fullmatch(code) else None


def is_token(text: str) -> bool:
    """Tell whether a session token can stand in a header: visible ASCII, of sane length."""
    return _TOKEN.fullmatch(text) is not None
