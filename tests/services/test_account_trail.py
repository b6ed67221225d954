"""Whatever a person does to an account stands in the trail, with who did it; no secret does."""

from __future__ import annotations

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.services.follower_verbs import FollowerDraft
from tests.services.rig import Services, on_a_console

MASTER, F1, F2 = AccountId("M"), AccountId("F001"), AccountId("F002")


async def trail(here: Services) -> list[str]:
    """What the trail says of accounts, the oldest first."""
    await here.console.store.journal.flush()
    rows = await here.console.store.history.events(100, kind="AccountEdited")
    assert {row.actor for row in rows} <= {"operator"}
    return [f"{row.account_id}: {row.reason}" for row in reversed(rows)]


def test_every_change_of_an_account_is_told_with_who_made_it_and_without_its_secrets() -> None:
    async def script(here: Services) -> None:
        verbs, master = here.followers, MASTER
        name = here.engine.lanes[F1].account.name
        await verbs.set_active([F1], False)
        await verbs.set_active([F1], True)
        for draft in (
            FollowerDraft(name="Asha", app_key="anotherkey"),
            FollowerDraft(app_secret="verysecret"),
            FollowerDraft(client_id="AB1234"),
            FollowerDraft(is_master=True),
            FollowerDraft(is_master=False),
            FollowerDraft(name="Asha"),  # as it is
        ):
            await verbs.edit(master, F1, draft)
        await verbs.remove(master, [F2])
        before, other = here.world.accounts[1].client_id, here.world.accounts[2].client_id
        assert await trail(here) == [
            f"F001: {name}: switched off.",
            f"F001: {name}: switched on.",
            f"F001: Asha: name {name} becomes Asha; app key replaced.",
            "F001: Asha: app secret entered.",
            f"F001: Asha: client id {before} becomes AB1234.",
            "F001: Asha: a master now.",
            "F001: Asha: a master no more.",
            "F002: Follower 2: switched off.",
            f"F002: Follower 2 (client {other}) was removed.",
        ]
        everything = await here.console.store.history.events(1_000)
        assert not any(
            secret in f"{row}" for row in everything for secret in ("verysecret", "anotherkey")
        )

    on_a_console(script)
