"""What an action of the window is: its name, its words, its keys, and where they work."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """Names of the actions."""

    BUY = "buy"
    SELL = "sell"
    BUY_ROW = "buy_row"
    SELL_ROW = "sell_row"
    CHANGE = "change"
    CANCEL_SELECTED = "cancel_selected"
    CANCEL_VIEW = "cancel_view"
    PAUSE = "pause"
    HALT = "halt"
    KILL = "kill"
    RESUME = "resume"
    MORNING = "morning"
    ONLY_EXITS = "only_exits"
    SOME_ONLY_EXITS = "some_only_exits"
    SOME_HALT = "some_halt"
    SOME_KILL = "some_kill"
    NEXT_PANEL = "next_panel"
    RESET_LAYOUT = "reset_layout"
    FULL_SCREEN = "full_screen"
    TEXT_LARGER = "text_larger"
    TEXT_SMALLER = "text_smaller"
    TEXT_RESET = "text_reset"
    THEME_DARK = "theme_dark"
    THEME_LIGHT = "theme_light"
    THEME_SYSTEM = "theme_system"
    REFRESH = "refresh"
    FIND = "find"
    COPY = "copy"
    EXPORT = "export"
    PALETTE = "palette"
    PREFERENCES = "preferences"
    KEYS = "keys"
    ABOUT = "about"
    LOCK = "lock"
    LOCK_STOP = "lock_stop"
    SET_UNLOCKING = "set_unlocking"
    RENEW_KEY = "renew_key"
    QUIT = "quit"
    UNDO = "undo"
    REDO = "redo"
    MASTER_ADD = "master_add"
    MASTER_EDIT = "master_edit"
    MASTER_REMOVE = "master_remove"
    BASIS = "basis"
    FOLLOWER_ADD = "follower_add"
    FOLLOWER_EDIT = "follower_edit"
    FOLLOWER_REMOVE = "follower_remove"
    FOLLOWER_ON = "follower_on"
    FOLLOWER_OFF = "follower_off"
    FOLLOWER_SIZING = "follower_sizing"
    FOLLOWER_STATE = "follower_state"
    FOLLOWER_GROUP = "follower_group"
    FOLLOWER_RULES = "follower_rules"
    FOLLOWER_LIMITS = "follower_limits"
    FOLLOWER_LOSSES = "follower_losses"
    GROUP_LIMITS = "group_limits"
    GROUP_LOSSES = "group_losses"
    READ_HOLDINGS = "read_holdings"
    SHOW_NOTICE = "show_notice"
    ALERTS = "alerts"
    LIFT_HALT = "lift_halt"
    FOLLOWERS_IMPORT = "followers_import"
    FOLLOWERS_EXPORT = "followers_export"
    FOLLOWERS_TEMPLATE = "followers_template"
    LOGIN_NEXT = "login_next"
    LOGIN_ALL = "login_all"
    PAPER_ACCOUNTS = "paper_accounts"
    KEEP_BROKER = "keep_broker"
    TRADE_LIVE = "trade_live"
    BACK_TO_PAPER = "back_to_paper"
    LOGIN_ONE = "login_one"
    LOGOUT_ONE = "logout_one"
    RECOVERY = "recovery"
    REVIEWS = "reviews"
    EXPORT_ORDERS = "export_orders"
    VERIFY_AUDIT = "verify_audit"
    END_OF_DAY = "end_of_day"
    DAY_SHEETS = "day_sheets"
    COPY_SEEN = "copy_seen"
    IGNORE_SEEN = "ignore_seen"
    CATCH_UP = "catch_up"
    SEND_AGAIN = "send_again"
    CLOSE_DRIFT = "close_drift"
    IGNORE_DRIFT = "ignore_drift"
    DISARM_DRIFT = "disarm_drift"
    LIMITS = "limits"
    LOSS_LIMITS = "loss_limits"
    SQUARE_OFF = "square_off"
    SQUARE_OFF_INSTRUMENT = "square_off_instrument"
    SQUARE_OFF_ACCOUNT = "square_off_account"
    SQUARE_OFF_GROUP = "square_off_group"
    SQUARE_OFF_ALL = "square_off_all"
    SQUARE_OFF_REPORT = "square_off_report"


class Where(StrEnum):
    """Where an action's keys work."""

    EVERYWHERE = "everywhere"
    """In dialogs too: the stops, and the lock."""
    WINDOW = "window"
    TABLE = "table"
    """Only while that table has the focus, so that letters stay typable in fields."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One row of the table. ``question`` True: the action asks before it acts."""

    text: str
    tip: str
    menu: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    where: Where = Where.WINDOW
    question: bool = False
    brief: str = ""
    """What a narrow button says; the text where it is empty."""

    @property
    def plain_text(self) -> str:
        """The action's name without its mnemonic."""
        return self.text.replace("&", "")

    @property
    def full_tip(self) -> str:
        """The tool tip: what it does, and its keys."""
        return f"{self.tip} ({', '.join(self.keys)})" if self.keys else self.tip


MENUS = ("Console", "Trade", "Stops", "Followers", "Orders", "Edit", "View", "Help")
MENU_TITLES = {
    "Console": "&Console", "Trade": "&Trade", "Stops": "&Stops", "Followers": "&Followers",
    "Orders": "&Orders", "Edit": "&Edit", "View": "&View", "Help": "&Help", "Theme": "T&heme",
    "Masters": "&Masters", "Export": "E&xport",
}  # fmt: skip
