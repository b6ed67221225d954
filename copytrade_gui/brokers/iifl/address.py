"""Which hosts we are willing to speak to: the broker's own, or this machine in simulator mode."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

BROKER_API = "https://api.iiflcapital.com/v1"
BROKER_LOGIN = "https://markets.iiflcapital.com/"
_BROKER_HOSTS = frozenset({"api.iiflcapital.com", "markets.iiflcapital.com"})


class AddressRefusedError(ValueError):
    """The address is not one that we may speak to. The text is one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Address:
    """A checked base address. ``prefix`` has no slash at its end."""

    tls: bool
    host: str
    port: int
    prefix: str

    @property
    def base(self) -> str:
        """The address as text, without a slash at its end."""
        return f"{'https' if self.tls else 'http'}://{self.authority}{self.prefix}"

    @property
    def authority(self) -> str:
        """Host and port as the ``Host`` header wants them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


def check_address(url: str, *, simulator: bool) -> Address:
    """Read a base address; in simulator mode only loopback will do, otherwise only the broker.

    Raises:
        AddressRefusedError: any other host, plain HTTP off this machine, or an odd address.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise AddressRefusedError("The broker's address cannot be read as a URL.") from error
    tls = parts.scheme == "https"
    if parts.username or parts.password or parts.query or parts.fragment or not host:
        raise AddressRefusedError("The broker's address must be a host and a path, nothing else.")
    if simulator:
        if not _is_loopback(host):
            raise AddressRefusedError(f"In paper mode only this machine is called, not {host!r}.")
        if parts.scheme not in ("http", "https"):
            raise AddressRefusedError("The simulator's address must begin with http or https.")
    elif not tls or host not in _BROKER_HOSTS or port not in (None, 443):
        raise AddressRefusedError(
            f"{host!r} is not one of the broker's known addresses. Use {BROKER_API}."
        )
    return Address(tls, host, port or (443 if tls else 80), parts.path.rstrip("/"))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
