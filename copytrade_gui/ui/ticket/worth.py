"""What a ticket says of its orders' value, margin and charges: short, and in full. Pure words."""

from __future__ import annotations

from copytrade_gui.domain.margin import age_words
from copytrade_gui.domain.money import Paise
from copytrade_gui.services.verbs import MarginNeeded, Preview
from copytrade_gui.ui import figures


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
