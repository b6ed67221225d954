"""A checked base address; which hosts may be spoken to is said by whoever asks."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

_HTTPS_PORT = 443
_HTTP_PORT = 80


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
        usual = _HTTPS_PORT if self.tls else _HTTP_PORT
        return host if self.port == usual else f"{host}:{self.port}"


def broker_address(url: str, hosts: AbstractSet[str], known: str) -> Address:
    """Read a live broker's address: HTTPS on its usual port to one of ``hosts``.

    ``known`` is the address that a refusal names as the right one.

    Raises:
        AddressRefusedError: any other host, plain HTTP, or an odd address.
    """
    parts, host, port = _parts(url)
    if parts.scheme != "https" or host not in hosts or port not in (None, _HTTPS_PORT):
        raise AddressRefusedError(
            f"{host!r} is not one of the broker's known addresses. Use {known}."
        )
    return Address(True, host, _HTTPS_PORT, parts.path.rstrip("/"))


def loopback_address(url: str) -> Address:
    """Read the simulator's address: HTTP or HTTPS, on this machine only.

    Raises:
        AddressRefusedError: any other host, or an odd address.
    """
    parts, host, port = _parts(url)
    if not is_loopback(host):
        raise AddressRefusedError(f"In paper mode only this machine is called, not {host!r}.")
    if parts.scheme not in ("http", "https"):
        raise AddressRefusedError("The simulator's address must begin with http or https.")
    tls = parts.scheme == "https"
    return Address(tls, host, port or (_HTTPS_PORT if tls else _HTTP_PORT), parts.path.rstrip("/"))


def _parts(url: str) -> tuple[SplitResult, str, int | None]:
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise AddressRefusedError("The broker's address cannot be read as a URL.") from error
    if parts.username or parts.password or parts.query or parts.fragment or not host:
        raise AddressRefusedError("The broker's address must be a host and a path, nothing else.")
    return parts, host, port


def is_loopback(host: str) -> bool:
    """True for a name or number of this machine itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
