"""Who computes where (Linux; elsewhere the system decides): the last core is the broker's.

A real broker computes on a machine of its own. On two cores the system often puts the simulated
one on the core of the thread that is still sending, while the other core idles: then a wave waits
for its own broker, in some rounds four milliseconds, in others not at all. So whoever sends keeps
off the broker's core, every contender alike. With a contender's database threads it is the same:
they get the other core, which idles until the first byte. A window's thread may be anywhere.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def on_the_brokers_core() -> Iterator[None]:
    """A process that is started in here stays on the last core, with all its threads."""
    if not _can_place():
        yield
        return
    all_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(all_cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_cores)


def keep_off_the_brokers_core() -> None:
    """For the thread that calls this and sends, and for those that it starts from now on.

    Threads that run already, but for the process's first, keep off the sender's core instead.
    """
    if not _can_place():
        return
    cores = os.sched_getaffinity(0)
    brokers = {max(cores)}
    here = threading.get_native_id()
    for thread in threading.enumerate():
        number = thread.native_id
        if number is not None and number not in (here, os.getpid()):
            os.sched_setaffinity(number, brokers)
    os.sched_setaffinity(0, cores - brokers)


def _can_place() -> bool:
    return hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1
