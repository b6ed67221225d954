"""Files of followers: what one does not name stays, each change is told, bad ones do nothing."""

import csv
import io
from dataclasses import replace
from datetime import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.account import MOST_FOLLOWERS, Account
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import (
    MOST_LINKS,
    Filters,
    Follower,
    Link,
    TimeWindow,
)
from copytrade_gui.domain.order import Side
from copytrade_gui.domain.route import Route, RouteKind
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.services.follower_import import preview_of
from copytrade_gui.services.follower_table import read_table
from copytrade_gui.services.follower_verbs import FieldChange, ImportPreview, RowVerdict
from copytrade_gui.services.verbs import RefusedError

MASTER = Account(AccountId("M-1"), "Owner", "MX1", "key", master=True)
SECOND = Account(AccountId("M-2"), "Other", "MX2", "key", master=True)
ASHA = Follower(
    Account(AccountId("F-KX10081"), "Asha", "KX10081", "keyA", active=False),
    Link(
        MASTER.account_id, AccountId("F-KX10081"), SizingRule(Strategy.RATIO, Decimal("0.5"), 500)
    ),
)


def but(follower: Follower, **changes: Any) -> Follower:
    """The follower with fields of his account, or of his link, changed."""
    of_account = {name: value for name, value in changes.items() if hasattr(MASTER, name)}
    of_link = {name: value for name, value in changes.items() if name not in of_account}
    return Follower(replace(follower.account, **of_account), replace(follower.link, **of_link))


HEADER = "name,client_id,app_key,app_secret,strategy,parameter,max_quantity,active"
ROW = "Ravi,KX2,key,s3cret,ratio,0.5,300,yes"


def check(text: str | bytes, *held: Follower, master: AccountId | None = MASTER.account_id,
          ) -> ImportPreview:  # fmt: skip
    data = text if isinstance(text, bytes) else text.encode()
    accounts = {one.account.account_id: one.account for one in held}
    links = [one.link for one in held]
    return preview_of(read_table(data), (MASTER, SECOND, *accounts.values()), links, master, {})[0]


def refusal(data: str | bytes) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        check(data)
    sentence = refused.value.sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 400
    return refused.value


def ravi(preview: ImportPreview) -> Follower:
    assert not preview.problems, preview.problems
    (follower,) = preview.added
    return follower


# ------------------------------------------------------------ what is named, and what is not


def test_a_follower_who_is_off_stays_off_when_the_file_does_not_name_it() -> None:
    preview = check("name,client_id,strategy,parameter\nAsha,KX10081,ratio,2\n", ASHA)
    (row,) = preview.rows
    assert row.verdict is RowVerdict.CHANGED
    assert row.changes == (FieldChange("parameter", "0.5", "2"),)
    assert row.follower == but(ASHA, sizing=SizingRule(Strategy.RATIO, Decimal(2), 500))


def test_that_a_file_switches_somebody_on_is_told() -> None:
    (row,) = check("client_id,active\nKX10081,yes\n", ASHA).rows
    assert row.changes == (FieldChange("active", "no", "yes"),)
    assert row.sentence == "Switched on."
    assert row.follower == but(ASHA, active=True)


@pytest.mark.parametrize("row", [",KX10081,,,,,,", ",KX10081", ",kx10081,,,ratio,0.50,500,no"])
def test_an_empty_cell_and_a_value_that_is_so_already_change_nothing(row: str) -> None:
    preview = check(f"{HEADER}\n{row}\n", ASHA)
    assert preview.unchanged == (ASHA,)
    assert [one.sentence for one in preview.rows] == ["Stays as it is."]


def test_none_takes_a_cap_away_and_an_empty_cell_does_not() -> None:
    (row,) = check("client_id,max_quantity\nKX10081,none\n", ASHA).rows
    assert row.changes == (FieldChange("max_quantity", "500", "none"),)
    assert row.follower is not None
    assert row.follower.link.sizing == SizingRule(Strategy.RATIO, Decimal("0.5"))


def test_one_client_id_in_another_casing_is_the_same_follower() -> None:
    preview = check(f"{HEADER}\nAsha B,kx10081,,,,,,\n", ASHA)
    assert preview.changed == (but(ASHA, name="Asha B"),)
    assert not preview.added


