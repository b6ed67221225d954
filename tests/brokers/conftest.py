from pathlib import Path

import pytest

from copytrade_gui.brokers.http import connect
from tests.brokers.certificates import PrivateCa, make_ca


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> PrivateCa:
    return make_ca(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "contracts"


@pytest.fixture
def memory_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Order connections as on a loop that does not tell when a socket is readable (Windows)."""
    monkeypatch.setattr(connect, "watches_sockets", lambda _loop: False)
