"""The bottom of the engine, made once: what each of its parts may look at and tell."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from copytrade_gui.domain.capabilities import Capabilities
from copytrade_gui.domain.ids import AccountId, BrokerOrderId
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.account_news import AccountNews
from copytrade_gui.engine.orders.book import Book
from copytrade_gui.engine.orders.bus import Bus
from copytrade_gui.engine.orders.gate import Gate
from copytrade_gui.engine.orders.halts import Halts
from copytrade_gui.engine.orders.hours import Hours
from copytrade_gui.engine.orders.lane import Lanes
from copytrade_gui.engine.orders.news import News
from copytrade_gui.engine.orders.progress import Progress
from copytrade_gui.engine.orders.quotes import Quotes
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.engine.orders.work import Work
from copytrade_gui.ports import (
    BrokerOrder,
    Chance,
    Clock,
    FaultPoint,
    KillFlag,
    NoStopFiles,
    StopFiles,
)

LastRead = Callable[[AccountId, BrokerOrderId], BrokerOrder | None]
"""A row of an account's order book as it was last read whole; None if it has none."""


@dataclass(frozen=True, slots=True)
class Core:
    """Orders, accounts and stops, the time, and the news between the engine's parts.

    Every part is made with it and with those parts below that it calls by name; nothing here calls
    a part. ``undisturbed`` is held open while a plan is made and its wave leaves.
    """

    clock: Clock
    settings: EngineSettings
    takes: Capabilities
    fault: FaultPoint
    undisturbed: Callable[[], AbstractContextManager[None]]
    news: News
    work: Work
    bus: Bus
    book: Book
    lanes: Lanes
    gate: Gate
    hours: Hours
    progress: Progress
    account_news: AccountNews
    halts: Halts
    quotes: Quotes
    stop_files: StopFiles


def make_core(
    *,
    clock: Clock,
    chance: Chance,
    kill_flag: KillFlag,
    stop_files: StopFiles | None = None,
    takes: Capabilities,
    settings: EngineSettings | None = None,
    fault: FaultPoint = faultpoints.pass_by,
    undisturbed: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Core:
    """An empty book, no account, and the state RECOVERING. ``takes`` is what the broker does.

    Raises:
        ValueError: the broker's books could not show which orders are ours.
    """
    if not takes.carries_tags:
        raise ValueError("This broker's order label is too short for our tags.")
    settings, stop_files = settings or EngineSettings(), stop_files or NoStopFiles()
    news, bus = News(), Bus()
    work = Work(clock, chance, news.part_failed)
    book = Book(bus, clock, news)
    lanes = Lanes(takes, live=settings.needs_basis)
    account_news = AccountNews(lanes, bus, work)
    return Core(
        clock=clock,
        settings=settings,
        takes=takes,
        fault=fault,
        undisturbed=undisturbed,
        news=news,
        work=work,
        bus=bus,
        book=book,
        lanes=lanes,
        gate=Gate(clock, kill_flag, news, stop_files),
        stop_files=stop_files,
        hours=Hours(clock, settings),
        progress=Progress(book, bus, clock, news),
        account_news=account_news,
        halts=Halts(lanes, account_news, bus, clock),
        quotes=Quotes(lanes, clock, settings),
    )
