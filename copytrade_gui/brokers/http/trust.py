"""The TLS context of every connection to a broker, which the environment has no say in.

Python's own ``create_default_context`` obeys variables that anybody who starts the program can set:
``SSLKEYLOGFILE`` writes the keys of every connection into a file, ``SSL_CERT_FILE`` and
``SSL_CERT_DIR`` replace what is trusted. So the context is made here, and the system's store is
named.
"""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

from copytrade_gui.ports import BrokerFailureError

_STORES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # macOS, Alpine
)
"""Where systems keep their authorities; a frozen program's OpenSSL may look somewhere else."""
_SERVER_AUTH = ssl.Purpose.SERVER_AUTH.oid


def tls_context(
    ca_file: Path | None = None, *, trust: bool = True, http: bool = True
) -> ssl.SSLContext:
    """Make the one TLS context: system trust, TLS 1.2 or newer, host names checked.

    ``ca_file`` replaces the system's trust; only the simulator's private CA needs it. ``trust``
    False: nobody is trusted, for an address without TLS, since reading the system's takes 20 ms.
    ``http`` False: for another protocol than HTTP, which names none.

    Raises:
        BrokerFailureError: the trust store cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # certificate and host name are checked
    try:
        if ca_file is not None:
            context.load_verify_locations(cafile=str(ca_file))
        elif not trust:
            pass  # whoever speaks TLS there is refused
        elif sys.platform == "win32":
            _trust_windows(context)
        else:
            context.load_verify_locations(cafile=_system_store())
    except OSError as error:
        named = f"the file {ca_file.name}" if ca_file else "the system's certificates"
        remedy = "it exists" if ca_file else "the package ca-certificates is installed"
        raise BrokerFailureError(
            f"TLS cannot start because {named} cannot be read; check that {remedy}."
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    if http:
        context.set_alpn_protocols(["http/1.1"])
    return context


def _system_store() -> str:
    """The file of authorities that this system's OpenSSL was built with, or a well-known one."""
    built_with = ssl.get_default_verify_paths().openssl_cafile
    for name in (built_with, *_STORES):
        if name and Path(name).is_file():
            return name
    raise FileNotFoundError("no file of certificate authorities")


def _trust_windows(context: ssl.SSLContext) -> None:
    if sys.platform == "win32":
        for store in ("CA", "ROOT"):
            for certificate, encoding, trust in ssl.enum_certificates(store):
                if encoding == "x509_asn" and (trust is True or _SERVER_AUTH in trust):
                    context.load_verify_locations(cadata=certificate)