def test_a_client_id_that_stands_twice_in_two_casings_is_refused() -> None:
    first, second = check(f"{HEADER}\n{ROW}\n{ROW.replace('KX2', 'kx2')}\n").problems
    for problem, line, other in ((first, 2, 3), (second, 3, 2)):  # nobody knows which is meant
        assert (problem.line, problem.field) == (line, "client_id")
        assert f"line {other}" in problem.sentence


def test_the_master_in_another_casing_cannot_follow_himself() -> None:
    (problem,) = check(f"{HEADER}\n{ROW.replace('KX2', 'mx1')}\n").problems
    assert problem.field == "master"
    assert '"mx1" is the master Owner. Leave ' in problem.sentence
    (problem,) = check("client_id,strategy,parameter,master\nmx1,ratio,1,MX1\n").problems
    assert problem.field == "master"
    assert "Owner cannot copy himself." in problem.sentence


def test_another_strategy_needs_its_own_parameter() -> None:
    (problem,) = check("client_id,strategy\nKX10081,capital_percent\n", ASHA).problems
    assert problem.field == "parameter"


def test_a_follower_of_another_master_keeps_him() -> None:
    other = but(ASHA, master_id=SECOND.account_id)
    (follower,) = check("client_id,active\nKX10081,on\n", other).changed
    assert follower == but(other, active=True)


def test_a_new_follower_needs_a_name_and_a_rule() -> None:
    preview = check("client_id,active\nKX2,yes\n")
    (problem,) = preview.problems
    assert problem.field == "name"
    assert "strategy, parameter" in problem.sentence
    assert [row.verdict for row in preview.rows] == [RowVerdict.WRONG]


def test_all_that_is_wrong_in_a_row_is_told_at_once() -> None:
    preview = check(f'{HEADER}\n-,KX10081,,,,"0,5",,perhaps\n', ASHA)
    assert [one.field for one in preview.problems] == ["name", "active", "parameter"]
    (row,) = preview.rows
    assert row.sentence == " ".join(one.sentence for one in preview.problems)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("app_secret", "c4nary", "App secret"), ("proxy_login", "me:c4nary", "Proxy login")],
)
def test_a_secret_is_never_told(field: str, value: str, said: str) -> None:
    routed = replace(ASHA.account, route=Route(RouteKind.PROXY, "http://proxy.example:3128"))
    rows = read_table(f"client_id,{field}\nKX10081,{value}\n".encode())
    accounts, links, place = (MASTER, routed), [ASHA.link], (routed.account_id, field)
    preview, secrets = preview_of(rows, accounts, links, None, {place: "c4nary-old"})
    assert preview.rows[0].sentence == f"{said} replaced."
    assert secrets == {place: value}
    assert "c4nary" not in repr(preview)
    same, none = preview_of(rows, accounts, links, None, {place: value})
    assert same.unchanged == (replace(ASHA, account=routed),)
    assert not none


FIELDS = {
    "name": st.sampled_from(["Asha", "=Asha", "Ravi & Sons", ""]),
    "app_key": st.sampled_from(["keyA", "keyB", "none", ""]),
    "strategy": st.sampled_from(["ratio", "RATIO", "fixed", "capital_percent", "mirror", ""]),
    "parameter": st.sampled_from(["0.5", "0.50", "2", "75", ""]),
    "max_quantity": st.sampled_from(["500", "1,000", "none", ""]),
    "min_quantity": st.sampled_from(["75", "none", ""]),
    "active": st.sampled_from(["yes", "no", "TRUE", "0", ""]),
    "is_master": st.sampled_from(["yes", "no", ""]),
    "state": st.sampled_from(["active", "Close only", "paused", "FROZEN", ""]),
    "group": st.sampled_from(["Family", "=Family", "none", ""]),
    "sides": st.sampled_from(["buy", "SELL; BUY", "none", ""]),
    "exchanges": st.sampled_from(["NSEFO|nseeq", "none", ""]),
    "not_symbols": st.sampled_from(["NIFTY", "M&M; tcs", "none", ""]),
    "from": st.sampled_from(["9:20", "09:20", "10:00", "none", ""]),
    "to": st.sampled_from(["15:00", "none", ""]),
}


