"""The passphrase that unlocks the window: the vault's own, or in paper one that a file can check.

Neither keeps it: what is stored can only tell whether a typed one is right.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import msgspec

from copytrade_gui.ports import Clock
from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.problems import SecretsError, WrongPassphraseError
from copytrade_gui.storage.files.saving import Saver
from copytrade_gui.storage.files.threads import in_own_thread
from copytrade_gui.storage.secrets.secrets import VaultSecrets
from copytrade_gui.storage.secrets.tries import Tries
from copytrade_gui.storage.secrets.vault import (
    MEMORY_KIB,
    Lock,
    RandomBytes,
    check_passphrase,
    new_vault_key,
    unwrap,
    wrap,
)


class VaultPassphrase:
    """Implements ``ports.Passphrase`` on a vault; setting one needs it at each start too."""

    def __init__(self, vault: VaultSecrets) -> None:
        self._vault = vault

    async def is_set(self) -> bool:
        """True where the vault is opened by one."""
        return "passphrase" in (self._vault.factors() or ())

    async def check(self, passphrase: str) -> bool:
        """True if it opens the vault, which it does where the key was forgotten."""
        vault = self._vault
        try:
            await (vault.unlock(passphrase) if vault.locked else vault.check_passphrase(passphrase))
        except WrongPassphraseError:
            return False
        return True

    async def set(self, passphrase: str) -> str:
        """Have the vault opened by it from now on; why not, in a sentence, or nothing."""
        try:
            await self._vault.change_passphrase(passphrase)
        except SecretsError as error:
            return str(error)
        return ""

    async def renew_key(self, passphrase: str) -> str:
        """Seal every secret of the vault under a new key; why not, in a sentence, or nothing."""
        try:
            await self._vault.rotate(passphrase or None)
        except SecretsError as error:
            return str(error)
        return ""

    async def forget_key(self) -> None:
        """Drop the vault's key until the passphrase is checked again."""
        self._vault.lock()


class FilePassphrase:
    """Implements ``ports.Passphrase`` for paper: a random key in a file, wrapped by the passphrase.

    Raises:
        SecretsError: the file is damaged.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        files: Files | None = None,
        random_bytes: RandomBytes = os.urandom,
        memory_kib: int = MEMORY_KIB,
    ) -> None:
        self._path = path
        self._random = random_bytes
        self._memory_kib = memory_kib
        self._tries = Tries(clock)
        self._lock = self._read()
        self._saver = Saver(path, self._content, files or Files())

    async def is_set(self) -> bool:
        """True once one was set."""
        return self._lock is not None

    async def check(self, passphrase: str) -> bool:
        """True if it is the one that was set."""
        if self._lock is None:
            return False
        await self._tries.wait()
        try:
            await in_own_thread(partial(unwrap, self._lock, passphrase, None), "check passphrase")
        except WrongPassphraseError:
            self._tries.failed()
            return False
        self._tries.succeeded()
        return True

    async def set(self, passphrase: str) -> str:
        """Take another one from now on; why not, in a sentence, or nothing."""
        before = self._lock
        try:
            check_passphrase(passphrase)
            self._lock = await in_own_thread(
                partial(
                    wrap,
                    new_vault_key(self._random),
                    passphrase,
                    None,
                    memory_kib=self._memory_kib,
                    random_bytes=self._random,
                ),
                "wrap window key",
            )
            await self._saver.save()
        except SecretsError as error:
            return str(error)
        except OSError as error:
            self._lock = before
            return (
                f"{self._path} cannot be written ({error.strerror or error}), so the passphrase is "
                "as it was. Free some disk space or give your user write access."
            )
        return ""

    async def renew_key(self, passphrase: str) -> str:  # noqa: ARG002 - opens nothing here
        """Nothing of paper is sealed."""
        return "Paper keeps invented secrets, which are not encrypted. There is no key to renew."

    async def forget_key(self) -> None:
        """Nothing of paper is sealed."""

    def _content(self) -> bytes:
        return msgspec.json.encode(self._lock)

    def _read(self) -> Lock | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Lock)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise SecretsError(
                f"The window's passphrase in {self._path} cannot be read ({error}). Delete the "
                "file and set a new passphrase."
            ) from error
