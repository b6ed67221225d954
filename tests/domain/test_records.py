"""What a signal is, and what follows from a plan's children and an attempt's times."""

from decimal import Decimal

from copytrade_gui.domain.account import Role, same_client
from copytrade_gui.domain.ids import AccountId, IntentId, PlanId, SignalId
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, InstrumentKind
from copytrade_gui.domain.order import FanOut, OrderTerms, OrderType, Product, Side, Validity
from copytrade_gui.domain.records import Intent, Plan, Signal, SignalKind, Timing, reference

SBIN = Instrument(
    InstrumentKey(Exchange.NSEEQ, "3045"), "SBIN-EQ", "STATE BANK", "SBIN",
    InstrumentKind.EQUITY, 1, Decimal("0.05"),
)  # fmt: skip
TERMS = OrderTerms(
    SBIN, Side.BUY, 10, Product.INTRADAY, OrderType.LIMIT, Validity.DAY, Decimal(800)
)


def signal(order_ref: str) -> Signal:
    return Signal(
        SignalId("s"), AccountId("M"), order_ref, 1, TERMS, FanOut.WITH_MASTER, None, made_ns=1
    )


def test_a_reference_says_what_asked_for_it() -> None:
    for kind in SignalKind:
        assert signal(reference(kind, "240920000000124")).kind is kind


def test_the_master_s_own_order_leads_in_slices_or_not_at_all() -> None:
    def child(account: str, role: Role, number: int) -> Intent:
        name = IntentId(f"P.{account}.{number}")
        return Intent(name, PlanId("P"), AccountId(account), role, number, TERMS, 10_000, number)

    slices = (child("M", Role.MASTER, 1), child("M", Role.MASTER, 2))
    copy = child("F", Role.FOLLOWER, 1)
    ticket = Plan(PlanId("P"), signal("cmd:1"), (*slices, copy), 1, 1)
    off = Plan(PlanId("P"), signal("off:1"), (copy,), 1, 1)
    assert (ticket.leads, ticket.closes) == (slices, False)
    assert (off.leads, off.closes) == ((), True)


def test_what_was_waited_is_ours_and_the_brokers() -> None:
    timing = Timing(called_ns=1_000_000, sent_ns=3_000_000, replied_ns=64_000_000)
    assert timing.call_to_send_ms == 2
    assert timing.send_to_reply_ms == 61
    assert timing.call_to_reply_ms == 63


def test_one_client_in_any_spelling() -> None:
    assert same_client("ab12345", " AB12345")
    assert not same_client("ab12345", "ab12346")
