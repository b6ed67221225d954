"""The rules of sessions and of silence, each broken on purpose; see ``mutants``."""

from __future__ import annotations

from tests.proof.mutants import Mutant

_OFFLINE = "copytrade_gui/engine/books/offline.py"
_SESSIONS = "copytrade_gui/services/sessions.py"
_UPKEEP = "copytrade_gui/services/session_upkeep.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "three calls without an answer take an account offline",
        _OFFLINE,
        "        elif count >= self._settings.offline_after:\n",
        "        elif False:\n",
    ),
    Mutant(
        "a refused certificate takes an account offline at once",
        _OFFLINE,
        "        if silence is Silence.CERTIFICATE:\n",
        "        if False:\n",
    ),
    Mutant(
        "only a whole read brings an account back",
        _OFFLINE,
        "        elif read.whole and session is not None:\n",
        "        elif session is not None:\n",
    ),
    Mutant(
        "after an outage of the machine the books are checked first",
        _OFFLINE,
        "        self._news.network_back(gap_ns)\n",
        "",
    ),
    Mutant(
        "one account's silence is not the machine's",
        _OFFLINE,
        "        if not answered:\n",
        "        if True:\n",
    ),
    Mutant(
        "a route that does not carry is no answer",
        _OFFLINE,
        "(routed if lane.account_id in self._routed else out).append(since_ns)",
        "out.append(since_ns); answered += lane.account_id in self._routed",
    ),
    Mutant(
        "a session is of the route its account has when it is attached",
        _SESSIONS,
        "            if change == self._changes[account_id]:\n",
        "            if True:\n",
    ),
    Mutant(
        "an account whose session could not be opened is logged out",
        _SESSIONS,
        "                self._ended(account_id, failure)\n",
        "",
    ),
    Mutant(
        "a logout while an account connects anew holds",
        _SESSIONS,
        "        if not self._waits(account_id, stands):\n",
        "        if False:\n",
    ),
    Mutant(
        "a session of a client that the account is no more is not kept",
        _SESSIONS,
        "        if lane is None or not same_client(lane.account.client_id, client_id):\n",
        "        if lane is None:\n",
    ),
    Mutant(
        "what a replaced session is told does not end the one that replaced it",
        _UPKEEP,
        "        if failure.session_dead and self._session(account_id) is session:\n",
        "        if failure.session_dead:\n",
    ),
    Mutant(
        "nothing leaves from a new address unproven",
        _OFFLINE,
        "            self._account_news.session(lane, SessionState.OFFLINE, reason)\n"
        "            self._moved.add(account)\n",
        "            self._moved.add(account)\n",
    ),
    Mutant(
        "a new address is not proven over an old connection",
        _OFFLINE,
        "            await session.drop_connections()\n        finally:\n",
        "            pass\n        finally:\n",
    ),
    Mutant(
        "a read of before proves no new address",
        _OFFLINE,
        " or began_ns < self._proof_from_ns.get(account, 0)",
        "",
    ),
    Mutant(
        "a removed account keeps no connection",
        "copytrade_gui/services/kept_accounts.py",
        "        self._reopen(names)\n",
        "",
    ),
    Mutant(
        "the connections of an account that is not here any more are closed",
        _SESSIONS,
        "            if session is None or session in self._opening:\n",
        "            if lane is None or session is None or session in self._opening:\n",
    ),
    Mutant(
        "an account that is another client keeps no connection of the one before",
        "copytrade_gui/services/account_cells.py",
        "return route, account.declared.algo_id, client",
        "return route, account.declared.algo_id, ''",
    ),
)
