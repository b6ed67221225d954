"""The simulator's own paths: its login page for scripts, and its control path with the ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import msgspec

from copytrade_gui.app.paper import SimulatedAccount, SimulatorLine, login_return_of
from copytrade_gui.brokers.http.address import loopback_address
from copytrade_gui.brokers.http.http_call import AnswerLostError, HttpReply, NothingSentError
from copytrade_gui.brokers.http.transport import HttpxCall
from copytrade_gui.brokers.http.trust import tls_context
from copytrade_gui.domain.account import Account
from copytrade_gui.ports import BrokerFailureError, Clock
from copytrade_gui.services.account_store import Enrolled
from copytrade_gui.services.verbs import RefusedError

_TIMEOUT_S = 20.0
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


class LedgerRow(msgspec.Struct, frozen=True):
    """One order the simulator accepted."""

    account: str
    tag: str
    order_id: str
    origin: str
    status: str


class SimulatorControl:
    """Speaks to the simulator beside the broker's own paths."""

    def __init__(self, line: SimulatorLine, http_call: HttpxCall) -> None:
        self._line = line
        self._http_call = http_call

    async def login_return(self, account: Account) -> str:
        """Log in at the login page as a script does; what a browser would come back with.

        Any password will do for simulated clients.
        """
        form = {"clientId": account.client_id, "password": "paper", "appkey": account.app_key}
        reply = await self._call(
            "POST", urlsplit(self._line.login_url).path, _FORM, urlencode(form).encode()
        )
        return login_return_of(reply.body)

    async def ledger(self) -> tuple[LedgerRow, ...]:
        """Every order the simulator accepted: the judge of what we believe."""
        rows: list[LedgerRow] = []
        path = urlsplit(self._line.control_url).path
        while True:
            reply = await self._call("GET", f"{path}/ledger?after={len(rows)}", {}, None)
            page = msgspec.json.decode(reply.body, type=list[LedgerRow])
            rows.extend(page)
            if not page:
                return tuple(rows)

    async def open_accounts(self, masters: int, followers: int) -> tuple[SimulatedAccount, ...]:
        """Open so many more accounts; returns every account there is then.

        Raises:
            BrokerFailureError: the simulator did not answer.
        """
        await self.control("POST", "/accounts", {"count": masters + followers, "masters": masters})
        return await self.accounts()

    async def bring(self, enrolled: Sequence[Enrolled]) -> tuple[SimulatedAccount, ...]:
        """The account of each of ours: who has none there gets one, with the key and secret that
        he goes by here, or new ones.

        Raises:
            BrokerFailureError: the simulator did not answer, or refused.
        """
        if not enrolled:
            return ()
        asked = [
            {"client_id": one.client_id, "app_key": one.app_key, "app_secret": secret}
            for one, secret in enrolled
        ]
        answer = await self.control("POST", "/accounts/brought", asked)
        try:
            return tuple(msgspec.json.decode(answer, type=list[SimulatedAccount]))
        except msgspec.MsgspecError as error:
            raise BrokerFailureError("The paper broker opened no accounts for these.") from error

    async def enrol(self, fresh: Sequence[Enrolled]) -> Sequence[Enrolled]:
        """New accounts of ours with the app key and secret they have at the simulator.

        Raises:
            RefusedError: it did not open them.
        """
        try:
            theirs = await self.bring(fresh)
        except BrokerFailureError as failure:
            raise RefusedError(str(failure)) from failure
        return [
            (replace(one, app_key=there.app_key), there.app_secret)
            for (one, _), there in zip(fresh, theirs, strict=True)
        ]

    async def accounts(self) -> tuple[SimulatedAccount, ...]:
        """Every account there is.

        Raises:
            BrokerFailureError: the simulator did not answer.
        """
        reply = await self._call(
            "GET", f"{urlsplit(self._line.control_url).path}/accounts", {}, None
        )
        return tuple(msgspec.json.decode(reply.body, type=list[SimulatedAccount]))

    async def listed(self, symbol: str) -> bytes:
        """The instruments of a trading symbol, as JSON. Raises BrokerFailureError."""
        path = urlsplit(self._line.control_url).path
        asked = urlencode({"symbol": symbol})
        return (await self._call("GET", f"{path}/instruments?{asked}", {}, None)).body

    async def control(self, method: str, path: str, body: object) -> bytes:
        """One call of the control path with a JSON body; for demos and the bench."""
        base = urlsplit(self._line.control_url).path
        headers = {"Content-Type": "application/json"}
        reply = await self._call(method, base + path, headers, msgspec.json.encode(body))
        return reply.body

    async def act_as_owner(
        self, client_id: str, order_id: str, changes: Mapping[str, str] | None
    ) -> None:
        """Change an order as its owner does at his own terminal; None cancels it.

        ``changes`` are fields of the broker's modify call (docs/broker.md 9.4).

        Raises:
            BrokerFailureError: the broker refused.
        """
        asked: dict[str, object] = {"client_id": client_id, "order_id": order_id}
        what = "cancel" if changes is None else "modify"
        if changes is not None:
            asked["changes"] = changes
        answer = await self.control("POST", f"/owner/{what}", asked)
        if b'"order_id"' not in answer:
            raise BrokerFailureError(f"The broker refused the owner's change of {order_id}.")

    async def _call(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> HttpReply:
        try:
            return await self._http_call.request(
                method, path, headers=headers, body=body, timeout_s=_TIMEOUT_S
            )
        except (NothingSentError, AnswerLostError) as error:
            raise BrokerFailureError(f"The simulated broker did not answer: {error}.") from error


@asynccontextmanager
async def simulator_control(line: SimulatorLine, clock: Clock) -> AsyncIterator[SimulatorControl]:
    """Open the simulator's own paths."""
    parts = urlsplit(line.control_url)
    address = loopback_address(f"{parts.scheme}://{parts.netloc}")
    tls = tls_context(None if line.ca_file is None else Path(line.ca_file), trust=address.tls)
    http_call = HttpxCall(address, clock, tls=tls, orders_path=None)
    try:
        yield SimulatorControl(line, http_call)
    finally:
        await http_call.aclose()
