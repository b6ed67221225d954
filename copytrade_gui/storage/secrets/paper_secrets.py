"""Invented secrets of simulated accounts. Never used for a live account: the file is plain text."""

from __future__ import annotations

from pathlib import Path

import msgspec

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.problems import StorageError
from copytrade_gui.storage.files.saving import Saver


class PaperSecrets:
    """``ports.SecretStore`` for paper profiles: in memory, and in an owner-only file if given.

    Raises:
        StorageError: the file cannot be read or written.
    """

    def __init__(self, path: Path | None = None, files: Files | None = None) -> None:
        self._secrets: dict[str, dict[str, str]] = {}
        self._saver = None if path is None else Saver(path, self._content, files or Files())
        if path is not None and path.exists():
            try:
                self._secrets = msgspec.json.decode(
                    path.read_bytes(), type=dict[str, dict[str, str]]
                )
            except (OSError, ValueError, RecursionError) as error:
                raise StorageError(
                    f"Paper secrets {path} cannot be read ({error}). Delete the file; the "
                    "simulator hands out new ones."
                ) from error

    def __repr__(self) -> str:
        return f"PaperSecrets({len(self._secrets)} accounts)"

    async def get(self, account: AccountId, name: str) -> str | None:
        """Read a secret, or None."""
        return self._secrets.get(account, {}).get(name)

    async def put(self, account: AccountId, name: str, value: str) -> None:
        """Store a secret."""
        self._secrets.setdefault(account, {})[name] = value
        await self._save()

    async def remove(self, account: AccountId, name: str) -> None:
        """Forget a secret."""
        if self._secrets.get(account, {}).pop(name, None) is not None:
            await self._save()

    def _content(self) -> bytes:
        return msgspec.json.encode(self._secrets)

    async def _save(self) -> None:
        if self._saver is None:
            return
        try:
            await self._saver.save()
        except OSError as error:
            raise StorageError(
                f"Paper secrets cannot be written ({error.strerror or error}). "
                "Give your user write access to the data folder."
            ) from error
