"""P22, P21: the vault gives nothing away and notices changes; no secret lies elsewhere."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from keyring.errors import KeyringError

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.folder import DataFolder
from copytrade_gui.storage.files.problems import (
    LockedSecretsError,
    NewerFileError,
    SecretsError,
    StorageError,
    WrongPassphraseError,
)
from copytrade_gui.storage.secrets import keyring_store
from copytrade_gui.storage.secrets.keyring_store import OsKeyring, find_backend
from copytrade_gui.storage.secrets.paper_secrets import PaperSecrets
from copytrade_gui.storage.secrets.secrets import VaultSecrets
from copytrade_gui.storage.secrets.vault import LEAST_MEMORY_KIB, SCHEMA
from copytrade_gui.storage.store import open_store
from tests.storage.conftest import SMALL
from tests.storage.samples import HandClock, first_attempts, make_plan

A, B = AccountId("a"), AccountId("b")
PASSPHRASE = "correct horse battery"
CANARY = "S3CRET-canary-4711"


class MemoryBackend:
    """A keyring that holds what it is given."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[(service, username)] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[(service, username)]


class HungBackend(MemoryBackend):
    """A keyring that waits for a person who is not there."""

    def __init__(self) -> None:
        super().__init__()
        self.person = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.person.wait()
        return None


def vault(
    folder: DataFolder, backend: MemoryBackend | None = None, clock: HandClock | None = None
) -> VaultSecrets:
    keyring = None if backend is None else OsKeyring(backend, "paper", limit_seconds=0.2)
    return VaultSecrets(folder.vault, keyring, clock or HandClock(), memory_kib=LEAST_MEMORY_KIB)


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
@pytest.mark.parametrize("with_keyring", [True, False])
async def test_p22_secrets_come_back_with_every_lock(
    folder: DataFolder, passphrase: str | None, with_keyring: bool
) -> None:
    backend = MemoryBackend() if with_keyring else None
    secrets = vault(folder, backend)
    assert secrets.factors() is None
    if passphrase is None and backend is None:
        with pytest.raises(SecretsError, match="passphrase or the system's keyring"):
            await secrets.create(None)
        assert not folder.vault.exists()
        return
    await secrets.create(passphrase)
    await asyncio.gather(*(secrets.put(AccountId(f"a{n}"), "token", f"t{n}") for n in range(50)))
    await secrets.put(A, "app_secret", CANARY)
    await secrets.put(B, "app_secret", "other")
    await secrets.remove(B, "app_secret")
    secrets.lock()
    with pytest.raises(LockedSecretsError):
        await secrets.get(A, "app_secret")
    again = vault(folder, backend)
    await again.unlock(passphrase)
    assert await again.get(A, "app_secret") == CANARY
    assert await again.get(B, "app_secret") is None
    assert await again.get(AccountId("a49"), "token") == "t49"
    assert CANARY.encode() not in folder.vault.read_bytes()
    assert folder.vault.stat().st_mode & 0o777 == 0o600
    if backend is not None:
        (entry,) = backend.entries.values()
        assert len(entry) == 44
        assert len(base64.b64decode(entry)) == 32
    for shown in (repr(again), str(again)):
        assert CANARY not in shown


async def test_p22_a_wrong_passphrase_waits_longer_each_time(folder: DataFolder) -> None:
    clock = HandClock()
    await vault(folder).create(PASSPHRASE)
    secrets = vault(folder, clock=clock)
    waits = []
    for _ in range(8):
        before = clock.mono_ns()
        with pytest.raises(WrongPassphraseError):
            await secrets.unlock("incorrect horse battery")
        waits.append((clock.mono_ns() - before) / 1e9)
    assert waits == [0, 1, 2, 4, 8, 16, 32, 60]
    assert secrets.locked
    await secrets.unlock(PASSPHRASE)
    assert not secrets.locked


async def test_p22_another_users_keyring_does_not_open_it(folder: DataFolder) -> None:
    await vault(folder, MemoryBackend()).create(PASSPHRASE)
    stranger = MemoryBackend()
    with pytest.raises(LockedSecretsError, match="holds no key"):
        await vault(folder, stranger).unlock(PASSPHRASE)
    stranger.set_password("copytrade-gui", "paper", base64.b64encode(bytes(32)).decode())
    with pytest.raises(WrongPassphraseError):
        await vault(folder, stranger).unlock(PASSPHRASE)
    with pytest.raises(LockedSecretsError, match="none answers here"):
        await vault(folder, None).unlock(PASSPHRASE)
    with pytest.raises(LockedSecretsError, match="needs its passphrase"):
        await vault(folder, stranger).unlock(None)