@given(st.fixed_dictionaries({}, optional=FIELDS), st.booleans())
def test_what_is_told_is_what_changes_and_what_is_not_named_stays(
    cells: dict[str, str], filtered: bool
) -> None:
    held = but(ASHA, active=filtered)
    if filtered:
        window = TimeWindow(time(9, 20), time(15, 0))
        filters = Filters(sides=frozenset({Side.BUY}), not_symbols=frozenset({"NIFTY"}))
        held = but(held, group="Family", filters=filters, window=window)
    out = io.StringIO()
    csv.writer(out).writerows([["client_id", *cells], ["KX10081", *cells.values()]])
    (row,) = check(out.getvalue(), held).rows
    named = {name for name, cell in cells.items() if cell}
    if row.follower is None:
        assert row.verdict is RowVerdict.WRONG
        # A part of a rule, or of a window, may be wrong because of the part that is not named.
        assert {one.field for one in row.problems} <= named | {"parameter", "from", "to"}
        return

    def fields(one: Follower) -> dict[str, object]:
        account, link = one.account, one.link
        rule, filters, window = link.sizing, link.filters, link.window
        return {
            "name": account.name, "app_key": account.app_key, "active": account.active,
            "is_master": account.master, "strategy": rule.strategy, "parameter": rule.parameter,
            "max_quantity": rule.max_quantity, "min_quantity": rule.min_quantity,
            "state": link.state, "group": link.group, "sides": filters.sides,
            "exchanges": filters.exchanges, "not_symbols": filters.not_symbols,
            "from": window and window.opens, "to": window and window.closes,
        }  # fmt: skip

    before, after = fields(held), fields(row.follower)
    differ = {name for name in before if before[name] != after[name]}
    told = {change.field for change in row.changes}
    # A rule that takes no value has none to tell of.
    assert told | {"parameter"} == differ | {"parameter"}
    assert differ <= named | ({"parameter"} if "strategy" in named else set())
    assert (row.verdict is RowVerdict.UNCHANGED) == (not differ)


# ------------------------------------------------------------ as spreadsheets write it


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("above", ["", "\n", "sep={}\n", "Followers of 27 Nov\n\n", "sep={}\n,,\n"])
def test_separators_and_line_ends_of_any_system(separator: str, end: str, above: str) -> None:
    text = above.format(separator) + f"{HEADER}\n{ROW}\n".replace(",", separator)
    for mark in ("", "\ufeff"):
        one = ravi(check(mark + text.replace("\n", end)))
        assert (one.account.name, one.account.client_id) == ("Ravi", "KX2")
        assert one.link.sizing == SizingRule(Strategy.RATIO, Decimal("0.5"), 300)


def test_words_of_the_header_may_be_spaced_and_in_capitals() -> None:
    assert ravi(check(f"{HEADER.replace('_', ' ').title()}\n{ROW}\n")).account.app_key == "key"


def test_an_odd_separator_that_the_file_names_is_taken() -> None:
    assert ravi(check(f"sep=^\n{HEADER}\n{ROW}\n".replace(",", "^"))).account.client_id == "KX2"


def test_a_row_without_its_last_optional_cells() -> None:
    one = ravi(check(f"{HEADER}\nRavi,KX2,,,ratio,0.5\n"))
    assert one.account.active
    assert one.link.sizing == SizingRule(Strategy.RATIO, Decimal("0.5"))


def test_empty_columns_behind_and_between() -> None:
    text = f"{HEADER},,,\n{ROW},,,\n,,,,,,,,,,\n".replace("app_key,", "app_key,,").replace(
        "key,s3", "key,,s3"
    )
    assert ravi(check(text)).link.sizing == SizingRule(Strategy.RATIO, Decimal("0.5"), 300)


def test_a_cell_that_no_column_names_is_not_guessed() -> None:
    (problem,) = check("name,client_id,strategy,parameter\nRavi,KX2,ratio,0,5\n").problems
    assert problem.field == "line"
    assert '"5"' in problem.sentence


def test_an_id_written_so_that_a_spreadsheet_leaves_it_alone() -> None:
    assert ravi(check(f'{HEADER}\n{ROW.replace("KX2", chr(61) + chr(34) + "007" + chr(34))}\n')
                ).account.client_id == "007"  # fmt: skip


