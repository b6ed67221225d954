"""A master account is mended or removed: what was mistyped is put right, and nobody is orphaned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.basis import Basis
from copytrade_gui.domain.events import AccountEdited, Event
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.recipients import MASTER_ALONE
from copytrade_gui.domain.route import RouteKind
from copytrade_gui.services.account_store import APP_SECRET
from copytrade_gui.services.follower_verbs import FollowerDraft
from copytrade_gui.services.followers import Followers
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.storage.secrets.paper_secrets import PaperSecrets
from tests.proof.rig import Console, world
from tests.services.rig import Services, on_a_console
from tests.services.test_followers import F1, stored
from tests.services.test_sessions import M, code, keep_secrets, sessions, state

NEW = FollowerDraft("Second", "MX77", "key-1", "first-secret")


def told(here: Services) -> list[str]:
    words: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, AccountEdited):
            words.append(event.words)

    here.engine.bus.subscribe(hear)
    return words


def test_a_master_is_mended_and_an_empty_secret_keeps_the_one_that_is_stored() -> None:
    async def script(here: Services) -> None:
        words = told(here)
        made = await here.followers.add_master(NEW)
        name = made.account_id
        draft = FollowerDraft(
            name="Second desk", app_key="key-2", basis="self", algo_id="A1",
            registered_addresses="203.0.113.7", address_family="ipv4",
        )  # fmt: skip
        after = await here.followers.edit_master(name, draft)
        assert (after.name, after.client_id, after.app_key) == ("Second desk", "MX77", "key-2")
        assert (after.declared.basis, after.declared.algo_id) == (Basis.SELF, "A1")
        assert after.route.registered == ("203.0.113.7",)
        assert (await stored(here))[name] == after == here.engine.account(name)
        assert await here.secrets.get(name, APP_SECRET) == "first-secret"
        await here.followers.edit_master(name, FollowerDraft(app_secret="second-secret"))
        assert await here.secrets.get(name, APP_SECRET) == "second-secret"
        assert words == [
            "Second (client MX77) was added.",
            "Second desk: name Second becomes Second desk; app key replaced.",
            "Second desk: app secret entered.",
        ]
        await here.followers.take_back_master(made, after)
        assert (await stored(here))[name] == made

    on_a_console(script)


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (FollowerDraft(client_id="MX78"), "client_id"),
        (FollowerDraft(name=" "), "name"),
        (FollowerDraft(app_key="a key with \n"), "app_key"),
        (FollowerDraft(route="source", route_address="nowhere"), "route_address"),
        (FollowerDraft(basis="family"), "basis_reference"),
        (FollowerDraft(is_master=False), "is_master"),
    ],
)
def test_a_wrong_field_of_a_master_is_refused_by_name_and_nothing_changes(
    draft: FollowerDraft, field: str
) -> None:
    async def script(here: Services) -> None:
        before = await stored(here)
        with pytest.raises(RefusedError) as refused:
            await here.followers.edit_master(here.world.master, replace(draft, app_secret="new"))
        assert refused.value.field == field
        assert await stored(here) == before
        assert await here.secrets.get(here.world.master, APP_SECRET) is None

    on_a_console(script)


def test_a_mistyped_secret_and_another_route_are_mended_without_adding_anybody() -> None:
    """The broker takes the login then; with another route the session is opened anew."""

    async def script(console: Console) -> None:
        secrets = PaperSecrets()
        await keep_secrets(console, secrets)
        right = await secrets.get(M, APP_SECRET) or ""
        await secrets.put(M, APP_SECRET, right[:-1])
        logins = sessions(console, secrets)
        verbs = Followers(console.engine, console.store.accounts, secrets, reopen=logins.reopen)
        with pytest.raises(RefusedError):
            await logins.finish_login(M, code(console))
        await verbs.edit_master(M, FollowerDraft(app_secret=right))
        await logins.finish_login(M, code(console))
        assert state(console) is SessionState.READY
        before = console.engine.lanes[M].session
        await verbs.edit_master(M, FollowerDraft(name="Another label"))
        assert console.engine.lanes[M].session is before
        away = FollowerDraft(route="source", route_address="127.0.0.9")
        await verbs.edit_master(M, away)
        assert console.engine.lanes[M].session is None, "nothing leaves by the way of before"
        await console.world.clock.sleep(5)
        lane = console.engine.lanes[M]
        assert lane.session is not before
        assert lane.status.session is SessionState.READY
        assert lane.account.route.kind is RouteKind.SOURCE
        await logins.close()

    with world(1) as made:
        made.live(script)


def test_a_master_is_removed_only_when_nobody_could_miss_him_and_comes_back_as_he_was() -> None:
    async def script(here: Services) -> None:
        master, words = here.world.master, told(here)
        account = here.engine.lanes[master].account

        async def refused() -> str:
            why = await here.followers.why_master_stays(master)
            with pytest.raises(RefusedError) as found:
                await here.followers.remove_master(master)
            assert found.value.sentence == why
            assert (await stored(here))[master] == account
            return why

        others = [name for name in await stored(here) if name != master]
        assert "still has followers of his own: " in await refused()
        for name in others:  # they stay here without a link
            await here.followers.edit(master, name, FollowerDraft(is_master=True))
        placed = await here.trading.submit(master, here.draft(), CommandId("rests"))
        await here.console.world.clock.sleep(5)
        await here.followers.remove(master, others)
        assert "are still open. Cancel them first." in await refused()
        await here.trading.cancel_plan(placed.plan_id, CommandId("gone"))
        await here.console.world.clock.sleep(10)
        await here.followers.remove_master(master)
        assert master not in await stored(here)
        assert here.engine.account(master) is None
        assert words[-1] == f"{account.name} (client {account.client_id}) was removed."
        await here.followers.restore_master(account)
        assert (await stored(here))[master] == account == here.engine.account(master)

    on_a_console(script)


def test_a_master_whose_copies_are_held_stays_until_they_are_left() -> None:
    async def script(here: Services) -> None:
        master = here.world.master
        others = [name for name in await stored(here) if name != master]
        here.console.see_price()
        await here.trading.submit(master, here.draft(away=-60), CommandId("fills"))
        await here.console.quiet(60)
        for name in others:
            await here.followers.edit(master, name, FollowerDraft(is_master=True))
        await here.followers.remove(master, others)
        why = await here.followers.why_master_stays(master)
        assert "are still held by" in why
        with pytest.raises(RefusedError, match="Square them off first"):
            await here.followers.remove_master(master)
        with pytest.raises(RefusedError, match="Square them off first"):
            await here.followers.edit_master(master, FollowerDraft(is_master=False))
        assert master in await stored(here)

    on_a_console(script)


def test_a_master_whose_own_order_is_open_stays_until_it_has_ended() -> None:
    async def script(here: Services) -> None:
        master = here.world.master
        others = [name for name in await stored(here) if name != master]
        for name in others:
            await here.followers.edit(master, name, FollowerDraft(is_master=True))
        await here.followers.remove(master, others)
        alone = replace(here.draft(), recipients=MASTER_ALONE)
        placed = await here.trading.submit(master, alone, CommandId("his"))
        await here.console.world.clock.sleep(5)
        why = await here.followers.why_master_stays(master)
        assert why == "Master has orders that have not ended. Cancel them first."
        with pytest.raises(RefusedError, match="have not ended"):
            await here.followers.remove_master(master)
        assert master in await stored(here)
        await here.trading.cancel_plan(placed.plan_id, CommandId("gone"))
        await here.console.world.clock.sleep(10)
        await here.followers.remove_master(master)
        assert master not in await stored(here)

    on_a_console(script)


def test_a_removed_master_who_copies_another_one_goes_on_as_his_follower() -> None:
    async def script(here: Services) -> None:
        await here.followers.edit(here.world.master, F1, FollowerDraft(is_master=True))
        account = here.engine.lanes[F1].account
        link = here.engine.lanes[F1].links[here.world.master].link
        await here.followers.remove_master(F1)
        assert (await stored(here))[F1] == replace(account, master=False)
        assert link in await here.console.store.accounts.links()
        await here.followers.restore_master(account)
        assert (await stored(here))[F1] == account

    on_a_console(script)


def test_a_client_who_is_here_as_a_master_is_named_with_the_way_to_him() -> None:
    async def script(here: Services) -> None:
        here.engine.put_account(replace(here.engine.lanes[here.world.master].account, name="Desk"))
        client = here.engine.lanes[here.world.master].account.client_id
        with pytest.raises(
            RefusedError, match=r"as Desk\. Edit that one, under Followers > Masters"
        ):
            await here.followers.add_master(replace(NEW, client_id=client))

    on_a_console(script)
