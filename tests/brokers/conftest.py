from pathlib import Path

import pytest

from tests.brokers import rig
from tests.brokers.certificates import PrivateCa, make_ca


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> PrivateCa:
    return make_ca(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "contracts"


@pytest.fixture
def sealed_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Encrypt every order before it is placed, as the engine does while its commit is out."""
    monkeypatch.setattr(rig, "SEAL_FIRST", True)
