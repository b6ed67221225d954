"""Reading and checking what a place or modify request asks for, code by code."""

import re
from decimal import Decimal, InvalidOperation

import msgspec

from copytrade_gui.simulator import rupees
from copytrade_gui.simulator.codes import (
    COMPLEXITIES,
    CURRENCY_SEGMENTS,
    DISCLOSED_SEGMENTS,
    EQUITY_SEGMENTS,
    EXCHANGES,
    LOT_SEGMENTS,
    MAX_QUANTITY,
    ORDER_TYPES,
    PRODUCTS,
    SIDES,
    VALIDITIES,
)
from copytrade_gui.simulator.instruments import Instrument, InstrumentList
from copytrade_gui.simulator.orders import Terms

Scalar = str | int | float | None

_EXCHANGES = frozenset(EXCHANGES)
_PRODUCTS = frozenset(PRODUCTS)
_SIDES = frozenset(SIDES)
_ORDER_TYPES = frozenset(ORDER_TYPES)
_COMPLEXITIES = frozenset(COMPLEXITIES)
_VALIDITIES = frozenset(VALIDITIES)
_TAG = re.compile(r"[A-Za-z0-9 _-]*")
_ALGO = re.compile(r"[A-Za-z0-9_-]+")
_LIMITED = frozenset({"LIMIT", "SL"})
_STOPS = frozenset({"SL", "SLM"})
_BRACKETS = frozenset({"BO", "CO"})
_LARGEST_PRICE = 10_000_000 * rupees.UNIT


class RefusedError(Exception):
    """A request fails one of the broker's checks; `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Leg(msgspec.Struct, rename="camel"):
    """One element of a place request as sent: nothing but the JSON types is checked yet."""

    instrument_id: Scalar = None
    exchange: Scalar = None
    transaction_type: Scalar = None
    quantity: Scalar = None
    order_complexity: Scalar = None
    product: Scalar = None
    order_type: Scalar = None
    validity: Scalar = None
    price: Scalar = None
    sl_trigger_price: Scalar = None
    sl_leg_price: Scalar = None
    target_leg_price: Scalar = None
    trailing_sl_amount: Scalar = None
    disclosed_quantity: Scalar = None
    market_protection_percent: Scalar = None
    api_order_source: Scalar = None
    algo_id: Scalar = None
    order_tag: Scalar = None


_legs = msgspec.json.Decoder(list[Leg])
_anything = msgspec.json.Decoder()
_FIELDS = {field.encode_name: field.name for field in msgspec.structs.fields(Leg)}


def read_legs(body: bytes) -> list[Leg] | None:
    """The elements of a request body, array or single object; None when it is neither.

    A field of an impossible type is kept as text, so that its own check refuses it.
    """
    try:
        return _legs.decode(body)
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, RecursionError):
        return None
    try:
        content = _anything.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    items = content if isinstance(content, list) else [content]
    legs = []
    for item in items:
        if not isinstance(item, dict):
            return None
        known: dict[str, Scalar] = {}
        for name, value in item.items():
            if name in _FIELDS:
                plain = isinstance(value, str | int | float) and not isinstance(value, bool)
                known[_FIELDS[name]] = value if plain or value is None else f"{value!r}"
        legs.append(Leg(**known))
    return legs


def check_place(leg: Leg, instruments: InstrumentList, *, algo_required: bool) -> Terms:
    """Turn an element into terms, or raise RefusedError with the code of the first failed rule."""
    instrument = _instrument(leg, instruments)
    _words(leg)
    product, kind, complexity = str(leg.product), str(leg.order_type), str(leg.order_complexity)
    _combination(instrument.exchange, product, kind, complexity, str(leg.validity))
    quantity = whole_quantity(leg.quantity)
    if quantity % instrument.quantity_step:
        raise RefusedError("EC954")
    terms = Terms(
        instrument, leg.transaction_type == "BUY", quantity, product, kind,
        str(leg.validity), complexity,
    )  # fmt: skip
    set_prices(terms, leg)
    if complexity in _BRACKETS:
        _bracket(terms, leg)
    if leg.trailing_sl_amount not in {None, ""}:
        _trailing(leg.trailing_sl_amount)
    if leg.disclosed_quantity not in {None, "", "0", 0}:
        set_disclosed(terms, leg.disclosed_quantity)
    if leg.market_protection_percent not in {None, ""}:
        terms.protection = _protection(leg.market_protection_percent)
    if leg.order_tag not in {None, ""}:
        terms.tag = _tag(leg.order_tag)
    if leg.algo_id not in {None, ""} or algo_required:
        terms.algo = _algo(leg.algo_id)
    if leg.api_order_source not in {None, ""}:
        terms.source = str(leg.api_order_source)[:50]
    return terms


def _instrument(leg: Leg, instruments: InstrumentList) -> Instrument:
    exchange, number = leg.exchange, leg.instrument_id
    if exchange in {None, ""}:
        raise RefusedError("EC900")
    if exchange not in _EXCHANGES:
        raise RefusedError("EC901")
    if number in {None, ""}:
        raise RefusedError("EC941")
    key = str(number)
    found = instruments.find(str(exchange), key)
    if found is None or found.kind == "INDEX":
        if exchange != "NCDEXCOMM" and not (key.isascii() and key.isdigit()):
            raise RefusedError("EC946")
        raise RefusedError("EC947")
    return found


def _words(leg: Leg) -> None:
    if leg.transaction_type not in _SIDES:
        raise RefusedError("EC929")
    if leg.product not in _PRODUCTS:
        raise RefusedError("EC936" if leg.product in {None, ""} else "EC928")
    if leg.order_type not in _ORDER_TYPES:
        raise RefusedError("EC934" if leg.order_type in {None, ""} else "EC930")
    if leg.order_complexity not in _COMPLEXITIES:
        raise RefusedError("EC942" if leg.order_complexity in {None, ""} else "EC943")
    if leg.validity not in _VALIDITIES:
        raise RefusedError("EC944" if leg.validity in {None, ""} else "EC932")


def _combination(exchange: str, product: str, kind: str, complexity: str, validity: str) -> None:
    if product in {"DELIVERY", "BNPL"} and exchange not in EQUITY_SEGMENTS:
        outside = exchange in LOT_SEGMENTS or exchange in CURRENCY_SEGMENTS
        raise RefusedError("EC969" if outside else "EC956")
    if complexity == "REGULAR":
        return
    if complexity == "AMO":
        if validity == "IOC":
            raise RefusedError("EC996")
        return
    if product != "INTRADAY":
        raise RefusedError("EC955")
    if complexity == "BO" and kind not in _LIMITED:
        raise RefusedError("EC965")
    if complexity == "CO" and kind not in {"LIMIT", "MARKET"}:
        raise RefusedError("EC989")


def whole_quantity(value: Scalar) -> int:
    """A quantity as sent, as an int; refuses what is missing, broken, too large or not positive."""
    if value is None or value == "":
        raise RefusedError("EC903")
    if isinstance(value, str) and len(value) < 8 and value.isdecimal() and value.isascii():
        plain = int(value)
        if plain:
            return plain
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise RefusedError("EC949") from None
    if not number.is_finite() or abs(number) > 10**15 or number != int(number):
        raise RefusedError("EC949")
    if number <= 0:
        raise RefusedError("EC904")
    if number > MAX_QUANTITY:
        raise RefusedError("EC948")
    return int(number)


def _price(value: Scalar, missing: str, invalid: str, not_positive: str) -> int:
    if value is None or value == "":
        raise RefusedError(missing)
    units = rupees.parse(value)
    if units is None:
        raise RefusedError(invalid)
    if units <= 0:
        raise RefusedError(not_positive)
    if units > _LARGEST_PRICE:
        raise RefusedError("EC976")
    return units


def set_prices(terms: Terms, leg: Leg) -> None:
    """Price and trigger by order type, with the broker's rules between them."""
    kind = terms.kind
    if kind in _LIMITED:
        terms.price = _price(leg.price, "EC950", "EC957", "EC958")
    elif leg.price not in {None, "", "0", 0, "0.0"}:
        raise RefusedError("EC978")
    if kind in _STOPS:
        terms.trigger = _price(leg.sl_trigger_price, "EC951", "EC959", "EC960")
        if kind == "SL" and terms.buy and terms.trigger > terms.price:
            raise RefusedError("EC973")
        if kind == "SL" and not terms.buy and terms.trigger < terms.price:
            raise RefusedError("EC974")
    elif leg.sl_trigger_price not in {None, "", "0", 0, "0.0"}:
        raise RefusedError("EC977")


