"""Finds fonts, icons and themes in a checkout, in a wheel and in a frozen program."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

FONT_FILES = ("Inter-Regular.otf", "Inter-Medium.otf", "Inter-SemiBold.otf", "Inter-Bold.otf")
THEME_FILE = "console.qss"


class MissingAssetsError(Exception):
    """Files of the program itself are not there; the text names them and says what to do."""


@cache
def root() -> Path:
    """The folder with ``fonts``, ``icons`` and ``themes``.

    Raises:
        MissingAssetsError: no such folder beside the package or inside it.
    """
    package = Path(__file__).resolve().parent.parent
    places = [package / "resources", package.parent / "resources"]
    bundle = getattr(sys, "_MEIPASS", None)
    if bundle is not None:
        places += [Path(bundle) / "copytrade_gui" / "resources", Path(bundle) / "resources"]
    for place in places:
        if (place / "themes" / THEME_FILE).is_file():
            return place
    looked = ", ".join(str(place) for place in places)
    raise MissingAssetsError(
        f"The program's resources are missing (looked in {looked}). Install the program again."
    )


def font_paths() -> tuple[Path, ...]:
    """The bundled font files, one per weight."""
    return tuple(root() / "fonts" / name for name in FONT_FILES)


@cache
def svg(name: str) -> bytes:
    """The text of an icon.

    Raises:
        MissingAssetsError: there is no such icon.
    """
    path = root() / "icons" / f"{name}.svg"
    try:
        return path.read_bytes()
    except OSError as error:
        raise MissingAssetsError(
            f"The icon {path} is missing. Install the program again."
        ) from error


def theme_sheet() -> str:
    """The style sheet with its tokens unfilled."""
    return (root() / "themes" / THEME_FILE).read_text(encoding="utf-8")


def check(icon_names: frozenset[str]) -> None:
    """Make sure at start that everything the window will ask for is there.

    Raises:
        MissingAssetsError: names every file that is not.
    """
    wanted = [*font_paths(), *(root() / "icons" / f"{name}.svg" for name in sorted(icon_names))]
    missing = [str(path) for path in wanted if not path.is_file()]
    if missing:
        raise MissingAssetsError(
            f"Files of the program are missing: {', '.join(missing)}. Install the program again."
        )
