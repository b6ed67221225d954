"""What an entrance with a person before it can do about a start that was refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from copytrade_gui.storage.files.come_forward import ComeForward
from copytrade_gui.storage.files.problems import (
    PassphraseMissingError,
    SecondInstanceError,
    WrongPassphraseError,
)
from copytrade_gui.storage.secrets.vault import LEAST_PASSPHRASE


@dataclass(frozen=True, slots=True)
class PassphraseWanted:
    """A passphrase opens the console. ``new``: choose one, of ``least`` characters or more.

    ``problem`` is what was wrong with the one that was given; empty if none was.
    """

    new: bool
    least: int
    problem: str


def passphrase_wanted(refusal: Exception, given: str | None) -> PassphraseWanted | None:
    """Whether a passphrase would help; a keyring that holds another key is no matter of one."""
    if isinstance(refusal, PassphraseMissingError):
        return PassphraseWanted(refusal.new, LEAST_PASSPHRASE, "")
    if isinstance(refusal, WrongPassphraseError) and given is not None:
        return PassphraseWanted(new=False, least=LEAST_PASSPHRASE, problem=str(refusal))
    return None


def other_console(refusal: Exception) -> ComeForward | None:
    """How to ask the console that holds the data folder to show its window; None if none does."""
    return ComeForward(refusal.folder) if isinstance(refusal, SecondInstanceError) else None


def requests_to(folder: Path) -> ComeForward:
    """What second starts ask of the console that holds ``folder``; old requests are forgotten."""
    requests = ComeForward(folder)
    requests.taken()
    return requests
