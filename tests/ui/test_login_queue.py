"""The morning's logins as their user walks them: page, way back, the next one by itself."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from copytrade_gui.domain.account import Account, SessionState
from copytrade_gui.domain.route import Route, RouteKind
from copytrade_gui.services.verbs import LOGIN_NOT_RETURNED, LoginPage, RefusedError
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.followers.login_queue import LoginQueueDialog, whose_words
from copytrade_gui.ui.followers.login_rows import LoginList, Stand
from copytrade_gui.ui.main_window import MainWindow
from tests.ui import people
from tests.ui.conftest import until
from tests.ui.fakes import World
from tests.ui.test_dialogs import shown, told

pytestmark = pytest.mark.window_loop


class Browser(QObject):
    """Qt hands addresses to this instead of a browser."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    @Slot(QUrl)
    def take(self, url: QUrl) -> None:
        self.opened.append(url.toString())


@pytest.fixture
def browser() -> Iterator[Browser]:
    made = Browser()
    QDesktopServices.setUrlHandler("https", made, "take")  # type: ignore[arg-type]  # the stub says bytes, which are refused
    yield made
    QDesktopServices.unsetUrlHandler("https")


def waiting(world: World, number: int = 3) -> list[Account]:
    """Everybody has a session but so many followers."""
    world.everyone_ready()
    chosen = [one for one in world.accounts.values() if one.active and not one.master][:number]
    for one in chosen:
        status = world.statuses[one.account_id]
        world.statuses[one.account_id] = replace(status, session=SessionState.EXPIRED)
    return chosen


async def queue(window: MainWindow, act: Act = Act.LOGIN_NEXT) -> LoginQueueDialog:
    await window.follower_work.edits.reload()
    window.desk.actions[act].trigger()
    return await shown(window, LoginQueueDialog)


def plain_page_of(account: Account) -> str:
    return f"https://login.broker.example/connect?appkey=app-{account.account_id}&v=1"


def page_of(account: Account) -> str:
    return f"{plain_page_of(account)}&redirecturl=http://127.0.0.1:40001/here"


def button(dialog: LoginQueueDialog, name: str) -> QPushButton:
    found = dialog.findChild(QPushButton, name)
    assert isinstance(found, QPushButton)
    return found


def stands(dialog: LoginQueueDialog) -> list[Stand]:
    return [row.stand for row in dialog.list.rows]


def test_who_logs_in_by_another_way_than_his_orders_leave_is_told() -> None:
    account, page = people.follower(1), LoginPage("https://broker.example/login", "")
    assert "goes its own way" not in whose_words(account, page)
    proxied = replace(account, route=Route(RouteKind.PROXY, "http://proxy.example:8080"))
    assert "not by http://proxy.example:8080 as the account's orders do" in whose_words(
        proxied, page
    )


async def test_page_after_page_is_opened_by_itself_and_whoever_fails_holds_up_nobody(
    window: MainWindow, world: World, browser: Browser
) -> None:
    first, second, third = waiting(world)
    dialog = await queue(window)
    assert browser.opened == []
    assert dialog.summary.text() == "0 of 3 logged in, 3 left."
    dialog.go.click()
    await until(lambda: browser.opened == [page_of(first)])
    assert first.name in dialog.whose.text()
    assert "goes on by itself" in dialog.whose.text()
    world.came.put_nowait("http://127.0.0.1/?authcode=ONE1")
    await until(lambda: browser.opened[1:] == [page_of(second)])
    world.refuse_login[second.account_id] = RefusedError(
        "Login was made by another client.", field="code"
    )
    world.came.put_nowait("http://127.0.0.1/?authcode=TWO2")
    await until(lambda: browser.opened[2:] == [page_of(third)])
    assert stands(dialog) == [Stand.DONE, Stand.FAILED, Stand.NOW]
    assert dialog.list.rows[1].reason == "Login was made by another client."
    assert dialog.bar.value() == 1
    dialog.skip.click()
    await until(lambda: dialog.go.text() == "Try 2 again")
    assert dialog.summary.text() == "1 of 3 logged in, 1 failed, 1 skipped, 0 left."
    world.refuse_login.clear()
    dialog.go.click()
    for one in (second, third):
        await until(partial(lambda page: browser.opened[-1] == page, page_of(one)))
        world.came.put_nowait("http://127.0.0.1/?authcode=AGAIN")
    await until(lambda: stands(dialog) == [Stand.DONE] * 3)
    assert dialog.summary.text() == "3 accounts logged in. Nobody is left."
    assert not dialog.go.isVisible()
    assert told(window, "3 accounts logged in.")
    await until(lambda: not window.desk.roster.without_session())
    dialog.leave.click()


async def test_what_was_pasted_wrongly_stays_and_may_be_pasted_again(
    window: MainWindow, world: World, browser: Browser
) -> None:
    (only,) = waiting(world, 1)
    world.returns_to = ""
    dialog = await queue(window)
    dialog.go.click()
    await until(dialog.pasted.isVisible)
    assert "Paste the whole address" in dialog.whose.text()
    QTest.keyClick(dialog.pasted, Qt.Key.Key_Return)
    await until(dialog.problem.isVisible)
    assert dialog.problem.text() == "Code is empty. Paste the address the browser ended on."
    assert stands(dialog) == [Stand.NOW]
    QTest.keyClicks(dialog.pasted, "https://mine.example/?authcode=ABCD")
    assert not dialog.problem.isVisible()
    QTest.keyClick(dialog.pasted, Qt.Key.Key_Return)
    await until(lambda: stands(dialog) == [Stand.DONE])
    assert ("finish_login", (only.account_id, "https://mine.example/?authcode=ABCD")) in world.calls
    dialog.leave.click()


