"""The passphrase that unlocks the window, as its operator types it."""

from __future__ import annotations

import logging

from copytrade_gui.ports import Passphrase
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.verbs import RefusedError

log = logging.getLogger(__name__)


class WindowLock:
    """Implements ``LockVerbs``."""

    def __init__(self, passphrase: Passphrase) -> None:
        self._passphrase = passphrase

    async def has_passphrase(self) -> bool:
        """Whether there is one to unlock with."""
        return await self._passphrase.is_set()

    @refusals_logged
    async def unlock(self, passphrase: str) -> None:
        """Take the passphrase, or refuse it."""
        if not passphrase:
            raise RefusedError("The passphrase is empty. Type it.", field="passphrase")
        if not await self._passphrase.check(passphrase):
            raise RefusedError(
                "This is not the passphrase. Check the keyboard and type it again.",
                field="passphrase",
            )

    @refusals_logged
    async def set_passphrase(self, passphrase: str, before: str) -> None:
        """Set one; whoever sets another one knows the one before."""
        if await self._passphrase.is_set() and not await self._passphrase.check(before):
            raise RefusedError("This is not the passphrase so far. Type it again.", field="before")
        if problem := await self._passphrase.set(passphrase):
            raise RefusedError(problem, field="passphrase")

    @refusals_logged
    async def renew_key(self, passphrase: str) -> None:
        """A new key for the app secrets, which are all encrypted anew."""
        if await self._passphrase.is_set():
            await self.unlock(passphrase)
        if problem := await self._passphrase.renew_key(passphrase):
            raise RefusedError(problem)
        log.info("the key of the app secrets was renewed")

    async def forget_key(self) -> None:
        """No secret is read or stored until the window is unlocked."""
        if await self._passphrase.is_set():  # else nothing would bring it back
            await self._passphrase.forget_key()
            log.info("the key of the app secrets is forgotten until the window is unlocked")
