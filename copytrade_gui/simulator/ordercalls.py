"""Orders: place, modify, cancel, the books and the history."""

import random
from collections.abc import Sequence
from itertools import islice

import msgspec

from copytrade_gui.simulator.accounts import Account
from copytrade_gui.simulator.books import (
    book_body,
    failed_code,
    history_rows,
    joined_body,
    order_row,
    stale_row,
    trade_row,
)
from copytrade_gui.simulator.changes import cancel_order, modify_order
from copytrade_gui.simulator.codes import text_of
from copytrade_gui.simulator.desk import Call, Desk, read_object
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.ist import NS, stamp
from copytrade_gui.simulator.ledger import WireOrder
from copytrade_gui.simulator.lies import distort
from copytrade_gui.simulator.misfortune import refused_change
from copytrade_gui.simulator.orders import Order, Terms, Twist
from copytrade_gui.simulator.terms import (
    Leg,
    RefusedError,
    Scalar,
    check_place,
    read_legs,
)
from copytrade_gui.simulator.wire import Reply

_HEAD = b'{"status":"Ok","message":"Success","result":['
_TAKEN = b'{"status":"Success","message":"Success","brokerOrderId":"%b","requestTime":"%b"}'


def read_place(call: Call, desk: Desk) -> None:
    """Read the legs of a place request and log them, before anybody decides anything."""
    account = call.account.client_id if call.account is not None else ""
    ledger = desk.ledger
    known = desk.templates.match(call.request.body, call.now, account)
    if known is not None:
        leg, line, call.terms = known
        call.legs, call.lines = [leg], [line]
        ledger.wire.append(line)
        ledger.tags[line.tag] = ledger.tags.get(line.tag, 0) + 1
        return
    call.legs = read_legs(call.request.body)
    if not call.legs:
        return
    call.lines = lines = [
        WireOrder(
            call.now, account, _text(leg.order_tag), _text(leg.exchange), _text(leg.instrument_id),
            _text(leg.transaction_type), _text(leg.quantity),
        )
        for leg in call.legs
    ]  # fmt: skip
    ledger.wire += lines
    for line in lines:
        if line.tag:
            ledger.tags[line.tag] += 1


def _text(value: Scalar) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


