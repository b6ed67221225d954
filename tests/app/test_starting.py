"""A start that is refused: the other console's window comes, or a passphrase is asked for."""

import threading
from pathlib import Path

import pytest

from copytrade_gui.app.starting import other_console, passphrase_wanted, requests_to
from copytrade_gui.app.system_clock import SystemClock
from copytrade_gui.app.wiring import OpenOptions, open_console, open_vault
from copytrade_gui.storage.files.folder import open_folder
from copytrade_gui.storage.files.instance_lock import InstanceLock
from copytrade_gui.storage.files.problems import (
    PassphraseMissingError,
    SecondInstanceError,
    WrongPassphraseError,
)

PASSPHRASE = "a long enough one"


def second_start(folder: Path) -> SecondInstanceError:
    with InstanceLock(folder / "instance.lock"), pytest.raises(SecondInstanceError) as refused:
        InstanceLock(folder / "instance.lock")
    return refused.value


def test_a_second_start_is_answered_by_the_console_that_is_open(tmp_path: Path) -> None:
    requests = requests_to(tmp_path)
    other = other_console(second_start(tmp_path))
    assert other is not None
    shown = threading.Event()

    def look() -> None:
        while not requests.taken():
            pass
        shown.set()

    window = threading.Thread(target=look)
    window.start()
    assert other.ask(20)
    window.join()
    assert shown.is_set()
    assert not requests.taken(), "one request is one answer"


def test_a_console_without_a_window_leaves_no_request_behind(tmp_path: Path) -> None:
    other = other_console(second_start(tmp_path))
    assert other is not None
    assert not other.ask(0.1)
    assert not requests_to(tmp_path).taken()


def test_an_old_request_shows_no_window(tmp_path: Path) -> None:
    (tmp_path / "come-forward").touch()
    assert not requests_to(tmp_path).taken()


async def test_a_live_start_without_a_key_store_asks_for_a_new_passphrase(tmp_path: Path) -> None:
    with pytest.raises(PassphraseMissingError) as refused:
        async with open_console(OpenOptions(data_dir=tmp_path)):
            raise AssertionError("nothing opens")
    wanted = passphrase_wanted(refused.value, None)
    assert wanted is not None
    assert wanted.new
    assert wanted.least >= 12
    assert wanted.problem == ""


async def test_a_wrong_passphrase_is_asked_for_again_with_the_reason(tmp_path: Path) -> None:
    folder, clock = open_folder(tmp_path), SystemClock()
    await open_vault(folder, clock, PASSPHRASE)
    with pytest.raises(PassphraseMissingError) as missing:
        await open_vault(folder, clock, None)
    wanted = passphrase_wanted(missing.value, None)
    assert wanted is not None
    assert not wanted.new
    with pytest.raises(WrongPassphraseError) as wrong:
        await open_vault(folder, clock, "another long enough one")
    again = passphrase_wanted(wrong.value, "another long enough one")
    assert again is not None
    assert again.problem == str(wrong.value)
    # A keyring that holds another key gives the same refusal, and no passphrase helps.
    assert passphrase_wanted(wrong.value, None) is None
