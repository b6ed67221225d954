"""Stops in a data folder that no console has open: stored so that the next one begins with them."""

from __future__ import annotations

import uuid

from copytrade_gui.app.logs import log_to
from copytrade_gui.app.stop_words import (
    STOP_VERBS,
    StopTold,
    StopWish,
    command_line,
    reason_of,
    standing,
)
from copytrade_gui.app.system_clock import SystemChance, SystemClock
from copytrade_gui.domain.account import same_client
from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.capabilities import Capabilities
from copytrade_gui.domain.halt import asked_for
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.scope import group_scope
from copytrade_gui.domain.trading_state import (
    STOPS,
    STRICTNESS,
    StateChange,
    TradingState,
    to_begin_with,
)
from copytrade_gui.engine.orders.core import make_core
from copytrade_gui.ports import StopAnswer
from copytrade_gui.services.leaving_stops import must_be_explained
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.storage.files.folder import DataFolder
from copytrade_gui.storage.store import Store, open_store


async def stored(folder: DataFolder, wish: StopWish) -> StopTold:
    """Store what was asked for as a console would, or say how it stands.

    Raises:
        SecondInstanceError: a console has the folder.
        StorageError: the folder cannot be read or written.
        JournalFailureError: it could not be stored.
        RefusedError: it is not lawful so; nothing changed.
    """
    clock = SystemClock()
    async with open_store(folder, clock) as store:
        with log_to(folder):
            return await _stored(store, wish, clock.wall_ns())


async def _stored(store: Store, wish: StopWish, now_ns: int) -> StopTold:
    work = await store.journal.load(ist(now_ns).date())
    held = to_begin_with(work.trading, store.stop_files.newest())
    if store.kill_flag.is_set() and (held is None or held.state is not TradingState.KILL):
        held = StateChange(TradingState.KILL, "kill flag", "The kill flag's file is set.", now_ns)
    # The console ended before it stored them: the next one does.
    waiting = [asked for asked in store.stop_files.asked() if asked.for_all]
    for asked in waiting:
        if held is None or STRICTNESS[asked.state] > STRICTNESS[held.state]:
            held = StateChange(asked.state, asked.actor, asked.reason, now_ns, asked.all_orders)
    if wish.verb == "status":
        return standing(held, console=False)
    if wish.verb == "resume":
        told = await _resumed(store, wish, held, now_ns)
        for asked in waiting:
            store.stop_files.answer(
                asked, StopAnswer(asked.name, held=False, sentence=told.sentence)
            )
        return told
    state = STOP_VERBS[wish.verb]
    if wish.account or wish.group:
        return await _stopped_some(store, wish, state)
    if held is not None and STRICTNESS[held.state] > STRICTNESS[state]:
        return standing(held, console=False)
    kills = state is TradingState.KILL
    # What takes more is not weakened by one that asks for less.
    of_all = kills and (wish.all_orders or (held is not None and held.all_orders))
    change = StateChange(state, command_line().text, reason_of(wish), now_ns, of_all)
    if kills:
        store.kill_flag.set(change.reason)
    await _keep(store, change)
    return standing(change, console=False)


async def _resumed(store: Store, wish: StopWish, held: StateChange | None, now_ns: int) -> StopTold:
    if held is None or held.state not in STOPS:
        return standing(held, console=False)
    if held.state is TradingState.KILL:
        raise RefusedError(
            "A KILL is left after its report. Start the console: it goes on cancelling until every "
            "account is proven clear; resume there."
        )
    must_be_explained(held.state, wish.reason)
    change = StateChange(TradingState.ACTIVE, command_line().text, reason_of(wish), now_ns)
    await _keep(store, change)
    return standing(change, console=False)


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
    who = command_line().text
    name, why = f"stop {uuid.uuid4().hex}", reason_of(wish)
    finding = asked_for(state, name, who, why, all_orders=wish.all_orders)
    core.bus.subscribe(store.journal.append)
    core.halts.stop(scope, finding, who)
    await store.journal.flush()
    await core.work.stop()
    later = " (no console is open here: the next one cancels them)" if finding.kills else ""
    return StopTold(True, f"{finding.sentence}{later}", False)


# ------------------------------------------------------------ words