class OrderCalls:
    """The order part of the broker's interface."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def place(self, call: Call) -> Reply:
        """POST /orders: each leg stands alone; the outer status is Ok whatever becomes of them."""
        desk = self._desk
        if not call.legs:
            return desk.failure("EC914", call.now)
        account = call.client
        results = []
        for leg, line in zip(call.legs, call.lines, strict=True):
            try:
                terms = self._terms(account, leg, call)
            except RefusedError as refused:
                line.outcome = refused.code
                results.append(_failed_leg(refused.code))
                continue
            if call.twist is None:
                order = desk.exchange.accept(account, terms, call.now)
            else:
                order = self._accept_twisted(account, terms, call, call.twist)
            line.outcome = "accepted"
            line.order_id = order.order_id
            results.append(_TAKEN % (order.order_id.encode(), stamp(call.now).encode()))
        desk.changes += 1
        return Reply(200, desk.headers(call.now), _HEAD + b",".join(results) + b"]}")

    def _terms(self, account: Account, leg: Leg, call: Call) -> Terms:
        if account.frozen_code:
            raise RefusedError(account.frozen_code)
        if call.terms is not None:
            return call.terms
        desk = self._desk
        terms = check_place(leg, desk.instruments, algo_required=desk.config.registered)
        if len(call.lines) == 1:
            desk.templates.learn(call.request.body, leg, call.lines[0], terms)
        return terms

    def _accept_twisted(self, account: Account, terms: Terms, call: Call, twist: Twist) -> Order:
        exchange = self._desk.exchange
        copies = [msgspec.structs.replace(terms) for _ in range(twist.copies)]
        order = exchange.accept(account, terms, call.now, twist)
        for copy in copies:
            exchange.accept(account, copy, call.now, twist, origin="duplicate")
        return order

    # -- changes ------------------------------------------------------------------------------

    def modify(self, call: Call) -> Reply:
        """PUT /orders/{id}: an object with only what changes; an array of one by a switch."""
        desk, account = self._desk, call.client
        fields = read_object(call.request.body)
        array = call.request.body.lstrip()[:1] == b"["
        if not fields or (array and desk.switches.modify_body == "object"):
            return refused_change(call, "EC914", desk)
        try:
            order = modify_order(desk, account, call.argument, fields, call.now)
        except RefusedError as refused:
            return refused_change(call, refused.code, desk)
        return self._taken(order, call.now)

    def cancel(self, call: Call) -> Reply:
        """DELETE /orders/{id}."""
        try:
            order = cancel_order(self._desk, call.client, call.argument, call.now)
        except RefusedError as refused:
            return refused_change(call, refused.code, self._desk)
        return self._taken(order, call.now)

    def _taken(self, order: Order, now: int) -> Reply:
        return self._desk.ok(
            {
                "status": "Success",
                "message": "Success",
                "brokerOrderId": order.order_id,
                "requestTime": stamp(now),
            },
            now,
        )

    # -- books --------------------------------------------------------------------------------

    def orders(self, call: Call) -> Reply:
        """GET /orders: today's book, oldest first."""
        desk, account, now = self._desk, call.client, call.now
        desk.exchange.settle(account, now)
        switches = desk.switches
        if not call.lies:
            return desk.json(joined_body("orders", self._order_rows(account, now), switches), now)
        seen = self._seen_at(call.lies, now)
        if seen < now:
            stale = (stale_row(o, seen, switches) for o in account.orders.values()
                     if o.visible_at <= seen)  # fmt: skip
            rows = [row for row in stale if row is not None]
        else:
            rows = [
                o.row or order_row(o, switches)
                for o in account.orders.values()
                if o.visible_at <= now
            ]
        return self._lying_book("orders", rows, call)

    def _order_rows(self, account: Account, now: int) -> bytes:
        shelf, rest, settled = account.shelf("orders", now), [], True
        for order in islice(account.orders.values(), shelf.count, None):
            settled = settled and not order.live and order.visible_at <= now
            if settled:
                shelf.put(order_row(order, self._desk.switches), order.visible_at)
            elif order.visible_at <= now:
                rest.append(order_row(order, self._desk.switches))
        return shelf.with_rest(rest)

    def trades(self, call: Call) -> Reply:
        """GET /trades: today's fills, oldest first."""
        desk, account, now = self._desk, call.client, call.now
        desk.exchange.settle(account, now)
        if not call.lies:
            rows = self._trade_rows(account, now)
            return desk.json(joined_body("trades", rows, desk.switches), now)
        seen = self._seen_at(call.lies, now)
        shown = []
        for fill in account.fills:
            order = account.orders[fill.order_id]
            if order.visible_at <= seen and fill.at <= seen:
                shown.append(trade_row(fill, order))
        return self._lying_book("trades", shown, call)

    def _trade_rows(self, account: Account, now: int) -> bytes:
        shelf, rest, settled = account.shelf("trades", now), [], True
        for fill in islice(account.fills, shelf.count, None):
            order = account.orders[fill.order_id]
            seen_from = max(order.visible_at, fill.at)
            settled = settled and seen_from <= now
            if settled:
                shelf.put(trade_row(fill, order), seen_from)
            elif seen_from <= now:
                rest.append(trade_row(fill, order))
        return shelf.with_rest(rest)

    def order(self, call: Call) -> Reply:
        """GET /orders/{id}: one row per state change."""
        desk, account, now = self._desk, call.client, call.now
        desk.exchange.settle(account, now)
        if any(fault.action == "book_failed" for fault, _ in call.lies):
            return desk.failed_result("EC917", now)
        order = account.orders.get(call.argument)
        if order is None:
            return desk.failed_result("EC998", now)
        if order.visible_at > now:
            return desk.failed_result("EC918", now)
        rows = history_rows(order, desk.switches)
        for fault, dice in call.lies:
            rows = distort(rows, fault, dice)
        if not rows:
            return desk.failed_result("EC918", now)
        return desk.json(book_body("orders", rows, desk.switches), now)

    def _lying_book(self, name: str, rows: list[bytes], call: Call) -> Reply:
        desk = self._desk
        for fault, dice in call.lies:
            if fault.action == "book_failed":
                return desk.failed_result(failed_code(name), call.now)
            rows = distort(rows, fault, dice)
        return desk.json(book_body(name, rows, desk.switches), call.now)

    @staticmethod
    def _seen_at(lies: Sequence[tuple[Fault, random.Random]], now: int) -> int:
        ages = [fault.seconds for fault, _ in lies if fault.action == "book_stale"]
        return now - round(max(ages, default=0.0) * NS)


def _failed_leg(code: str) -> bytes:
    return msgspec.json.encode({"status": code, "message": text_of(code)})


def change_count(call: Call) -> int:
    """How many places in the rate window a call takes: a bulk array counts each of its orders."""
    return max(1, len(call.legs)) if call.name == "place" and call.legs else 1
