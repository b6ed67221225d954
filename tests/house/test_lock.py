"""The lock is what gets installed: complete, hashed, from any index, as the project asks."""

import re
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.house.source import ROOT

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;]+)(?: ; (?P<marker>.+?))? \\$", re.MULTILINE
)
# Either pulls a Qt that aborts on Python 3.11, or opens key stores that nobody chose.
NEVER = {"pyside6", "pyside6-addons", "pyside6-stubs", "keyrings-alt", "keyrings-cryptfile"}


def asked_for() -> list[Requirement]:
    groups = PROJECT["dependency-groups"]
    texts = [*PROJECT["project"]["dependencies"], *groups["dev"], *groups["installer"]]
    return [Requirement(text) for text in texts]


def pins() -> list[Requirement]:
    return [
        Requirement(
            f"{found['name']}=={found['version']}"
            + (f"; {found['marker']}" if found["marker"] else "")
        )
        for found in PIN.finditer(LOCK)
    ]


def version(pin: Requirement) -> Version:
    (exact,) = pin.specifier
    return Version(exact.version)


def test_every_line_is_a_pin_or_a_hash() -> None:
    for line in LOCK.splitlines():
        assert PIN.match(line) or re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?", line), (
            line
        )


def test_every_pin_has_a_hash() -> None:
    for block in re.split(r"^(?=[A-Za-z0-9])", LOCK, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in block, block


def test_no_index_is_named() -> None:
    assert not re.search(r"://|index|find-links|trusted-host", LOCK)


@pytest.mark.parametrize("wanted", asked_for(), ids=str)
def test_lock_answers_the_project(wanted: Requirement) -> None:
    found = [pin for pin in pins() if canonicalize_name(pin.name) == canonicalize_name(wanted.name)]
    assert found, f"{wanted.name} is not in requirements.lock; run make lock"
    for pin in found:
        assert wanted.specifier.contains(version(pin)), f"{pin} does not answer {wanted}"


def test_a_qt_that_aborts_and_foreign_key_stores_stay_out() -> None:
    locked = {canonicalize_name(pin.name): version(pin) for pin in pins()}
    assert not NEVER & set(locked)
    assert locked[canonicalize_name("PySide6-Essentials")] < Version("6.12")
    assert locked[canonicalize_name("shiboken6")] == locked[canonicalize_name("PySide6-Essentials")]


def test_what_runs_here_is_what_is_locked() -> None:
    for pin in pins():
        if pin.marker is None or pin.marker.evaluate():
            assert Version(metadata.version(pin.name)) == version(pin), pin.name
