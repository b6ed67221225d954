"""Numbers through the services: read alike everywhere, and no follower's rule disturbs another."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from copytrade_gui.__main__ import main
from copytrade_gui.domain.account import Account
from copytrade_gui.domain.order import MAX_QUANTITY, OrderType, Side, State
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.follower_verbs import FollowerDraft
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.storage.files.folder import open_folder
from tests.journeys.journey import journey

HEADER = "name,client_id,strategy,parameter,max_quantity\n"
NOT_A_RULE = [
    ("ratio", "0,5", "", "parameter", 'Value "0,5" is not a number; write 0.5.'),
    ("ratio", "1E+18", "", "parameter", 'Value "1E+18" is not a number; write all its digits, '),
    ("ratio", "1e999999", "", "parameter", 'Value "1e999999" is not a number; write all '),
    ("ratio", "1e-999999", "", "parameter", 'Value "1e-999999" is not a number; write all '),
    ("ratio", "9" * 5000, "", "parameter", "5,000 characters and is not a number"),
    ("ratio", "2000000000", "", "parameter", "2,00,00,00,000 is above 1,00,00,00,000, the "),
    ("fixed", "10.5", "", "parameter", "Value 10.5 is not a whole number. Write a whole number "),
    ("fixed", "50000001", "", "parameter", "5,00,00,001 is above 5,00,00,000, the broker's most "),
    ("capital_percent", "101", "", "parameter", "Value 101 is above 100, all of the capital."),
    ("ratio", "1", "12345678901234567890", "max_quantity", "is above 5,00,00,000, the broker's "),
    ("ratio", "1", "1e3", "max_quantity", 'Most units "1e3" is not a number; write 1000, or leave'),
    ("ratio", "1", "0", "max_quantity", "Most units must be above 0. Type at least 1, or leave it"),
    ("ratio", "-1", "", "parameter", "Value must be above 0. Write a number such as 0.5."),
    ("ratio", "\u0661", "", "parameter", "is not a number; write 1."),
]


def a_draft(account: Account, strategy: str, parameter: str, most: str) -> FollowerDraft:
    return FollowerDraft(
        account.name, account.client_id, account.app_key, "", strategy, parameter, most, active=True
    )


async def test_what_is_no_rule_is_refused_alike_in_dry_run_import_and_editor(
    tmp_path: Path,
) -> None:
    file = tmp_path / "followers.csv"
    async with journey(tmp_path / "data", 3) as trip:
        verbs, master = trip.opened.console.followers, trip.masters[0].account_id
        follower = trip.followers[0]
        for strategy, parameter, most, field, words in NOT_A_RULE:
            cells = (follower.name, follower.client_id, strategy, parameter, most)
            line = ",".join(f'"{cell}"' for cell in cells)
            file.write_text(f"{HEADER}{line}\n", encoding="utf-8")
            (problem,) = (await verbs.check_csv(master, file)).problems
            assert (problem.line, problem.field) == (2, field)
            assert words in problem.sentence
            with pytest.raises(RefusedError) as imported:
                await verbs.import_csv(master, file)
            assert problem.sentence in imported.value.sentence
            with pytest.raises(RefusedError) as edited:
                await verbs.edit(
                    master, follower.account_id, a_draft(follower, strategy, parameter, most)
                )
            assert (edited.value.sentence, edited.value.field) == (problem.sentence, field)
        assert tuple(await verbs.accounts()) == trip.accounts


async def test_a_rule_that_was_not_typed_is_asked_the_same(tmp_path: Path) -> None:
    async with journey(tmp_path, 1) as trip:
        verbs, master = trip.opened.console.followers, trip.masters[0].account_id
        follower = trip.followers[0]
        for rule, field in (
            (SizingRule(Strategy.RATIO, Decimal("1E+18")), "parameter"),
            (SizingRule(Strategy.RATIO, Decimal("1E+999999")), "parameter"),
            (SizingRule(Strategy.RATIO, Decimal("NaN")), "parameter"),
            (SizingRule(Strategy.RATIO, Decimal(1), 10**20), "max_quantity"),
            (SizingRule(Strategy.RATIO, Decimal(1), -(10**20)), "max_quantity"),
        ):
            with pytest.raises(RefusedError) as info:
                await verbs.set_sizing(master, [follower.account_id], rule)
            assert info.value.field == field
        assert tuple(await verbs.accounts()) == trip.accounts


async def test_what_is_no_number_on_a_ticket_is_refused_with_its_field_and_nothing_is_sent(
    tmp_path: Path,
) -> None:
    async with journey(tmp_path, 2) as trip:
        trading, master = trip.opened.console.trading, trip.masters[0]
        good = await trip.draft("10")
        texts = ("1e4300", "7e52190", "1e999998", "1e999999", "1e1000000", "1e-999999", "0,5")
        for text in (*texts, "9" * 19, "9" * 4300, "x" * 1_000_000, "\u0661\u0662", "5cr1"):
            for field, draft in (
                ("quantity", replace(good, quantity=text)),
                ("price", replace(good, price=text)),
                ("trigger", replace(good, order_type=OrderType.SLM, trigger=text)),
            ):
                preview = await trading.preview(master.account_id, draft)
                (problem,) = preview.problems
                assert problem.field == field
                assert len(problem.sentence) < 250
                with pytest.raises(RefusedError) as info:
                    await trip.place(master, draft, f"{field} {text[:20]}")
                assert (info.value.sentence, info.value.field) == (problem.sentence, field)
        # A KILL is heard at once, and nothing of all that reached the broker.
        assert (await trading.kill("Enough.")).state is TradingState.KILL
        assert not await trip.at_broker()


@pytest.mark.parametrize("kind", [OrderType.SL, OrderType.SLM])
async def test_a_stop_that_would_trigger_at_once_reaches_nobody(
    tmp_path: Path, kind: OrderType
) -> None:
    async with journey(tmp_path, 2) as trip:
        trading, master = trip.opened.console.trading, trip.masters[0]
        for side, away in ((Side.SELL, Decimal(-40)), (Side.BUY, Decimal(40))):
            near = await trip.draft("10", away=away)  # also asks for the price
            edge = Decimal(1) if side is Side.BUY else Decimal(-1)
            wrong = replace(
                near,
                side=side,
                order_type=kind,
                trigger=near.price,
                price=str(Decimal(near.price) + edge),
            )
            (problem,) = (await trading.preview(master.account_id, wrong)).problems
            assert problem.field == "trigger"
            assert problem.sentence.startswith(
                f"A stop that {'sells' if side is Side.SELL else 'buys'} must have its trigger "
            )
            with pytest.raises(RefusedError) as info:
                await trip.place(master, wrong, f"wrong {side}")
            assert info.value.field == "trigger"
        assert not await trip.at_broker()


async def test_the_ticket_warns_with_the_figure_and_the_order_leaves(tmp_path: Path) -> None:
    async with journey(tmp_path, 2) as trip:
        trading, master = trip.opened.console.trading, trip.masters[0]
        far = await trip.draft("10", away=Decimal(900))
        (warning,) = (await trading.preview(master.account_id, far)).warnings
        assert " % below the last price " in warning
        await trip.place(master, far, "far")
        assert len(await trip.decided(3)) == 3
        large = await trip.draft("5,00,000", away=Decimal(1))
        warnings = (await trading.preview(master.account_id, large)).warnings
        # By what the broker said an order needs, or by its worth until he has said it.
        assert all("margin" in one and "1,00,00,000" in one for one in warnings)
        assert warnings


async def test_a_reason_of_any_text_is_kept_and_shown(tmp_path: Path) -> None:
    async with journey(tmp_path, 1) as trip:
        trading = trip.opened.console.trading
        for reason in ("x" * 1_000_000, "half a letter \ud83d", "two\nlines \u202e\x00"):
            await trading.halt(reason)
            change = await trading.resume(reason)
            assert change.state is TradingState.ACTIVE
            assert change.reason.isprintable()
            assert len(change.reason) < 520


async def test_a_search_for_any_text_finds_or_finds_nothing(tmp_path: Path) -> None:
    async with journey(tmp_path, 1) as trip:
        market = trip.opened.console.market
        assert await market.search("reliance", 1)
        for text in (
            "x" * 1_000_000,
            "a " * 16_000,
            "rel\x00iance",
            '"',
            "% _",
            "\ud83d",
            "7e52190",
        ):
            assert await market.search(text) == ()


@pytest.mark.parametrize("text", ["9" * 5000, "1e2", "\u0661", "0,5", "0", "501", ""])
def test_a_command_line_number_is_refused_with_its_bounds(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["demo", "--followers", text])
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.endswith("argument --followers: must be a number from 1 to 500")


async def test_a_lakh_in_a_file_is_shown_as_it_was_understood(tmp_path: Path) -> None:
    file = tmp_path / "followers.csv"
    async with journey(tmp_path / "data", 1) as trip:
        verbs, master = trip.opened.console.followers, trip.masters[0].account_id
        follower = trip.followers[0]
        file.write_text(f"{HEADER}{follower.name},{follower.client_id},ratio,1l,2k\n")
        (row,) = (await verbs.check_csv(master, file)).rows
        assert "1 lakh = 1,00,000 x, 2 thousand = 2,000 units" in row.sentence


async def test_more_than_one_order_may_have_is_that_followers_verdict_alone(
    tmp_path: Path,
) -> None:
    async with journey(tmp_path, 3) as trip:
        verbs, trading = trip.opened.console.followers, trip.opened.console.trading
        master = trip.masters[0]
        large, capped, plain = trip.followers
        await verbs.set_sizing(
            master.account_id,
            [large.account_id],
            SizingRule(Strategy.RATIO, Decimal(1_000_000_000)),
        )
        await verbs.set_sizing(
            master.account_id,
            [capped.account_id],
            SizingRule(Strategy.RATIO, Decimal(100_000), 20),
            cap=True,
        )
        draft = await trip.draft("10")
        rows = {
            row.account_id: row for row in (await trading.preview(master.account_id, draft)).rows
        }
        assert rows[large.account_id].quantity == 0
        assert rows[large.account_id].code == "above_limit"
        assert rows[large.account_id].reason == (
            "1,00,00,00,000 x gives 10,00,00,00,000 units, above 5,00,00,000, the broker's most "
            "for one order. Lower the follower's value, or cap it."
        )
        assert rows[capped.account_id].quantity == 20
        await trip.place(master, draft, "one")
        views = {view.account_id: view for view in await trip.decided(4)}
        assert views[large.account_id].state is State.BLOCKED
        assert views[large.account_id].code == "above_limit"
        left = {name: view.terms.quantity for name, view in views.items() if view.broker_order_id}
        assert left == {
            master.account_id: 10,
            capped.account_id: 20,
            plain.account_id: rows[plain.account_id].quantity,
        }
        assert await trip.at_broker() == {
            one.client_id: 1 for one in trip.accounts if one.account_id != large.account_id
        }
        assert all(quantity <= MAX_QUANTITY for quantity in left.values())


@pytest.mark.parametrize(
    ("parameter", "code", "words"),
    [
        ("1E+18", "above_limit", "is above 1,00,00,00,000, the largest multiple"),
        ("1E+999998", "above_limit", "Value 1E+999998 is above 1,00,00,00,000"),
        ("1E+999999", "above_limit", "Value 1E+999999 is above 1,00,00,00,000"),
        ("1E-999999", "zero", "1E-999999 x gives 0, below one lot of 1."),
        ("1" + "0" * 5000, "above_limit", "is above 1,00,00,00,000"),
    ],
)
@pytest.mark.expected_log("was changed while the console was closed")
async def test_an_absurd_rule_of_an_older_file_is_that_followers_verdict_alone(
    tmp_path: Path, parameter: str, code: str, words: str
) -> None:
    async with journey(tmp_path, 3, kept=True) as trip:
        follower = trip.followers[0]
    with closing(sqlite3.connect(open_folder(tmp_path, "paper").database)) as file, file:
        file.execute(
            "UPDATE links SET parameter = ? WHERE follower_id = ?",
            (parameter, follower.account_id),
        )
    async with journey(tmp_path, 3, kept=True) as trip:
        verbs, trading = trip.opened.console.followers, trip.opened.console.trading
        master = trip.masters[0]
        draft = await trip.draft("10")
        preview = await trading.preview(master.account_id, draft)
        row = next(row for row in preview.rows if row.account_id == follower.account_id)
        assert (row.quantity, row.code) == (0, code)
        assert words in row.reason
        assert len(row.reason) < 200
        await trip.place(master, draft, "one")
        await trip.decided(4)
        assert set(await trip.at_broker()) == {
            one.client_id for one in trip.accounts if one.account_id != follower.account_id
        }
        # Nothing else is disturbed: he is repaired, trading goes on, and a stop is a stop.
        await verbs.set_sizing(
            master.account_id, [follower.account_id], SizingRule(Strategy.RATIO, Decimal(1))
        )
        assert (await trading.state()).state is TradingState.ACTIVE
        again = replace(draft, quantity="20")
        await trip.place(master, again, "two")
        await trip.decided(8)
        assert (await trip.at_broker())[follower.client_id] == 1
        await trading.pause("Enough.")
        assert (await trading.state()).state is TradingState.PAUSE
