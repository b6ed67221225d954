"""The halt of one account alone: what was found in it, and what a person has lifted."""

from __future__ import annotations

from dataclasses import dataclass

from copytrade_gui.domain.account import same_client
from copytrade_gui.domain.ids import AccountId


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in an account's books that must not be.

    ``evidence`` names it the same way at every read, ``amount`` says how far it goes (units filled;
    0 where there is nothing to measure), ``sentence`` is what the operator reads.
    """

    evidence: str
    sentence: str
    amount: int = 0

    def covers(self, other: Finding) -> bool:
        """True if ``other`` is this finding again, and not worse."""
        return self.evidence == other.evidence and self.amount >= other.amount


@dataclass(frozen=True, slots=True)
class AccountHalt:
    """How the halt of one account stands; in force while there are findings.

    It belongs to the account at the broker, so it also holds for another account here with the
    same ``client_id`` (empty when the account was removed before the finding). ``accepted`` was
    seen by the person who lifted the halt at ``lifted_ns``: the broker's book goes on showing it
    until its day ends, and it does not halt the account again. Times are UTC ns, 0 for never.
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
        """Every finding in words; empty when the account is not halted."""
        return " ".join(finding.sentence for finding in self.findings)
