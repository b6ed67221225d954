"""What accounts and links may not be, looked at together: twice one client, circles, links to
nobody's orders, too many.
"""

from __future__ import annotations

from collections.abc import Collection

from copytrade_gui.domain.account import MOST_FOLLOWERS, Account, same_client
from copytrade_gui.domain.group import written_otherwise
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import MOST_LINKS, Link, cycle, cycle_words
from copytrade_gui.domain.typed import listed
from copytrade_gui.engine.engine import Engine
from copytrade_gui.engine.orders.lane import Lanes
from copytrade_gui.services.verbs import RefusedError

_WHERE_MASTERS_ARE = ", under Followers > Masters"
_MOST_NAMED = 5
"""Accounts that a sentence names."""


def refuse_double(lanes: Lanes, client_id: str, own: AccountId | None) -> None:
    """Refuse a client id that another account than ``own`` has. Raises RefusedError."""
    for account in (lane.account for lane in lanes):
        if same_client(account.client_id, client_id) and account.account_id != own:
            raise RefusedError(
                f"Client id {client_id} is already here as {account.name}. Edit that one"
                f"{_WHERE_MASTERS_ARE if account.master else ''}.",
                field="client_id",
            )


def refuse_return(lanes: Lanes, account: Account) -> None:
    """Refuse an account that comes back where another one is by now. Raises RefusedError."""
    refuse_double(lanes, account.client_id, account.account_id)
    lane = lanes.get(account.account_id)
    if lane is not None and not same_client(lane.account.client_id, account.client_id):
        raise RefusedError(
            f"{account.name} cannot come back in the place of {lane.account.name}. Add it again.",
            field="client_id",
        )


def refuse_another_client_today(engine: Engine, account_id: AccountId) -> None:
    """Refuse another client id on a day with orders: until it is over they would be looked for in
    the other one's books. Raises RefusedError.
    """
    if any(order.attempt is not None for order in engine.book.of_account(account_id)):
        raise RefusedError(
            "Client id cannot change on a day on which the account has orders. Add the other one "
            "as a follower of its own.",
            field="client_id",
        )


def refuse_another_master_client(before: Account, after: Account) -> None:
    """Refuse another client id of a master: orders that were seen, copies and files go by it.

    Raises RefusedError.
    """
    if before.client_id != after.client_id:
        raise RefusedError(
            f"The client id of a master stays {before.client_id}. Add a master with the other one, "
            "and remove this one.",
            field="client_id",
        )


def refuse_against_copies(
    engine: Engine, accounts: Collection[Account], links: Collection[Link]
) -> None:
    """Refuse what copies that are held or open do not allow. Raises RefusedError."""
    for account in accounts:
        refuse_orphans(engine, account)
    _refuse_turning(engine, links)


def refuse_orphans(engine: Engine, after: Account) -> None:
    """Refuse that an account stops being a master while it has followers, or while copies of its
    orders are open or held: nobody would see it cancel or leave. Raises RefusedError.
    """
    lane = engine.lanes.get(after.account_id)
    if lane is None or not lane.account.master or after.master:
        return
    if why := _why_copied(engine, lane.account):
        raise RefusedError(why, field="is_master")


def why_master_stays(engine: Engine, account: Account) -> str:
    """Why a master cannot be removed, in one sentence with the remedy; empty: he can."""
    if not account.master:
        return f"{account.name} is no master. Refresh the list."
    if why := _why_copied(engine, account):
        return why
    if engine.has_open_orders(account.account_id):
        return f"{account.name} has orders that have not ended. Cancel them first."
    return ""


def _why_copied(engine: Engine, master: Account) -> str:
    name, lanes = master.name, engine.lanes
    if following := lanes.followers_of(master.account_id):
        names = [lanes[one.link.follower_id].account.name for one in following]
        return (
            f"{name} still has followers of his own: {listed(names, _MOST_NAMED)}. Remove them "
            "first."
        )
    if engine.is_copied(master.account_id):
        return f"Copies of {name}'s orders are still open. Cancel them first."
    held = {
        lane.account.name
        for whose, key, _ in engine.exits.ledger.held_by_links()
        if whose == master.account_id and (lane := lanes.get(key.account_id)) is not None
    }
    if held:
        return (
            f"Copies of {name}'s orders are still held by {listed(sorted(held), _MOST_NAMED)}. "
            "Square them off first: nobody would see him leave."
        )
    return ""


def _refuse_turning(engine: Engine, changed: Collection[Link]) -> None:
    """Refuse to turn a link round while its copies hold something or may: their exits would be
    sought on the wrong side. Raises RefusedError.
    """
    for link in changed:
        lane = engine.lanes.get(link.follower_id)
        linked = None if lane is None else lane.links.get(link.master_id)
        was = None if linked is None else linked.link.sizing.reverse
        if lane is None or was is link.sizing.reverse or (was is None and not link.sizing.reverse):
            continue
        held = any(
            (master, key.account_id) == link.key
            for master, key, _ in engine.exits.ledger.held_by_links()
        )
        orders = (*engine.book.open_of(link.follower_id), *lane.queue)
        if held or any(order.master_id == link.master_id for order in orders):
            raise RefusedError(
                f"{lane.account.name} holds copies, or has orders of them open. Reverse can change "
                "once there are none: square them off first.",
                field="reverse",
            )


def refuse_links(lanes: Lanes, changed: Collection[Link]) -> None:
    """Refuse links that cannot be beside those that are here. Raises RefusedError."""
    links = {one.link.key: one.link for lane in lanes for one in lane.links.values()}
    links.update({link.key: link for link in changed})
    names = {lane.account_id: lane.account.name for lane in lanes}
    for link in changed:
        lane = lanes.get(link.master_id)
        if lane is None or not lane.account.master:
            name = names.get(link.master_id, link.master_id)
            raise RefusedError(f"{name} is no master. Choose a master first.", field="master")
        if link.group and (known := written_otherwise(link.group, links.values())):
            raise RefusedError(
                f"Group {link.group} is here already as {known}. Write it like that.",
                field="group",
            )
    if found := cycle(links.values()):
        words = cycle_words(found, lambda account: names.get(account, account))
        raise RefusedError(f"It would be a circle: {words}. Leave one out.", field="master")
    followers = len({follower for _, follower in links})
    if followers > MOST_FOLLOWERS:
        raise RefusedError(
            f"There would be {followers} followers; a console copies to at most "
            f"{MOST_FOLLOWERS}. Remove some first."
        )
    if len(links) > MOST_LINKS:
        raise RefusedError(
            f"There would be {len(links)} links between accounts; a console has at most "
            f"{MOST_LINKS}. Remove some first."
        )
