"""Which hosts we are willing to speak to: the broker's own, or this machine in simulator mode."""

from __future__ import annotations

from copytrade_gui.brokers.http.address import Address, broker_address, loopback_address

BROKER_API = "https://api.iiflcapital.com/v1"
BROKER_LOGIN = "https://markets.iiflcapital.com/"
_BROKER_HOSTS = frozenset({"api.iiflcapital.com", "markets.iiflcapital.com"})


def check_address(url: str, *, simulator: bool) -> Address:
    """Read a base address; in simulator mode only loopback will do, otherwise only the broker.

    Raises:
        AddressRefusedError: any other host, plain HTTP off this machine, or an odd address.
    """
    if simulator:
        return loopback_address(url)
    return broker_address(url, _BROKER_HOSTS, BROKER_API)
