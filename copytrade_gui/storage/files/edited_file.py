"""A TOML file that the program ships and its user adds to, read again while the program runs."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any, Generic, TypeVar

from copytrade_gui.domain.account_field import unseen
from copytrade_gui.domain.typed import LONGEST_QUOTE, cut
from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.problems import StorageError

_LONGEST = 256 * 1024
_LONGEST_SYMBOL = 40
_ENDLESS = re.compile(r"[0-9_]{1000,}|[eE][+-]?[0-9_]{10,}")
"""A number that Python or decimal arithmetic may not hold."""
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
        self.path = path
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
            stat = self.path.stat()
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
            with self.path.open("rb") as file:
                written = file.read(_LONGEST + 1)
        except OSError as error:
            raise EditedFileError(
                f"{self.path} cannot be read ({error.strerror or error}). Give your user access."
            ) from error
        if len(written) > _LONGEST:
            raise EditedFileError(f"{self.path} is longer than 256 KB. Shorten it.")
        try:
            text = written.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise EditedFileError(f"{self.path} is not UTF-8 text. Save it as UTF-8.") from error
        return self._joined(self._read(text, str(self.path)), self._shipped)

    def _make(self) -> None:
        try:
            Files().replace(self.path, self._template.encode())
        except OSError:
            return  # it is a convenience; what is shipped holds without it


def shipped_text(name: str) -> str:
    """A file that comes with the program."""
    return resources.files("copytrade_gui.storage.files").joinpath(name).read_text("utf-8")


def toml_of(text: str, where: str) -> dict[str, Any]:
    """What a TOML text holds, with decimals read exactly. Raises EditedFileError."""
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise EditedFileError(f"{where} is not in the form of TOML: {error}.") from error
    except RecursionError as error:
        raise EditedFileError(
            f"{where} is not in the form of TOML: its brackets stand too deep in one another. "
            "Copy the example's form."
        ) from error
    except (ValueError, ArithmeticError) as error:  # longer than Python or decimal can hold
        found = _ENDLESS.search(text)
        line = "" if found is None else f", line {text.count(chr(10), 0, found.start()) + 1}"
        raise EditedFileError(
            f"{where}{line}: a number is longer than can be read. Write it with fewer digits."
        ) from error


def name_in(key: str) -> str:
    """A name of somebody's choice, fit for a sentence."""
    return f"'{cut(key, LONGEST_QUOTE)}'"


def symbol_in(written: object, at: str) -> str:
    """A symbol of an exchange, in capitals. Raises EditedFileError."""
    symbol = written.strip() if isinstance(written, str) else ""
    if not 0 < len(symbol) <= _LONGEST_SYMBOL or unseen(symbol):
        raise EditedFileError(
            f"{at} holds what is no symbol of at most {_LONGEST_SYMBOL} letters. Write it in "
            'quotes, such as "SAIL".'
        )
    return symbol.upper()
