"""One edit of several followers' links: what a person typed once, and what it changes for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from msgspec import Struct

from copytrade_gui.domain import link_field
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.link_field import EXITS, GUARD, LinkProblem
from copytrade_gui.domain.sizing import SizingRule, problem_with
from copytrade_gui.services.follower_verbs import FieldChange
from copytrade_gui.services.verbs import RefusedError

Read = TypeVar("Read")

FIELDS = ("copies", *GUARD, *EXITS, "reduce_drift")
"""What is edited for several at once beside sizing, state and group; as files name them."""


class LinkEdit(Struct, frozen=True):
    """One link as it is, as it would be, and which fields differ; empty: none."""

    before: Link
    after: Link
    changes: tuple[FieldChange, ...]


def link_edit(link: Link, fields: Mapping[str, str]) -> LinkEdit:
    """What an edit makes of a link: the fields that are named, and no other.

    Raises RefusedError naming the field.
    """
    copies = link_field.read_copies(fields["copies"]) if "copies" in fields else link.copies
    reduces = link.reduce_drift
    if "reduce_drift" in fields:
        reduces = _right(link_field.read_reduce_drift(fields["reduce_drift"]))
    after = replace(
        link,
        copies=_right(copies),
        guard=_right(link_field.read_guard(link.guard, fields)),
        exits=_right(link_field.read_exits(link.exits, fields, link.filters.exchanges)),
        reduce_drift=reduces,
    )
    pairs = ((field, _spelled(link, field), _spelled(after, field)) for field in FIELDS)
    return LinkEdit(link, after, tuple(FieldChange(*one) for one in pairs if one[1] != one[2]))


def link_edits(
    links: Iterable[tuple[str, Link]], fields: Mapping[str, str]
) -> list[tuple[str, LinkEdit]]:
    """The edit of each follower's link, by his name. Raises RefusedError naming him and the field:
    then it is done for nobody.
    """
    found = []
    for name, link in links:
        try:
            found.append((name, link_edit(link, fields)))
        except RefusedError as refused:
            raise RefusedError(f"{name}: {refused.sentence}", field=refused.field) from refused
    return found


def resized(name: str, link: Link, rule: SizingRule, *, cap: bool) -> Link:
    """A link by another strategy and value, with ``cap`` by the rule's most units as well.

    ``name`` is the follower's. Raises RefusedError naming him.
    """
    sizing = replace(link.sizing, strategy=rule.strategy, parameter=rule.parameter)
    if cap:
        sizing = replace(sizing, max_quantity=rule.max_quantity)
    if problem := problem_with(sizing):
        raise RefusedError(f"{name}: {problem.sentence}", field="max_quantity")
    return replace(link, sizing=sizing)


def _right(read: Read | LinkProblem) -> Read:
    if isinstance(read, LinkProblem):
        raise RefusedError(read.sentence, field=read.field)
    return read


def _spelled(link: Link, field: str) -> str:
    if field == "copies":
        return link.copies.value
    if field == "reduce_drift":
        return link.reduce_drift.value
    if field in GUARD:
        return link_field.guard_text(link.guard, field)
    return link_field.exits_text(link.exits, field)
