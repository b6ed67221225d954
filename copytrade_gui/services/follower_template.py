"""An empty file of followers to fill in: its columns named as the editors name them, and examples.

The client ids of the examples are none that a broker has: until they are replaced, or their rows
deleted, they are told as wrong and nobody is added by them.
"""

from __future__ import annotations

import csv
import io

from copytrade_gui.services.follower_table import COLUMNS, TITLES

_ABOVE = (
    "Template of followers. A row is one account with its link to one master. Delete the examples.",
    "A column left out and an empty cell leave a field as it is. The word none takes it away.",
    "Columns may be named as here or as an export of followers names them: Sizing or strategy.",
)
"""Titles above the header. No separator stands in them, whatever a spreadsheet puts there."""
EXAMPLES: tuple[dict[str, str], ...] = (
    {
        "name": "Asha Rao",
        "client_id": "EXAMPLE 1",
        "strategy": "ratio",
        "parameter": "0.5",
        "max_quantity": "1500",
        "active": "yes",
        "is_master": "no",
        "state": "active",
        "group": "Family",
        "basis": "family",
        "basis_reference": "spouse",
        "route": "direct",
        "address_family": "any",
    },
    {
        "name": "A further master",
        "client_id": "EXAMPLE 2",
        "active": "yes",
        "is_master": "yes",
        "basis": "self",
    },
)
"""A follower of the chosen master, and a master: all that is of a link stays empty in his row. Keys
and secrets are left to their owner: one that was made up would be stored.
"""


def template() -> str:
    """The file as CSV text. Begins with a BOM for spreadsheets."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([words] for words in _ABOVE)
    writer.writerow([TITLES[name] for name in COLUMNS])
    for row in EXAMPLES:
        writer.writerow([row.get(name, "") for name in COLUMNS])
    return out.getvalue()
