"""Logging in at the simulated broker's own page, the way a person does."""

import base64
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import msgspec
import pytest

from copytrade_gui.brokers.iifl.auth import client_in
from copytrade_gui.brokers.iifl.session import IiflSession
from copytrade_gui.domain.account import Account
from copytrade_gui.ports import BrokerFailureError
from copytrade_gui.simulator.broker import SimulatedBroker
from copytrade_gui.simulator.config import SimulatorConfig
from copytrade_gui.simulator.wire import Request
from tests.brokers.stand import Stand, standing

LETTERED = 5
"""The place of an account whose client id has letters: KX10006."""


def at_the_page(stand: Stand, account: Account, typed: str = "") -> str:
    """Follow the link, type, and paste the address the browser ends at."""
    asked = urlsplit(stand.broker.login_url(account)).query
    form = {"clientId": typed or account.client_id, "password": "any", "redirecturl": BACK}
    reply = stand.simulated.handle(
        Request("POST", "/login", asked, {}, urlencode(form).encode(), "127.0.0.1")
    )
    return dict(reply.headers)["location"]


BACK = "http://127.0.0.1:1/back"


async def log_in(stand: Stand, account: Account, pasted: str) -> IiflSession:
    app = stand.simulated.desk.apps[account.app_key]
    return stand.broker.session(
        account, await stand.broker.exchange_code(account, app.secret, pasted)
    )


@pytest.mark.parametrize("names", ["camel", "lower", "snake", "short", "nobody"])
@pytest.mark.parametrize("returned", ["stored", "upper", "lower"])
@pytest.mark.parametrize("mine", ["KX10006", "kx10006"])
async def test_one_client_in_every_spelling(
    cache: Path, names: str, returned: str, mine: str
) -> None:
    switches = {"redirect_names": names, "returned_id": returned}
    async with standing(cache, switches=switches, accounts=6) as stand:
        account = replace(stand.account(LETTERED), client_id=mine)
        pasted = at_the_page(stand, account)
        if names == "nobody" and mine == "kx10006":
            return  # nobody told us the broker's spelling, which the checksum is made of
        session = await log_in(stand, account, pasted)
        assert (await session.order_book()).whole


async def test_another_clients_login_is_refused_before_and_after_the_exchange(cache: Path) -> None:
    async with standing(cache, accounts=6) as stand:
        mine, other = stand.account(0), stand.account(1)
        with pytest.raises(BrokerFailureError, match="another client than Ravi's"):
            await log_in(stand, mine, at_the_page(stand, other))
        # No id came back, and the code is the other one's: only the session's own name tells.
        stolen = replace(other, client_id=mine.client_id)
        code = stand.simulated.issue_code(other.client_id)
        stand.simulated.desk.codes[code].returned_id = mine.client_id
        with pytest.raises(BrokerFailureError, match="another client than Ravi's"):
            await log_in(stand, stolen, code)


@pytest.mark.parametrize("masked", [True, False])
async def test_a_masked_id_is_taken_for_none(cache: Path, masked: bool) -> None:
    async with standing(cache, switches={"masked_profile": masked}) as stand:
        profile = await (await stand.login()).profile()
        assert profile.client_id == ("" if masked else stand.account().client_id)


def token_of(claims: object) -> str:
    middle = base64.urlsafe_b64encode(msgspec.json.encode(claims)).rstrip(b"=").decode()
    return f"e30.{middle}.sig"


@pytest.mark.parametrize(
    ("token", "client"),
    [
        (token_of({"preferred_username": "kx1", "ucc": "KX1"}), "kx1"),
        (token_of({"ucc": "KX1"}), "KX1"),
        (token_of({"preferred_username": "k****1"}), ""),
        (token_of({"preferred_username": 5}), ""),
        (token_of({}), ""),
        (token_of([]), ""),
        ("opaque-token", ""),
        ("a.b.c", ""),
        ("e30.=.c", ""),
        ("a.é.c", ""),
    ],
)
def test_the_client_a_token_names(token: str, client: str) -> None:
    assert client_in(token) == client


def test_the_simulators_token_is_read() -> None:
    broker = SimulatedBroker(SimulatorConfig(accounts=6), lambda: 1_795_494_600_000_000_000)
    assert client_in(broker.open_session("KX10006")) == "kx10006"
