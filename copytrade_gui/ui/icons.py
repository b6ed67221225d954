"""Icons tinted from the theme, and the marks that carry a state by their shape."""

from __future__ import annotations

import weakref
from enum import StrEnum
from functools import lru_cache

from PySide6.QtCore import QByteArray, QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QAction, QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton
from shiboken6 import isValid

from copytrade_gui.ui import assets
from copytrade_gui.ui.theme import Theme, Tone

_SIZES = (16, 20, 24, 32)
_RATIO = 2  # drawn at twice the size, so that 125 to 200 % stay crisp
_KEPT_DRAWN = 128
"""Icons kept once drawn, 72 KiB each: a window has a hundred, and drawing them takes a third of
the time in which it opens."""


OTHER_NAMES = frozenset(
    {"search", "minus", "plus", "x", "layout-dashboard", "ellipsis-vertical", "circle-check",
     "triangle-alert", "octagon-x", "app"}
)  # fmt: skip
"""Icons that no action names."""


class Mark(StrEnum):
    """Shapes that tell states apart without colour."""

    CIRCLE = "circle"
    RING = "ring"
    HALF = "half"
    TRIANGLE = "triangle"
    SQUARE = "square"
    DIAMOND = "diamond"
    DASH = "dash"


class Icons(QObject):
    """Makes icons in the theme's colours and repaints what it dressed when the theme changes."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._theme = theme
        self._made: dict[tuple[str, str], QIcon] = {}
        self._marks: dict[tuple[Mark, str], QIcon] = {}
        self._dressed: list[tuple[weakref.ref[QAbstractButton | QAction], str, str]] = []
        theme.changed.connect(self._on_theme_changed)

    def icon(self, name: str, tone: str = Tone.PLAIN) -> QIcon:
        """The icon in one colour, dimmed where it is disabled."""
        key = (name, str(tone))
        if key not in self._made:
            self._made[key] = self._draw(name, str(tone))
        return self._made[key]

    def mark(self, mark: Mark, tone: str) -> QIcon:
        """A state's shape in its tone."""
        key = (mark, str(tone))
        if key not in self._marks:
            self._marks[key] = QIcon(mark_pixmap(mark, self._theme.colour(tone)))
        return self._marks[key]

    def dress(self, target: QAbstractButton | QAction, name: str, tone: str = Tone.PLAIN) -> None:
        """Give a button or action an icon that follows the theme."""
        target.setIcon(self.icon(name, tone))
        kept = [entry for entry in self._dressed if entry[0]() not in (None, target)]
        self._dressed = [*kept, (weakref.ref(target), name, str(tone))]

    def _draw(self, name: str, tone: str) -> QIcon:
        faded = QColor(self._theme.tokens.muted)
        faded.setAlpha(130)
        return _drawn(name, self._theme.colour(tone).rgba(), faded.rgba())

    def _on_theme_changed(self) -> None:
        self._made.clear()
        self._marks.clear()
        alive = []
        for reference, name, tone in self._dressed:
            target = reference()
            if target is not None and isValid(target):
                target.setIcon(self.icon(name, tone))
                alive.append((reference, name, tone))
        self._dressed = alive


@lru_cache(maxsize=_KEPT_DRAWN)
def _drawn(name: str, colour: int, faded: int) -> QIcon:
    """The icon in two colours of the form ARGB; the same for every window of the program."""
    icon = QIcon()
    for mode, ink in ((QIcon.Mode.Normal, colour), (QIcon.Mode.Disabled, faded)):
        for size in _SIZES:
            icon.addPixmap(svg_pixmap(name, QColor.fromRgba(ink), size), mode)
    return icon


def svg_pixmap(name: str, colour: QColor, size: int) -> QPixmap:
    """One bundled icon in one colour; ``size`` in device-independent pixels."""
    ink = colour.name().encode()
    source = assets.svg(name).replace(b"currentColor", ink)
    pixmap = QPixmap(size * _RATIO, size * _RATIO)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setOpacity(colour.alphaF())
    QSvgRenderer(QByteArray(source)).render(painter)
    painter.end()
    pixmap.setDevicePixelRatio(_RATIO)
    return pixmap


def mark_pixmap(mark: Mark, colour: QColor, size: int = 12) -> QPixmap:
    """One shape in one colour; ``size`` in device-independent pixels."""
    pixmap = QPixmap(size * _RATIO, size * _RATIO)
    pixmap.fill(Qt.GlobalColor.transparent)
    pixmap.setDevicePixelRatio(_RATIO)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    draw_mark(painter, mark, colour, QRectF(1, 1, size - 2, size - 2))
    painter.end()
    return pixmap


def draw_mark(painter: QPainter, mark: Mark, colour: QColor, box: QRectF) -> None:
    """Paint a shape into ``box``."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    centre, side = box.center(), box.width()
    if mark is Mark.CIRCLE:
        painter.drawEllipse(box.adjusted(0.5, 0.5, -0.5, -0.5))
    elif mark in (Mark.RING, Mark.HALF):
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, 1.6))
        ring = box.adjusted(1, 1, -1, -1)
        painter.drawEllipse(ring)
        if mark is Mark.HALF:
            painter.setBrush(colour)
            painter.drawPie(ring, 90 * 16, 180 * 16)
    elif mark is Mark.TRIANGLE:
        points = [
            QPointF(centre.x(), box.top()),
            QPointF(box.right(), box.bottom() - side * 0.06),
            QPointF(box.left(), box.bottom() - side * 0.06),
        ]
        painter.drawPolygon(QPolygonF(points))
    elif mark is Mark.SQUARE:
        painter.drawRect(box.adjusted(0.8, 0.8, -0.8, -0.8))
    elif mark is Mark.DIAMOND:
        points = [
            QPointF(centre.x(), box.top()),
            QPointF(box.right(), centre.y()),
            QPointF(centre.x(), box.bottom()),
            QPointF(box.left(), centre.y()),
        ]
        painter.drawPolygon(QPolygonF(points))
    else:
        painter.drawRect(QRectF(box.left() + 1, centre.y() - 1, side - 2, 2))
