"""P23: addresses, redirects, certificates and bodies that somebody bent are refused, in time."""

from __future__ import annotations

from tests.proof.row import Row
from tests.proof.suite import column, run_suite

TEST = "P23"


def prove(release: bool) -> Row:
    """All of it, in either column."""
    ran = run_suite(
        [
            "tests/brokers/http/test_transport.py",
            "tests/brokers/http/test_tls_socket.py",
            "tests/brokers/iifl/test_address.py",
            "tests/brokers/iifl/test_auth.py",
            "tests/brokers/iifl/test_login.py",
        ],
        column(release),
    )
    what = "addresses, redirects, certificates, hosts, huge and slow bodies"
    return ran.row(TEST, what, "all refused, in bounded time")
