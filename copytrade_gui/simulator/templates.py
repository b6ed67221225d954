"""Place requests that differ from an earlier one in nothing but their tag: read once, used again.

A wave of copies is one text, five hundred times, with five hundred tags. What the rules say about
such a text does not depend on the tag, as long as the tag itself passes its own rule; so an order
that was read and found in order stands for all that follow. Refusals are never remembered.
"""

import re

import msgspec

from copytrade_gui.simulator.instruments import InstrumentList
from copytrade_gui.simulator.ledger import WireOrder
from copytrade_gui.simulator.orders import Terms
from copytrade_gui.simulator.terms import Leg

_replace = msgspec.structs.replace
_MARK = b'"orderTag":"'
_PLAIN_TAG = re.compile(rb"[A-Za-z0-9 _-]{1,50}")  # what the rule for tags lets pass
_KEPT = 256


class Template(msgspec.Struct, frozen=True):
    """An order that passed all rules: as it was read, as it was logged, as it was understood."""

    leg: Leg
    line: WireOrder
    terms: Terms


class Templates:
    """The templates of one broker and one day: another day has other instruments."""

    def __init__(self, instruments: InstrumentList) -> None:
        self._instruments = instruments
        self._day = instruments.today
        self._known: dict[tuple[bytes, bytes], Template] = {}

    def match(self, body: bytes, now: int, account: str) -> tuple[Leg, WireOrder, Terms] | None:
        """What a body asks for when all of it but the tag is known; the caller's own copies."""
        head, tag, tail = _cut(body)
        template = self._known.get((head, tail))
        if template is None or self._day != self._instruments.today:
            return None
        if _PLAIN_TAG.fullmatch(tag) is None:
            return None
        text, line = tag.decode(), template.line
        return (
            _replace(template.leg, order_tag=text),
            WireOrder(
                now, account, text, line.exchange, line.instrument_id, line.side, line.quantity
            ),
            _replace(template.terms, tag=text),
        )

    def learn(self, body: bytes, leg: Leg, line: WireOrder, terms: Terms) -> None:
        """Remember a body of one order that passed all rules.

        Only where the tag stands once and as itself: an escape or a second mention of the field
        could make the reader see another tag than the one that is cut out here.
        """
        head, tag, tail = _cut(body)
        if _PLAIN_TAG.fullmatch(tag) is None or tag.decode() != leg.order_tag:
            return
        if b"\\" in body or body.count(b'"orderTag"') != 1:
            return
        if self._day != self._instruments.today or len(self._known) >= _KEPT:
            self._known.clear()
            self._day = self._instruments.today
        self._known[head, tail] = Template(leg, _replace(line), terms)


def _cut(body: bytes) -> tuple[bytes, bytes, bytes]:
    """A body before its tag, the tag, and the body after it."""
    head, _, rest = body.partition(_MARK)
    tag, _, tail = rest.partition(b'"')
    return head, tag, tail
