"""The window's panels and docks, for those who go between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from copytrade_gui.ui.activity.activity import ActivityPanel
from copytrade_gui.ui.feed.live_feed import LiveFeedPanel
from copytrade_gui.ui.followers.followers import FollowersPanel
from copytrade_gui.ui.latency.latency import LatencyPanel
from copytrade_gui.ui.news.notice_centre import NoticeCentre
from copytrade_gui.ui.orders.orders import OrdersPanel
from copytrade_gui.ui.ticket.order_entry import OrderEntryPanel
from copytrade_gui.ui.widgets.docks import Dock


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a user can go to."""

    ticket: OrderEntryPanel
    followers: FollowersPanel
    feed: LiveFeedPanel
    latency: LatencyPanel
    orders: OrdersPanel
    activity: ActivityPanel
    centre: NoticeCentre
    docks: Mapping[str, Dock]
