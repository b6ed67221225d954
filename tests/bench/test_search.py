"""The bench of the search lists what it says, and every letter is answered."""

from __future__ import annotations

from copytrade_gui.bench.searching import measure


def test_a_small_run_tells_every_figure() -> None:
    found = measure(1, instruments=2_000)
    assert found["instruments"] == 2_000
    letters, rows, slowest = found["letters"], found["rows_found"], found["letter_p99_ms"]
    assert isinstance(letters, int)
    assert isinstance(rows, int)
    assert isinstance(slowest, float)
    assert letters > 80
    assert rows > 500, "paper's own and the made-up ones"
