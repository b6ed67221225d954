"""Facts the database cannot take survive in the emergency journal and come back once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.storage.journal.emergency import EmergencyJournal

FACTS = [b'{"n":1}', b'{"n":2,"words":"\xc3\xa9"}', b"[]"]


def test_facts_come_back_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "emergency.journal"
    journal = EmergencyJournal(path, size=4096)
    assert journal.empty
    journal.append(FACTS[:2])
    journal.append(FACTS[2:])
    journal.close()
    assert path.stat().st_size == 4096
    again = EmergencyJournal(path, size=4096)
    assert again.facts() == FACTS
    again.clear()
    assert again.empty
    again.append(FACTS[:1])
    again.close()
    last = EmergencyJournal(path, size=4096)
    assert last.facts() == FACTS[:1]
    last.close()


def test_it_grows_past_what_was_allocated(tmp_path: Path) -> None:
    journal = EmergencyJournal(tmp_path / "e", size=64)
    many = [b'{"n":%d}' % n for n in range(100)]
    journal.append(many)
    journal.close()
    again = EmergencyJournal(tmp_path / "e", size=64)
    assert again.facts() == many
    again.close()


@given(cut=st.integers(0, 60), noise=st.binary(max_size=20))
def test_a_torn_end_costs_only_the_torn_line(
    tmp_path_factory: pytest.TempPathFactory, cut: int, noise: bytes
) -> None:
    path = tmp_path_factory.mktemp("torn") / "e"
    journal = EmergencyJournal(path, size=256)
    journal.append(FACTS)
    journal.close()
    data = path.read_bytes()
    path.write_bytes(data[:cut] + noise.replace(b"\n", b"") + bytes(20))
    again = EmergencyJournal(path, size=256)
    left = again.facts()
    assert left == FACTS[: len(left)]
    ends = [0]
    for fact in FACTS:
        ends.append(ends[-1] + 9 + len(fact) + 1)
    assert len(left) >= sum(1 for end in ends[1:] if end <= cut)
    # What is appended after the tear is read back too.
    again.append([b'"after"'])
    again.close()
    last = EmergencyJournal(path, size=256)
    assert last.facts() == [*left, b'"after"']
    last.close()
