"""What is left to Python's collector, which is held back while orders leave.

What it finds in a cycle at that moment is taken to live all day (``copytrade_gui.app.garbage``),
so that whatever is done for each order or each read has to be free of cycles.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cycles(*packages: str) -> Iterator[Counter[str]]:
    """Counts, once the block is over, the objects of these packages that only a collector frees."""
    found: Counter[str] = Counter()
    gc.collect()
    gc.disable()
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        for one in gc.garbage:
            home = getattr(one, "__module__", None) or type(one).__module__
            if isinstance(home, str) and home.partition(".")[0] in packages:
                found[f"{home}.{getattr(one, '__qualname__', type(one).__qualname__)}"] += 1
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
