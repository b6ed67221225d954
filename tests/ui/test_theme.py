"""Colours can be read, sides and money are told apart, the sheet is filled from the tokens."""

import dataclasses
import itertools

import pytest
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication

from copytrade_gui.ui import assets
from copytrade_gui.ui.theme import (
    DARK,
    FILLS,
    GROUNDS,
    INKS,
    LIGHT,
    Scheme,
    Theme,
    Tokens,
    contrast,
    sheet,
)

SCHEMES = pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
READABLE = 4.5


@SCHEMES
@pytest.mark.parametrize(("ink", "ground"), list(itertools.product(INKS, GROUNDS)))
def test_every_ink_can_be_read_on_every_ground(tokens: Tokens, ink: str, ground: str) -> None:
    assert contrast(getattr(tokens, ink), getattr(tokens, ground)) >= READABLE


@SCHEMES
@pytest.mark.parametrize("fill", FILLS)
def test_white_can_be_read_on_every_fill(tokens: Tokens, fill: str) -> None:
    assert contrast(tokens.on_fill, getattr(tokens, fill)) >= READABLE


@SCHEMES
def test_the_focus_ring_is_seen(tokens: Tokens) -> None:
    assert contrast(tokens.focus, tokens.base) >= 3.0


def test_contrast_knows_its_ends() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1


@SCHEMES
def test_the_sheet_has_no_token_left(tokens: Tokens) -> None:
    filled = sheet(tokens)
    assert "@" not in filled
    assert tokens.selection in filled


def test_the_sheet_names_only_tokens() -> None:
    names = {field.name for field in dataclasses.fields(Tokens)}
    words = {part.split(";")[0].split(" ")[0] for part in assets.theme_sheet().split("@")[1:]}
    assert words <= names


def test_light_and_dark_reach_the_program(app: QApplication) -> None:
    theme = Theme(app)
    seen = []
    theme.changed.connect(lambda: seen.append(theme.tokens))
    theme.apply(Scheme.LIGHT)
    assert app.palette().base().color().name() == LIGHT.base
    theme.apply(Scheme.DARK)
    assert app.palette().base().color().name() == DARK.base
    assert seen == [LIGHT, DARK]
    theme.deleteLater()


def test_text_size_stays_between_its_bounds(app: QApplication) -> None:
    theme = Theme(app)
    theme.apply(text_percent=400)
    assert theme.text_percent == 150
    theme.apply(text_percent=10)
    assert theme.text_percent == 80
    theme.apply(text_percent=100)
    assert theme.font().featureValue(QFont.Tag("tnum")) == 1
    theme.deleteLater()
