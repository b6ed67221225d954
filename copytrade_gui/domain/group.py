"""Groups: followers whom a person takes together, with a multiplier of their own.

A group is the links that carry its name, whoever their masters are. Each of them carries the
multiplier as well, and it is the same for all of one group.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.link import Link
from copytrade_gui.domain.number import Bounds, NotANumber, read_number

MULTIPLIER = Bounds(1_000, "the largest multiplier of a group", unit="x", example="0.5")
"""What the size of each of its followers' entries is multiplied by; above 0."""
LABEL = "Multiplier"


class Group(Struct, frozen=True):
    """A group's name and multiplier, and how many links are in it."""

    name: str
    multiplier: Decimal
    links: int


def read_multiplier(text: str) -> Decimal | NotANumber:
    """Read a multiplier as typed or imported."""
    number = read_number(text, MULTIPLIER, LABEL)
    return number if isinstance(number, NotANumber) else number.value


def groups_of(links: Iterable[Link]) -> tuple[Group, ...]:
    """Every group that a link is in, by name."""
    found: dict[str, Group] = {}
    for link in links:
        if link.group:
            known = found.get(link.group)
            count = 1 if known is None else known.links + 1
            found[link.group] = Group(link.group, link.group_multiplier, count)
    return tuple(found[name] for name in sorted(found, key=lambda name: (name.casefold(), name)))


def put_in(link: Link, group: str) -> Link:
    """The link in this group; another one than before begins at 1 x."""
    if link.group == group:
        return link
    return replace(link, group=group, group_multiplier=Decimal(1))


def written_otherwise(group: str, others: Iterable[Link]) -> str:
    """How a group that is here is written if only its casing differs; empty if there is none."""
    folded = group.casefold()
    return next(
        (one.group for one in others if one.group != group and one.group.casefold() == folded), ""
    )


def in_step(changed: Collection[Link], held: Iterable[Link]) -> list[Link]:
    """The changed links, each with the multiplier of its group: of those that do not change.

    Where there is none of these it keeps its own; without a group it is 1.
    """
    keys = {link.key for link in changed}
    of_group = {link.group: link.group_multiplier for link in held if link.key not in keys}
    return [
        replace(
            link,
            group_multiplier=of_group.get(link.group, link.group_multiplier)
            if link.group
            else Decimal(1),
        )
        for link in changed
    ]
