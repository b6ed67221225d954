"""The rules of what is on the disk, each broken on purpose; see ``mutants``."""

from __future__ import annotations

from tests.proof.mutants import Mutant

_STORAGE = "copytrade_gui/storage/"
_DATABASE = f"{_STORAGE}database/"
_ORDER_LOG = f"{_STORAGE}order_log/"
_JOURNAL = f"{_STORAGE}journal/"

MUTANTS: tuple[Mutant, ...] = (
    Mutant("a passphrase that could not be stored is not in force",
           "copytrade_gui/storage/secrets/secrets.py",
           "            self._wrapping = before\n            raise\n", "            raise\n"),
    Mutant("a secret that is being stored survives that its key is forgotten",
           "copytrade_gui/storage/secrets/secrets.py",
           "        self._key = None\n\n",
           "        self._key = None\n        self._records = {}\n\n"),
    Mutant("a cancel reaches a proxied account while the key is forgotten",
           "copytrade_gui/app/broker_settings.py",
           "if not isinstance(error, LockedSecretsError) or account not in known:", "if True:"),
    Mutant("a rotation waits for the keyring before it seals anything",
           "copytrade_gui/storage/secrets/secrets.py",
           "        wrapping = await self._wrapped(fresh, passphrase)\n"
           "        self._reseal(key, fresh)\n",
           "        self._reseal(key, fresh)\n"
           "        wrapping = await self._wrapped(fresh, passphrase)\n"),
    Mutant("a rotation that could not be stored is taken back",
           "copytrade_gui/storage/secrets/secrets.py",
           "            self._reseal(fresh, key)\n            raise\n", "            raise\n"),
    # -- before the first byte
    Mutant("a plan is recorded before its bytes", f"{_JOURNAL}journal.py",
           "        return await self._log(\n"
           "            RecordKind.PLAN, record, plan.made_ns, plan.plan_id, plan.signal.actor\n"
           "        )\n",
           "        return True\n"),
    Mutant("a wave is recorded before its bytes", f"{_JOURNAL}journal.py",
           "            await self._log(RecordKind.WAVE, record, first[0].marked_ns)\n",
           "            pass\n"),
    Mutant("a record becomes a fact of the trail", f"{_JOURNAL}journal.py",
           "        stored = partial(self._facts.record, what, record, plan_id, actor)\n",
           "        stored = partial(len, record)\n"),
    Mutant("a plan is his who asked for it", "copytrade_gui/engine/planning/cleared.py",
           "        if actor != signal.actor:\n", "        if False:\n"),
    Mutant("a verb is his who called it", "copytrade_gui/services/acting.py",
           "            token = _ACTING.set(self._actor)\n",
           "            token = _ACTING.set(OPERATOR)\n"),
    Mutant("a script is named as one whatever it calls itself",
           "copytrade_gui/storage/files/stop_files.py",
           "        return _Written(_by_a_script(asked), at_ns)\n",
           "        return _Written(asked, at_ns)\n"),
    Mutant("a plan is expanded once", f"{_JOURNAL}expansion.py",
           "    if has_rows(cursor, record.plan_id):\n        return\n", ""),
    Mutant("marks are expanded once", f"{_JOURNAL}expansion.py",
           "        if number is not None and attempt_row(cursor, number, mark.number) is None:\n",
           "        if number is not None:\n"),
    Mutant("tags come from the record", f"{_JOURNAL}expansion.py",
           "            mark.tag,\n            marks.bodies,",
           "            str(row),\n            marks.bodies,"),
    Mutant("what was not expanded is expanded by the start", f"{_JOURNAL}leftover.py",
           "                if not _is_expanded(cursor, row)\n", "                if False\n"),
    Mutant("a voided plan of the order log stays void", f"{_JOURNAL}leftover.py",
           "    if voided:\n", "    if False:\n"),
    Mutant("a plan the order log knows is not taken again", f"{_ORDER_LOG}order_log.py",
           "lastrowid if known is None else None", "lastrowid"),
    Mutant("no order leaves while facts wait outside the database", f"{_JOURNAL}journal.py",
           "        if self._trail.waiting:\n            raise JournalFailureError(\n",
           "        if False:\n            raise JournalFailureError(\n"),
    Mutant("the witness knows of no fact that is not stored", f"{_JOURNAL}journal.py",
           "self._on_progress(*self._trail.stored,",
           "self._on_progress(self._trail.number, self._trail.head,"),
    Mutant("an order has one live attempt", f"{_JOURNAL}trail.py",
           "await self._write(database, fresh, strict=True)", "await self._write(database, fresh)"),
    Mutant("the end of a try is stored before the next try", f"{_JOURNAL}groups.py",
           "            await to_its_end(self._store_all())  # what was taken is not lost with the"
           " caller\n            yield\n", "            yield\n"),
    Mutant("a record is a fact also when nobody waits for it any more", f"{_ORDER_LOG}order_log.py",
           "return await to_its_end(finish())", "return await finish()"),
    Mutant("what waits outside the database comes before what was not expanded",
           f"{_JOURNAL}journal.py",
           "            replayed = await trail.replay(database)\n"
           "            now = Moment(clock.wall_ns(), clock.mono_ns(), None)\n"
           "            fault_point(BEFORE_EXPANSION)\n"
           "            expanded = await expand_leftover(order_log, database, trail, now)\n",
           "            now = Moment(clock.wall_ns(), clock.mono_ns(), None)\n"
           "            fault_point(BEFORE_EXPANSION)\n"
           "            expanded = await expand_leftover(order_log, database, trail, now)\n"
           "            replayed = await trail.replay(database)\n"),
    # -- what was changed on the disk
    Mutant("a changed column is named", f"{_JOURNAL}verify.py",
           "                    if should != does:\n", "                    if False:\n"),
    Mutant("a changed record of a plan is named", f"{_JOURNAL}verify.py",
           "known not in {None, row.body}", "False"),
    # -- files that are taken away under the console
    Mutant("a file that was taken away is noticed", f"{_DATABASE}presence.py",
           "            elif known != now:\n", "            elif False:\n"),
    Mutant("another file in its place is noticed", f"{_DATABASE}presence.py",
           "    return found.st_dev, found.st_ino\n", "    return found.st_dev, 0\n"),
    Mutant("an order log that was taken away is noticed", f"{_STORAGE}store.py",
           "Presence(folder.database, folder.order_log)", "Presence(folder.database)"),
    Mutant("no plan is stored in a file that is gone", f"{_JOURNAL}journal.py",
           "        self._must_be_there()\n        self._refuse_while_facts_wait()\n        try:\n",
           "        self._refuse_while_facts_wait()\n        try:\n"),
    Mutant("no wave is stored in a file that is gone", f"{_JOURNAL}journal.py",
           "        self._must_be_there()\n        self._refuse_while_facts_wait()\n        again",
           "        self._refuse_while_facts_wait()\n        again"),
    Mutant("nobody resumes over a file that is gone", f"{_JOURNAL}journal.py",
           "            self._must_be_there()\n        try:\n            # Those",
           "            pass\n        try:\n            # Those"),
    Mutant("what a file that is gone held is rescued", f"{_STORAGE}store.py",
           "                    if gone:  #", "                    if False:  #"),
)  # fmt: skip
