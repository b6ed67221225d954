"""Price guard, exit rules and copy mode of several followers, in one dialog."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.guard import Beyond, PriceGuard
from copytrade_gui.domain.offset import Offset
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.followers.link_rules import LinkRulesDialog
from copytrade_gui.ui.main_window import MainWindow
from tests.ui.conftest import until
from tests.ui.fakes import World
from tests.ui.test_dialogs import shown

pytestmark = [pytest.mark.window_loop, pytest.mark.timeout(60)]


async def test_one_dialog_shows_who_changes_and_changes_no_one_else(
    window: MainWindow, world: World
) -> None:
    first, *others = window.desk.roster.followers()
    waits = PriceGuard(Offset(Decimal("0.5"), percent=True), 60, Beyond.WAIT)
    world.links[first.link.key] = replace(first.link, guard=waits)
    await window.follower_work.edits.reload()
    window.followers.table.view.selectAll()
    chosen = window.followers.selected_followers()
    before = dict(world.links)
    window.desk.actions[Act.FOLLOWER_RULES].trigger()
    dialog = await shown(window, LinkRulesDialog)
    assert not dialog.verb.isEnabled(), "nothing is asked for yet"
    dialog.slippage.setText("0.5%")
    dialog.beyond.setCurrentIndex(dialog.beyond.findData("wait"))
    assert "needs a Delay" in dialog.preview.text()
    dialog.verb.click()
    await until(lambda: not dialog.busy(dialog.verb))
    assert world.links == before, "refused, and what was typed stands"
    dialog.delay.setText("60")
    said = dialog.preview.text()
    assert f"{chosen[1].account.name}: " in said or "more change" in said
    assert "Slippage none becomes 0.5%" in said
    assert "1 follower stay" in said
    assert dialog.verb.text() == f"Set for {len(chosen) - 1} followers"
    dialog.verb.click()
    await until(lambda: world.links != before)
    assert {link.guard for link in world.links.values()} == {waits}
    assert all(replace(link, guard=before[key].guard) == before[key]
               for key, link in world.links.items())  # fmt: skip
    await until(window.desk.actions[Act.UNDO].isEnabled)
    window.desk.actions[Act.UNDO].trigger()
    await until(lambda: world.links == before)
    assert others
