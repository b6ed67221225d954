"""What a person chose and confirmed for a live profile: paper or live, and his duties read."""

from __future__ import annotations

from pathlib import Path

import msgspec

from copytrade_gui.domain.mode import Mode
from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.problems import StorageError

_LONGEST = 1024


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    opens: Mode


class _Confirmed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    checked: str


class ModeFile:
    """One small JSON file, read at a start and written when a person chooses."""

    def __init__(self, path: Path, files: Files | None = None) -> None:
        self._path = path
        self._files = files or Files()

    def read(self) -> Mode | None:
        """What was chosen; None where nobody has chosen.

        Raises:
            StorageError: it cannot be read or is damaged. Nobody may take that for live.
        """
        try:
            with self._path.open("rb") as file:
                written = file.read(_LONGEST + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(
                f"Whether to open live or paper cannot be read from {self._path} "
                f"({error.strerror or error})."
            ) from error
        try:
            if len(written) > _LONGEST:
                raise msgspec.ValidationError("too long")
            return msgspec.json.decode(written, type=_Written).opens
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise StorageError(
                f"Whether to open live or paper is damaged in {self._path}."
            ) from error

    def write(self, mode: Mode) -> None:
        """Store it for the next starts, whole or not at all. Raises StorageError."""
        try:
            self._files.replace(self._path, msgspec.json.encode(_Written(mode)))
        except OSError as error:
            raise StorageError(
                f"Whether to open live or paper cannot be stored in {self._path} "
                f"({error.strerror or error}). Give your user write access, or free space."
            ) from error


class DutiesFile:
    """Which state of the duties was confirmed last. What cannot be read was not confirmed."""

    def __init__(self, path: Path, files: Files | None = None) -> None:
        self._path = path
        self._files = files or Files()

    def read(self) -> str:
        """The day on which that state was checked; empty: none was confirmed."""
        try:
            with self._path.open("rb") as file:
                return msgspec.json.decode(file.read(_LONGEST), type=_Confirmed).checked
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return ""

    def write(self, checked: str) -> None:
        """Store it, whole or not at all. Raises StorageError."""
        try:
            self._files.replace(self._path, msgspec.json.encode(_Confirmed(checked)))
        except OSError as error:
            raise StorageError(
                f"That the duties were read cannot be stored in {self._path} "
                f"({error.strerror or error}). Give your user write access, or free space."
            ) from error
