"""The pictures and fonts that the program ships are whole, drawable and licensed."""

import pytest
from PySide6.QtGui import QFont, QFontDatabase, QFontMetricsF, QRawFont
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from tests.house.source import ROOT

RESOURCES = ROOT / "resources"
ICONS = sorted((RESOURCES / "icons").glob("*.svg"))
FONTS = sorted((RESOURCES / "fonts").glob("*.otf"))
RUPEE, EN_DASH = 0x20B9, 0x2013


def test_every_icon_can_be_drawn(qapp: QApplication) -> None:
    assert ICONS
    broken = [icon.name for icon in ICONS if not QSvgRenderer(str(icon)).isValid()]
    assert not broken


def test_icons_take_the_colour_of_the_text() -> None:
    fixed = [icon.name for icon in ICONS if 'stroke="currentColor"' not in icon.read_text("utf-8")]
    assert fixed == ["app.svg"]


@pytest.mark.parametrize("weight", ["Regular", "Medium", "SemiBold", "Bold"])
def test_font_has_what_a_price_needs(qapp: QApplication, weight: str) -> None:
    font = QRawFont(str(RESOURCES / "fonts" / f"Inter-{weight}.otf"), 12)
    assert font.familyName() == "Inter"
    assert font.supportsCharacter(RUPEE)
    assert font.supportsCharacter(EN_DASH)


def test_figures_are_equally_wide(qapp: QApplication) -> None:
    added = [QFontDatabase.addApplicationFont(str(font)) for font in FONTS]
    try:
        assert -1 not in added
        font = QFont("Inter", 10)
        font.setFeature(QFont.Tag("tnum"), 1)
        metrics = QFontMetricsF(font)
        assert metrics.horizontalAdvance("1111") == metrics.horizontalAdvance("0000")
    finally:
        for number in added:
            QFontDatabase.removeApplicationFont(number)


def test_licences_are_there() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for name in ("inter-OFL.txt", "lucide-ISC.txt"):
        assert (RESOURCES / "licences" / name).stat().st_size > 0
        assert name in notice
