"""What a locked window asks."""

from __future__ import annotations

from typing import Protocol


class LockVerbs(Protocol):
    """The passphrase that unlocks the window. Copying and stops ask for none."""

    async def has_passphrase(self) -> bool:
        """Whether there is one to unlock with."""

    async def unlock(self, passphrase: str) -> None:
        """Raises RefusedError, later each time: it is not the one."""

    async def set_passphrase(self, passphrase: str, before: str) -> None:
        """Set one, or another one in the place of ``before``. Raises RefusedError."""

    async def renew_key(self, passphrase: str) -> None:
        """Encrypt every app secret with a new key; ``passphrase`` is empty where none is set.

        Raises RefusedError: it is not the one, or it could not be stored; all is as it was.
        """

    async def forget_key(self) -> None:
        """Keep no key of the app secrets in memory until ``unlock``; sessions stay as they are."""
