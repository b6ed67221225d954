"""The one key that rests in the operating system's keyring."""

from __future__ import annotations

import asyncio
import base64
import binascii
import importlib
import os
import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

from keyring.errors import KeyringError

from copytrade_gui.storage.files.problems import LockedSecretsError, SecretsError

T = TypeVar("T")

LIMIT_SECONDS = 10.0
KEY_BYTES = 32
_SERVICE = "copytrade-gui"
_ALLOWED = (
    "keyring.backends.Windows.WinVaultKeyring",
    "keyring.backends.macOS.Keyring",
    "keyring.backends.SecretService.Keyring",
    "keyring.backends.kwallet.DBusKeyring",
)
"""Everything else keeps secrets in plain text, in files, or nowhere."""
_OVERRIDE = "PYTHON_KEYRING_BACKEND"


class KeyringBackend(Protocol):
    """What is used of a backend of the keyring library."""

    def get_password(self, service: str, username: str) -> str | None:
        """Read an entry."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Write an entry."""

    def delete_password(self, service: str, username: str) -> None:
        """Remove an entry."""


def find_backend() -> KeyringBackend | None:
    """The first allowed backend that works here; None where there is none.

    The keyring library's own search would also load what other packages have installed.
    """
    wanted = os.environ.get(_OVERRIDE)
    for name in _ALLOWED if wanted is None else [name for name in _ALLOWED if name == wanted]:
        module, _, kind = name.rpartition(".")
        try:
            backend = getattr(importlib.import_module(module), kind)
            if backend.viable:
                made: KeyringBackend = backend()
                return made
        except Exception:  # noqa: BLE001, S112 - whatever a missing service makes it raise
            continue
    return None


class OsKeyring:
    """Reads and writes one key under ``name`` (the profile's folder), each call in a thread."""

    def __init__(
        self, backend: KeyringBackend, name: str, limit_seconds: float = LIMIT_SECONDS
    ) -> None:
        self._backend = backend
        self._name = name
        self._limit = limit_seconds

    async def read(self) -> bytes | None:
        """The key, None if there is none. Raises LockedSecretsError, SecretsError."""
        text = await self._ask(lambda: self._backend.get_password(_SERVICE, self._name))
        if text is None:
            return None
        try:
            key = base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise SecretsError(_DAMAGED) from error
        if len(key) != KEY_BYTES:
            raise SecretsError(_DAMAGED)
        return key

    async def write(self, key: bytes) -> None:
        """Keep the key: 44 characters, well under what Windows takes."""
        text = base64.b64encode(key).decode()
        await self._ask(lambda: self._backend.set_password(_SERVICE, self._name, text))

    async def _ask(self, call: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(self._limit):
                return await _in_daemon(call)
        except TimeoutError as error:
            raise LockedSecretsError(
                f"The system's keyring did not answer within {self._limit:g} s. Unlock it, then "
                "try again."
            ) from error
        except KeyringError as error:
            raise LockedSecretsError(
                f"The system's keyring refused ({type(error).__name__}). Unlock it, then try again."
            ) from error


_DAMAGED = (
    "The key in the system's keyring is not one of ours. Remove the entry copytrade-gui and enter "
    "the app secrets again."
)


async def _in_daemon(call: Callable[[], T]) -> T:
    # A hung keyring must not keep the program from ending, so no pool: its threads are joined.
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)  # type: ignore[arg-type]  # None only where T allows it

    def run() -> None:
        result: T | None = None
        problem: BaseException | None = None
        try:
            result = call()
        except Exception as error:  # noqa: BLE001 - handed to the caller whole
            problem = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, problem)

    threading.Thread(target=run, name="keyring", daemon=True).start()
    return await answer
