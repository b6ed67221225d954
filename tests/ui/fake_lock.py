"""A window lock that keeps its passphrase in memory."""

from copytrade_gui.services.verbs import RefusedError


class FakeLock:
    """Knows one passphrase, or none."""

    def __init__(self) -> None:
        self.passphrase = ""
        self.keys = 0
        """How often the key of the secrets was renewed."""
        self.forgot = False

    async def has_passphrase(self) -> bool:
        return bool(self.passphrase)

    async def unlock(self, passphrase: str) -> None:
        if passphrase != self.passphrase:
            raise RefusedError("This is not the passphrase.", field="passphrase")
        self.forgot = False

    async def set_passphrase(self, passphrase: str, before: str) -> None:
        if before != self.passphrase:
            raise RefusedError("This is not the passphrase so far.", field="before")
        if len(passphrase) < 12:
            raise RefusedError("It is short; use at least 12.", field="passphrase")
        self.passphrase = passphrase

    async def renew_key(self, passphrase: str) -> None:
        await self.unlock(passphrase)
        self.keys += 1

    async def forget_key(self) -> None:
        self.forgot = True
