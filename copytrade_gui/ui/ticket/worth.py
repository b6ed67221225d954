"""What a ticket says of its orders' value, margin and charges: short, and in full. Pure words."""

from __future__ import annotations

from copytrade_gui.domain.margin import MOST_PERCENT, age_words
from copytrade_gui.domain.money import Paise
from copytrade_gui.services.verbs import MarginNeeded, Preview, PreviewRow
from copytrade_gui.ui import figures

MARGIN_NOTE = (
    "What the account's orders need, ₹, as the broker told it. Short: more than "
    f"{MOST_PERCENT} % of what it has free."
)
HELD_AFTER_NOTE = "What its copies hold of the instrument once this has filled whole, in units"
ORDERS_NOTE = "More than one where the exchange takes no order so large"


def worth(preview: Preview) -> list[str]:
    """``Value ₹5,00,000``, ``margin ₹1,00,000 (12 s ago)``, ``charges about ₹450``: all orders
    together, the last two in whole rupees, rounded up. Nothing where nobody gets an order.
    """
    if not any(row.quantity for row in preview.rows):
        return []
    parts = [] if preview.value is None else [f"Value {figures.amount(preview.value)}"]
    parts.append(_margin(preview.margin))
    if preview.charges is not None:
        parts.append(f"charges about {_whole_rupees(preview.charges.total)}")
    else:
        parts.append("charges not known")
    return parts


def worth_in_full(preview: Preview) -> str:
    """The same with each part, to the paisa, and where it comes from."""
    lines = []
    if preview.value is not None:
        lines.append(f"Value of all orders: {figures.amount(preview.value)}.")
    lines.append(_margin_in_full(preview.margin))
    if (cost := preview.charges) is None:
        lines.append(
            "Charges: not known, because there is no price or charges.toml has no rates for it."
        )
    else:
        parts = (
            ("brokerage", cost.brokerage),
            ("STT or CTT", cost.tax),
            ("exchange", cost.exchange),
            ("SEBI", cost.sebi),
            ("stamp duty", cost.stamp),
            ("GST", cost.gst),
        )
        said = ", ".join(f"{name} {figures.amount(Paise(part))}" for name, part in parts if part)
        of_them = f" ({said})" if said else ""
        lines.append(
            f"Charges: about {figures.amount(cost.total)} if all orders fill whole{of_them}. "
            "An estimate by charges.toml; the contract note is what counts."
        )
    return "\n".join(lines)


def margin_words(row: PreviewRow) -> str:
    """One account's margin with its verdict: ``12,000.00 enough``; empty where it gets nothing."""
    cost = row.cost
    if not row.quantity:
        return ""
    if cost.margin is None:
        return "not known"
    if not cost.margin:
        return "none needed"
    verdict = {True: "short", False: "enough", None: "free not known"}[cost.short]
    return f"{figures.money(cost.margin)} {verdict}"


def held_after_words(row: PreviewRow) -> str:
    """What its copies hold then: ``+150``, ``-75``, ``0``; empty of the master, who has none."""
    return figures.signed(row.cost.held_after) if row.cost.held_after is not None else ""


def sum_words(preview: Preview) -> str:
    """``Sum: 20 accounts, 24 orders, 3,000 units, value ₹3,86,516.25``."""
    getting = [row for row in preview.rows if row.quantity]
    said = [
        figures.plural(len(getting), "account"),
        figures.plural(sum(row.cost.orders for row in getting), "order"),
        figures.plural(sum(row.quantity for row in getting), "unit"),
    ]
    if preview.value is not None:
        said.append(f"value {figures.amount(preview.value)}")
    return f"Sum: {', '.join(said)}"


def _margin(margin: MarginNeeded | None) -> str:
    if margin is None:
        return "margin not known yet"
    if not margin.needed:
        return "margin not known" if margin.not_told else "no margin needed"
    more = "up to " if margin.at_most else "over " if margin.not_told else ""
    return f"margin {more}{_whole_rupees(margin.needed)} ({age_words(margin.age_s)} ago)"


def _margin_in_full(margin: MarginNeeded | None) -> str:
    if margin is None:
        return "Margin: not known yet. The broker is asked in a quiet moment."
    if not margin.needed and not margin.not_told:
        return "Margin: none. The orders only close."
    said = f"Margin of all orders: {figures.amount(margin.needed)}, as the broker told it "
    said += f"{age_words(margin.age_s)} ago."
    if margin.at_most:
        said += " A part of the orders may close, and needs none."
    if margin.not_told:
        said += f" Not in it: {figures.plural(margin.not_told, 'account')} on the opposite side."
    return said


def _whole_rupees(amount: Paise) -> str:
    return figures.amount(Paise(-(-amount // 100) * 100))
