"""The template: nobody is added by its examples, and filled in it is read as any file."""

from __future__ import annotations

import csv
import io

import pytest

from copytrade_gui.services.follower_table import COLUMNS, TITLES, read_table
from copytrade_gui.services.follower_template import EXAMPLES, template
from copytrade_gui.services.follower_verbs import RowVerdict
from tests.services.test_follower_files import check, refusal


def filled(text: str) -> str:
    return text.replace("EXAMPLE 1", "KX2").replace("EXAMPLE 2", "MX9")


def test_its_examples_add_nobody_until_they_are_somebody() -> None:
    preview = check(template())
    assert {problem.field for problem in preview.problems} == {"client_id"}
    assert [row.verdict for row in preview.rows] == [RowVerdict.WRONG] * 2
    preview = check(filled(template()))
    assert not preview.problems
    follower, master = preview.rows
    assert follower.follower is not None
    assert follower.follower.link.sizing.in_words() == "0.5 x, max 1,500"
    assert master.master is not None
    assert master.master.master


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_every_column_is_read_by_the_name_that_the_editor_gives_it(separator: str) -> None:
    """Also as a spreadsheet saves the file again, with every line as wide as the widest."""
    table = list(csv.reader(io.StringIO(filled(template()).removeprefix("\ufeff"))))
    width = max(map(len, table))
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(
        [*row, *[""] * (width - len(row))] for row in table
    )
    assert set(TITLES) == set(COLUMNS)
    rows = read_table(out.getvalue().encode())
    assert [len(row.cells) for row in rows] == [len(one) for one in EXAMPLES]
    for row, example in zip(rows, EXAMPLES, strict=True):
        assert {**example, "client_id": row.cells["client_id"]} == row.cells


def test_a_column_named_in_both_ways_is_refused() -> None:
    refused = refusal("client_id,strategy,Sizing\nKX2,ratio,fixed\n")
    assert "names a column twice" in refused.sentence
