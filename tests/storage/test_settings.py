"""settings.toml keeps what the operator wrote and says which setting is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from copytrade_gui.storage.problems import NewerFileError
from copytrade_gui.storage.settings import (
    ENTRIES,
    SCHEMA,
    STEPS,
    Settings,
    SettingsError,
    load_settings,
    save_settings,
)


def test_a_missing_file_gives_the_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "settings.toml") == Settings()


def test_what_is_saved_is_loaded_and_explained(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    wanted = replace(Settings(), theme="dark", orders_per_second=5, redirect_url="http://x/%41")
    save_settings(path, wanted)
    assert load_settings(path) == wanted
    text = path.read_text()
    assert text.startswith(f"schema = {SCHEMA}")
    for entry in ENTRIES:
        assert entry.bounds.what in text
    assert path.stat().st_mode & 0o777 == 0o600


def test_comments_and_order_of_the_operator_stay(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('# mine\nschema = 1\norders_per_second = 5 # slow line\ntheme = "light"\n')
    save_settings(path, replace(load_settings(path), orders_per_second=6))
    text = path.read_text()
    assert text.startswith("# mine\n")
    assert "orders_per_second = 6 # slow line" in text


@pytest.mark.parametrize(
    ("line", "field", "words"),
    [
        ("orders_per_second = 40", "orders_per_second", "whole number from 1 to 8"),
        ("orders_per_second = 2.5", "orders_per_second", "whole number"),
        ("orders_per_second = true", "orders_per_second", "whole number"),
        ('theme = "pink"', "theme", "one of system, light, dark"),
        ("settle_window_s = 10", "settle_window_s", "from 180"),
        ('redirect_url = ["a"]', "redirect_url", "text"),
        ("order_per_second = 5", "order_per_second", "Did you mean orders_per_second?"),
        ("colour_of_money = 5", "colour_of_money", "Remove the line"),
        ('schema = "one"', "schema", "must be 1"),
    ],
)
def test_a_wrong_value_names_its_field_and_the_remedy(
    tmp_path: Path, line: str, field: str, words: str
) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(line + "\n")
    with pytest.raises(SettingsError, match=words) as caught:
        load_settings(path)
    assert caught.value.field == field
    assert field in str(caught.value)


def test_a_broken_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("theme = \n")
    with pytest.raises(SettingsError, match="Correct it"):
        save_settings(path, Settings())
    assert path.read_text() == "theme = \n"


def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(f"schema = {SCHEMA + 1}\nwhatever = 1\n")
    for act in (lambda: load_settings(path), lambda: save_settings(path, Settings())):
        with pytest.raises(NewerFileError, match=r"settings\.toml has schema"):
            act()
    assert path.read_text() == f"schema = {SCHEMA + 1}\nwhatever = 1\n"


def test_every_step_from_an_older_schema_is_tested() -> None:
    tested: set[int] = set()
    assert set(STEPS) == tested == set(range(1, SCHEMA))
