"""Nothing in the repository names the machine or the index it was made with."""

import re
from pathlib import Path

from tests.house.source import PACKAGE, ROOT, named, text_files

# Options that would carry an index address into a file.
INDEX = re.compile(r"(--(extra-)?index-url|--find-links|--trusted-host|PIP_INDEX|UV_INDEX)[= ]+\S")
# The reserved names for examples, and the loopback, are the only hosts a URL with a port may name.
HOST = re.compile(r"https?://(?P<host>[A-Za-z0-9.-]+):\d+")
# Loopback, and the broker's own public address.
OWN_HOSTS = {"127.0.0.1", "127.0.0.9", "localhost", "api.iiflcapital.com"}


def complaints(text: str) -> list[str]:
    """Return what in the text belongs to one machine."""
    found = [place for place in (f"{ROOT}/", f"{Path.home()}/") if place in text]
    found += [option[0] for option in INDEX.finditer(text)]
    found += [
        match["host"]
        for match in HOST.finditer(text)
        if match["host"] not in OWN_HOSTS and not match["host"].endswith((".example", ".invalid"))
    ]
    return found


def test_files_name_no_machine_and_no_index() -> None:
    found = {
        named(path): lines
        for path in text_files()
        if (lines := complaints(path.read_text(encoding="utf-8")))
    }
    assert not found


def test_a_machine_or_an_index_is_noticed() -> None:
    option = "--index-" + "url"
    for text in (
        f"{ROOT}/.venv",
        f"pip install {option} somewhere",
        "http" + "://mirror.lan:8080/",
    ):
        assert complaints(text), text
    assert not complaints("http://127.0.0.1:8080/ and https://broker.example:443/")


def test_shell_scripts_stop_at_the_first_failure() -> None:
    for path in (ROOT / ".ci").iterdir():
        text = path.read_text(encoding="utf-8")
        if text.startswith("#!/usr/bin/env bash"):
            assert "set -euo pipefail" in text, named(path)
        assert path.stat().st_mode & 0o111, f"{named(path)} cannot be run"


def test_the_http_room_names_no_broker() -> None:
    named_there = [
        named(path)
        for path in text_files()
        if (PACKAGE / "brokers" / "http") in path.parents
        and "iifl" in path.read_text(encoding="utf-8").casefold()
    ]
    assert not named_there
