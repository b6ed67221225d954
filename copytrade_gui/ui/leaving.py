"""What leaving the console means, said before it is left."""

from __future__ import annotations

from copytrade_gui.services.position_report import PositionReport
from copytrade_gui.ui import figures


def quit_sentence(working: int, *, copying: bool, report: PositionReport, stays: bool) -> str:
    """What leaving means, with figures: for open orders, for copying, and for what copies hold.

    ``stays``: the paper broker runs on.
    """
    left = " The paper broker keeps running." if stays else ""
    state = "Copying is on" if copying else "Copying is stopped"
    parts = [f"{state}. Once the console is closed nothing will copy.{left}"]
    if working:
        stay = "It stays" if working == 1 else "They stay"
        works = f"{figures.plural(working, 'order')} {'works' if working == 1 else 'work'}"
        parts = [f"{works} and {state.lower()}. {stay} at the broker; nothing will copy.{left}"]
    held = [line for line in report.lines if line.copied]
    if held:
        accounts = figures.plural(len({line.account_id for line in held}), "account")
        parts.append(
            f"Copies hold {figures.plural(len(held), 'position')} in {accounts}: while the console "
            "is closed nobody squares them off, by a loss limit or otherwise."
        )
    if watched := sum(bool(line.exits) for line in held):
        parts.append(
            f"{figures.whole(watched)} of them {'has' if watched == 1 else 'have'} a stop-loss, "
            "target or exit time: it is not watched then, and nothing of it rests at the broker."
        )
    return "\n\n".join(parts)
