"""Every refusal of a verb leaves one line in the log, wherever the verb was called from."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from copytrade_gui.services.verbs import RefusedError

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


def refusals_logged(
    verb: Callable[P, Coroutine[Any, Any, T]],
) -> Callable[P, Coroutine[Any, Any, T]]:
    """Wrap a verb: a RefusedError passes through, with its sentence and field in the log."""

    @functools.wraps(verb)
    async def logged(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await verb(*args, **kwargs)
        except RefusedError as refusal:
            log.info("%s refused: %s (%s)", verb.__name__, refusal.sentence, refusal.field or "-")
            raise

    return logged
