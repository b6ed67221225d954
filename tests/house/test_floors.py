"""A floor notices the file that has none of its lines run, and all of them that have too few."""

from tests.house.floors import FLOORS, TESTS, Floor, below
from tests.house.source import PACKAGE, ROOT

FILES = {"domain/a.py": (98, 100), "domain/b.py": (80, 100), "engine/c.py": (0, 100)}


def test_a_floor_holds_for_all_and_for_each() -> None:
    assert below(Floor(("domain/",), 89.0, 80.0), FILES) == (89.0, [])
    assert below(Floor(("domain/",), 90.0, 80.0), FILES)[1] == ["together 89.0 < 90.0"]
    assert below(Floor(("domain/",), 89.0, 81.0), FILES)[1] == ["domain/b.py 80.0 < 81.0"]


def test_what_the_floors_name_is_there() -> None:
    assert [name for name in TESTS if not (ROOT / name).exists()] == []
    named = [name for floor in FLOORS.values() for name in floor.files]
    assert [name for name in named if not (PACKAGE / name).exists()] == []
