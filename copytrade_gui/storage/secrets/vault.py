"""The vault file: one random key, wrapped; every record sealed for its account, field and schema.

The vault key is wrapped with AES-256-GCM by a key made from the passphrase (Argon2id), from the key
in the system's keyring, or from both. The header is bound into the wrapping, each record's place
into its seal: a changed parameter, a swapped record or a flipped bit opens nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from copytrade_gui.storage.files.problems import (
    PassphraseMissingError,
    SecretsError,
    WrongPassphraseError,
)

SCHEMA = 1
LEAST_PASSPHRASE = 12
MEMORY_KIB = 128 * 1024
LEAST_MEMORY_KIB = 64 * 1024
ITERATIONS = 3
LANES = 4
_NONCE_BYTES = 12
_KEY_BYTES = 32

Factor = Literal["keyring", "passphrase"]
RandomBytes = Callable[[int], bytes]


class Lock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the vault key is wrapped. Memory in KiB, as Argon2id counts (RFC 9106)."""

    factors: tuple[Factor, ...]
    memory_kib: int
    iterations: int
    lanes: int
    salt: bytes
    nonce: bytes
    wrapped: bytes

    def bound(self) -> bytes:
        """What the wrapping is bound to: everything but itself."""
        return msgspec.json.encode(
            (SCHEMA, self.factors, self.memory_kib, self.iterations, self.lanes, self.salt)
        )


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One sealed secret."""

    account: str
    field: str
    nonce: bytes
    sealed: bytes


class VaultFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is on disk."""

    schema: int
    lock: Lock
    records: tuple[Record, ...]


def check_passphrase(passphrase: str) -> None:
    """Raises SecretsError for one that is too short."""
    if len(passphrase) < LEAST_PASSPHRASE:
        raise SecretsError(
            f"The passphrase has {len(passphrase)} characters; use at least {LEAST_PASSPHRASE}."
        )


def wrap(
    vault_key: bytes,
    passphrase: str | None,
    keyring_key: bytes | None,
    *,
    memory_kib: int = MEMORY_KIB,
    random_bytes: RandomBytes = os.urandom,
) -> Lock:
    """Wrap a vault key by what is given; at least one of the two. Takes 0.2 s with a passphrase."""
    factors: list[Factor] = []
    if keyring_key is not None:
        factors.append("keyring")
    if passphrase is not None:
        factors.append("passphrase")
    if not factors:
        raise PassphraseMissingError(
            "The app secrets need a passphrase or the system's keyring, and no keyring answers "
            "here. Choose a passphrase.",
            new=True,
        )
    lock = Lock(
        tuple(factors), memory_kib, ITERATIONS, LANES, random_bytes(16), random_bytes(12), b""
    )
    key = _wrapping_key(lock, passphrase, keyring_key)
    wrapped = AESGCM(key).encrypt(lock.nonce, vault_key, lock.bound())
    return msgspec.structs.replace(lock, wrapped=wrapped)


def unwrap(lock: Lock, passphrase: str | None, keyring_key: bytes | None) -> bytes:
    """The vault key.

    Raises:
        WrongPassphraseError: what was given does not open it, or the header was changed.
        SecretsError: the header asks for less work than we accept.
    """
    if "passphrase" in lock.factors and (
        lock.memory_kib < LEAST_MEMORY_KIB or lock.iterations < ITERATIONS
    ):
        raise SecretsError(
            "The vault's header asks for weaker protection than this program accepts. "
            "Restore the vault file from a copy, or delete it and enter the app secrets again."
        )
    key = _wrapping_key(lock, passphrase, keyring_key)
    try:
        return AESGCM(key).decrypt(lock.nonce, lock.wrapped, lock.bound())
    except (InvalidTag, ValueError) as error:
        raise WrongPassphraseError(
            "The passphrase does not open the vault. Check it and type it again."
        ) from error


def seal(
    vault_key: bytes, account: str, field: str, value: str, random_bytes: RandomBytes = os.urandom
) -> Record:
    """Encrypt one secret for its place."""
    nonce = random_bytes(_NONCE_BYTES)
    sealed = AESGCM(vault_key).encrypt(nonce, value.encode(), _place(account, field))
    return Record(account, field, nonce, sealed)


def open_record(vault_key: bytes, record: Record) -> str:
    """Decrypt one secret. Raises SecretsError if it was changed or stands in another's place."""
    try:
        plain = AESGCM(vault_key).decrypt(
            record.nonce, record.sealed, _place(record.account, record.field)
        )
    except (InvalidTag, ValueError) as error:
        raise SecretsError(
            f"The stored {record.field} of account {record.account} fails its check. "
            "The account is disabled; enter it again in the account's dialog."
        ) from error
    return plain.decode()


def new_vault_key(random_bytes: RandomBytes = os.urandom) -> bytes:
    """A fresh vault key."""
    return random_bytes(_KEY_BYTES)


def _place(account: str, field: str) -> bytes:
    return msgspec.json.encode((SCHEMA, account, field))


def _wrapping_key(lock: Lock, passphrase: str | None, keyring_key: bytes | None) -> bytes:
    if "passphrase" not in lock.factors:
        info = b"copytrade vault key"
        return HKDF(SHA256(), _KEY_BYTES, lock.salt, info).derive(keyring_key or b"")
    try:
        work = Argon2id(
            salt=lock.salt,
            length=_KEY_BYTES,
            iterations=lock.iterations,
            lanes=lock.lanes,
            memory_cost=lock.memory_kib,
            secret=keyring_key if "keyring" in lock.factors else None,
        )
    except ValueError as error:
        raise WrongPassphraseError(
            "The vault's header is damaged. Restore the vault file from a copy, or delete it and "
            "enter the app secrets again."
        ) from error
    return work.derive((passphrase or "").encode())
