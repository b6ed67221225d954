"""A console in live mode asks every account for a basis; its broker is the simulator's address."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from copytrade_gui.app import wiring
from copytrade_gui.app.broker_settings import broker_settings
from copytrade_gui.app.doctor import examine
from copytrade_gui.app.paper import SimulatorOptions
from copytrade_gui.app.paper_broker import paper_broker
from copytrade_gui.app.system_clock import SystemClock
from copytrade_gui.app.wiring import OpenOptions, open_console
from copytrade_gui.domain.account import Account
from copytrade_gui.domain.basis import Basis, Declared
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.storage.files.folder import open_folder
from copytrade_gui.storage.store import open_store

OWNER = Account(AccountId("M"), "Owner", "MX1", "key", master=True, declared=Declared(Basis.SELF))
ASHA = Account(AccountId("F1"), "Asha", "KX1", "key")
COPIES = Link(OWNER.account_id, ASHA.account_id, SizingRule(Strategy.RATIO, Decimal(1)))


@pytest.mark.expected_log("alarm (no_basis|freeze|charges): ")
async def test_a_live_start_names_who_lacks_a_basis_and_lets_only_exits_leave_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = SystemClock()
    async with open_store(open_folder(tmp_path, "default"), clock) as store:
        await store.accounts.put([OWNER, ASHA], [COPIES])
    findings = {one.name: one for one in await examine(tmp_path, "default")}
    assert findings["basis"].state == "warn"
    assert "Asha" in findings["basis"].sentence
    async with paper_broker(SimulatorOptions(accounts=2, masters=1), None, None, clock) as at:
        settings, line = broker_settings, at.line
        monkeypatch.setattr(
            wiring,
            "broker_settings",
            lambda folder, _, secrets, *, fast: settings(folder, line, secrets, fast=fast),
        )
        live = OpenOptions(tmp_path, passphrase="a long enough one", contracts_first=False)
        async with open_console(live) as opened:
            followers = opened.console.followers
            assert not opened.console.paper
            assert "1 account has no compliance basis" in caplog.text
            assert kept(opened) == {OWNER.account_id: "", ASHA.account_id: "no_basis"}
            with pytest.raises(RefusedError, match="This one is live"):
                await followers.set_basis([ASHA.account_id], {"basis": "simulator"})
            said = {"basis": "family", "basis_reference": "spouse"}
            await followers.set_basis([ASHA.account_id], said)
            assert kept(opened) == {OWNER.account_id: "", ASHA.account_id: ""}


def kept(opened: wiring.Opened) -> dict[AccountId, str]:
    """Why only exits leave an account, by its code; empty: everything may."""
    return {
        lane.account_id: "" if lane.only_exits is None else lane.only_exits.code
        for lane in opened.engine.lanes
    }
