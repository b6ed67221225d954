"""What each trading state allows (docs/safety.md 11), and the halt of one account alone."""

from copytrade_gui.domain.halt import AccountHalt, Finding
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.trading_state import TradingState

F1, F2 = AccountId("F1"), AccountId("F2")


def test_what_each_trading_state_allows() -> None:
    allows = {
        state: (state.allows_new_plans, state.allows_sending, state.allows_modify)
        for state in TradingState
    }
    stopped = (False, False, False)
    assert allows == {
        TradingState.ACTIVE: (True, True, True),
        TradingState.PAUSE: (False, True, True),
        TradingState.REDUCE: (True, True, False),
        TradingState.HALT: stopped,
        TradingState.KILL: stopped,
        TradingState.RECOVERING: stopped,
    }


def test_a_finding_covers_itself_until_it_gets_worse() -> None:
    seen = Finding("overfill 1", "Filled 12 of 10.", 12)
    assert seen.covers(Finding("overfill 1", "Filled 12 of 10.", 12))
    assert not seen.covers(Finding("overfill 1", "Filled 13 of 10.", 13))
    assert not seen.covers(Finding("overfill 2", "Filled 12 of 10.", 12))


def test_a_halt_belongs_to_the_account_at_the_broker() -> None:
    halt = AccountHalt(F1, "ab123", (Finding("a", "One."), Finding("b", "Two.")))
    assert halt.reason == "One. Two."
    assert halt.holds_for(F1, "other")
    assert halt.holds_for(F2, " AB123 ")
    assert not halt.holds_for(F2, "other")
    assert not AccountHalt(F1, "").holds_for(F2, "")