def _bracket(terms: Terms, leg: Leg) -> None:
    terms.stop_leg = _price(leg.sl_leg_price, "EC952", "EC961", "EC962")
    if terms.complexity == "BO":
        terms.target_leg = _price(leg.target_leg_price, "EC953", "EC963", "EC964")


def _trailing(value: Scalar) -> None:
    units = rupees.parse(value) if value is not None else None
    if units is None:
        raise RefusedError("EC967")
    if units <= 0:
        raise RefusedError("EC968")


def set_disclosed(terms: Terms, value: Scalar) -> None:
    """The part of the quantity that the market may see."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise RefusedError("EC981") from None
    if not number.is_finite() or number < 0 or number != int(number):
        raise RefusedError("EC981")
    if not number:
        return
    if terms.instrument.exchange not in DISCLOSED_SEGMENTS:
        raise RefusedError("EC970")
    if terms.complexity == "AMO":
        raise RefusedError("EC982")
    if number > terms.quantity:
        raise RefusedError("EC975")
    if int(number) % terms.instrument.quantity_step:
        raise RefusedError("EC991")
    terms.disclosed = int(number)


def _protection(value: Scalar) -> str:
    units = rupees.parse(value) if value is not None else None
    if units is None or units <= 0:
        raise RefusedError("EC988")
    return rupees.text(units)


def _tag(value: Scalar) -> str:
    tag = str(value)
    if len(tag) > 50:
        raise RefusedError("EC971")
    if not _TAG.fullmatch(tag):
        raise RefusedError("EC984")
    return tag


def _algo(value: Scalar) -> str:
    algo = "" if value is None else str(value)
    if len(algo) > 12:
        raise RefusedError("EC972")
    if not _ALGO.fullmatch(algo):
        raise RefusedError("EC983")
    return algo


def set_protection(terms: Terms, value: Scalar) -> None:
    """The protection percentage of a modify request."""
    terms.protection = _protection(value)
