"""settings.toml: one entry a setting, from which the dialog and the reference page are made too."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from copytrade_gui.domain.order import FanOut
from copytrade_gui.domain.typed import LONGEST_QUOTE, cut, quoted
from copytrade_gui.storage.files import Files
from copytrade_gui.storage.problems import NewerFileError, StorageError

SCHEMA = 1
Value = int | bool | str


class SettingsError(StorageError):
    """A setting is wrong. ``field`` names it; the text says the remedy. Nothing was changed."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a setting does and may be. ``low`` and ``high`` bound numbers, ``choices`` texts."""

    what: str
    low: int = 0
    high: int = 0
    choices: tuple[str, ...] = ()


def _number(default: int, what: str, low: int, high: int) -> int:
    field: int = dataclasses.field(default=default, metadata={"is": Bounds(what, low, high)})
    return field


def _choice(default: str, what: str, *choices: str) -> str:
    bounds = Bounds(what, choices=choices)
    field: str = dataclasses.field(default=default, metadata={"is": bounds})
    return field


def _text(default: str, what: str) -> str:
    field: str = dataclasses.field(default=default, metadata={"is": Bounds(what)})
    return field


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting with its default."""

    theme: str = _choice("system", "Colours of the window.", "system", "light", "dark")
    fan_out: str = _choice(
        FanOut.ON_MASTER_WORKING.value,
        "When followers' orders leave: after the master order is at the exchange, or with it.",
        *(choice.value for choice in FanOut),
    )
    orders_per_second: int = _number(
        8, "New orders of one account in any second; above 10 needs a registered algo.", 1, 8
    )
    place_deadline_ms: int = _number(
        7_000,
        "Milliseconds after which a place call without an answer counts as unknown.",
        1_000,
        30_000,
    )
    signal_age_market_ms: int = _number(
        10_000, "Milliseconds after which an unsent market order is stale.", 1_000, 60_000
    )
    signal_age_resting_ms: int = _number(
        60_000, "Milliseconds after which an unsent resting order is stale.", 1_000, 600_000
    )
    quote_age_ms: int = _number(
        5_000, "Milliseconds after which a quote cannot price a market order.", 500, 30_000
    )
    settle_window_s: int = _number(
        180, "Seconds of complete reads before an unseen order counts as absent.", 180, 3_600
    )
    keep_alive_s: int = _number(
        25, "Seconds an order connection may idle before a cheap read keeps it open.", 5, 300
    )
    redirect_url: str = _text(
        "", "Address the broker's login page returns to, as registered for the app; may be empty."
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting as the dialog and the reference page show it."""

    name: str
    default: Value
    bounds: Bounds

    @property
    def kind(self) -> str:
        """``number``, ``yes or no``, ``choice`` or ``text``."""
        if isinstance(self.default, bool):
            return "yes or no"
        if isinstance(self.default, int):
            return "number"
        return "choice" if self.bounds.choices else "text"

    @property
    def allowed(self) -> str:
        """What may stand there, in words."""
        if self.kind == "number":
            return f"a whole number from {self.bounds.low} to {self.bounds.high}"
        if self.kind == "choice":
            return "one of " + ", ".join(self.bounds.choices)
        return "true or false" if self.kind == "yes or no" else "text"

    def check(self, value: object) -> Value:
        """The value if it may stand there. Raises SettingsError."""
        right = type(value) is type(self.default)
        if right and isinstance(value, int) and not isinstance(value, bool):
            right = self.bounds.low <= value <= self.bounds.high
        elif right and self.bounds.choices:
            right = value in self.bounds.choices
        if not right or not isinstance(value, int | bool | str):
            shown = cut(repr(value), LONGEST_QUOTE)
            raise SettingsError(
                f"Setting {self.name} is {shown}; it must be {self.allowed}. "
                f"The default is {self.default!r}.",
                self.name,
            )
        return value


_DEFAULTS = Settings()
ENTRIES = tuple(
    Entry(field.name, getattr(_DEFAULTS, field.name), field.metadata["is"])
    for field in dataclasses.fields(Settings)
)
_BY_NAME = {entry.name: entry for entry in ENTRIES}

Step = Callable[[tomlkit.TOMLDocument], None]
STEPS: Mapping[int, Step] = {}
"""Upgrade steps by the schema they start from; a test fails if one has no test."""


def load_settings(path: Path) -> Settings:
    """Read the file; defaults where it is silent or missing.

    Raises:
        SettingsError: it cannot be read, or a value is wrong.
        NewerFileError: a newer program wrote it.
    """
    return _read(_document(path), path)


def save_settings(path: Path, settings: Settings, files: Files | None = None) -> None:
    """Write every setting, keeping the comments and order of a file that is there.

    Raises:
        SettingsError: a value is wrong, or the file cannot be written; it stays as it was.
        NewerFileError: a newer program wrote it.
    """
    document = _document(path)
    _read(document, path)
    document["schema"] = SCHEMA
    for entry in ENTRIES:
        value = entry.check(getattr(settings, entry.name))
        if entry.name not in document:
            document.add(tomlkit.nl())
            document.add(tomlkit.comment(f"{entry.bounds.what} May be {entry.allowed}."))
            document.add(entry.name, tomlkit.item(value))
        elif document[entry.name] != value:
            document[entry.name] = value
    try:
        (files or Files()).replace(path, tomlkit.dumps(document).encode())
    except OSError as error:
        raise SettingsError(
            f"Settings file {path} cannot be written ({error.strerror or error}). "
            "Give your user write access to the data folder."
        ) from error


def _document(path: Path) -> tomlkit.TOMLDocument:
    try:
        document = tomlkit.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return tomlkit.document()
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise SettingsError(
            f"Settings file {path} cannot be read ({error}). Correct it, or delete it to start "
            "from the defaults."
        ) from error
    schema = document.get("schema", SCHEMA)
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise SettingsError(f"Setting schema is {schema!r}; it must be {SCHEMA}.", "schema")
    if schema > SCHEMA:
        raise NewerFileError(
            f"Settings file {path} has schema {schema}, this program knows {SCHEMA}: a newer one "
            "wrote it. Start that one, or use another --profile. Nothing was changed."
        )
    for number in range(schema, SCHEMA):
        STEPS[number](document)
    return document


def _read(document: tomlkit.TOMLDocument, path: Path) -> Settings:
    values: dict[str, Value] = {}
    for name, value in document.unwrap().items():
        if name == "schema":
            continue
        entry = _BY_NAME.get(name)
        if entry is None:
            near = difflib.get_close_matches(name, _BY_NAME, 1)
            hint = f"Did you mean {near[0]}?" if near else "Remove the line."
            raise SettingsError(f"Setting {quoted(name)} in {path} is not known. {hint}", name)
        values[name] = entry.check(value)
    return dataclasses.replace(Settings(), **values)  # type: ignore[arg-type]  # each value was checked against its entry
