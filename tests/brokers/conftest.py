from pathlib import Path

import pytest

from copytrade_gui.brokers.iifl import connect
from tests.brokers.certificates import PrivateCa, make_ca


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> PrivateCa:
    return make_ca(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "contracts"


@pytest.fixture
def asyncio_transports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use asyncio's own transports, as on a platform for which aiofastnet has no wheel."""
    monkeypatch.setattr(connect, "FAST", False)
