"""The stop of one account alone: what was found in it, and what a person has lifted."""

from __future__ import annotations

from dataclasses import dataclass

from copytrade_gui.domain.account import same_client
from copytrade_gui.domain.actor import read_actor
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.trading_state import TradingState


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in an account's books that must not be, or a limit that its copies have reached.

    ``evidence`` names it the same way at every read, ``amount`` says how far it goes (units filled;
    0 where there is nothing to measure), ``sentence`` is what the operator reads. ``only_exits``
    lets what only reduces pass; else nothing leaves. ``day`` is the Indian day after which it ends
    by itself, 0 for one that only a person lifts. While one that ``kills`` is in force, whatever of
    ours works in the account is cancelled; with ``all_orders`` what its owner placed there as well.
    """

    evidence: str
    sentence: str
    amount: int = 0
    only_exits: bool = False
    day: int = 0
    kills: bool = False
    all_orders: bool = False

    def covers(self, other: Finding) -> bool:
        """True if ``other`` is this finding again, and not worse."""
        return self.evidence == other.evidence and self.amount >= other.amount

    def holds_on(self, day: int) -> bool:
        """True on an Indian day on which it has not ended by itself."""
        return self.day in (0, day)


def asked_for(
    state: TradingState, evidence: str, actor: str, reason: str, *, all_orders: bool = False
) -> Finding:
    """A person's stop of an account, or of several together: REDUCE, HALT or KILL.

    ``all_orders``, of a KILL: it cancels what the owners placed themselves as well.
    """
    owners = ", its owner's own too" if all_orders else ""
    words = {
        TradingState.REDUCE: "Only exits leave",
        TradingState.HALT: "Halted",
        TradingState.KILL: f"Killed, its working orders are cancelled{owners}",
    }[state]
    return Finding(
        evidence,
        f"{words}, asked for by {read_actor(actor).in_a_sentence}: {reason}",
        only_exits=state is TradingState.REDUCE,
        kills=state is TradingState.KILL,
        all_orders=all_orders and state is TradingState.KILL,
    )


def for_all_alone(state: str) -> str:
    """Why nobody is put into this state alone, in a sentence."""
    return f"{state} is for all. For an account or a group: reduce, halt or kill."


@dataclass(frozen=True, slots=True)
class AccountHalt:
    """How the stop of one account, or of several (``domain.scope``), stands; in force while there
    are findings.

    It belongs to the account at the broker, so it also holds for another account here with the
    same ``client_id`` (empty when the account was removed before the finding). ``accepted`` was
    seen by the person who lifted it at ``lifted_ns``: the broker's book goes on showing it until
    its day ends, and it does not stop the account again. Times are UTC ns, 0 for never.
    """

    account_id: AccountId
    client_id: str
    findings: tuple[Finding, ...] = ()
    since_ns: int = 0
    accepted: tuple[Finding, ...] = ()
    lifted_ns: int = 0

    def holds_for(self, account_id: AccountId, client_id: str) -> bool:
        """True if it is this account's, here or at the broker."""
        if self.account_id == account_id:
            return True
        return bool(client_id) and same_client(self.client_id, client_id)

    @property
    def reason(self) -> str:
        """Every finding in words; empty when the account is not stopped."""
        return " ".join(finding.sentence for finding in self.findings)
