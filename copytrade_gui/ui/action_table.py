"""All actions, as menus, keys, tips and palette read them; the panels' own table joins here."""

from __future__ import annotations

from copytrade_gui.ui import drift_actions, stop_actions
from copytrade_gui.ui.actions import Act, Spec, Where

_T, _E = Where.TABLE, Where.EVERYWHERE

SPECS: dict[Act, Spec] = {
    Act.BUY: Spec("&Buy", "Open the ticket to buy", "Trade", ("F1",), "arrow-up-right"),
    Act.SELL: Spec("&Sell", "Open the ticket to sell", "Trade", ("F2",), "arrow-down-right"),
    Act.BUY_ROW: Spec(
        "B&uy this", "Open a buy ticket for this row", "Trade", ("B", "+"), "arrow-up-right", _T
    ),
    Act.SELL_ROW: Spec(
        "S&ell this", "Open a sell ticket for this row", "Trade", ("S", "-"), "arrow-down-right", _T
    ),
    Act.CHANGE: Spec(
        "Chan&ge order",
        "Change price, trigger or quantity of the chosen order; the master's with its copies",
        "Trade",
        ("Shift+F1", "Shift+F2"),
        "pencil",
        _T,
        question=True,
    ),
    Act.CANCEL_SELECTED: Spec(
        "&Cancel selected orders",
        "Ask the broker to cancel the selected orders",
        "Trade",
        ("Del",),
        "circle-x",
        _T,
        question=True,
        brief="Cancel",
    ),
    Act.CANCEL_VIEW: Spec(
        "Cancel all &open orders shown",
        "Ask the broker to cancel every open order in this view",
        "Trade",
        ("Shift+Del",),
        "ban",
        _T,
        question=True,
    ),
    Act.SQUARE_OFF: Spec(
        "S&quare off",
        "Close what copies hold in the chosen rows, after a preview",
        "Trade",
        ("X",),
        "x",
        _T,
        question=True,
    ),
    Act.SQUARE_OFF_INSTRUMENT: Spec(
        "Square off i&nstrument",
        "Close what copies hold of the chosen instrument in every account, after a preview",
        "Trade",
        ("Shift+X",),
        "x",
        _T,
        question=True,
    ),
    Act.SQUARE_OFF_ACCOUNT: Spec(
        "Square off &account",
        "Close everything that copies hold in the chosen accounts, after a preview",
        "Trade",
        ("Ctrl+X",),
        "x",
        _T,
        question=True,
    ),
    Act.SQUARE_OFF_GROUP: Spec(
        "Square off grou&p",
        "Close everything that copies hold in the accounts of a group, after a preview",
        "Trade",
        icon="x",
        question=True,
    ),
    Act.SQUARE_OFF_ALL: Spec(
        "Square off e&verything",
        "Close everything that copies hold in every account, after a preview",
        "Trade",
        ("Ctrl+Shift+X",),
        "x",
        question=True,
    ),
    Act.SQUARE_OFF_REPORT: Spec(
        "Square-off repor&t", "What was closed, what is left and why", "Trade", (), "shield-check"
    ),
    Act.READ_HOLDINGS: Spec(
        "Read &holdings", "Ask the broker for all holdings now", "Trade", (), "refresh-cw"
    ),
    **stop_actions.SPECS,
    Act.SHOW_NOTICE: Spec(
        "Sho&w what it is about", "Go to the orders of a message", "View", (), "eye", _T
    ),
    Act.ALERTS: Spec(
        "Sound and des&ktop notices", "How warnings are told", "Console", (), "bell", question=True
    ),
    Act.NEXT_PANEL: Spec("Ne&xt panel", "Move to the next panel", "View", ("Ctrl+Tab",)),
    Act.RESET_LAYOUT: Spec(
        "Reset la&yout",
        "Put every panel back where it was at first",
        "View",
        icon="layout-dashboard",
    ),
    Act.FULL_SCREEN: Spec("F&ull screen", "Use the whole screen", "View", ("F11",)),
    Act.TEXT_LARGER: Spec("Lar&ger text", "Larger text", "View", ("Ctrl++", "Ctrl+="), "plus"),
    Act.TEXT_SMALLER: Spec("S&maller text", "Smaller text", "View", ("Ctrl+-",), "minus"),
    Act.TEXT_RESET: Spec("Normal t&ext", "Text at its normal size", "View", ("Ctrl+0",)),
    Act.THEME_DARK: Spec("&Dark", "Dark colours", "Theme", icon="moon"),
    Act.THEME_LIGHT: Spec("&Light", "Light colours", "Theme", icon="sun"),
    Act.THEME_SYSTEM: Spec("As the &system", "Dark or light as the system", "Theme"),
    Act.REFRESH: Spec("&Refresh", "Read this view again now", "View", ("F5",), "refresh-cw"),
    Act.FIND: Spec("&Find", "Go to the filter of this table", "Edit", ("Ctrl+F",), "search"),
    Act.COPY: Spec(
        "Cop&y rows", "Copy the selected rows with headers", "Edit", ("Ctrl+C",), "copy", _T
    ),
    Act.EXPORT: Spec(
        "&Export table", "Write the rows shown to CSV or XLSX", "Edit", ("Ctrl+E",), "file-down"
    ),
    Act.PALETTE: Spec(
        "Command &palette",
        "Find an action, an instrument or a follower",
        "Edit",
        ("Ctrl+K",),
        "search",
    ),
    Act.PREFERENCES: Spec(
        "&Preferences", "Theme, text, confirmation", "Edit", ("Ctrl+,",), "settings"
    ),
    Act.KEYS: Spec("&Keys", "All keys on one page", "Help", ("Ctrl+F1",), "info"),
    Act.ABOUT: Spec(
        "&About and compliance", "Version, licences, your duties", "Help", icon="shield-check"
    ),
    Act.LOCK: Spec(
        "&Lock window",
        "Cover the window; copying goes on, the stops work",
        "Console",
        ("Ctrl+L",),
        "lock",
        _E,
    ),
    Act.LOCK_STOP: Spec(
        "L&ock and stop",
        "Halt, cover the window, and forget the key of the app secrets until it is unlocked",
        "Console",
        ("Ctrl+Shift+S",),
        "octagon-x",
        _E,
    ),
    Act.SET_UNLOCKING: Spec(
        "&Set passphrase",
        "Choose what unlocks the window",
        "Console",
        (),
        "key-round",
        question=True,
    ),
    Act.RENEW_KEY: Spec(
        "Rene&w key of secrets",
        "Encrypt all app secrets with a new key (live only)",
        "Console",
        (),
        "refresh-cw",
        question=True,
    ),
    Act.KEEP_BROKER: Spec(
        "Keep paper &broker running", "Runs on without the console, at most 12 h unused", "Console"
    ),
    Act.TRADE_LIVE: Spec(
        "&Trade live", "What live needs, how it stands, and the way there", "Console", question=True
    ),
    Act.BACK_TO_PAPER: Spec(
        "Back to p&aper", "Open paper from the next start on", "Console", question=True
    ),
    Act.QUIT: Spec("&Quit", "Close the console", "Console", ("Ctrl+Q",), "log-out", question=True),
    Act.UNDO: Spec("&Undo", "Take back the last edit of a follower", "Edit", ("Ctrl+Z",), "undo-2"),
    Act.REDO: Spec("Re&do", "Do the last undone edit again", "Edit", ("Ctrl+Shift+Z",)),
    Act.MASTER_ADD: Spec(
        "&Add master", "Add a master account", "Masters", (), "key-round", question=True
    ),
    Act.MASTER_EDIT: Spec(
        "&Edit master", "Change the chosen master", "Masters", (), "pencil", question=True
    ),
    Act.MASTER_REMOVE: Spec(
        "&Remove master",
        "Remove the chosen master, whom nobody copies any more; his history stays",
        "Masters",
        (),
        "trash-2",
        question=True,
    ),
    Act.FOLLOWER_ADD: Spec(
        "&Add follower", "Add a follower account", "Followers", ("Ctrl+N",), "user-plus"
    ),
    Act.FOLLOWER_EDIT: Spec(
        "&Edit", "Edit the selected follower", "Followers", ("Ctrl+Shift+E",), "pencil"
    ),
    Act.FOLLOWER_REMOVE: Spec(
        "Remo&ve",
        "Remove the selected followers; their history stays",
        "Followers",
        ("Ctrl+Del",),
        "trash-2",
        _T,
        question=True,
    ),
    Act.FOLLOWER_ON: Spec(
        "Turn &on", "Copy to the selected followers", "Followers", ("Ctrl+Shift+O",), "play", _T
    ),
    Act.FOLLOWER_OFF: Spec(
        "Turn o&ff",
        "Copy nothing to the selected followers",
        "Followers",
        ("Ctrl+Shift+F",),
        "pause",
        _T,
    ),
    Act.BASIS: Spec(
        "&Declare basis", "Say why orders may leave here", "Followers", (), "users", question=True
    ),
    Act.FOLLOWER_SIZING: Spec(
        "Set si&zing", "Give the selected a sizing rule", "Followers", (), "percent", question=True
    ),
    Act.FOLLOWER_STATE: Spec(
        "&Change state",
        "Let the selected followers copy all, exits only, or nothing of this master",
        "Followers",
        (),
        "funnel",
        question=True,
    ),
    Act.FOLLOWER_RULES: Spec(
        "Lin&k guard and exits",
        "Give the selected followers one price guard, stop-loss, target, exit time or copy mode",
        "Followers",
        (),
        "shield-check",
        question=True,
    ),
    Act.FOLLOWER_GROUP: Spec(
        "G&roup", "Group the selected, with a multiplier", "Followers", (), "users", question=True
    ),
    Act.FOLLOWER_LIMITS: Spec(
        "Order limit&s of follower",
        "Give the selected follower limits of its own, below those of all accounts",
        "Followers",
        (),
        "gauge",
        question=True,
    ),
    Act.FOLLOWER_LOSSES: Spec(
        "Loss limits of follo&wer",
        "Give the selected follower loss limits of its own, stricter than those of all accounts",
        "Followers",
        (),
        "shield-alert",
        question=True,
    ),
    Act.GROUP_LIMITS: Spec(
        "Order limits b&y group",
        "Give each follower of the selected followers' group limits for its orders",
        "Followers",
        (),
        "shield-alert",
        question=True,
    ),
    Act.GROUP_LOSSES: Spec(
        "Loss limits &by group",
        "Give the group of the selected followers loss limits, for each and for all of it together",
        "Followers",
        (),
        "shield-alert",
        question=True,
    ),
    Act.LIFT_HALT: Spec(
        "Lift &halt",
        "Let the selected accounts go on that were halted alone, with a reason",
        "Followers",
        ("Ctrl+Shift+U",),
        "shield-check",
        question=True,
    ),
    Act.FOLLOWERS_IMPORT: Spec(
        "&Import CSV",
        "Read followers from a CSV file, after a preview",
        "Followers",
        ("Ctrl+I",),
        "upload",
        question=True,
    ),
    Act.FOLLOWERS_EXPORT: Spec(
        "E&xport CSV",
        "Write the followers to a CSV file, without secrets",
        "Export",
        (),
        "download",
    ),
    Act.FOLLOWERS_TEMPLATE: Spec(
        "Export &template", "Write a CSV file to fill in", "Export", icon="file-down"
    ),
    Act.LOGIN_NEXT: Spec(
        "Log in &next",
        "Log in the next account without a session",
        "Followers",
        ("Ctrl+Shift+L",),
        "log-in",
    ),
    Act.LOGIN_ALL: Spec(
        "Lo&g all in",
        "Log every account in at the simulator (paper only)",
        "Followers",
        (),
        "log-in",
    ),
    Act.PAPER_ACCOUNTS: Spec(
        "Pa&per accounts",
        "Have more masters and followers to practise with (paper only)",
        "Followers",
        (),
        "users",
        question=True,
    ),
    Act.LOGIN_ONE: Spec("&Log in", "Log the selected account in", "Followers", (), "log-in"),
    Act.LOGOUT_ONE: Spec(
        "Log ou&t", "End the selected account's session", "Followers", (), "log-out"
    ),
    Act.RECOVERY: Spec(
        "&Recovery report", "What the start found at the broker", "Orders", (), "shield-check"
    ),
    Act.REVIEWS: Spec(
        "Orders to &decide",
        "Orders nobody can vouch for",
        "Orders",
        ("Ctrl+D",),
        "shield-alert",
        brief="Decide",
    ),
    Act.EXPORT_ORDERS: Spec(
        "&Export all orders", "Write every stored order to CSV or XLSX", "Orders", (), "file-down"
    ),
    Act.VERIFY_AUDIT: Spec(
        "&Verify audit trail", "Check the chain of stored events", "Orders", (), "shield-check"
    ),
    Act.END_OF_DAY: Spec(
        "Close the da&y",
        "Read every account once more, then seal the day if nothing is open",
        "Orders",
        (),
        "check",
        question=True,
    ),
    Act.DAY_SHEETS: Spec(
        "Shee&ts of the day",
        "Write every follower's trades, charges, profit, slippage and verdicts as files",
        "Orders",
        (),
        "table",
        question=True,
    ),
    Act.COPY_SEEN: Spec(
        "Copy &now",
        "Copy the chosen order that a master placed elsewhere",
        "Orders",
        ("Return", "Enter"),
        "copy",
        _T,
        question=True,
    ),
    Act.IGNORE_SEEN: Spec(
        "&Ignore", "Have the chosen order of a master not copied", "Orders", ("I",), "eye-off", _T
    ),
    **drift_actions.SPECS,
    Act.LIMITS: Spec(
        "L&imits", "What one order, plan and account may reach", "Trade", (), "gauge", question=True
    ),
    Act.LOSS_LIMITS: Spec(
        "Loss li&mits",
        "What a follower, and all followers together, may lose on a day",
        "Trade",
        (),
        "shield-alert",
        question=True,
    ),
}
ICON_NAMES = frozenset(spec.icon for spec in SPECS.values() if spec.icon)


def plain_text(act: Act) -> str:
    """The action's name without its mnemonic."""
    return SPECS[act].plain_text
