"""Which authorities are trusted, and that the environment has no say in any TLS connection."""

import os
import re
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

import copytrade_gui
from copytrade_gui.brokers.http.trust import tls_context
from tests.brokers.stand import standing

VARIABLES = ("SSLKEYLOGFILE", "SSL_CERT_FILE", "SSL_CERT_DIR")
BUILDS_BY_ENVIRONMENT = re.compile(
    r"create_default_context|create_ssl_context|load_default_certs|set_default_verify_paths"
    r"|_create_unverified_context|keylog_filename"
)


def test_the_environment_cannot_replace_what_is_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plain = tls_context().get_ca_certs(binary_form=True)
    assert plain
    (tmp_path / "other.pem").write_text("")
    for value in (str(tmp_path / "other.pem"), str(tmp_path), "/nowhere"):
        for name in VARIABLES:
            monkeypatch.setenv(name, value if name != "SSLKEYLOGFILE" else f"{tmp_path}/keys.log")
        assert tls_context().get_ca_certs(binary_form=True) == plain
    assert not (tmp_path / "keys.log").exists()


def test_for_an_address_without_tls_nobody_is_trusted() -> None:
    context = tls_context(trust=False)
    assert context.get_ca_certs() == []
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.parametrize("fast", [True, False], ids=["wire", "httpx"])
async def test_no_key_of_a_connection_is_written_anywhere(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fast: bool
) -> None:
    """Orders and reads, on either channel."""
    keys = tmp_path / "keys.log"
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    async with standing(cache, fast=fast, tls_folder=tmp_path) as stand:
        session = await stand.login()
        await session.open_channel()
        assert (await session.order_book()).whole
    assert not keys.exists()


def test_a_started_program_gives_no_keys_away(tmp_path: Path) -> None:
    """In a process of its own: OpenSSL reads its variables once."""
    keys = tmp_path / "keys.log"
    told = {"SSLKEYLOGFILE": str(keys), "SSL_CERT_FILE": "/nowhere", "SSL_CERT_DIR": "/nowhere"}
    code = (
        "from copytrade_gui.brokers.http.trust import tls_context; "
        "c = tls_context(); print(len(c.get_ca_certs()) > 0, c.keylog_filename)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == ["True", "None"]
    assert not keys.exists()


def test_nothing_in_the_program_lets_the_environment_make_a_context() -> None:
    root = Path(copytrade_gui.__file__).parent
    found = {
        path.name
        for path in root.rglob("*.py")
        if path.name != "trust.py" and BUILDS_BY_ENVIRONMENT.search(path.read_text("utf-8"))
    }
    assert found == set()
