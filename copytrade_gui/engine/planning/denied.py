"""Why the engine did nothing."""

from __future__ import annotations

from copytrade_gui.domain.checks.check import Shown


class DeniedError(Exception):
    """The engine did nothing; the text is one sentence with the remedy.

    Where a person may let pass what checks found, ``found`` is what he is shown and ``lines`` its
    sentences.
    """

    found: tuple[Shown, ...] = ()
    lines: tuple[str, ...] = ()

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.sentence = code, sentence

    @classmethod
    def asking(cls, code: str, lines: tuple[str, ...], found: tuple[Shown, ...]) -> DeniedError:
        """A person is to be asked about these findings."""
        asks = cls(code, " ".join(lines))
        asks.found, asks.lines = found, lines
        return asks
