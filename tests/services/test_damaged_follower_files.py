"""A file of followers that is cut, swapped, damaged or in another encoding is refused or read."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copytrade_gui.services.follower_table import COLUMNS
from copytrade_gui.services.follower_verbs import ImportPreview
from copytrade_gui.services.verbs import RefusedError
from tests.services.test_follower_files import ASHA, HEADER, check

GOOD = (
    f'{HEADER}\nRavi,KX2,key,s3cret,ratio,0.5,300,yes\n"Asha, Mrs",KX10081,,,fixed,75,none,no\n'
    "जोशी,KX4,key,,capital_percent,10,,\n"
).encode()


def decent(data: bytes) -> None:
    """Refused in one sentence, or read with a verdict for every row and nobody named twice."""
    try:
        preview = check(data, ASHA)
    except RefusedError as refused:
        sentence, field = refused.sentence, refused.field
    else:
        sentence, field = "Read.", "file"
        _decent_rows(preview)
    assert sentence.endswith(".")
    assert field


def _decent_rows(preview: ImportPreview) -> None:
    assert preview.rows
    clients = [one.account.client_id.casefold() for one in preview.to_store]
    assert len(set(clients)) == len(clients)
    for row in preview.rows:
        assert (row.follower is None) == bool(row.problems)
        assert row.sentence
        assert "\n" not in row.sentence
        assert {problem.field for problem in row.problems} <= {*COLUMNS, "line"}


def test_a_file_cut_anywhere() -> None:
    for end in range(len(GOOD)):
        decent(GOOD[:end])


@given(st.permutations(range(HEADER.count(",") + 1)), st.permutations(range(4)))
def test_columns_in_any_order_and_lines_swapped(columns: list[int], lines: list[int]) -> None:
    table = list(csv.reader(io.StringIO(GOOD.decode())))
    out = io.StringIO()
    csv.writer(out).writerows([[row[column] for column in columns] for row in table])
    assert {one.account.client_id for one in check(out.getvalue(), ASHA).added} == {"KX2", "KX4"}
    swapped = GOOD.splitlines(keepends=True)
    decent(b"".join(swapped[line] for line in lines))


@given(st.data())
@settings(max_examples=300)
def test_bytes_changed_swapped_and_doubled(data: st.DataObject) -> None:
    spoilt = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        at, to = (data.draw(st.integers(0, len(GOOD) - 1)) for _ in "12")
        spoilt[at], spoilt[to] = spoilt[to], spoilt[at]
        spoilt[at] = data.draw(st.sampled_from([spoilt[at], *b"\0\r\n\",;\t'=\x80\xff "]))
    decent(bytes(spoilt))
    decent(bytes(spoilt) * 2)


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_any_bytes_at_all(noise: bytes) -> None:
    decent(noise)
    decent(f"{HEADER}\n".encode() + noise)
    decent(b"client_id," + noise)


@pytest.mark.parametrize(
    "encoding",
    ["utf-16-le", "utf-16-be", "utf-32-be", "cp1252", "utf-7", "cp037", "shift_jis", "utf-8-sig"],
)
def test_other_encodings(encoding: str) -> None:
    decent(GOOD.decode().replace("जोशी", "Jos\u00e9").encode(encoding, "replace"))
