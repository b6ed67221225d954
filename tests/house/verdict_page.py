"""docs/verdicts.md, made from the table: ``python -m tests.house.verdict_page``."""

from copytrade_gui.domain.checks.table import verdicts
from tests.house.source import ROOT

_HEAD = """# Verdicts

Why an order did not leave, or how it ended: the codes that stand in the order book, the feed, the
history and the exported files. Beside each stands a sentence with the numbers of the case. This
page is made from `copytrade_gui/domain/checks/table.py`; do not edit it.

*plan*: asked once for the whole order. *account*: asked when something of an account changes.
*share*: asked for each account's part of a plan. *leaving*: found between the plan and the first
byte. *reply*: what came back. *book*: what the broker's book showed.

| Code | When | What it is about | What to do |
|---|---|---|---|
"""


def page() -> str:
    """The page as it must stand."""
    rows = "".join(f"| `{v.code}` | {v.when} | {v.what} | {v.fix} |\n" for v in verdicts())
    return _HEAD + rows


if __name__ == "__main__":
    (ROOT / "docs" / "verdicts.md").write_text(page(), "utf-8")
