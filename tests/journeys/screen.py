"""A screen of its own with the console on it, and a hand that has only mouse and keys."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import msgspec

from copytrade_gui.app.paper import SimulatorLine, own_program, read_accounts
from tests.house.source import ROOT
from tests.journeys.browser import script
from tests.journeys.eyes import Look, Part, Row, Setup

PATIENCE_S = 120.0
"""Nothing is judged by it: what has not come by then does not come."""
AGAIN_S = 4.0
_GLANCE_S = 0.05

T = TypeVar("T")


class Order(msgspec.Struct, frozen=True):
    """A row of the broker's own ledger."""

    account: str
    tag: str
    order_id: str
    symbol: str
    side: str
    quantity: int
    status: str
    filled: int


class Broker:
    """The simulator as its own process; its ledger is the judge."""

    def __init__(self, line: SimulatorLine, accounts: int) -> None:
        self.line = line
        self.accounts = accounts
        self.master = read_accounts(line)[0].client_id

    def orders(self) -> list[Order]:
        """Every order it accepted, in the order of acceptance."""
        return msgspec.json.decode(self._ask("/ledger"), type=list[Order])

    def open_orders(self) -> list[Order]:
        """Those that can still be filled."""
        return [one for one in self.orders() if one.status.casefold() not in ENDED]

    def misfortune(self, fault: dict[str, object]) -> None:
        """Let this happen from now on."""
        self._ask("/faults", msgspec.json.encode([fault]))

    def end_misfortune(self) -> None:
        """Nothing of it happens any more."""
        self._ask("/faults", method="DELETE")

    def drop_feeds(self) -> None:
        """End the feed's connections of every account; whoever asks is let in again."""
        self._ask("/feed/drop", b"{}")

    def place_elsewhere(self, client_id: str, order: dict[str, str]) -> None:
        """An account's owner places this on the broker's own page."""
        asked = {"client_id": client_id, "order": order}
        self._ask("/owner/place", msgspec.json.encode(asked))

    def _ask(self, path: str, body: bytes | None = None, method: str | None = None) -> bytes:
        parts = urlsplit(self.line.control_url)
        address = f"{parts.scheme}://{parts.netloc}{parts.path}{path}"
        head = {"Content-Type": "application/json"}
        request = Request(address, body, head, method=method)  # noqa: S310 - our own loopback
        with urlopen(request, timeout=PATIENCE_S) as reply:  # noqa: S310 - our own loopback
            content: bytes = reply.read()
        return content


ENDED = frozenset({"complete", "cancelled", "rejected", "expired"})


@contextmanager
def broker_running(accounts: int) -> Iterator[Broker]:
    """Run the simulator until the context ends; no death of a console takes it along."""
    arguments = [f"--accounts={accounts}", "--latency-ms=5", "--jitter-ms=0"]
    process = subprocess.Popen(
        [*own_program(), "simulator", *arguments],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        line = msgspec.json.decode(process.stdout.readline(), type=SimulatorLine)
        yield Broker(line, accounts)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_S)
        process.stdout.close()


@contextmanager
def screen_running(size: str) -> Iterator[str]:
    """An X server of this size with a window manager; gives its DISPLAY."""
    process = subprocess.Popen(
        [".ci/on-screen", "sh", "-c", 'echo "$DISPLAY"; exec cat'],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "SCREEN": f"{size}x24"},
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        display = process.stdout.readline().strip()
        assert re.fullmatch(r":\d+", display), "no X server came up"
        yield display
    finally:
        process.stdin.close()
        process.wait(PATIENCE_S)
        process.stdout.close()


