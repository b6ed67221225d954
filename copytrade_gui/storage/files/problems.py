"""What storage refuses, each in one sentence for the operator."""

from __future__ import annotations

from pathlib import Path


class StorageError(Exception):
    """Storage cannot do what was asked. The text says what, where, and what to do."""


class FolderError(StorageError):
    """The data folder cannot be used: not writable, readable by others, synced or on a network."""


class SecondInstanceError(StorageError):
    """Another console works in this ``folder``. ``pid`` is its process id, 0 if unknown."""

    def __init__(self, sentence: str, pid: int, folder: Path) -> None:
        super().__init__(sentence)
        self.pid = pid
        self.folder = folder


class NewerFileError(StorageError):
    """A file was written by a newer version of the program; it was not touched."""


class DamagedDatabaseError(StorageError):
    """The database file is damaged and could not be repaired from a copy."""


class SecretsError(StorageError):
    """Secrets cannot be read or stored; never contains one."""


class LockedSecretsError(SecretsError):
    """The vault is locked: a passphrase is needed, or the system's keyring does not answer."""


class WrongPassphraseError(LockedSecretsError):
    """The passphrase does not open the vault, or the keyring's key is another one."""


class PassphraseMissingError(LockedSecretsError):
    """A person must type the passphrase; ``new``: choose one, for there is no vault yet."""

    def __init__(self, sentence: str, *, new: bool) -> None:
        super().__init__(sentence)
        self.new = new
