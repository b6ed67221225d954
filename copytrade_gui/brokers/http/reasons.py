"""Say why a connection failed, in one clause, without quoting anything that was sent."""

from __future__ import annotations

import socket
import ssl

from copytrade_gui.ports import Silence


def reason_of(error: BaseException) -> str:
    """Name the root of a network failure; the exception's own text may hold addresses and paths."""
    for link in _chain(error):
        words = _words(link)
        if words:
            return words
    return f"the connection failed ({type(error).__name__})"


def silence_of(error: BaseException) -> Silence:
    """Tell a refused certificate from any other reason for not being connected."""
    refused = any(isinstance(link, ssl.SSLCertVerificationError) for link in _chain(error))
    return Silence.CERTIFICATE if refused else Silence.NETWORK


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