def until(claim: Callable[[], T | None], what: str) -> T:
    """Wait for something that can be seen from outside; fails with ``what`` was waited for."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = claim()
        if found:
            return found
        assert time.monotonic() < deadline, what
        time.sleep(_GLANCE_S)


class Person:
    """One console on a screen and somebody in front of it."""

    def __init__(self, display: str, folder: Path, broker: Broker, name: str = "console") -> None:
        self.broker = broker
        self.folder = folder
        self._display = display
        self._eyes = folder.parent / f"{name}.seen"
        self._said = folder.parent / f"{name}.said"
        self._process: subprocess.Popen[bytes] | None = None
        self._programs = folder.parent / "bin"
        self._typing = folder.parent / "person-types"

    # ------------------------------------------------------------ the program

    def start(self) -> None:
        """Open the console; it may not be seen yet."""
        self._eyes.unlink(missing_ok=True)
        self._programs.mkdir(exist_ok=True)
        browser = self._programs / "xdg-open"
        browser.write_text(script(self.broker.line.accounts_file, self._typing), encoding="utf-8")
        browser.chmod(0o700)
        setup = Setup(self.broker.line, str(self.folder), str(self._eyes))
        with self._said.open("ab") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.journeys.eyes", msgspec.json.encode(setup).decode()],
                cwd=ROOT,
                stdout=said,
                stderr=said,
                env={
                    **os.environ,
                    "PATH": f"{self._programs}:{os.environ['PATH']}",
                    "DISPLAY": self._display,
                    "QT_QPA_PLATFORM": "xcb",
                    "PYTHONUNBUFFERED": "1",
                },
            )

    def kill(self) -> None:
        """End the program as a power cut would."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait(PATIENCE_S)

    def is_over(self) -> bool:
        """Whether the program has ended."""
        return self._process is not None and self._process.poll() is not None

    def ended(self) -> int:
        """Wait for the program's own end; returns its exit code."""
        assert self._process is not None
        return self._process.wait(PATIENCE_S)

    def leave(self) -> None:
        """Whatever happened, nothing of it stays."""
        if not self.is_over():
            self.kill()

    def said(self) -> str:
        """What the program wrote to its terminal."""
        return self._said.read_text(encoding="utf-8")

    # ------------------------------------------------------------ seeing

    def look(self) -> Look:
        """What is on the screen now; an empty look before the program's first."""
        try:
            return msgspec.json.decode(self._eyes.read_bytes(), type=Look)
        except FileNotFoundError:
            return Look(0, "", (), ())

    def see(self, name: str, claim: Callable[[Part], object] = lambda _part: True) -> Part:
        """Wait for a part that can be seen and of which the claim is true."""

        def found() -> Part | None:
            return next((p for p in self.look().parts if p.name == name and claim(p)), None)

        return self.wait(found, f"{name} as expected")

    def sees(self, name: str, claim: Callable[[Part], object]) -> bool:
        """Whether that comes within the time in which a person would press again."""
        deadline = time.monotonic() + AGAIN_S
        while time.monotonic() < deadline:
            if any(part.name == name and claim(part) for part in self.look().parts):
                return True
            time.sleep(_GLANCE_S)
        return False

    def goes(self, name: str) -> bool:
        """Whether nothing of that name is seen any more before a person would press again."""
        deadline = time.monotonic() + AGAIN_S
        while time.monotonic() < deadline:
            if not self.look().shows(name):
                return True
            time.sleep(_GLANCE_S)
        return False

    def see_gone(self, name: str) -> None:
        """Wait until nothing of that name can be seen."""
        self.wait(lambda: not self.look().shows(name), f"{name} to go")

    def see_row(self, name: str, words: str) -> Row:
        """Wait for a row of a table, list or menu that holds these words in one of its cells."""

        def found() -> Row | None:
            rows = (r for p in self.look().parts if p.name == name for r in p.rows)
            return next((row for row in rows if any(words in cell for cell in row.cells)), None)

        return self.wait(found, f"a row with {words!r} in {name}")

    def see_window(self, words: str) -> str:
        """Wait until a window with these words in its title takes the keys; returns its title."""
        return self.wait(
            lambda: title if words in (title := self.look().active) else "", f"window {words!r}"
        )

    def wait(self, claim: Callable[[], T | None], what: str) -> T:
        """Wait for something that can be known from outside; a failure says what was seen."""
        try:
            return until(claim, what)
        except AssertionError:
            look = self.look()
            named = "\n".join(f"  {p.name} {p.text[:80]!r} {p.focus:d}" for p in look.parts)
            self.photograph(self._eyes.with_suffix(".png"))
            raise AssertionError(
                f"waited for {what}; active {look.active!r} of {look.windows}; seen:\n{named}\n"
                f"said:\n{self.said()[-2000:]}"
            ) from None

    def see_still(self, name: str, *, looks: int = 10) -> Part:
        """A part once it has said the same in so many looks: the news that made it have come."""
        part, alike = self.see(name), 0
        while alike < looks:
            self._look_again(self.look().number)
            now = self.see(name)
            alike = alike + 1 if now.rows == part.rows else 0
            part = now
        return part

    def settle(self) -> None:
        """Let two looks agree: what was changed last is drawn."""
        before = self.look()
        while True:
            self._look_again(before.number)
            now = self.look()
            if now.parts == before.parts:
                return
            before = now

    def photograph(self, path: Path) -> None:
        """The whole screen as a picture."""
        subprocess.run(
            ["import", "-display", self._display, "-window", "root", str(path)], check=True
        )

    # ------------------------------------------------------------ acting

    @contextmanager
    def slow_at_the_brokers_page(self) -> Iterator[None]:
        """His browser shows the login page and he has not logged in there yet."""
        self._typing.touch()
        try:
            yield
        finally:
            self._typing.unlink()

    def keys(self, *keys: str) -> None:
        """Press keys one after the other, such as ``ctrl+k`` or ``Return``."""
        self._act("key", *keys)

    def write(self, text: str) -> None:
        """Type text into whatever has the focus."""
        self._act("type", "--delay", "8", text)

    def click(self, name: str, claim: Callable[[Part], object] = lambda _part: True) -> None:
        """Click the middle of a part once it stands still."""
        self._click(self._standing(lambda: self.see(name, lambda p: p.enabled and claim(p)).place))

    def click_away(self, name: str) -> None:
        """Click a part that goes by it with its dialog; again where the click has missed, as when
        the dialog grew under it.
        """
        self.click(name)

        def gone() -> bool:
            if self.goes(name):
                return True
            for part in self.look().parts:
                if part.name == name:
                    self._click(part.place)
            return False

        self.wait(gone, f"{name} to go when clicked")

    def click_row(self, name: str, words: str, *, times: int = 1) -> None:
        """Click a row of a table, list or menu."""
        place = self._standing(lambda: self.see_row(name, words).place)
        self._click(place, times=times)

    def hold(self, name: str, meanwhile: Callable[[], object]) -> None:
        """Press the mouse on a part and let go after ``meanwhile``."""
        place = self._standing(lambda: self.see(name, lambda p: p.enabled).place)
        self._point(place)
        self._act("mousedown", "1")
        try:
            meanwhile()
        finally:
            self._act("mouseup", "1")

    def _standing(
        self, where: Callable[[], tuple[int, int, int, int]]
    ) -> tuple[int, int, int, int]:
        """A place that is the same in two looks, one after the other."""
        while True:
            before, number = where(), self.look().number
            self._look_again(number)
            if where() == before:
                return before

    def _look_again(self, number: int) -> None:
        self.wait(lambda: self.look().number > number, "another look")

    def _point(self, place: tuple[int, int, int, int]) -> None:
        left, top, width, height = place
        self._act("mousemove", str(left + width // 2), str(top + height // 2))

    def _click(self, place: tuple[int, int, int, int], *, times: int = 1) -> None:
        self._point(place)
        self._act("click", "--repeat", str(times), "--delay", "40", "1")

    def _act(self, *words: str) -> None:
        subprocess.run(
            ["xdotool", *words],
            check=True,
            env={**os.environ, "DISPLAY": self._display},
            timeout=PATIENCE_S,
        )
