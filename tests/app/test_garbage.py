"""When Python looks for cycles of garbage."""

from __future__ import annotations

import gc

from copytrade_gui.app.garbage import Collector


def test_nobody_looks_for_garbage_while_the_console_is_made_nor_keeps_it_for_the_day() -> None:
    collector, frozen = Collector(), gc.get_freeze_count()
    with collector.starting():
        assert not gc.isenabled()
        with collector.held():  # an order that waited since the last life leaves
            assert not gc.isenabled()
        assert not gc.isenabled()
        assert gc.get_freeze_count() == frozen
        assert not collector.quiet()
    assert gc.isenabled()
