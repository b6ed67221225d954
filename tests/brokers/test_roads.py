"""The contract on every road: the wire on both kinds of transports, and httpx; plain and TLS."""

import pytest

from tests.brokers.broker_contract import BrokerContract


class TestWireRoad(BrokerContract):
    fast, tls = True, False


class TestWireRoadOverTls(BrokerContract):
    fast, tls = True, True


class TestHttpxRoad(BrokerContract):
    fast, tls = False, False


class TestHttpxRoadOverTls(BrokerContract):
    fast, tls = False, True


@pytest.mark.usefixtures("asyncio_transports")
class TestWireRoadOnAsyncioTransports(BrokerContract):
    fast, tls = True, False


@pytest.mark.usefixtures("asyncio_transports")
class TestWireRoadOverTlsOnAsyncioTransports(BrokerContract):
    fast, tls = True, True
