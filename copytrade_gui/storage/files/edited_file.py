"""A TOML file that the program ships and its user adds to, read again while the program runs."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any, Generic, TypeVar

from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.problems import StorageError

_LONGEST = 256 * 1024
Content = TypeVar("Content")


class EditedFileError(StorageError):
    """The file cannot be used; the text names line or field and the remedy."""


class EditedFile(Generic[Content]):
    """The user's file of one data folder, beside the shipped one of the same name.

    ``read`` makes the content of a text and the words for where it stands; ``joined`` puts the
    user's and the shipped one together.
    """

    def __init__(
        self,
        path: Path,
        template: str,
        read: Callable[[str, str], Content],
        joined: Callable[[Content, Content], Content],
    ) -> None:
        self._path = path
        self._template = template
        self._read = read
        self._joined = joined
        self._shipped = read(shipped_text(path.name), f"the program's {path.name}")
        self._seen: tuple[int, int] | None = None

    @property
    def shipped(self) -> Content:
        """What the program brings along, for while the user's file cannot be read."""
        return self._shipped

    def read_if_changed(self) -> Content | None:
        """The content, if the file is another than at the last call; it is made if missing.

        Raises:
            EditedFileError: it cannot be read; told once for each change of it.
        """
        try:
            stat = self._path.stat()
        except OSError:
            self._make()
            stat = None
        seen = (0, 0) if stat is None else (stat.st_mtime_ns, stat.st_size)
        if seen == self._seen:
            return None
        self._seen = seen
        if stat is None:
            return self._shipped
        try:
            with self._path.open("rb") as file:
                written = file.read(_LONGEST + 1)
        except OSError as error:
            raise EditedFileError(
                f"{self._path} cannot be read ({error.strerror or error}). Give your user access."
            ) from error
        if len(written) > _LONGEST:
            raise EditedFileError(f"{self._path} is longer than 256 KB. Shorten it.")
        try:
            text = written.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise EditedFileError(f"{self._path} is not UTF-8 text. Save it as UTF-8.") from error
        return self._joined(self._read(text, str(self._path)), self._shipped)

    def _make(self) -> None:
        try:
            Files().replace(self._path, self._template.encode())
        except OSError:
            return  # it is a convenience; what is shipped holds without it


def shipped_text(name: str) -> str:
    """A file that comes with the program."""
    return resources.files("copytrade_gui.storage.files").joinpath(name).read_text("utf-8")


def toml_of(text: str, where: str) -> dict[str, Any]:
    """What a TOML text holds, with decimals read exactly. Raises EditedFileError."""
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise EditedFileError(f"{where} is not in the form of TOML: {error}.") from error
