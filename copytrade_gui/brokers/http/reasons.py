"""Say why a connection failed, in one clause, without quoting anything that was sent."""

from __future__ import annotations

import socket
import ssl

from copytrade_gui.brokers.http.route import RouteFailedError
from copytrade_gui.ports import Silence


def reason_of(error: BaseException) -> str:
    """Name the root of a network failure; the exception's own text may hold addresses and paths."""
    for link in _chain(error):
        words = str(link) if isinstance(link, RouteFailedError) else _words(link)
        if words:
            return words
    return f"the connection failed ({type(error).__name__})"


def silence_of(error: BaseException) -> Silence:
    """Tell a refused certificate, and the account's own route, from any other reason for not
    being connected.
    """
    chain = _chain(error)
    if any(isinstance(link, ssl.SSLCertVerificationError) for link in chain):
        return Silence.CERTIFICATE
    routed = any(isinstance(link, RouteFailedError) for link in chain)
    return Silence.ROUTE if routed else Silence.NETWORK


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and len(chain) < 10:
        chain.append(current)
        current = current.__cause__ or current.__context__
    return chain


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the broker's certificate was refused ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"the encrypted connection failed ({error.reason or 'TLS error'})"
    if isinstance(error, socket.gaierror):
        return "the broker's name could not be looked up; check the network"
    if isinstance(error, ConnectionRefusedError):
        return "the broker's address refused the connection"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "the connection was cut"
    if isinstance(error, TimeoutError):
        return "no connection in time"
    if isinstance(error, OSError) and error.strerror:
        return f"the network reported: {error.strerror}"
    return ""
