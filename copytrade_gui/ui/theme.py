"""Colours, type and density: one set of tokens for palette, style sheet, delegates and charts.

The pairs are chosen so that every text colour reaches 4.5:1 on every ground it stands on; a test
computes that from these tokens. Buy blue and sell red are sides, gain green and loss red are
money: two different things.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from enum import StrEnum

from PySide6.QtCore import QDir, QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from copytrade_gui.ui import assets


@dataclass(frozen=True, slots=True)
class Tokens:
    """One scheme. Grounds first, then inks, then fills that carry white text."""

    window: str
    base: str
    alternate: str
    button: str
    hover: str
    line: str
    selection: str
    text: str
    muted: str
    buy: str
    sell: str
    gain: str
    warning: str
    focus: str = "#2f80ff"
    fill_buy: str = "#1f66e5"
    fill_sell: str = "#c9302c"
    fill_stop: str = "#b3261e"
    fill_paper: str = "#8a5a00"
    fill_ok: str = "#0f6b3c"
    on_fill: str = "#ffffff"


DARK = Tokens(
    window="#14171c",
    base="#0f1216",
    alternate="#161a20",
    button="#20252d",
    hover="#2a313b",
    line="#2b323c",
    selection="#16335e",
    text="#e6e8eb",
    muted="#9aa3af",
    buy="#6aa6ff",
    sell="#ff7b7f",
    gain="#4ccb8f",
    warning="#f0b429",
)
LIGHT = Tokens(
    window="#f3f4f6",
    base="#ffffff",
    alternate="#f7f8fa",
    button="#e8eaee",
    hover="#dde0e6",
    line="#cfd4db",
    selection="#cfe1ff",
    text="#16191d",
    muted="#59636e",
    buy="#1257c7",
    sell="#b3261e",
    gain="#0f6b3c",
    warning="#7a4f00",
)


class Scheme(StrEnum):
    """What the user chose."""

    DARK = "dark"
    LIGHT = "light"
    SYSTEM = "system"


class Tone(StrEnum):
    """What a text means; the theme decides how that looks. Values are token names."""

    PLAIN = "text"
    MUTED = "muted"
    BUY = "buy"
    SELL = "sell"
    OK = "gain"
    WARN = "warning"
    BAD = "sell"
    INFO = "buy"
    ON_FILL = "on_fill"


GROUNDS = ("window", "base", "alternate", "button", "selection")
INKS = ("text", "muted", "buy", "sell", "gain", "warning")
FILLS = ("fill_buy", "fill_sell", "fill_stop", "fill_paper", "fill_ok")


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio of two ``#rrggbb`` colours, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def sheet(tokens: Tokens) -> str:
    """The style sheet with the tokens filled in."""
    values = {field.name: getattr(tokens, field.name) for field in fields(tokens)}
    return re.sub(r"@(\w+)", lambda found: str(values[found.group(1)]), assets.theme_sheet())


class Theme(QObject):
    """The look in force. ``changed`` comes after palette, font and style sheet are set."""

    changed = Signal()

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self.tokens = DARK
        self.scheme = Scheme.DARK
        self.text_percent = 100
        self.row_height = 24
        self.reduce_motion = False
        self._family = load_fonts()
        QDir.setSearchPaths("theme", [str(assets.root() / "themes")])  # pictures of the sheet
        app.setStyle(QStyleFactory.create("Fusion"))
        app.styleHints().colorSchemeChanged.connect(self._on_system_changed)

    def apply(
        self,
        scheme: Scheme | None = None,
        *,
        text_percent: int | None = None,
        comfortable: bool | None = None,
        reduce_motion: bool | None = None,
    ) -> None:
        """Change what is given, keep the rest. ``text_percent`` is held between 80 and 150."""
        if scheme is not None:
            self.scheme = scheme
        if text_percent is not None:
            self.text_percent = max(80, min(150, text_percent))
        if comfortable is not None:
            self.row_height = 30 if comfortable else 24
        if reduce_motion is not None:
            self.reduce_motion = reduce_motion
        self.tokens = DARK if self._wants_dark() else LIGHT
        self._app.setFont(self.font())
        self._app.setPalette(palette(self.tokens))
        self._app.setStyleSheet(sheet(self.tokens))
        self.changed.emit()

    def font(self, *, scale: float = 1.0, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
        """Inter with figures of equal width, at the user's text size times ``scale``."""
        font = QFont(self._family)
        font.setPointSizeF(10 * scale * self.text_percent / 100)
        font.setWeight(weight)
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def colour(self, token: str) -> QColor:
        """A token (or a Tone) as Qt wants it."""
        return QColor(getattr(self.tokens, str(token)))

    def row_pixels(self) -> int:
        """Height of a table row at the present text size."""
        return round(self.row_height * max(1.0, self.text_percent / 100))

    def _wants_dark(self) -> bool:
        if self.scheme is Scheme.SYSTEM:
            return self._app.styleHints().colorScheme() is not Qt.ColorScheme.Light
        return self.scheme is Scheme.DARK

    def _on_system_changed(self) -> None:
        if self.scheme is Scheme.SYSTEM:
            self.apply()


def palette(tokens: Tokens) -> QPalette:
    """The Fusion palette made of these tokens."""
    role = QPalette.ColorRole
    made = QPalette()
    pairs = {
        role.Window: tokens.window,
        role.WindowText: tokens.text,
        role.Base: tokens.base,
        role.AlternateBase: tokens.alternate,
        role.Text: tokens.text,
        role.PlaceholderText: tokens.muted,
        role.Button: tokens.button,
        role.ButtonText: tokens.text,
        role.BrightText: tokens.on_fill,
        role.ToolTipBase: tokens.button,
        role.ToolTipText: tokens.text,
        role.Highlight: tokens.selection,
        role.HighlightedText: tokens.text,
        role.Link: tokens.buy,
        role.LinkVisited: tokens.buy,
        role.Light: tokens.hover,
        role.Midlight: tokens.hover,
        role.Mid: tokens.line,
        role.Dark: tokens.line,
        role.Shadow: tokens.base,
        role.Accent: tokens.focus,
    }
    for name, colour in pairs.items():
        made.setColor(name, QColor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText):
        faded = QColor(tokens.muted)
        faded.setAlpha(150)
        made.setColor(QPalette.ColorGroup.Disabled, name, faded)
    return made


FAMILY = "Inter"
"""The program's own font."""


def load_fonts() -> str:
    """Bring the program's own fonts in; returns their family. Needs a QGuiApplication."""
    for path in assets.font_paths():
        if QFontDatabase.addApplicationFont(str(path)) < 0:
            raise assets.MissingAssetsError(
                f"The font {path} cannot be read. Install the program again."
            )
    return FAMILY
