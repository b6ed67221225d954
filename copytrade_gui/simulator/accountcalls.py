"""Profile, limits, margins, positions, holdings, contract files, logout."""

from collections.abc import Mapping

import msgspec

from copytrade_gui.simulator import risk, rupees
from copytrade_gui.simulator.books import book_body, empty_body, failed_code
from copytrade_gui.simulator.codes import EQUITY_SEGMENTS
from copytrade_gui.simulator.desk import Call, Desk, plain_fields, read_json, read_object
from copytrade_gui.simulator.ist import http_date
from copytrade_gui.simulator.lies import distort
from copytrade_gui.simulator.positions import holding_row, placeholder_row, position_row
from copytrade_gui.simulator.prices import slot_of
from copytrade_gui.simulator.terms import Leg, RefusedError, check_place, whole_quantity
from copytrade_gui.simulator.wire import Reply


def _masked(text: str) -> str:
    return text[0] + "*" * (len(text) - 2) + text[-1]


class AccountCalls:
    """The calls about an account's standing, and the instrument master."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def profile(self, call: Call) -> Reply:
        """GET /profile: the client id comes in full, or masked by a switch."""
        account = call.client
        masked = self._desk.switches.masked_profile
        return self._desk.ok(
            {
                "clientId": _masked(account.client_id) if masked else account.client_id,
                "clientName": account.name.upper(),
                "isTotpEnabled": "Y",
                "isPoaProvided": "Y",
                "accountStatus": "Na",
                "exchanges": account.exchanges,
                "products": account.products,
                "orderComplexity": ["REGULAR", "AMO", "BO", "CO"],
                "email": f"c{'*' * 8}@example.invalid",
                "phoneNumber": "9********0",
            },
            call.now,
        )

    def limits(self, call: Call) -> Reply:
        """GET /limits, /limits/fno, /limits/equity: the same for every resident."""
        self._desk.exchange.settle(call.client, call.now)
        return self._desk.ok(risk.limits_row(call.client), call.now)

    def logout(self, call: Call) -> Reply:
        """POST /profile/logout: this token dies, others of the client live."""
        if call.session is not None:
            call.session.end()
            self._desk.changes += 1
        return self._desk.ok({"status": "Success", "message": "Success"}, call.now)

    def positions(self, call: Call) -> Reply:
        """GET /positions."""
        desk, account = self._desk, call.client
        desk.exchange.settle(account, call.now)
        rows = [
            msgspec.json.encode(
                position_row(p, desk.prices.previous_close(p.instrument, call.now), desk.switches)
            )
            for p in account.positions.values()
        ]
        return self._book("positions", rows, call)

    def holdings(self, call: Call) -> Reply:
        """GET /holdings: what was there this morning, less what was sold."""
        desk, account = self._desk, call.client
        switches = desk.switches
        desk.exchange.settle(account, call.now)
        rows = []
        for holding in account.holdings.values():
            listed = [
                i for i in desk.instruments.live
                if i.kind == "EQ" and i.underlying == holding.symbol
            ]  # fmt: skip
            nse = next((i for i in listed if i.exchange == "NSEEQ"), None)
            bse = next((i for i in listed if i.exchange == "BSEEQ"), None)
            some = nse or bse
            close = desk.prices.previous_close(some, call.now) if some else 0
            if holding.sellable + holding.pledged > 0:
                rows.append(msgspec.json.encode(holding_row(holding, nse, bse, close, switches)))
        if switches.placeholder_holdings:
            rows.append(msgspec.json.encode(placeholder_row()))
        return self._book("holdings", rows, call)

    def margin(self, call: Call) -> Reply:
        """POST /preordermargin: one order; considers positions."""
        desk, account, now = self._desk, call.client, call.now
        desk.exchange.settle(account, now)
        fields = read_object(call.request.body)
        if fields is None:
            return desk.failure("EC914", now)
        try:
            terms = check_place(
                msgspec.convert(dict(fields), Leg), desk.instruments, algo_required=False
            )
        except RefusedError as refused:
            return desk.failure(refused.code, now)
        except msgspec.ValidationError:
            return desk.failure("EC935", now)
        last = terms.price or desk.prices.last(terms.instrument, slot_of(now))
        needed = risk.order_margin(account, terms, last, terms.quantity)
        used, free = risk.utilised(account), risk.available(account)
        short = risk.shortage_of_shares(account, terms, terms.quantity)
        answer = {
            "totalCashAvailable": rupees.text(free),
            "preOrderMargin": rupees.text(used),
            "postOrderMargin": rupees.text(used + needed),
            "currentOrderMargin": rupees.text(needed),
            "rmsvalidationMessage": "OK" if needed <= free and not short else "NOT_OK",
            "fundShort": rupees.text(max(0, needed - free)),
        }
        return desk.data(answer, now) if desk.switches.bare_margin else desk.ok(answer, now)

    def span(self, call: Call) -> Reply:
        """POST /spanexposure: an array of legs, as if there were no positions."""
        desk, now = self._desk, call.now
        legs = read_json(call.request.body)
        legs = [legs] if isinstance(legs, dict) else legs
        if not isinstance(legs, list) or not legs:
            return desk.failure("EC914", now)
        span = exposure = premium = 0
        for leg in legs:
            try:
                one, two, three = self._span_leg(leg, now)
            except RefusedError as refused:
                return desk.failure(refused.code, now)
            span, exposure, premium = span + one, exposure + two, premium + three
        answer = {
            "span": rupees.text(span),
            "exposureMargin": rupees.text(exposure),
            "totalMargin": rupees.text(span + exposure + premium),
            "buyPremium": rupees.text(premium),
        }
        return desk.data(answer, now) if desk.switches.bare_margin else desk.ok(answer, now)

    def _span_leg(self, leg: object, now: int) -> tuple[int, int, int]:
        if not isinstance(leg, Mapping):
            raise RefusedError("EC914")
        leg = plain_fields(leg)
        if leg.get("exchange") in EQUITY_SEGMENTS:
            raise RefusedError("EC986")
        if leg.get("transactionType") not in {"BUY", "SELL"}:
            raise RefusedError("EC929")
        instrument = self._desk.market.find(leg)
        if not instrument.derivative:
            raise RefusedError("EC987")
        raw = leg.get("quantity")
        quantity = whole_quantity(raw if isinstance(raw, str | int | float) else None)
        buy = leg["transactionType"] == "BUY"
        last = self._desk.prices.last(instrument, slot_of(now))
        span, exposure = risk.span_parts(instrument, last, quantity, buy=buy)
        bought_option = buy and instrument.kind != "FUT"
        return span, exposure, last * quantity * instrument.multiplier if bought_option else 0

    def contracts(self, call: Call) -> Reply:
        """GET /contractfiles/<SEGMENT>.csv or .json; needs no session."""
        body = self._desk.files.read(call.argument)
        if body is None:
            return self._desk.text("Not Found", call.now, status=404, kind="text/plain")
        kind = "text/csv" if call.argument.endswith(".csv") else "application/json"
        date = http_date(call.now // 1_000_000_000)
        return Reply(200, (("content-type", kind), ("date", date)), body)

    def _book(self, name: str, rows: list[bytes], call: Call) -> Reply:
        desk = self._desk
        for fault, dice in call.lies:
            if fault.action == "book_failed":
                return desk.failed_result(failed_code(name), call.now)
            rows = distort(rows, fault, dice)
        if not rows:
            return desk.json(empty_body(name, desk.switches), call.now)
        return desk.json(book_body(name, rows, desk.switches), call.now)
