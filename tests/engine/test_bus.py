"""Who hears which events, and that one who fails hinders nobody."""

import pytest

from copytrade_gui.domain.events import Alarm, Event, LampChanged, Severity
from copytrade_gui.engine.orders.bus import Bus

ALARM = Alarm(Severity.WARNING, "code", "A sentence.", 1)
LAMP = LampChanged("feed", "ok", "Connected")


def test_a_listener_hears_the_kinds_that_it_named_in_the_order_of_subscribing() -> None:
    bus, heard = Bus(), list[tuple[str, Event]]()
    bus.subscribe(lambda event: heard.append(("all", event)))
    bus.subscribe(lambda event: heard.append(("alarms", event)), Alarm)
    leave = bus.subscribe(lambda event: heard.append(("lamps", event)), LampChanged)
    bus.publish(ALARM)
    bus.publish(LAMP)
    leave()
    leave()
    bus.publish(LAMP)
    assert heard == [
        ("all", ALARM),
        ("alarms", ALARM),
        ("all", LAMP),
        ("lamps", LAMP),
        ("all", LAMP),
    ]


def test_who_comes_later_hears_what_comes_later() -> None:
    bus, heard = Bus(), list[Event]()
    bus.publish(LAMP)
    bus.subscribe(heard.append, LampChanged)
    bus.publish(LAMP)
    assert heard == [LAMP]


@pytest.mark.expected_log("a listener failed on Alarm")
def test_one_that_fails_is_logged_and_the_others_hear() -> None:
    bus, heard = Bus(), list[Event]()

    def fails(_event: Event) -> None:
        raise ValueError

    bus.subscribe(fails)
    bus.subscribe(heard.append)
    bus.publish(ALARM)
    assert heard == [ALARM]