async def test_p22_a_flipped_bit_anywhere_is_refused(folder: DataFolder) -> None:
    secrets = vault(folder)
    await secrets.create(PASSPHRASE)
    await secrets.put(A, "app_secret", CANARY)
    await secrets.put(B, "app_secret", "other")
    sound = msgspec.json.decode(folder.vault.read_bytes())
    places: list[tuple[str | int, ...]] = [
        *(("lock", name) for name in ("salt", "nonce", "wrapped")),
        *(("records", 0, name) for name in ("nonce", "sealed")),
    ]
    for place in places:
        file = msgspec.json.decode(msgspec.json.encode(sound))
        holder = file
        for step in place[:-1]:
            holder = holder[step]
        raw = bytearray(base64.b64decode(holder[place[-1]]))
        raw[len(raw) // 2] ^= 1
        holder[place[-1]] = base64.b64encode(raw).decode()
        folder.vault.write_bytes(msgspec.json.encode(file))
        changed = vault(folder)
        with pytest.raises(StorageError):  # noqa: PT012 - either the vault or the record refuses
            await changed.unlock(PASSPHRASE)
            assert await changed.get(B, "app_secret") == "other"
            await changed.get(A, "app_secret")


async def test_p22_swapped_records_and_weaker_headers_are_refused(folder: DataFolder) -> None:
    secrets = vault(folder)
    await secrets.create(PASSPHRASE)
    await secrets.put(A, "app_secret", CANARY)
    await secrets.put(B, "app_secret", "other")
    sound = folder.vault.read_bytes()
    file = msgspec.json.decode(sound)
    one, two = file["records"]
    one["account"], two["account"] = two["account"], one["account"]
    folder.vault.write_bytes(msgspec.json.encode(file))
    swapped = vault(folder)
    await swapped.unlock(PASSPHRASE)
    with pytest.raises(SecretsError, match=r"fails its check\. The account is disabled"):
        await swapped.get(A, "app_secret")
    for name, value in (("memory_kib", 8), ("iterations", 1)):
        file = msgspec.json.decode(sound)
        file["lock"][name] = value
        folder.vault.write_bytes(msgspec.json.encode(file))
        with pytest.raises(SecretsError, match="weaker protection"):
            await vault(folder).unlock(PASSPHRASE)
    file = msgspec.json.decode(sound)
    file["lock"]["factors"] = ["keyring"]
    folder.vault.write_bytes(msgspec.json.encode(file))
    with pytest.raises(StorageError):
        await vault(folder, MemoryBackend()).unlock(PASSPHRASE)
    file = msgspec.json.decode(sound)
    file["schema"] = SCHEMA + 1
    folder.vault.write_bytes(msgspec.json.encode(file))
    with pytest.raises(NewerFileError):
        await vault(folder).unlock(PASSPHRASE)
    folder.vault.write_bytes(sound[: len(sound) // 2])
    with pytest.raises(SecretsError, match="cannot be read"):
        await vault(folder).unlock(PASSPHRASE)


async def test_p22_passphrase_change_and_rotation_keep_the_secrets(folder: DataFolder) -> None:
    secrets = vault(folder)
    with pytest.raises(SecretsError, match="use at least 12"):
        await secrets.create("short")
    await secrets.create(PASSPHRASE)
    await secrets.put(A, "app_secret", CANARY)
    before = msgspec.json.decode(folder.vault.read_bytes())["records"]
    await secrets.change_passphrase("another long one")
    assert msgspec.json.decode(folder.vault.read_bytes())["records"] == before
    with pytest.raises(WrongPassphraseError):
        await vault(folder).unlock(PASSPHRASE)
    await secrets.rotate("another long one")
    assert msgspec.json.decode(folder.vault.read_bytes())["records"] != before
    again = vault(folder)
    await again.unlock("another long one")
    assert await again.get(A, "app_secret") == CANARY


class FullDisk(Files):
    """Writes nothing while it is full."""

    full = False

    def replace(self, path: Path, content: bytes) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        super().replace(path, content)


class MovedAway(MemoryBackend):
    """A keyring that does not answer while its collection is locked."""

    away = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.away:
            raise KeyringError("the collection is locked")
        return super().get_password(service, username)


async def change(secrets: VaultSecrets) -> None:
    await secrets.change_passphrase("another long one")


async def rotate(secrets: VaultSecrets) -> None:
    await secrets.rotate("another long one")


@pytest.mark.parametrize("work", [change, rotate])
async def test_p22_a_change_that_was_not_stored_is_not_stored_with_the_next_secret_either(
    folder: DataFolder, work: Callable[[VaultSecrets], Awaitable[None]]
) -> None:
    disk = FullDisk()
    secrets = VaultSecrets(folder.vault, None, HandClock(), files=disk, memory_kib=LEAST_MEMORY_KIB)
    await secrets.create(PASSPHRASE)
    await secrets.put(A, "app_secret", CANARY)
    disk.full = True
    with pytest.raises(SecretsError, match="the file stays as it was"):
        await work(secrets)
    assert await secrets.get(A, "app_secret") == CANARY
    disk.full = False
    await secrets.put(B, "token", "of today")
    with pytest.raises(WrongPassphraseError):
        await vault(folder).unlock("another long one")
    again = vault(folder)
    await again.unlock(PASSPHRASE)
    assert await again.get(A, "app_secret") == CANARY
    assert await again.get(B, "token") == "of today"


async def test_p22_a_rotation_without_its_keyring_loses_no_secret(folder: DataFolder) -> None:
    backend = MovedAway()
    secrets = vault(folder, backend)
    await secrets.create(PASSPHRASE)
    await secrets.put(A, "app_secret", CANARY)
    backend.away = True
    with pytest.raises(SecretsError, match="keyring"):
        await secrets.rotate(PASSPHRASE)
    backend.away = False
    await secrets.put(B, "token", "of today")
    again = vault(folder, backend)
    await again.unlock(PASSPHRASE)
    assert await again.get(A, "app_secret") == CANARY
    assert await again.get(B, "token") == "of today"


async def test_p22_a_secret_that_is_stored_meanwhile_is_under_the_new_key(
    folder: DataFolder,
) -> None:
    secrets = vault(folder)
    await secrets.create(PASSPHRASE)
    stored = [secrets.put(AccountId(f"a{n}"), "token", f"t{n}") for n in range(20)]
    await asyncio.gather(*stored[:10], secrets.rotate(PASSPHRASE), *stored[10:])
    await secrets.put(A, "app_secret", CANARY)
    again = vault(folder)
    await again.unlock(PASSPHRASE)
    for number in range(20):
        assert await again.get(AccountId(f"a{number}"), "token") == f"t{number}"


async def test_p22_a_hung_keyring_is_given_up(folder: DataFolder) -> None:
    backend = HungBackend()
    with pytest.raises(LockedSecretsError, match="did not answer"):
        await vault(folder, backend).create(PASSPHRASE)
    assert not folder.vault.exists()
    backend.person.set()


def test_p22_only_known_keyrings_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_backend() is None  # the tests' own setting names the one that refuses
    for name in ("keyrings.alt.file.PlaintextKeyring", "keyring.backends.null.Keyring"):
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
        assert find_backend() is None
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    monkeypatch.setattr(keyring_store, "_ALLOWED", (f"{__name__}.ViableBackend",))
    assert isinstance(find_backend(), ViableBackend)


class ViableBackend(MemoryBackend):
    viable = True


async def test_paper_secrets_are_kept_and_a_broken_file_is_said(folder: DataFolder) -> None:
    secrets = PaperSecrets(folder.paper_secrets)
    await asyncio.gather(*(secrets.put(AccountId(f"a{n}"), "token", f"t{n}") for n in range(50)))
    await secrets.remove(AccountId("a0"), "token")
    again = PaperSecrets(folder.paper_secrets)
    assert await again.get(AccountId("a49"), "token") == "t49"
    assert await again.get(AccountId("a0"), "token") is None
    assert "t49" not in repr(again)
    folder.paper_secrets.write_text("{")
    with pytest.raises(StorageError, match="Delete the file"):
        PaperSecrets(folder.paper_secrets)


def files_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_p21_a_secret_lies_in_no_other_file(folder: DataFolder, tmp_path: Path) -> None:
    clock = HandClock()
    secrets = vault(folder, MemoryBackend())
    await secrets.create(PASSPHRASE)
    await secrets.put(A, "app_secret", CANARY)
    async with open_store(folder, clock, seams=SMALL) as store:
        plan = make_plan()
        await store.journal.commit_plan(plan, first_attempts(plan))
        await store.backups.make(store.database, store.order_log, clock.wall_ns())
        await store.history.export_events(tmp_path / "audit.csv")
        files = files_under(tmp_path)
        assert {"copytrade.db-wal", "vault.json", "emergency.journal"} <= {p.name for p in files}
        for path in files:
            content = path.read_bytes()
            for word in (CANARY, PASSPHRASE):
                for shape in (word.encode(), base64.b64encode(word.encode()).rstrip(b"=")[:-2]):
                    assert shape not in content, path