async def test_a_pause_and_a_closed_window_go_on_where_they_were(
    window: MainWindow, world: World, browser: Browser
) -> None:
    first, second, _ = waiting(world)
    dialog = await queue(window)
    dialog.go.click()
    await until(lambda: len(browser.opened) == 1)
    world.came.put_nowait("http://127.0.0.1/?authcode=ONE1")
    await until(lambda: len(browser.opened) == 2)
    dialog.go.click()
    await until(lambda: dialog.go.text() == "Start")
    assert stands(dialog) == [Stand.DONE, Stand.WAITING, Stand.WAITING]
    dialog.go.click()
    await until(lambda: browser.opened[2:] == [page_of(second)])
    dialog.leave.click()
    await until(lambda: world.listening == 0)
    again = await queue(window)
    assert [row.account for row in again.list.rows] == list(window.desk.roster.without_session())
    assert len(again.list.rows) == 2
    again.go.click()
    await until(lambda: browser.opened[3:] == [page_of(second)])
    again.leave.click()
    await until(lambda: world.listening == 0)
    assert world.statuses[first.account_id].session is SessionState.READY


async def test_where_nobody_comes_back_no_more_pages_are_opened(
    window: MainWindow, world: World, browser: Browser
) -> None:
    first, second, _ = waiting(world)
    dialog = await queue(window)
    dialog.go.click()
    await until(lambda: len(browser.opened) == 1)
    late = RefusedError("Nobody came back. Open the page again.", code=LOGIN_NOT_RETURNED)
    world.came.put_nowait(late)
    await until(dialog.problem.isVisible)
    assert dialog.problem.text() == "Nobody came back. Open the page again."
    assert stands(dialog) == [Stand.NOW, Stand.WAITING, Stand.WAITING]
    assert browser.opened == [page_of(first)]
    button(dialog, "login_open").click()
    await until(lambda: browser.opened == [page_of(first)] * 2)
    world.came.put_nowait(late)
    await until(dialog.problem.isVisible)
    QTest.keyClicks(dialog.pasted, "https://mine.example/?authcode=ABCD")
    QTest.keyClick(dialog.pasted, Qt.Key.Key_Return)
    await until(lambda: browser.opened[2:] == [page_of(second)])
    assert stands(dialog) == [Stand.DONE, Stand.NOW, Stand.WAITING]
    button(dialog, "login_plain").click()
    assert browser.opened[3:] == [plain_page_of(second)]
    assert dialog.address.text() == plain_page_of(second)
    dialog.leave.click()
    await until(lambda: world.listening == 0)


async def test_all_at_once_shows_who_was_not_logged_in_and_why(
    window: MainWindow, world: World, browser: Browser
) -> None:
    first, *_ = waiting(world)
    status = world.statuses[first.account_id]
    world.statuses[first.account_id] = replace(status, session_reason="The app key is wrong.")
    world.refuse_login[first.account_id] = RefusedError("The app key is wrong.")
    dialog = await queue(window, Act.LOGIN_ALL)
    await until(lambda: dialog.go.text() == "Try 1 again")
    assert stands(dialog) == [Stand.FAILED, Stand.DONE, Stand.DONE]
    assert dialog.list.rows[0].reason == "The app key is wrong."
    assert browser.opened == []
    world.refuse_login.clear()
    dialog.go.click()
    await until(lambda: told(window, "3 accounts logged in at the simulator."))
    await until(lambda: dialog.over)


async def test_the_queue_is_one_window_and_needs_nobody_when_all_are_logged_in(
    window: MainWindow, world: World
) -> None:
    waiting(world)
    dialog = await queue(window)
    window.desk.actions[Act.LOGIN_NEXT].trigger()
    await until(lambda: not window.desk.tasks.names or dialog.isVisible())
    assert len(window.findChildren(LoginQueueDialog)) == 1
    dialog.leave.click()
    await until(lambda: dialog.over)
    world.everyone_ready()
    await window.follower_work.edits.reload()
    window.desk.actions[Act.LOGIN_NEXT].trigger()
    await until(lambda: told(window, "Every active account has its session for today."))


@pytest.mark.parametrize(
    ("seconds", "left", "words"),
    [
        ([], 9, ""),
        ([20.0], 0, ""),
        ([20.0], 1, " Less than a minute to go."),
        ([20.0, 40.0, 600.0], 100, " About 67 minutes to go."),
        ([30.0], 2, " About 1 minute to go."),
    ],
)
def test_the_time_left_goes_by_the_logins_so_far(
    seconds: list[float], left: int, words: str
) -> None:
    made = LoginList((people.follower(n), "") for n in range(left))
    for one in seconds:
        made.took(one)
    if left:
        assert made.words() == f"0 of {left} logged in, {left} left.{words}"
    else:
        assert "to go" not in made.words()
