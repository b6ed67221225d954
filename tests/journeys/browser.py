"""A person's browser at the simulator's login page: reads it, fills it in, goes where it leads.

The console opens it as any other, by ``xdg-open``. It knows whose app a page is for from the
simulator's accounts file, as the person knows his own client id.
"""

from __future__ import annotations

import html
import json
import re
import sys
import time
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import Request, urlopen

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
_LOOK_S = 0.05
_PATIENCE_S = 120.0


def script(accounts_file: str, hold: Path) -> str:
    """The ``xdg-open`` of a screen whose person takes his time while ``hold`` exists."""
    root = Path(__file__).parents[2]
    return (
        f'#!/bin/sh\ncd "{root}" && exec "{sys.executable}" -m tests.journeys.browser '
        f'"$1" "{accounts_file}" "{hold}"\n'
    )


def main(address: str, accounts_file: str, hold: str) -> None:
    """Log in at the page of this address."""
    while Path(hold).exists():
        time.sleep(_LOOK_S)
    asked = dict(parse_qsl(urlsplit(address).query))
    accounts = json.loads(Path(accounts_file).read_bytes())
    client = next(one["client_id"] for one in accounts if one["app_key"] == asked["appkey"])
    with urlopen(address, timeout=_PATIENCE_S) as reply:  # noqa: S310 - our own loopback
        page = reply.read().decode()
    form = {name: html.unescape(value) for name, value in _HIDDEN.findall(page)}
    form |= {"clientId": client, "password": "any", "totp": ""}
    parts = urlsplit(address)
    send = Request(  # noqa: S310 - our own loopback
        f"{parts.scheme}://{parts.netloc}{parts.path}", urlencode(form).encode()
    )
    with urlopen(send, timeout=_PATIENCE_S) as reply:  # noqa: S310 - our own loopback
        reply.read()


if __name__ == "__main__":
    main(*sys.argv[1:4])
