"""One figure for what the operator waits and one for the slowest call."""

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.records import Timing
from copytrade_gui.domain.wait import wait_of

MS = 1_000_000


def test_copies_that_leave_after_the_master_are_called_later_than_the_press() -> None:
    timed = [
        (Role.MASTER, Timing(0, 2 * MS, 290 * MS)),
        (Role.FOLLOWER, Timing(292 * MS, 294 * MS, 340 * MS)),
        (Role.FOLLOWER, Timing(292 * MS, 294 * MS, 358 * MS)),
    ]
    wait = wait_of(timed)
    assert wait is not None
    assert wait.waited_ms == 358
    assert wait.slowest_call_ms == 66


def test_a_master_order_alone_has_its_own_call() -> None:
    wait = wait_of([(Role.MASTER, Timing(5 * MS, 6 * MS, 65 * MS))])
    assert wait == (60, 60)


def test_nothing_acknowledged_is_no_figure() -> None:
    assert wait_of([]) is None
