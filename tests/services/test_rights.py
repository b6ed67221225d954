"""What a broker's profile lets an account trade, from the login to the verdict of its copy.

The simulated broker tells it in the profile and enforces it. So an order that we kept back costs
nothing, and one that we did not know of is rejected there: its ledger judges both.
"""

from __future__ import annotations

from collections.abc import Callable

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.rights import Rights
from copytrade_gui.services.sessions import Sessions
from copytrade_gui.simulator.accounts import Account as Client
from copytrade_gui.storage.secrets.paper_secrets import PaperSecrets
from tests.engine.test_every_check import left, place
from tests.engine.test_exits import F1, F2, position
from tests.engine.test_leaving import begin
from tests.proof.rig import Console, world
from tests.services.test_sessions import NOWHERE, keep_secrets

M = AccountId("M")


async def logged_in(console: Console) -> Sessions:
    """Everybody logs in as a person does, at the service of the window."""
    secrets, clock = PaperSecrets(), console.world.clock
    await keep_secrets(console, secrets)
    logins = Sessions(console.engine, console.broker, secrets, clock, None, NOWHERE)
    for account in console.world.accounts:
        code = console.world.broker.issue_code(account.client_id)
        status = await logins.finish_login(account.account_id, code)
        assert status.session is SessionState.READY
    return logins


def client(console: Console, account: AccountId) -> Client:
    return console.world.broker.desk.accounts[console.world.account(account).client_id]


def played(arrange: Callable[[Console], None], code: str, words: str) -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begin(console)
        arrange(console)
        logins = await logged_in(console)
        await made.clock.sleep(2)
        console.see_price()
        await place(console, made.terms(quantity=4, away=60))
        await made.clock.sleep(2)
        orders = {one.intent.account_id: one for one in engine.book}
        assert (orders[F1].state, orders[F1].code) == (State.BLOCKED, code)
        assert words in orders[F1].reason
        assert {orders[M].state, orders[F2].state} == {State.WORKING}
        assert left(console) == 2
        # The broker enables it, and the next login tells that.
        client(console, F1).exchanges = client(console, F2).exchanges
        client(console, F1).products = client(console, F2).products
        await logins.close()
        logins = await logged_in(console)
        await made.clock.sleep(2)
        console.see_price()
        await place(console, made.terms(quantity=4, away=70))
        await made.clock.sleep(2)
        assert left(console) == 5
        await logins.close()

    with world(2) as made:
        made.live(script)


def test_a_segment_that_is_not_enabled_is_that_followers_verdict_before_anything_is_sent() -> None:
    def arrange(console: Console) -> None:
        client(console, F1).exchanges = ["NSEFO", "MCXCOMM"]

    played(arrange, code="segment", words="has not enabled NSE shares (NSEEQ)")


def test_a_product_that_is_not_allowed_is_that_followers_verdict_too() -> None:
    def arrange(console: Console) -> None:
        client(console, F1).products = ["DELIVERY", "NORMAL"]

    played(arrange, code="product", words="it may use DELIVERY, NORMAL")


def test_what_was_not_read_is_the_brokers_to_refuse_and_an_exit_is_never_kept_in() -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begin(console)
        console.see_price()
        await place(console, made.terms(quantity=4, away=-20))
        await made.clock.sleep(3)
        assert position(made, 1) > 0
        # Told to the program, and not enforced at the broker: the copy still gets out.
        engine.note_rights(F1, Rights(("NSEFO",), ("NORMAL",)))
        console.see_price()
        await place(console, made.terms(quantity=4, away=-20, side=Side.SELL))
        await made.clock.sleep(3)
        assert position(made, 1) == 0
        # Enforced at the broker, and not told: its own words are the verdict.
        client(console, F2).products = ["DELIVERY"]
        console.see_price()
        await place(console, made.terms(quantity=4, away=60))
        await made.clock.sleep(3)
        refused = [one for one in engine.book if one.state is State.REJECTED]
        assert [one.intent.account_id for one in refused] == [F2]
        assert "not enabled on product" in refused[0].reason

    with world(2) as made:
        made.live(script)
