"""Who acts: a front end says it once, when it takes the console; each verb asks here."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import TypeVar, cast

from copytrade_gui.domain.actor import Actor
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.records import OPERATOR
from copytrade_gui.engine.engine import Engine
from copytrade_gui.ports import Clock, Journal, JournalFailureError
from copytrade_gui.services.verbs import RefusedError

ServiceT = TypeVar("ServiceT")
_ACTING = ContextVar("acting", default=OPERATOR)
"""Whose verb runs. Of a console that nobody has taken for another it is the person's at it."""


def acting() -> str:
    """Who asked for the verb that runs, as the trail names him."""
    return _ACTING.get()


def verbs_of(service: ServiceT, actor: Actor) -> ServiceT:
    """The same verbs, which are this actor's."""
    return cast("ServiceT", _OfActor(service, actor.text))


class _OfActor:
    """One service, as an actor calls it; what a verb begins is his as well."""

    def __init__(self, service: object, actor: str) -> None:
        self._service = service
        self._actor = actor

    def __getattr__(self, name: str) -> Callable[..., Coroutine[object, object, object]]:
        verb: Callable[..., Coroutine[object, object, object]] = getattr(self._service, name)

        @functools.wraps(verb)
        async def his(*args: object, **kwargs: object) -> object:
            token = _ACTING.set(self._actor)
            try:
                return await verb(*args, **kwargs)
            finally:
                _ACTING.reset(token)

        return his


class Commands:
    """Records what somebody asks for, each command once, before it is done."""

    def __init__(self, engine: Engine, journal: Journal, clock: Clock) -> None:
        self._engine = engine
        self._journal = journal
        self._clock = clock

    async def record(
        self,
        command: CommandId,
        verb: str,
        subject: str,
        reason: str = "",
        *,
        refusal: str = "Nothing was done",
        actor: str = "",
    ) -> bool:
        """Record it, by ``actor`` or who is acting; False: this command was recorded before.

        Raises RefusedError, its sentence begun by ``refusal``: it could not be stored.
        """
        who, now_ns = actor or acting(), self._clock.wall_ns()
        try:
            return await self._journal.commit_command(command, who, verb, subject, reason, now_ns)
        except JournalFailureError as failure:
            self._engine.storage_failed(str(failure))
            raise RefusedError(f"{refusal}: {failure}", code="not_recorded") from failure
