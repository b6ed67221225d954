"""``make quick`` asks the nearest tests first."""

from tests.house.quick import MOST_FILES, first, near


def test_the_tests_of_a_file_s_own_room_come_first() -> None:
    nearness = near(["copytrade_gui/domain/order.py"])
    assert nearness["tests/domain/test_order.py"] == 1
    assert nearness["tests/engine/test_sending.py"] == 2
    assert nearness["tests/domain/test_number.py"] == 3
    assert "tests/simulator/test_codes.py" not in nearness
    assert first(nearness)[0].startswith("tests/domain/")
    assert len(first(nearness)) <= MOST_FILES


def test_a_changed_test_comes_before_all_others() -> None:
    nearness = near(["tests/ui/test_keys.py", "copytrade_gui/domain/exits.py"])
    assert first(nearness)[0] == "tests/ui/test_keys.py"


def test_a_page_has_no_near_tests() -> None:
    assert near(["README.md"]) == {}
