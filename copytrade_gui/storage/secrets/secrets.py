"""Secrets of live accounts: an encrypted file, opened by the keyring, a passphrase, or both."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import msgspec

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.ports import Clock
from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.problems import (
    LockedSecretsError,
    NewerFileError,
    PassphraseMissingError,
    SecretsError,
    WrongPassphraseError,
)
from copytrade_gui.storage.files.saving import Saver
from copytrade_gui.storage.files.threads import in_own_thread
from copytrade_gui.storage.secrets.keyring_store import KEY_BYTES, OsKeyring
from copytrade_gui.storage.secrets.tries import Tries
from copytrade_gui.storage.secrets.vault import (
    MEMORY_KIB,
    SCHEMA,
    Factor,
    Lock,
    RandomBytes,
    Record,
    VaultFile,
    check_passphrase,
    new_vault_key,
    open_record,
    seal,
    unwrap,
    wrap,
)


class VaultSecrets:
    """``ports.SecretStore``; locked until ``unlock`` or ``create``. Never falls back to plain text.

    ``keyring`` is None where the system has no keyring we accept: then only a passphrase opens it.
    """

    def __init__(
        self,
        path: Path,
        keyring: OsKeyring | None,
        clock: Clock,
        *,
        files: Files | None = None,
        random_bytes: RandomBytes = os.urandom,
        memory_kib: int = MEMORY_KIB,
    ) -> None:
        self._path = path
        self._keyring = keyring
        self._clock = clock
        self._saver = Saver(path, self._content, files or Files())
        self._random = random_bytes
        self._memory_kib = memory_kib
        self._key: bytes | None = None
        self._wrapping: Lock | None = None
        self._records: dict[tuple[str, str], Record] = {}
        self._tries = Tries(clock)

    def __repr__(self) -> str:
        return f"VaultSecrets({'locked' if self._key is None else 'open'})"

    @property
    def locked(self) -> bool:
        """True until opened, and again after ``lock``."""
        return self._key is None

    def factors(self) -> tuple[Factor, ...] | None:
        """What opens the vault; None if there is none yet. Raises SecretsError, NewerFileError."""
        return self._read().lock.factors if self._path.exists() else None

    def kept(self) -> frozenset[tuple[str, str]]:
        """Of which accounts which secrets are kept, by name; a locked vault tells it too.

        Raises SecretsError, NewerFileError.
        """
        if not self._path.exists():
            return frozenset()
        return frozenset((record.account, record.field) for record in self._read().records)

    async def create(self, passphrase: str | None) -> None:
        """Make an empty vault and open it.

        Raises:
            SecretsError: there is one already, the passphrase is short, or there is neither
                passphrase nor keyring.
        """
        if self._path.exists():
            raise SecretsError(f"There is a vault already: {self._path}. Unlock it instead.")
        if passphrase is not None:
            check_passphrase(passphrase)
        key = new_vault_key(self._random)
        self._records = {}
        await self._save_under(await self._wrapped(key, passphrase))
        self._key = key

    async def unlock(self, passphrase: str | None) -> None:
        """Open the vault, for the first time or after ``lock``.

        After a wrong passphrase the next try waits 1, 2, 4 ... 60 s.

        Raises:
            WrongPassphraseError: it does not open the vault.
            LockedSecretsError: a passphrase or the keyring is needed.
            SecretsError: the file is damaged.
        """
        wrapping, records = self._sealed()
        if "passphrase" in wrapping.factors and not passphrase:
            raise PassphraseMissingError(
                "The vault needs its passphrase. Type it to unlock.", new=False
            )
        key = await self._unwrapped(wrapping, passphrase)
        self._key, self._wrapping, self._records = key, wrapping, records
        if "passphrase" in wrapping.factors and wrapping.memory_kib < self._memory_kib:
            await self._save_under(await self._wrapped(key, passphrase))

    def lock(self) -> None:
        """Drop the key. What is sealed stays, for a secret that is being stored right now."""
        self._key = None

    async def change_passphrase(self, passphrase: str | None) -> None:
        """Wrap the key anew; records stay as they are. Raises SecretsError: so does all else."""
        key = self._open()
        if passphrase is not None:
            check_passphrase(passphrase)
        await self._save_under(await self._wrapped(key, passphrase))

    async def check_passphrase(self, passphrase: str) -> None:
        """Ask whether it opens the vault, which stays as it is. Raises as ``unlock`` does."""
        self._open()
        await self._unwrapped(self._read().lock, passphrase)

    async def rotate(self, passphrase: str | None) -> None:
        """A new vault key, every record sealed anew. Raises SecretsError: all is as it was."""
        key, fresh = self._open(), new_vault_key(self._random)
        wrapping = await self._wrapped(fresh, passphrase)
        self._reseal(key, fresh)
        try:
            await self._save_under(wrapping)
        except SecretsError:
            self._reseal(fresh, key)
            raise

    async def get(self, account: AccountId, name: str) -> str | None:
        """Read a secret. Raises LockedSecretsError, and SecretsError if its record was changed."""
        key = self._open()
        record = self._records.get((account, name))
        return None if record is None else open_record(key, record)

    async def put(self, account: AccountId, name: str, value: str) -> None:
        """Store a secret. Raises LockedSecretsError, SecretsError."""
        key = self._open()
        self._records[(account, name)] = seal(key, account, name, value, self._random)
        await self._save()

    async def remove(self, account: AccountId, name: str) -> None:
        """Forget a secret. Raises LockedSecretsError, SecretsError."""
        self._open()
        if self._records.pop((account, name), None) is not None:
            await self._save()

    # ------------------------------------------------------------ inside

    def _sealed(self) -> tuple[Lock, dict[tuple[str, str], Record]]:
        """Wrapping and records of the file; once it was opened those held here, no older ones."""
        if self._wrapping is not None:
            return self._wrapping, self._records
        file = self._read()
        return file.lock, {(record.account, record.field): record for record in file.records}

    def _open(self) -> bytes:
        if self._key is None:
            raise LockedSecretsError("The vault is locked. Unlock it with the passphrase.")
        return self._key

    async def _unwrapped(self, lock: Lock, passphrase: str | None) -> bytes:
        await self._tries.wait()
        keyring_key = await self._keyring_key() if "keyring" in lock.factors else None
        try:
            key = await in_own_thread(
                partial(unwrap, lock, passphrase, keyring_key), "unlock vault"
            )
        except WrongPassphraseError:
            self._tries.failed()
            raise
        self._tries.succeeded()
        return key

    async def _keyring_key(self) -> bytes:
        if self._keyring is None:
            raise LockedSecretsError(
                "The vault needs the system's keyring, and none answers here. Start the keyring "
                "service, then try again."
            )
        key = await self._keyring.read()
        if key is None:
            raise LockedSecretsError(
                "The system's keyring holds no key for this vault. Log in as the user who made the "
                "vault, or delete the vault file and enter the app secrets again."
            )
        return key

    def _reseal(self, before: bytes, after: bytes) -> None:
        """All records under another key; nothing is waited for, so none is left under the first.

        Raises SecretsError: one was changed; then all stand as they were.
        """
        self._records = {
            place: seal(after, *place, open_record(before, record), self._random)
            for place, record in self._records.items()
        }
        self._key = after

    async def _wrapped(self, key: bytes, passphrase: str | None) -> Lock:
        """The key, wrapped by passphrase and keyring; nothing is stored yet."""
        keyring_key = None
        if self._keyring is not None:
            keyring_key = await self._keyring.read()
            if keyring_key is None:
                keyring_key = self._random(KEY_BYTES)
                await self._keyring.write(keyring_key)
        return await in_own_thread(
            partial(
                wrap,
                key,
                passphrase,
                keyring_key,
                memory_kib=self._memory_kib,
                random_bytes=self._random,
            ),
            "wrap vault key",
        )

    async def _save_under(self, wrapping: Lock) -> None:
        """Store all under this wrapping; where that fails the one before holds on, also for what
        is stored later.
        """
        before, self._wrapping = self._wrapping, wrapping
        try:
            await self._save()
        except SecretsError:
            self._wrapping = before
            raise

    def _content(self) -> bytes:
        if self._wrapping is None:
            raise LockedSecretsError("The vault is locked. Unlock it with the passphrase.")
        return msgspec.json.encode(VaultFile(SCHEMA, self._wrapping, tuple(self._records.values())))

    async def _save(self) -> None:
        try:
            await self._saver.save()
        except OSError as error:
            raise SecretsError(
                f"Vault {self._path} cannot be written ({error.strerror or error}); the file stays "
                "as it was. Free some disk space or give your user write access."
            ) from error

    def _read(self) -> VaultFile:
        try:
            file = msgspec.json.decode(self._path.read_bytes(), type=VaultFile, strict=False)
        except FileNotFoundError as error:
            raise LockedSecretsError("There is no vault yet. Choose a passphrase first.") from error
        except (OSError, ValueError, RecursionError) as error:
            raise SecretsError(
                f"Vault {self._path} cannot be read ({error}). Restore it from a copy, or delete "
                "it and enter the app secrets again."
            ) from error
        if file.schema > SCHEMA:
            raise NewerFileError(
                f"Vault {self._path} has schema {file.schema}, this program knows {SCHEMA}: a "
                "newer one wrote it. Start that one. Nothing was changed."
            )
        return file
