"""The log keeps what happened and no secret."""

import json
import logging
import stat
from pathlib import Path

import pytest

from copytrade_gui.app.logs import log_to, redact
from copytrade_gui.storage.files.folder import open_folder


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer canary-4711",
        "app_secret=canary-4711",
        'body {"token": "canary-4711", "x": 1}',
        "checksum: canary-4711",
        "GET /?authcode=canary-4711&clientid=1",
        "jwt eyJhbGciOiJIUzI1NiJ9.canary-4711-payload.signature-canary-4711",
    ],
)
def test_a_secret_is_starred(text: str) -> None:
    assert "canary" not in redact(text)
    assert "***" in redact(text)


def test_what_is_no_secret_stays() -> None:
    text = "order 4711 of F-30000005 refused: RMS: Margin Exceeds, Required: 13000"
    assert redact(text) == text


@pytest.mark.expected_log("no room")
def test_records_become_private_lines_of_json(tmp_path: Path) -> None:
    folder = open_folder(tmp_path, "paper")
    with log_to(folder):
        logging.getLogger("copytrade_gui.engine").info("placed %s", "order-1")
        logging.getLogger("copytrade_gui.engine").warning("no room, token=%s", "canary-4711")
        logging.getLogger("httpx").info("not of interest")
    path = folder.logs / "copytrade.log"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [line["event"] for line in lines] == ["placed order-1", "no room, token=***"]
    assert [line["level"] for line in lines] == ["info", "warning"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
