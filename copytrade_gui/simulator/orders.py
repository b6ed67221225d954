"""One order in the broker's hands: what was asked, where it stands, and every step it took."""

import random
from typing import Literal

import msgspec

from copytrade_gui.simulator.instruments import Instrument

CHANNELS = frozenset({"Web", "App", "Dealer"})
"""Where an order may come from beside the programs' interface; the books call it the source."""

Stage = Literal["queued", "received", "trigger", "open", "done"]
"""Where the machinery has the order; the text a client reads is `Order.status`.

queued: after-market, waits for the next opening. received: between broker and exchange.
trigger: a stop waiting for its price. open: in the exchange's book. done: nothing follows.
"""


class Terms(msgspec.Struct, gc=False):
    """What a place request asks for, checked. Prices in ten-thousandths of a rupee, 0 for none."""

    instrument: Instrument
    buy: bool
    quantity: int
    product: str
    kind: str  # LIMIT, MARKET, SL, SLM
    validity: str
    complexity: str
    price: int = 0
    trigger: int = 0
    stop_leg: int = 0
    target_leg: int = 0
    disclosed: int = 0
    protection: str = "0.0"
    bound: int = 0  # the worst price a MARKET or SLM order may trade at, by its protection
    tag: str = ""
    algo: str = ""
    source: str = "API"
    channel: str = "API"  # or one of CHANNELS, or Admin for the broker's own square-off

    @property
    def worst(self) -> int:
        """The worst price it may trade at; 0 for any."""
        return self.price or self.bound


class Step(msgspec.Struct, gc=False):
    """One line of an order's history: the row as it stood after a change."""

    at: int  # ns
    status: str
    quantity: int
    filled: int
    value: int
    kind: str
    price: int
    trigger: int
    reason: str


class Fill(msgspec.Struct, gc=False):
    """One trade at the exchange."""

    trade_id: str
    order_id: str
    quantity: int
    price: int
    at: int  # ns
    row: bytes = b""  # rendered trade row, made at the first read


class Twist(msgspec.Struct):
    """What faults, or the page it comes from, do to one order beyond the request's own terms."""

    late_ns: int = 0
    hidden_ns: int = 0
    copies: int = 0
    tag: str | None = None
    reject: str = ""
    status: str = ""
    end_status: str = ""
    parts: int = 0
    late_fill: bool = False
    words: tuple[tuple[str, str], ...] = ()


class Order(msgspec.Struct, gc=False):
    """An accepted order; one of very many and never part of a cycle, so no collector tracks it.

    Times in ns UTC, prices in ten-thousandths, value = price x quantity.
    """

    number: int  # place in the ledger, from 1
    account: str
    order_id: str
    terms: Terms
    accepted_at: int
    visible_at: int  # not in any book before this
    app_key: str = "NA"
    origin: str = (
        "request"  # duplicate (made by a fault), leg (of BO and CO), web, app, dealer, admin
    )
    parent: str = "NA"
    exchange_id: str = ""
    stage: Stage = "received"
    status: str = "put order req received"
    shown_tag: str | None = None  # a fault's tag over the one that was sent; "" shows as NA
    shown_status: str = ""  # a fault's text over the true one
    shown_end: str = ""  # the same, from the end on
    filled: int = 0
    value: int = 0
    cancelled: int = 0
    reason: str = ""
    blocked: int = 0  # margin held for the open part
    closing: int = 0  # of the open part, what needs none because it closes something
    version: int = 0  # rises with every change of terms; older scheduled events are void
    scan_from: int = 0  # first second whose price has not been looked at
    updated_at: int = 0
    legs: tuple[str, ...] = ()
    steps: list[Step] = msgspec.field(default_factory=list)
    doom: str = ""  # a fault: risk control will reject it with this text
    next_terms: Terms | None = None  # a modify on its way to the exchange
    late_fill: bool = False  # a fault: the exchange fills it once more after the cancel
    parts: int = 0  # a fault: fill in this many parts; 0 leaves it to chance
    row: bytes = b""  # rendered book row; empty when something changed
    words: tuple[tuple[str, str], ...] = ()  # fields of books and feed that show something else
    told: int = 0  # how many of the steps the push feed has told
    untold: tuple[Fill, ...] = ()  # fills it has not told yet

    @property
    def pending(self) -> int:
        """What is not filled. A cancelled order still shows it, as in the broker's samples."""
        return self.terms.quantity - self.filled

    @property
    def label(self) -> str:
        """The tag as the books show it."""
        return (self.terms.tag if self.shown_tag is None else self.shown_tag) or "NA"

    @property
    def placed_by(self) -> str:
        """Client, dealer or the broker, as the books name them."""
        return {"Dealer": "DEALER01", "Admin": "ADMIN"}.get(self.terms.channel, self.account)

    @property
    def live(self) -> bool:
        return self.stage != "done"

    def take(self, twist: Twist) -> None:
        """Take on what faults do to it, or its owner asks for."""
        self.visible_at += twist.hidden_ns
        self.doom = twist.reject
        self.shown_status = twist.status
        self.shown_end = twist.end_status
        self.parts = twist.parts
        self.late_fill = twist.late_fill
        self.shown_tag = twist.tag
        self.words = twist.words

    def note(self, at: int, status: str) -> None:
        """Move to a status text and remember the step."""
        self.status = status
        self.updated_at = at
        self.row = b""
        terms = self.terms
        self.steps.append(
            Step(
                at, status, terms.quantity, self.filled, self.value,
                terms.kind, terms.price, terms.trigger, self.reason,
            )
        )  # fmt: skip

    def end(self, at: int, status: str, reason: str = "") -> None:
        """Reach a last state."""
        self.stage = "done"
        self.version += 1
        if reason:
            self.reason = reason
        self.note(at, status)


def exits_of(terms: Terms) -> list[Terms]:
    """The stop and the target that follow a filled bracket or cover order."""
    exits: list[tuple[str, int, int]] = []
    if terms.stop_leg:
        exits.append(("SL", terms.stop_leg, terms.stop_leg))
    if terms.target_leg:
        exits.append(("LIMIT", terms.target_leg, 0))
    return [
        msgspec.structs.replace(
            terms, buy=not terms.buy, kind=kind, price=price, trigger=trigger,
            stop_leg=0, target_leg=0, disclosed=0, validity="DAY",
        )
        for kind, price, trigger in exits
    ]  # fmt: skip


def parts_of(order: Order, dice: random.Random, partial_rate: float) -> list[int]:
    """The quantities in which what is open of an order fills: at once, or in two or three parts."""
    step = order.terms.instrument.quantity_step
    steps = order.pending // step
    wanted = order.parts
    if not wanted and dice.random() < partial_rate:
        wanted = dice.randint(2, 3)
    count = max(1, min(wanted, steps))
    share = steps // count
    return [share * step] * (count - 1) + [order.pending - share * step * (count - 1)]
