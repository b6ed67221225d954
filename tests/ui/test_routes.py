"""Routes in the window: the editors' fields, the test of one, and rows that say what is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from copytrade_gui.domain.account import AccountStatus, SessionState
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.route import DIRECT, Family, Route, RouteKind
from copytrade_gui.services.routes import RouteReport
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.followers.follower_editor import FollowerEditor
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.state_words import UNREGISTERED, copying_look, copying_rank
from tests.ui import people
from tests.ui.conftest import until
from tests.ui.fakes import World
from tests.ui.test_dialogs import shown

pytestmark = [pytest.mark.window_loop, pytest.mark.timeout(60)]


async def editor_of_first(window: MainWindow) -> tuple[AccountId, FollowerEditor]:
    view = window.followers.table.view
    view.setCurrentIndex(view.proxy.index(0, 0))
    (account,) = window.followers.selected()
    window.desk.actions[Act.FOLLOWER_EDIT].trigger()
    return account.account_id, await shown(window, FollowerEditor)


async def test_the_editor_tries_a_route_as_typed_and_stores_it_when_saved(
    window: MainWindow, world: World
) -> None:
    name, editor = await editor_of_first(window)
    fields = editor.routed
    assert not fields.address.isEnabled()
    fields.route.setCurrentIndex(fields.route.findData("source"))
    assert fields.address.isEnabled()
    assert not fields.login.isEnabled()
    fields.address.setText("127.0.0.3")
    fields.registered.setText("127.0.0.3; 127.0.0.4")
    world.routes.says = RouteReport(good=False, sentence="Its connections leave from elsewhere.")
    fields.test.click()
    await until(lambda: bool(world.routes.tried) and not editor.busy(fields.test))
    typed = {
        "route": "source", "route_address": "127.0.0.3", "proxy_login": "",
        "address_family": "any", "registered_addresses": "127.0.0.3; 127.0.0.4",
    }  # fmt: skip
    assert world.routes.tried == [(name, typed)]
    assert fields.hint.text() == "Its connections leave from elsewhere."
    assert fields.hint.property("role") == "problem"
    assert world.accounts[name].route == DIRECT, "a test changes nothing"
    fields.registered.setText("office")
    editor.verb.click()
    await until(lambda: not editor.busy(editor.verb))
    assert not editor.over, "a name is no address"
    fields.registered.setText("127.0.0.3; 127.0.0.4")
    editor.verb.click()
    await until(lambda: editor.over)
    registered = ("127.0.0.3", "127.0.0.4")
    assert world.accounts[name].route == Route(
        RouteKind.SOURCE, "127.0.0.3", Family.ANY, registered
    )


async def test_a_proxy_asks_for_its_login_and_for_no_family(
    window: MainWindow, world: World
) -> None:
    _, editor = await editor_of_first(window)
    fields = editor.routed
    fields.family.setCurrentIndex(fields.family.findData("ipv4"))
    fields.route.setCurrentIndex(fields.route.findData("proxy"))
    assert fields.login.isEnabled()
    assert not fields.family.isEnabled()
    assert fields.typed()["address_family"] == "any"
    editor.reject()


@pytest.mark.parametrize("state", [SessionState.READY, SessionState.LOGGED_OUT])
def test_a_row_says_that_its_address_is_not_registered(state: SessionState) -> None:
    account = people.follower(1)
    route = Route(RouteKind.SOURCE, "127.0.0.3", registered=("127.0.0.4",))
    status = AccountStatus(account.account_id, state)
    wrong = replace(account, route=route)
    assert (copying_look(wrong, status) is UNREGISTERED) == (state is SessionState.READY)
    assert copying_rank(wrong, status) == 2
