"""The files that the house rules read."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "copytrade_gui"
# Everything that is written by hand; data, pictures and fonts are not read.
FOLDERS = ("copytrade_gui", "tests", ".ci", "docs", "resources")
TEXT_SUFFIXES = {".py", ".md", ".toml", ".lock", ".qss", ".svg", ".json", ".txt", ".sh", ""}


def python_files() -> list[Path]:
    """Return every Python file of the program, its tests and its build."""
    return [path for path in text_files() if path.suffix == ".py"]


def text_files() -> list[Path]:
    return sorted(_walk())


def _walk() -> Iterator[Path]:
    for path in ROOT.iterdir():
        if path.is_file() and path.suffix in TEXT_SUFFIXES and path.name != ".coverage":
            yield path
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in TEXT_SUFFIXES and "__pycache__" not in path.parts:
                yield path


def named(path: Path) -> str:
    """Return the path as a reader of the repository writes it."""
    return path.relative_to(ROOT).as_posix()
