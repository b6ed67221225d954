"""What a person does to followers changes what he named, and nothing else of anybody."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import time
from decimal import Decimal

import pytest

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.drift import ReduceDrift
from copytrade_gui.domain.exit_rule import ExitRules
from copytrade_gui.domain.guard import Beyond, PriceGuard
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.domain.link import Copies, Filters, Follower, Link, LinkState, TimeWindow
from copytrade_gui.domain.margin import WhenShort
from copytrade_gui.domain.offset import Offset
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.domain.sizing import Override, Rounding, SizingRule, Strategy
from copytrade_gui.services.follower_verbs import FollowerDraft
from copytrade_gui.services.verbs import RefusedError
from tests.services.rig import Services, on_a_console

F1, F2 = AccountId("F001"), AccountId("F002")
RULE = SizingRule(
    Strategy.RATIO, Decimal("0.5"), 400, 2, Rounding.NEAREST,
    overrides=(Override("TCS", SizingRule(Strategy.FIXED, Decimal(5))),),
)  # fmt: skip
FULL = Link(
    AccountId("M"), F1, RULE, LinkState.CLOSE_ONLY, "Family",
    Filters(frozenset({Side.BUY}), frozenset({Product.INTRADAY}), frozenset({Exchange.NSEEQ}),
            frozenset({"INFY", "TCS"}), frozenset({"WIPRO"})),
    TimeWindow(time(9, 20), time(15, 0)),
    guard=PriceGuard(Offset(Decimal("0.5"), percent=True), 9, Beyond.LIMIT),
    exits=ExitRules(Offset(Decimal(1), percent=True), None, time(15, 10)),
    copies=Copies.FILLS,
    when_short=WhenShort.SKIP,
    reduce_drift=ReduceDrift.YES,
)  # fmt: skip
EDITS: dict[str, tuple[FollowerDraft, set[str]]] = {
    "name": (FollowerDraft(name="Asha R"), {"name"}),
    "app_key": (FollowerDraft(app_key="another"), {"app_key"}),
    "active": (FollowerDraft(active=False), {"active"}),
    "is_master": (FollowerDraft(is_master=True), {"master"}),
    "parameter": (FollowerDraft(parameter="0.75"), {"sizing.parameter"}),
    "max_quantity": (FollowerDraft(max_quantity=""), {"sizing.max_quantity"}),
    "min_quantity": (FollowerDraft(min_quantity="7"), {"sizing.min_quantity"}),
    "rounding": (FollowerDraft(rounding="carry"), {"sizing.rounding"}),
    "reverse": (FollowerDraft(reverse="yes"), {"sizing.reverse"}),
    "overrides": (FollowerDraft(overrides=""), {"sizing.overrides"}),
    "state": (FollowerDraft(state="active"), {"state"}),
    "group": (FollowerDraft(group="Friends"), {"group"}),
    "sides": (FollowerDraft(sides=""), {"filters.sides"}),
    "products": (FollowerDraft(products="normal"), {"filters.products"}),
    "exchanges": (FollowerDraft(exchanges=""), {"filters.exchanges"}),
    "symbols": (FollowerDraft(symbols="INFY"), {"filters.symbols"}),
    "not_symbols": (FollowerDraft(not_symbols=""), {"filters.not_symbols"}),
    "window_to": (FollowerDraft(window_to="11:00"), {"window"}),
    "slippage": (FollowerDraft(slippage="2.50 rupees"), {"guard"}),
    "delay": (FollowerDraft(delay=""), {"guard"}),
    "beyond": (FollowerDraft(beyond="skip"), {"guard"}),
    "stop_loss": (FollowerDraft(stop_loss="2 rupees"), {"exits"}),
    "target": (FollowerDraft(target="200%"), {"exits"}),
    "exit_at": (FollowerDraft(exit_at=""), {"exits"}),
    "copies": (FollowerDraft(copies="orders"), {"copies"}),
    "when_short": (FollowerDraft(when_short="shrink"), {"when_short"}),
    "reduce_drift": (FollowerDraft(reduce_drift="no"), {"reduce_drift"}),
    "basis": (FollowerDraft(basis="self"), {"declared"}),
    "basis_reference": (FollowerDraft(basis_reference="dependent child"), {"declared"}),
    "algo_id": (FollowerDraft(algo_id="ALGO-2"), {"declared"}),
}


def told_apart(before: Follower, after: Follower) -> set[str]:
    """The fields in which they differ."""

    def differing(one: object, other: object, where: str) -> set[str]:
        found: set[str] = set()
        for field in fields(one):  # type: ignore[arg-type]  # dataclasses, each of its own kind
            was, now = getattr(one, field.name), getattr(other, field.name)
            if was != now and isinstance(was, SizingRule | Filters):
                found |= differing(was, now, f"{field.name}.")
            elif was != now:
                found.add(f"{where}{field.name}")
        return found

    return differing(before.account, after.account, "") | differing(before.link, after.link, "")


async def everything(here: Services) -> tuple[dict[AccountId, Account], dict[object, Link]]:
    """Accounts and links as they are stored, which is how the engine goes by them."""
    book = here.console.store.accounts
    accounts = {one.account_id: one for one in await book.all()}
    links: dict[object, Link] = {link.key: link for link in await book.links()}
    assert accounts == {lane.account_id: lane.account for lane in here.engine.lanes}
    assert links == {one.link.key: one.link for a in here.engine.lanes for one in a.links.values()}
    return accounts, links


async def filled(here: Services) -> Follower:
    """A follower every field of whom says something."""
    await here.followers.set_basis([F1], {"basis": "family", "basis_reference": "spouse"})
    account = here.engine.lanes[F1].account
    here.engine.put_link(FULL, "test")
    await here.followers.restore([Follower(account, FULL)])
    return Follower(account, FULL)


def test_an_edit_changes_the_field_it_names_and_undo_that_alone() -> None:
    async def script(here: Services) -> None:
        first = await filled(here)
        for name, (draft, named) in EDITS.items():
            before = await everything(here)
            old = Follower(before[0][F1], before[1][FULL.key])
            made = await here.followers.edit(FULL.master_id, F1, draft)
            accounts, links = await everything(here)
            assert told_apart(old, made) == named, name
            assert accounts == before[0] | {F1: made.account}
            assert links == before[1] | {made.link.key: made.link}
            # Meanwhile somebody changes something else of him: undo leaves it.
            other = (
                FollowerDraft(group="Meanwhile")
                if name != "group"
                else FollowerDraft(state="paused")
            )
            later = await here.followers.edit(FULL.master_id, F1, other)
            await here.followers.take_back([old], [made])
            accounts, links = await everything(here)
            back = Follower(accounts[F1], links[FULL.key])
            assert told_apart(back, later) == named, name
            await here.followers.take_back([first], [back])

    on_a_console(script)


def test_set_sizing_changes_strategy_and_value_and_the_cap_only_where_it_is_named() -> None:
    async def script(here: Services) -> None:
        await filled(here)
        _, before = await everything(here)
        plain = before[FULL.master_id, F2]
        assert plain.sizing.max_quantity is None
        fixed = SizingRule(Strategy.FIXED, Decimal(30))
        await here.followers.set_sizing(FULL.master_id, [F1, F2], fixed)
        _, links = await everything(here)
        sized = {"strategy": Strategy.FIXED, "parameter": Decimal(30)}
        assert links[FULL.key] == replace(FULL, sizing=replace(RULE, **sized))  # type: ignore[arg-type]  # by name
        assert links[plain.key] == replace(plain, sizing=fixed)
        capped = replace(fixed, max_quantity=60)
        await here.followers.set_sizing(FULL.master_id, [F1, F2], capped, cap=True)
        _, links = await everything(here)
        assert links[FULL.key].sizing == replace(RULE, max_quantity=60, **sized)  # type: ignore[arg-type]  # by name
        assert links[plain.key].sizing == capped
        await here.followers.set_sizing(FULL.master_id, [F1], fixed, cap=True)
        _, links = await everything(here)
        assert links[FULL.key].sizing == replace(RULE, max_quantity=None, **sized)  # type: ignore[arg-type]  # by name

    on_a_console(script)


def test_a_cap_below_what_one_of_them_has_agreed_at_least_is_refused_for_all() -> None:
    async def script(here: Services) -> None:
        await filled(here)
        before = await everything(here)
        name = here.engine.lanes[F1].account.name
        rule = SizingRule(Strategy.RATIO, Decimal(1), 1)
        with pytest.raises(RefusedError, match=f"^{name}: Least units 2 is above") as refused:
            await here.followers.set_sizing(FULL.master_id, [F2, F1], rule, cap=True)
        assert refused.value.field == "max_quantity"
        assert await everything(here) == before

    on_a_console(script)


def test_a_removed_link_comes_back_and_the_account_stays_as_it_is_by_then() -> None:
    async def script(here: Services) -> None:
        before = await filled(here)
        await here.followers.edit(FULL.master_id, F1, FollowerDraft(is_master=True))
        await here.followers.remove(FULL.master_id, [F1])
        await here.followers.set_active([F1], active=False)
        accounts, links = await everything(here)
        assert FULL.key not in links
        await here.followers.restore([before])
        assert await everything(here) == (accounts, links | {FULL.key: FULL})

    on_a_console(script)
