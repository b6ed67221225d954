"""Which hosts we are willing to speak to: the broker's own, or this machine in simulator mode."""

from __future__ import annotations

from copytrade_gui.brokers.http.address import (
    Address,
    AddressRefusedError,
    broker_address,
    is_loopback,
    loopback_address,
)

BROKER_API = "https://api.iiflcapital.com/v1"
BROKER_FEED = ("bridge.iiflcapital.com", 8883)
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


def check_feed(host: str, port: int, *, simulator: bool) -> Address:
    """The feed's address, always over TLS; in simulator mode only loopback will do.

    Raises:
        AddressRefusedError: any other host or port.
    """
    if simulator and not is_loopback(host):
        raise AddressRefusedError(f"In paper mode only this machine is called, not {host!r}.")
    if not simulator and (host, port) != BROKER_FEED:
        known = ":".join(map(str, BROKER_FEED))
        raise AddressRefusedError(f"{host!r} is not the broker's feed. Use {known}.")
    return Address(True, host, port, "")
