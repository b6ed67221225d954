import pytest

from copytrade_gui.brokers.http.address import AddressRefusedError
from copytrade_gui.brokers.iifl.address import check_address


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://api.iiflcapital.com/v1", "https://api.iiflcapital.com/v1"),
        ("https://api.iiflcapital.com:443/v1/", "https://api.iiflcapital.com/v1"),
        ("HTTPS://API.iiflcapital.com./v1", "https://api.iiflcapital.com/v1"),
    ],
)
def test_the_brokers_own_hosts(url: str, base: str) -> None:
    assert check_address(url, simulator=False).base == base


@pytest.mark.parametrize(
    "url",
    [
        "http://api.iiflcapital.com/v1",
        "https://api.iiflcapital.com:8443/v1",
        "https://api.iiflcapital.com.evil.example/v1",
        "https://evil.example/api.iiflcapital.com",
        "https://api.iiflcapital.com@evil.example/v1",
        "https://user:pw@api.iiflcapital.com/v1",
        "https://api.iiflcapital.com/v1?next=https://evil.example",
        "https://api.iiflcapital.com/v1#x",
        "https://127.0.0.1/v1",
        "https://localhost/v1",
        "file:///etc/passwd",
        "ftp://api.iiflcapital.com/",
        "https://",
        "https://[::1",
        "https://api.iiflcapital.com:port/v1",
        "",
    ],
)
def test_everything_else_is_refused_live(url: str) -> None:
    with pytest.raises(AddressRefusedError):
        check_address(url, simulator=False)


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://127.0.0.1:8000/v1", "127.0.0.1:8000"),
        ("https://127.0.0.9:8443", "127.0.0.9:8443"),
        ("http://localhost:1/v1", "localhost:1"),
        ("http://[::1]:8000/v1", "[::1]:8000"),
        ("http://127.0.0.1/v1", "127.0.0.1"),
    ],
)
def test_loopback_for_the_simulator(url: str, authority: str) -> None:
    assert check_address(url, simulator=True).authority == authority


@pytest.mark.parametrize(
    "url",
    [
        "https://api.iiflcapital.com/v1",
        "http://192.168.1.2/v1",
        "http://0.0.0.0/v1",
        "http://127.0.0.1.evil.example/v1",
        "http://2130706433/v1",
        "ws://127.0.0.1/v1",
    ],
)
def test_paper_mode_never_leaves_this_machine(url: str) -> None:
    with pytest.raises(AddressRefusedError):
        check_address(url, simulator=True)
