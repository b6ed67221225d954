"""The passphrase that unlocks the window: checked, never kept, and slower after each wrong one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from copytrade_gui.app.broker_settings import broker_settings
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.ports import BrokerFailureError
from copytrade_gui.services.account_store import PROXY_LOGIN
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.services.window_lock import WindowLock
from copytrade_gui.storage.files.folder import DataFolder
from copytrade_gui.storage.files.problems import LockedSecretsError, SecretsError
from copytrade_gui.storage.secrets.keyring_store import OsKeyring
from copytrade_gui.storage.secrets.passphrase import FilePassphrase, VaultPassphrase
from copytrade_gui.storage.secrets.secrets import VaultSecrets
from copytrade_gui.storage.secrets.vault import LEAST_MEMORY_KIB
from tests.storage.samples import HandClock
from tests.storage.test_p22_secrets import MemoryBackend

FIRST, SECOND = "correct horse battery", "battery horse correct"


def in_file(folder: DataFolder, clock: HandClock) -> FilePassphrase:
    return FilePassphrase(folder.window_passphrase, clock, memory_kib=LEAST_MEMORY_KIB)


async def in_vault(folder: DataFolder, clock: HandClock) -> VaultPassphrase:
    vault = VaultSecrets(folder.vault, None, clock, memory_kib=LEAST_MEMORY_KIB)
    await vault.create(FIRST)
    return VaultPassphrase(vault)


async def test_papers_passphrase_is_set_checked_changed_and_found_again(
    folder: DataFolder,
) -> None:
    lock = WindowLock(in_file(folder, HandClock()))
    assert not await lock.has_passphrase()
    with pytest.raises(RefusedError, match="use at least 12") as refused:
        await lock.set_passphrase("short", "")
    assert refused.value.field == "passphrase"
    assert not await lock.has_passphrase()
    await lock.set_passphrase(FIRST, "")
    with pytest.raises(RefusedError) as refused:
        await lock.set_passphrase(SECOND, "not the one")
    assert refused.value.field == "before"
    await lock.set_passphrase(SECOND, FIRST)
    again = WindowLock(in_file(folder, HandClock()))
    assert await again.has_passphrase()
    await again.unlock(SECOND)
    for wrong in (FIRST, "", SECOND + " "):
        with pytest.raises(RefusedError):
            await again.unlock(wrong)
    kept = folder.window_passphrase.read_bytes()
    assert FIRST.encode() not in kept
    assert SECOND.encode() not in kept
    assert folder.window_passphrase.stat().st_mode & 0o777 == 0o600


async def test_a_live_windows_passphrase_is_the_vaults(folder: DataFolder) -> None:
    lock = WindowLock(await in_vault(folder, HandClock()))
    assert await lock.has_passphrase()
    await lock.unlock(FIRST)
    await lock.set_passphrase(SECOND, FIRST)
    with pytest.raises(RefusedError):
        await lock.unlock(FIRST)
    await lock.unlock(SECOND)
    fresh = VaultSecrets(folder.vault, None, HandClock(), memory_kib=LEAST_MEMORY_KIB)
    await fresh.unlock(SECOND)


@pytest.mark.parametrize("live", [False, True])
async def test_each_wrong_one_makes_the_next_wait_longer(folder: DataFolder, live: bool) -> None:
    clock = HandClock()
    made = await in_vault(folder, clock) if live else in_file(folder, clock)
    await made.set(FIRST)
    waits = []
    for _ in range(4):
        began = clock.mono_ns()
        assert not await made.check("wrong")
        waits.append(round((clock.mono_ns() - began) / 1e9))
    assert waits == [0, 1, 2, 4]
    assert await made.check(FIRST)
    began = clock.mono_ns()
    assert not await made.check("wrong")
    assert clock.mono_ns() == began


async def test_a_damaged_file_says_so(folder: DataFolder, tmp_path: Path) -> None:
    folder.window_passphrase.write_text("{", encoding="utf-8")
    with pytest.raises(SecretsError, match="Delete the file"):
        in_file(folder, HandClock())


async def test_the_key_of_live_secrets_is_renewed_for_who_knows_the_passphrase(
    folder: DataFolder,
) -> None:
    vault = VaultSecrets(folder.vault, None, HandClock(), memory_kib=LEAST_MEMORY_KIB)
    await vault.create(FIRST)
    await vault.put(AccountId("a"), "app_secret", "canary")
    lock = WindowLock(VaultPassphrase(vault))
    before = folder.vault.read_bytes()
    for wrong in ("", SECOND):
        with pytest.raises(RefusedError) as refused:
            await lock.renew_key(wrong)
        assert refused.value.field == "passphrase"
    assert folder.vault.read_bytes() == before
    await lock.renew_key(FIRST)
    assert folder.vault.read_bytes() != before
    fresh = VaultSecrets(folder.vault, None, HandClock(), memory_kib=LEAST_MEMORY_KIB)
    await fresh.unlock(FIRST)
    assert await fresh.get(AccountId("a"), "app_secret") == "canary"


async def test_paper_has_no_key_to_renew(folder: DataFolder) -> None:
    lock = WindowLock(in_file(folder, HandClock()))
    with pytest.raises(RefusedError, match="no key to renew"):
        await lock.renew_key("")


async def test_a_key_that_is_forgotten_comes_back_with_the_passphrase_and_no_secret_is_lost(
    folder: DataFolder,
) -> None:
    vault = VaultSecrets(folder.vault, None, HandClock(), memory_kib=LEAST_MEMORY_KIB)
    await vault.create(FIRST)
    lock = WindowLock(VaultPassphrase(vault))
    storing = asyncio.create_task(vault.put(AccountId("a"), "app_secret", "canary"))
    await asyncio.sleep(0)  # it is sealed, and waits for the disk
    await lock.forget_key()
    await storing
    with pytest.raises(LockedSecretsError):
        await vault.get(AccountId("a"), "app_secret")
    with pytest.raises(LockedSecretsError):
        await vault.put(AccountId("b"), "token", "of today")
    with pytest.raises(RefusedError, match="not the passphrase"):
        await lock.unlock(SECOND)
    assert vault.locked
    await lock.unlock(FIRST)
    assert await vault.get(AccountId("a"), "app_secret") == "canary"
    await vault.put(AccountId("b"), "token", "of today")
    fresh = VaultSecrets(folder.vault, None, HandClock(), memory_kib=LEAST_MEMORY_KIB)
    await fresh.unlock(FIRST)
    assert await fresh.get(AccountId("a"), "app_secret") == "canary"


async def test_a_key_that_no_passphrase_would_bring_back_is_not_forgotten(
    folder: DataFolder,
) -> None:
    keyring = OsKeyring(MemoryBackend(), "live")
    vault = VaultSecrets(folder.vault, keyring, HandClock(), memory_kib=LEAST_MEMORY_KIB)
    await vault.create(None)
    await WindowLock(VaultPassphrase(vault)).forget_key()
    assert not vault.locked


async def test_a_proxys_login_is_known_to_new_connections_while_the_key_is_forgotten(
    folder: DataFolder,
) -> None:
    """A KILL from the locked window cancels at every account."""
    vault = VaultSecrets(folder.vault, None, HandClock(), memory_kib=LEAST_MEMORY_KIB)
    await vault.create(FIRST)
    known, new = AccountId("a"), AccountId("b")
    for account in (known, new):
        await vault.put(account, PROXY_LOGIN, f"{account}:word")
    login_of = broker_settings(folder, None, vault).proxy_login
    assert await login_of(known)() == "a:word"
    await VaultPassphrase(vault).forget_key()
    assert await login_of(known)() == "a:word"
    with pytest.raises(BrokerFailureError, match="locked"):
        await login_of(new)()
    await VaultPassphrase(vault).check(FIRST)
    assert await login_of(new)() == "b:word"
