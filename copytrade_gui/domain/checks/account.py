"""What is asked of an account whenever a fact of it changes."""

from __future__ import annotations

from msgspec import Struct

from copytrade_gui.domain.account import AccountStatus, SessionState
from copytrade_gui.domain.basis import Basis, why_not_live
from copytrade_gui.domain.checks.check import Check, Finding, Level, Tier

LOSS_LIMIT = "loss_limit"
_UNREAD = (
    "Its order book was not read whole since the start, and it had orders today. It goes on by "
    "itself once it was."
)


class AccountFacts(Struct, frozen=True, gc=False):
    """An account's live facts, whether it has a session here, and its basis.

    ``live`` is False at the simulated broker, where nobody needs a basis. ``unregistered`` is
    why the broker would refuse the address that its orders leave from; empty: it would not.
    """

    status: AccountStatus
    has_session: bool
    basis: Basis | None = None
    live: bool = False
    unregistered: str = ""


def _halted(facts: AccountFacts) -> Finding | None:
    halted = facts.status.halted
    if not halted:
        return None
    sentence = f"{halted} Look at its books, then lift its halt."
    return Finding("account_halted", Level.BLOCK, sentence)


def _offline(facts: AccountFacts) -> Finding | None:
    if facts.status.session is not SessionState.OFFLINE:
        return None
    return Finding("offline", Level.BLOCK, facts.status.session_reason)


def _session(facts: AccountFacts) -> Finding | None:
    status = facts.status
    if facts.has_session and status.session is SessionState.READY:
        return None
    why = status.session_reason or "The account is not logged in. Log it in."
    return Finding("no_session", Level.BLOCK, why)


def _unread(facts: AccountFacts) -> Finding | None:
    return Finding("unread", Level.BLOCK, _UNREAD) if facts.status.unread else None


def _address(facts: AccountFacts) -> Finding | None:
    why = facts.unregistered
    return Finding("address", Level.BLOCK, why) if why else None


def _no_basis(facts: AccountFacts) -> Finding | None:
    why = why_not_live(facts.basis) if facts.live else ""
    return Finding("no_basis", Level.BLOCK, why) if why else None


def _loss_limit(facts: AccountFacts) -> Finding | None:
    only_exits = facts.status.only_exits
    return Finding(LOSS_LIMIT, Level.BLOCK, only_exits) if only_exits else None


ACCOUNT_CHECKS: tuple[Check[AccountFacts], ...] = (
    Check("account_halted", Tier.ACCOUNT, "nothing was found in its books that halts it alone",
          "Look at its books, then lift its halt.", _halted),
    Check("offline", Tier.ACCOUNT, "the broker answers it, from an address that was proven",
          "It goes on by itself when its order book can be read.", _offline),
    Check("no_session", Tier.ACCOUNT, "it is logged in", "Log it in.", _session),
    Check("unread", Tier.ACCOUNT, "after a start, its order book was read whole if it had orders",
          "Wait; it goes on by itself.", _unread),
    Check("address", Tier.ACCOUNT, "its connections leave from an address that is registered at "
          "the broker, as far as that can be seen here",
          "Register the address, or change the account's route.", _address),
)  # fmt: skip
"""In the order in which they are asked."""

OPENING_CHECKS: tuple[Check[AccountFacts], ...] = (
    Check("no_basis", Tier.ACCOUNT, "a live account has a compliance basis, and not that of the "
          "simulator; exits pass", "Choose one under Followers > Declare basis.", _no_basis),
    Check(LOSS_LIMIT, Tier.ACCOUNT, "no loss limit of the account, or of all followers, was "
          "reached today, and nobody had only its exits leave (copytrade-gui stop reduce); exits "
          "pass", "It ends on the next day, or when a person lifts it.", _loss_limit),
)  # fmt: skip
"""What keeps back what opens in an account, and lets out what only reduces: nobody is held in."""
