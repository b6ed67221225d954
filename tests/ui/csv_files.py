"""What the real reader says of a file of followers, for windows over a fake console."""

from collections.abc import Iterable

from copytrade_gui.domain.account import Account
from copytrade_gui.services.follower_csv import write_followers
from copytrade_gui.services.follower_files import preview_of
from copytrade_gui.services.follower_table import read_table
from copytrade_gui.services.verbs import ImportPreview
from tests.ui import people


def preview(held: Iterable[Account], named: Iterable[Account], *lines: str) -> ImportPreview:
    """What an import of these followers and these lines would do to those that are here."""
    text, _ = write_followers(named)
    data = (text + "".join(f"{line}\n" for line in lines)).encode()
    return preview_of(read_table(data), tuple(held), people.MASTER, {})[0]