@pytest.mark.parametrize(
    "client",
    [
        "1.2E+06", "2-Mar", "KX 2", "KX2\u200b", "\uff2b\uff382", "\u0967\u0968", "K" * 21,
        "7e52190.", "../x", "KX2;",
    ],
)  # fmt: skip
def test_a_client_id_the_broker_cannot_mean_is_refused(client: str) -> None:
    (problem,) = check(f"{HEADER}\n{ROW}\n".replace("KX2", client)).problems
    assert problem.field == "client_id"


@pytest.mark.parametrize("field", ["name", "app_key", "app_secret"])
def test_signs_that_nobody_sees_are_refused(field: str) -> None:
    text = f'client_id,{field}\nKX10081,"a\u202eb"\n'
    (problem,) = check(text, ASHA).problems
    assert problem.field == field


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (f"{HEADER}\n{ROW}\n".encode("utf-16"), "UTF-8"),
        (f"{HEADER}\n{ROW}\n".encode("utf-16-le"), "UTF-8"),
        (f"{HEADER}\n{ROW}\n".encode("utf-16-be"), "UTF-8"),
        (f"{HEADER}\n{ROW}\n".encode("utf-32"), "UTF-8"),
        (f"{HEADER}\n{ROW}\nJosé,K3\n".encode("cp1252"), "line 3"),
        (b"PK\x03\x04 workbook", "Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "Excel"),
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n\r\n", "empty"),
        (b"<html><body>Login</body></html>", "client_id"),
        (ROW.encode(), "client_id"),
        (f"{ROW}\n{HEADER}\n{ROW}".encode(), "client_id"),
        (f"{HEADER},margin\n".encode(), "margin"),
        (f"{HEADER},name\n".encode(), "twice"),
    ],
)  # fmt: skip
def test_a_file_that_is_something_else_is_refused_with_the_cause(data: bytes, said: str) -> None:
    assert said in refusal(data).sentence


def test_a_decimal_comma_is_never_ten_times_the_order() -> None:
    (problem,) = check(f"{HEADER}\n{ROW}\n".replace("0.5", '"0,5"')).problems
    assert problem.field == "parameter"
    assert "0.5" in problem.sentence
    for good in ("1,00,000", "100,000", "1,300.50"):
        ravi(check(f"{HEADER}\n{ROW}\n".replace("0.5", f'"{good}"')))


@pytest.mark.parametrize("cap", ["9" * 20, "1e18", "1.5", "0", "-5", "9" * 5000, "1E-999999"])
def test_a_cap_that_cannot_be_stored_is_refused_in_the_dry_run(cap: str) -> None:
    (problem,) = check(f"{HEADER}\n{ROW}\n".replace("300", cap)).problems
    assert (problem.line, problem.field) == (2, "max_quantity")
    assert len(problem.sentence) < 300


def test_more_rows_than_a_console_has_links_and_more_followers_than_it_copies_to() -> None:
    for count in (MOST_LINKS + 1, 100_000):
        rows = "".join(f"{ROW}\n".replace("KX2", f"KX{n}") for n in range(count))
        assert str(MOST_LINKS) in refusal(f"{HEADER}\n{rows}").sentence

    def follower(number: int, master: AccountId) -> Follower:
        name = AccountId(f"F-{number}")
        return but(ASHA, account_id=name, client_id=f"A{number}", follower_id=name,
                   master_id=master)  # fmt: skip

    held = [follower(number, MASTER.account_id) for number in range(MOST_FOLLOWERS)]
    text = f"{HEADER},master\n{ROW},\nAsha,A7,,,,,,,\nAsha,A8,,,ratio,1,,,MX2\n"
    (problem,) = check(text, *held).problems
    assert problem.line == 2
    assert str(MOST_FOLLOWERS) in problem.sentence
    assert not check(text, *held[1:]).problems
    more = [follower(n % MOST_FOLLOWERS, AccountId(f"M{n}")) for n in range(1_500)]
    (_, problem) = check(text, *held, *more).problems
    assert problem.line == 4
    assert str(MOST_LINKS) in problem.sentence
