"""The stops for scripts: through the console that holds a folder, or in the folder where none does.

A console is asked by a file, which can stop and never frees (``storage.files.stop_files``). Where
none runs the stop is stored as a console stores it, so that the next one begins with it.
"""

from __future__ import annotations

import asyncio
import getpass
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from copytrade_gui.app.logs import log_to
from copytrade_gui.app.system_clock import SystemChance, SystemClock
from copytrade_gui.app.wiring import PAPER_PROFILE
from copytrade_gui.domain.account import same_client
from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.capabilities import Capabilities
from copytrade_gui.domain.halt import Finding
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.scope import group_scope
from copytrade_gui.domain.trading_state import (
    STOPS,
    STRICTNESS,
    StateChange,
    TradingState,
    to_begin_with,
)
from copytrade_gui.domain.typed import cut
from copytrade_gui.engine.orders.core import make_core
from copytrade_gui.ports import StopAnswer, StopAsked
from copytrade_gui.services.leaving_stops import must_be_explained
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.storage.files.folder import DataFolder, known_folder
from copytrade_gui.storage.files.problems import SecondInstanceError
from copytrade_gui.storage.files.stop_files import StopFilesOnDisk
from copytrade_gui.storage.store import Store, open_store

_VERBS = {
    "pause": TradingState.PAUSE,
    "reduce": TradingState.REDUCE,
    "halt": TradingState.HALT,
    "kill": TradingState.KILL,
}
_CONSOLE_ANSWERS_S = 10.0
_LOOK_EVERY_S = 0.02
_LONGEST_REASON = 500
_UNEXPLAINED = "Asked for by a script."


@dataclass(frozen=True, slots=True)
class StopWish:
    """What the command line asks for: a stop, ``status`` or ``resume``, and for whom."""

    verb: str
    reason: str = ""
    account: str = ""
    group: str = ""


class StopTold(Struct, frozen=True):
    """How it stands now. ``at`` is Indian time; ``console`` says whether one holds the folder.

    ``state`` and what follows are of the whole program, empty where nothing is known of it.
    """

    ok: bool
    sentence: str
    console: bool
    state: str = ""
    actor: str = ""
    reason: str = ""
    at: str = ""


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
    clock = SystemClock()
    try:
        async with open_store(folder, clock) as store:
            with log_to(folder):
                return await _stored(store, wish, clock.wall_ns())
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
            return _standing(StopFilesOnDisk(folder.root).newest(), console=True)
        return await _asked(folder, wish)


# ------------------------------------------------------------ a console runs


async def _asked(folder: DataFolder, wish: StopWish) -> StopTold:
    files, state = StopFilesOnDisk(folder.root), _VERBS[wish.verb]
    asked = StopAsked(
        uuid.uuid4().hex, state, _actor(), _reason(wish), wish.account.strip(), wish.group.strip()
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
            now = _standing(files.newest(), console=True)
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


# ------------------------------------------------------------ none runs


async def _stored(store: Store, wish: StopWish, now_ns: int) -> StopTold:
    work = await store.journal.load(ist(now_ns).date())
    held = to_begin_with(work.trading, store.stop_files.newest())
    if store.kill_flag.is_set() and (held is None or held.state is not TradingState.KILL):
        held = StateChange(TradingState.KILL, "kill flag", "The kill flag's file is set.", now_ns)
    # The console ended before it stored them: the next one does.
    waiting = [asked for asked in store.stop_files.asked() if asked.for_all]
    for asked in waiting:
        if held is None or STRICTNESS[asked.state] > STRICTNESS[held.state]:
            held = StateChange(asked.state, asked.actor, asked.reason, now_ns)
    if wish.verb == "status":
        return _standing(held, console=False)
    if wish.verb == "resume":
        told = await _resumed(store, wish, held, now_ns)
        for asked in waiting:
            store.stop_files.answer(
                asked, StopAnswer(asked.name, held=False, sentence=told.sentence)
            )
        return told
    state = _VERBS[wish.verb]
    if wish.account or wish.group:
        return await _stopped_some(store, wish, state)
    if held is not None and STRICTNESS[held.state] > STRICTNESS[state]:
        return _standing(held, console=False)
    change = StateChange(state, _actor(), _reason(wish), now_ns)
    if state is TradingState.KILL:
        store.kill_flag.set(change.reason)
    await _keep(store, change)
    return _standing(change, console=False)


async def _resumed(store: Store, wish: StopWish, held: StateChange | None, now_ns: int) -> StopTold:
    if held is None or held.state not in STOPS:
        return _standing(held, console=False)
    if held.state is TradingState.KILL:
        raise RefusedError(
            "A KILL is left after its report. Start the console: it goes on cancelling until every "
            "account is proven clear; resume there."
        )
    must_be_explained(held.state, wish.reason)
    change = StateChange(TradingState.ACTIVE, _actor(), _reason(wish), now_ns)
    await _keep(store, change)
    return _standing(change, console=False)


async def _keep(store: Store, change: StateChange) -> None:
    await store.journal.commit_trading_state(change)
    store.stop_files.put(change)


async def _stopped_some(store: Store, wish: StopWish, state: TradingState) -> StopTold:
    """An account, or the followers of a group, as ``Halts`` of a console would do it."""
    accounts, links = await store.accounts.all(), await store.accounts.links()
    core = make_core(
        clock=SystemClock(),
        chance=SystemChance(),
        kill_flag=store.kill_flag,
        takes=Capabilities(),
    )
    for account in accounts:
        core.lanes.put(account)
    for link in links:
        core.lanes.put_link(link)
    scope: AccountId | None = None
    if wish.group:
        if any(link.group == wish.group for link in links):
            scope = group_scope(wish.group)
    else:
        scope = next(
            (one.account_id for one in accounts if same_client(one.client_id, wish.account)), None
        )
    if scope is None:
        what, field = (wish.group, "group") if wish.group else (wish.account, "account")
        raise RefusedError(f"No {field} {what} is known here. Check it.", field=field)
    work = await store.journal.load(ist(core.clock.wall_ns()).date())
    core.halts.restore(work.halts)
    only_exits = state is TradingState.REDUCE
    words = "Only exits leave" if only_exits else "Halted"
    sentence = f"{words}, asked for by {_actor()}: {_reason(wish)}"
    core.bus.subscribe(store.journal.append)
    core.halts.stop(scope, Finding(f"stop {uuid.uuid4().hex}", sentence, only_exits=only_exits))
    await store.journal.flush()
    await core.work.stop()
    return StopTold(True, sentence, False)


# ------------------------------------------------------------ words


def _standing(change: StateChange | None, *, console: bool) -> StopTold:
    if change is None:
        if console:
            return StopTold(
                False, "The console is open, and has not stored a state yet. See its window.", True
            )
        return StopTold(True, "Trading is not stopped.", False, str(TradingState.ACTIVE))
    at = ist(change.at_ns)
    where = "the console is open" if console else "no console is open here"
    return StopTold(
        True,
        f"{change.state} since {at:%d %b %Y %H:%M:%S} IST, by {change.actor}: {change.reason} "
        f"({where}).",
        console,
        str(change.state),
        change.actor,
        change.reason,
        at.isoformat(timespec="seconds"),
    )


def _reason(wish: StopWish) -> str:
    return cut(wish.reason.strip(), _LONGEST_REASON) or _UNEXPLAINED


def _actor() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown user"
    return f"command line ({cut(user, 40)})"
