"""The stops for scripts: through the console that holds a folder, or in the folder where none does.

A console is asked by a file, which can stop and never frees (``storage.files.stop_files``). Where
none runs the stop is stored as a console stores it, so that the next one begins with it.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from pathlib import Path

from copytrade_gui.app.stop_words import (
    STOP_VERBS,
    StopTold,
    StopWish,
    command_line,
    reason_of,
    standing,
)
from copytrade_gui.domain.halt import for_all_alone
from copytrade_gui.domain.trading_state import STOPS_OF_SOME
from copytrade_gui.ports import StopAsked
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.storage.files.folder import PAPER_PROFILE, DataFolder, known_folder
from copytrade_gui.storage.files.instance_lock import InstanceLock
from copytrade_gui.storage.files.problems import SecondInstanceError
from copytrade_gui.storage.files.stop_files import StopFilesOnDisk

_CONSOLE_ANSWERS_S = 10.0
_LOOK_EVERY_S = 0.02


async def carry_out(
    data_dir: Path | None, profile: str, wish: StopWish, *, paper: bool
) -> StopTold:
    """Do what was asked for; waits for a console's answer where one runs.

    Raises:
        StorageError: nobody ever started a console in the folder, or it cannot be read or written.
        JournalFailureError: it could not be stored.
        RefusedError: it is not lawful so; nothing changed.
    """
    folder = known_folder(data_dir, PAPER_PROFILE if paper else profile)
    state = STOP_VERBS.get(wish.verb)
    if (wish.account or wish.group) and state not in STOPS_OF_SOME:
        field = "account" if wish.account else "group"
        raise RefusedError(for_all_alone(wish.verb.upper()), field=field)
    try:
        InstanceLock(folder.lock).release()
        from copytrade_gui.app.closed_stops import stored  # noqa: PLC0415 - it takes a second

        return await stored(folder, wish)
    except OSError as error:
        raise RefusedError(
            f"The stop's file could not be written into {folder.root} ({error.strerror or error}). "
            "Free some disk space, then ask again."
        ) from error
    except SecondInstanceError:
        if wish.verb == "resume":
            raise RefusedError(
                "The console is open, and what lies in a file never lifts a stop. Resume in its "
                "window, which asks for the reason, and for the word after a KILL."
            ) from None
        if wish.verb == "status":
            return standing(StopFilesOnDisk(folder.root).newest(), console=True)
        return await _asked(folder, wish)


async def _asked(folder: DataFolder, wish: StopWish) -> StopTold:
    files, state = StopFilesOnDisk(folder.root), STOP_VERBS[wish.verb]
    asked = StopAsked(
        uuid.uuid4().hex,
        state,
        command_line().text,
        reason_of(wish),
        wish.account.strip(),
        wish.group.strip(),
        wish.all_orders,
    )
    try:
        files.ask(asked)
    except OSError as error:
        raise RefusedError(
            f"The request could not be written into {folder.root} ({error.strerror or error}). "
            "Stop in the window."
        ) from error
    until = time.monotonic() + _CONSOLE_ANSWERS_S
    while time.monotonic() < until:
        answer = files.answered(asked.name)
        if answer is not None:
            now = standing(files.newest(), console=True)
            return StopTold(
                answer.held, answer.sentence, True, now.state, now.actor, now.reason, now.at
            )
        await asyncio.sleep(_LOOK_EVERY_S)
    return StopTold(
        False,
        f"The console did not answer in {_CONSOLE_ANSWERS_S:.0f} s. The request stays in its "
        "folder, and it looks there before each order; see its window whether it still runs.",
        True,
    )
