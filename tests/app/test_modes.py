"""Live is stored only when what must hold holds, as the live profile's own files show it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from copytrade_gui.app.live_checklist import live_checklist
from copytrade_gui.app.modes import modes_of
from copytrade_gui.app.opening import opening
from copytrade_gui.app.system_clock import SystemClock
from copytrade_gui.app.wiring import open_vault
from copytrade_gui.domain.account import Account
from copytrade_gui.domain.basis import UNDECLARED, Basis, Declared
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.mode import Mode
from copytrade_gui.services.account_store import APP_SECRET
from copytrade_gui.services.modes import lacking
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.storage.files.folder import open_folder
from copytrade_gui.storage.store import open_store

OWN = Declared(Basis.SELF)
M, F = AccountId("M"), AccountId("F1")


@pytest.fixture(autouse=True)
def known_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day of a year whose holidays the program brings along; no keyring."""
    monkeypatch.setattr("copytrade_gui.app.doctor._today", lambda: date(2026, 12, 1))
    monkeypatch.setattr("copytrade_gui.app.live_checklist.find_backend", lambda: None)
    monkeypatch.setattr("copytrade_gui.app.wiring.find_backend", lambda: None)


async def live_profile(
    place: Path, *, follower: Declared | None = OWN, secrets: tuple[AccountId, ...] = (M, F)
) -> None:
    folder, clock = open_folder(place, "default"), SystemClock()
    accounts = [Account(M, "Owner", "MX1", "key", master=True, declared=OWN)]
    if follower is not None:
        accounts.append(Account(F, "Asha", "KX1", "key", declared=follower))
    async with open_store(folder, clock) as store:
        await store.accounts.put(accounts)
    vault = await open_vault(folder, clock, "a long enough one")
    for account in secrets:
        await vault.put(account, APP_SECRET, "secret")


def missing(place: Path) -> list[str]:
    return [one.name for one in lacking(live_checklist(place, "default"))]


async def test_a_whole_live_profile_can_be_the_choice_and_paper_again(tmp_path: Path) -> None:
    await live_profile(tmp_path)
    opening(tmp_path, "default", Mode.PAPER)
    modes = modes_of(tmp_path, "default")
    assert modes is not None
    assert missing(tmp_path) == []
    for mode in (Mode.LIVE, Mode.PAPER):
        await modes.choose(mode)
        assert await modes.chosen() is mode
        assert opening(tmp_path, "default", None).mode is mode


@pytest.mark.parametrize(
    ("follower", "secrets", "lacks"),
    [
        (None, (M,), ["Follower accounts"]),
        (UNDECLARED, (M, F), ["Basis"]),
        (Declared(Basis.SIMULATOR), (M, F), ["Basis"]),
        (OWN, (M,), ["App keys and secrets"]),
    ],
)
async def test_each_thing_that_is_missing_keeps_live_from_being_stored(
    tmp_path: Path, follower: Declared | None, secrets: tuple[AccountId, ...], lacks: list[str]
) -> None:
    await live_profile(tmp_path, follower=follower, secrets=secrets)
    modes = modes_of(tmp_path, "default")
    assert modes is not None
    assert missing(tmp_path) == lacks
    with pytest.raises(RefusedError, match=f"Live is not stored. {lacks[0]}"):
        await modes.choose(Mode.LIVE)
    assert await modes.chosen() is Mode.PAPER


async def test_an_empty_home_and_damaged_files_lack_what_cannot_be_told(tmp_path: Path) -> None:
    everything = ["Master account", "Follower accounts", "Basis", "App keys and secrets"]
    assert missing(tmp_path / "none") == everything
    assert not (tmp_path / "none").exists()
    await live_profile(tmp_path)
    folder = open_folder(tmp_path, "default")
    folder.vault.write_bytes(b"{")
    assert missing(tmp_path) == ["App keys and secrets", "Key store"]
    folder.database.write_bytes(b"no database" * 500)
    assert missing(tmp_path) == ["Accounts"]


async def test_the_duties_are_confirmed_for_one_state_of_the_rules(tmp_path: Path) -> None:
    modes = modes_of(tmp_path, "default")
    assert modes is not None
    assert await modes.duties_read() == ""
    await modes.confirm_duties("2026-11-23")
    assert await modes.duties_read() == "2026-11-23"
    open_folder(tmp_path, "default").duties.write_bytes(b"\xff")
    assert await modes.duties_read() == ""
    assert modes_of(tmp_path, "paper") is None
