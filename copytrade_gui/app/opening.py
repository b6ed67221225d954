"""Paper or live: what a start of the window opens, and whose choice that is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from copytrade_gui.domain.mode import Mode
from copytrade_gui.storage.database.live_accounts import holds_live_account
from copytrade_gui.storage.files.folder import (
    PAPER_PROFILE,
    DataFolder,
    check_profile,
    open_folder,
    profile_root,
)
from copytrade_gui.storage.files.mode_file import ModeFile
from copytrade_gui.storage.files.problems import FolderError, StorageError


@dataclass(frozen=True, slots=True)
class Opening:
    """What a start opens. ``told``: what its person has to know about it; empty: nothing."""

    mode: Mode
    told: str = ""


def opening(data_dir: Path | None, profile: str, forced: Mode | None) -> Opening:
    """Paper, until a person chose live for this profile; ``forced`` holds for one start.

    Where nobody has chosen yet, live accounts with a basis that were enrolled before there was a
    choice count as one. That is settled, and stored, at the first start, before anybody can enrol
    more: who opens live once to enrol accounts does not open it ever after.

    Raises:
        FolderError: the profile's name is bad, or it is the one of paper and live is asked for.
    """
    check_profile(profile)
    if profile == PAPER_PROFILE:
        if forced is Mode.LIVE:
            raise FolderError(live_in_paper())
        return Opening(Mode.PAPER)
    if forced is Mode.PAPER:
        return Opening(Mode.PAPER)
    try:
        chosen = mode_file(data_dir, profile).read()
    except StorageError as problem:
        if forced is not None:
            return Opening(forced)
        return Opening(Mode.PAPER, _on_paper(problem))
    if chosen is None:
        return _settled(data_dir, profile, forced)
    return Opening(forced or chosen)


def mode_file(data_dir: Path | None, profile: str) -> ModeFile:
    """Where the choice of a live profile is stored."""
    return ModeFile(DataFolder(profile_root(data_dir, profile)).mode)


def live_in_paper() -> str:
    """Why the profile of paper trading is never opened live."""
    return (
        f"Profile {PAPER_PROFILE!r} holds the accounts of paper trading, so it does not open live. "
        "Choose another --profile."
    )


def _settled(data_dir: Path | None, profile: str, forced: Mode | None) -> Opening:
    database = DataFolder(profile_root(data_dir, profile)).database
    if forced is None and not database.is_file():
        return Opening(Mode.PAPER)
    try:
        mode = Mode.LIVE if holds_live_account(database) else Mode.PAPER
    except StorageError as problem:
        return Opening(forced) if forced is not None else Opening(Mode.PAPER, _on_paper(problem))
    open_folder(data_dir, profile)
    try:
        mode_file(data_dir, profile).write(mode)
    except StorageError as problem:
        return Opening(forced or mode, str(problem))
    return Opening(forced or mode)


def _on_paper(problem: StorageError) -> str:
    return (
        f"{problem} The console opened in PAPER TRADING: nothing reaches the broker. To trade "
        "live, choose it anew under Console > Trade live."
    )
