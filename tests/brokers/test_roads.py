"""The contract on every road: the wire, orders sealed before and not, and httpx; plain and TLS."""

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


@pytest.mark.usefixtures("sealed_orders")
class TestWireRoadWithSealedOrders(BrokerContract):
    fast, tls = True, False


@pytest.mark.usefixtures("sealed_orders")
class TestWireRoadOverTlsWithSealedOrders(BrokerContract):
    fast, tls = True, True
