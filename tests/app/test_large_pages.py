"""Our memory in large pages: the same memory, and never while an order is on its way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from copytrade_gui.app import large_pages
from copytrade_gui.app.large_pages import LargePages, gather

_MIB = 1024 * 1024


def always() -> bool:
    return True


def never() -> bool:
    return False


@pytest.fixture
def switched_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    switch = tmp_path / "enabled"
    switch.write_text("always [madvise] never\n", encoding="ascii")
    monkeypatch.setattr(large_pages, "_SWITCH", switch)


def in_large_pages() -> int:
    rows = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("AnonHugePages:")) * 1024


def wait_for_gathering() -> None:
    for thread in threading.enumerate():
        if thread.name == "large pages":
            thread.join()


def test_what_is_gathered_is_what_it_was() -> None:
    kept = [str(number) * 10 for number in range(200_000)]
    gathered = gather(always)
    assert kept == [str(number) * 10 for number in range(200_000)]
    assert not gathered or in_large_pages() >= 4 * _MIB


def test_nothing_is_gathered_while_an_order_is_on_its_way() -> None:
    looks = iter([True, True])
    assert gather(lambda: next(looks, False)) <= 2
    assert gather(never) == 0


def test_only_new_memory_is_a_reason_to_gather_again(
    switched_on: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", large_pages.__name__)
    pages = LargePages()

    def gathered_after(quiet: Callable[[], bool]) -> int:
        pages.tidy(quiet)
        wait_for_gathering()
        return sum(record.levelname == "DEBUG" for record in caplog.records)

    assert gathered_after(never) == 0
    assert gathered_after(always) == 1
    assert gathered_after(always) == 1
    grown = bytearray(b"x" * (64 * _MIB))
    assert gathered_after(always) == (2 if gather(always) else 1)
    del grown


def test_gathering_that_an_order_broke_off_begins_again_without_new_memory(
    switched_on: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", large_pages.__name__)
    pages = LargePages()
    looks = iter([True, True])
    for quiet in (lambda: next(looks, False), always):
        pages.tidy(quiet)
        wait_for_gathering()
    assert sum(record.levelname == "DEBUG" for record in caplog.records) == 2


def test_a_system_without_large_pages_is_asked_once(
    switched_on: None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", large_pages.__name__)
    monkeypatch.setattr(large_pages, "_COLLAPSE", 9999)  # an advice that Linux does not know
    pages = LargePages()
    grown = []
    for _ in range(2):
        pages.tidy(always)
        wait_for_gathering()
        grown.append(b"x" * (64 * _MIB))
    assert [record.message for record in caplog.records] == [
        "this system gives no large pages; orders leave from small ones"
    ]


def test_a_machine_whose_owner_switched_them_off_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    switch = tmp_path / "enabled"
    switch.write_text("always madvise [never]\n", encoding="ascii")
    monkeypatch.setattr(large_pages, "_SWITCH", switch)
    before = in_large_pages()
    LargePages().tidy(always)
    wait_for_gathering()
    assert in_large_pages() <= before
