from copytrade_gui.brokers.iifl.limits import LIMITS, CallClass


def test_every_class_has_a_limit_and_we_stay_below_the_brokers() -> None:
    assert set(LIMITS) == set(CallClass)
    for limit in LIMITS.values():
        assert 0 < limit.ours < limit.broker <= limit.registered
        assert 0 <= limit.kept_for_cancels < limit.ours


def test_the_orders_row_is_that_of_the_rules() -> None:
    orders = LIMITS[CallClass.ORDERS]
    assert (orders.broker, orders.registered) == (10, 20)
    assert (orders.ours, orders.kept_for_cancels) == (8, 2)
