"""What the real reader says of a file of followers, for windows over a fake console."""

from collections.abc import Iterable

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.link import Follower
from copytrade_gui.services.follower_csv import write_followers
from copytrade_gui.services.follower_import import preview_of
from copytrade_gui.services.follower_table import read_table
from copytrade_gui.services.follower_verbs import ImportPreview
from tests.ui import people


def preview(held: Iterable[Account], named: Iterable[Follower], *lines: str) -> ImportPreview:
    """What an import of these followers and these lines would do to those that are here."""
    accounts = {account.account_id: account for account in held}
    text, _ = write_followers(named, lambda one: accounts[one].client_id)
    data = (text + "".join(f"{line}\n" for line in lines)).encode()
    links = people.links(sum(not account.master for account in accounts.values()))
    return preview_of(read_table(data), tuple(accounts.values()), links, people.MASTER, {})[0]
