"""Every check there is, and every other word an order can end with before it left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from copytrade_gui.domain.checks.account import ACCOUNT_CHECKS, OPENING_CHECKS
from copytrade_gui.domain.checks.plan import PLAN_CHECKS
from copytrade_gui.domain.checks.share import SHARE_CHECKS


class Verdict(NamedTuple):
    """A code as it is stored and exported: when it is given, what it means, what to do."""

    code: str
    when: str
    what: str
    fix: str


def verdicts() -> Iterator[Verdict]:
    """All codes: the checks in the order in which they are asked, then the others."""
    for checks in (PLAN_CHECKS, ACCOUNT_CHECKS, OPENING_CHECKS, SHARE_CHECKS):
        yield from (Verdict(one.code, one.tier.value, one.what, one.fix) for one in checks)
    yield from _OTHERS


_OTHERS = (
    Verdict("plan_value", "plan", "what all orders of the plan are worth together: ₹50,00,000 "
            "unless set", "Lower the size, or raise the limit."),
    Verdict("no_ioc", "plan", "the exchange takes IOC orders from a program", "Choose DAY."),
    Verdict("hold", "plan", "a check found what only the typed quantity lets pass",
            "Read why, then type the quantity."),
    Verdict("warn", "plan", "a check warned of what a person lets pass by a tick",
            "Read it, and tick that you have."),
    Verdict("master", "plan", "the account is a master and can be ordered for",
            "Choose a master account."),
    Verdict("not_live", "plan", "an order that is to be changed works at the broker",
            "Look at it in the orders."),
    Verdict("not_seen", "plan", "an order that a master placed elsewhere is known and open to copy",
            "Look at it in the master's orders."),
    Verdict("not_copied", "plan", "an order that a master placed elsewhere is of a kind that is "
            "copied, on a contract of today", "Place a new order if it is wanted."),
    Verdict("known", "plan", "the same press of a button was carried out before",
            "Look at it in the orders."),
    Verdict("not_recorded", "plan", "the order could not be stored, so nothing left",
            "See the message of the disk, then place it as a new order."),
    Verdict("off", "share", "the account is switched on", "Switch it on."),
    Verdict("paused", "share", "the link copies nothing, exits neither", "Set the link active."),
    Verdict("frozen", "share", "the link copies nothing, and nothing is placed by hand either",
            "Set the link active."),
    Verdict("close_only", "share", "the link copies exits, no entries", "Set the link active."),
    Verdict("loss_unknown", "share", "what the day's loss is judged by is known: prices of what is "
            "held, funds where the equity has a floor; exits pass",
            "Wait for the price, or log the account in."),
    Verdict("filtered_exchange", "share", "the link copies this exchange", "Edit the link."),
    Verdict("filtered_product", "share", "the link copies this product", "Edit the link."),
    Verdict("filtered_symbol", "share", "the link copies this symbol", "Edit the link."),
    Verdict("filtered_side", "share", "the link copies this side", "Edit the link."),
    Verdict("outside_window", "share", "the link copies at this time of the day",
            "Edit the link."),
    Verdict("after_exit_time", "share", "it is before the time at which the link leaves what is "
            "held INTRADAY", "Nothing, or set a later time in the link."),
    Verdict("price_guard", "share", "the market is inside the link's price guard: so far beyond "
            "the master's price the link still enters", "Nothing, or widen the link's slippage."),
    Verdict("delay_guard", "share", "the master's order is young enough for the link to enter",
            "Nothing, or allow the link a longer delay."),
    Verdict("at_price_guard", "share", "the plan's limit was worse than the link's price guard "
            "allows, so that its own is nearer", "Nothing."),
    Verdict("awaits_price", "share", "the market is inside the price guard of a link that waits "
            "for a better price; nothing of it is at the broker",
            "Wait; it leaves by itself or is given up after the link's delay. Or cancel it."),
    Verdict("no_better_price", "share", "the market came back inside the price guard in the time "
            "that the link waits", "Nothing, or place it as a new order."),
    Verdict("not_chosen", "share", "the ticket's order is for this follower",
            "Choose him, his group or all on the ticket."),
    Verdict("copies_fills", "share", "the link copies orders; one that copies fills gets its share "
            "of each fill of the master's order", "Nothing, or edit what the link copies."),
    Verdict("fill_adds_none", "share", "the rule gives more for all that the master's order filled "
            "than for what it had filled before", "Nothing: a later fill may reach a lot."),
    Verdict("fill_missed", "share", "the master's order filled while this program looked, so "
            "lately that a copy may still leave",
            "Look at what he holds, and place what is wanted."),
    Verdict("no_rule", "share", "the follower has a sizing rule", "Edit the follower."),
    Verdict("zero", "share", "the rule gives at least one lot", "Raise the follower's value."),
    Verdict("no_capital", "share", "the free margin is known that a rule by capital needs",
            "Log the account in, or wait for the next read of its funds."),
    Verdict("no_master_capital", "share", "the master's funds are known that a rule by funds needs",
            "Log the master in, or wait for the next read of his funds."),
    Verdict("no_stop", "share", "the order has a stop that a rule by risk measures",
            "Write the stop on the ticket, or choose another rule."),
    Verdict("bad_rule", "share", "the rule's stored value is a number above 0",
            "Edit the follower's value."),
    Verdict("no_lot_in_clamps", "share", "a whole lot lies between the least and the most agreed",
            "Change one of them."),
    Verdict("capped", "share", "the size was cut to the most agreed for one entry", "Nothing."),
    Verdict("no_margin", "share", "the account's margin is enough for the entry of a link that "
            "skips or shrinks it", "Add funds, or edit the link."),
    Verdict("cut_to_margin", "share", "the entry was cut to what the account's margin allows",
            "Nothing; add funds for the rest."),
    Verdict("raised_to_min", "share", "the size was raised to the least agreed for one entry",
            "Nothing; lower the least if it was not meant."),
    Verdict("carried", "share", "what rounding took of earlier entries is in the size", "Nothing."),
    Verdict("too_many_slices", "share", "inside the freeze quantity ten orders are enough",
            "Order less."),
    Verdict("freeze_below_lot", "share", "one lot fits into the freeze quantity",
            "Compare lot and freeze.toml with the exchange."),
    Verdict("only_exits", "share", "trading is not limited to exits (REDUCE)",
            "Resume with a reason to open positions again."),
    Verdict("no_copy_to_exit", "share", "an exit finds a copied quantity to reduce",
            "Nothing: this follower holds no copy."),
    Verdict("exit_below_lot", "share", "the copy's part of an exit is a lot at least",
            "Nothing: a later exit takes it along."),
    Verdict("cut_to_copy", "share", "an exit takes less than the rule alone would give",
            "Nothing."),
    Verdict("exit_in_proportion", "share", "an exit takes more than the rule alone would give",
            "Nothing."),
    Verdict("exit_rule", "share", "a link's stop-loss, target or exit time had this order sent",
            "Nothing; edit the link's exits if it was not meant."),
    Verdict("drift_reduced", "share", "copies of a master who holds none were reduced by "
            "themselves, as the link's setting says",
            "Nothing; edit the link if it was not meant."),
    Verdict("handed_over", "share", "the master left by another exit than the one whose copies had "
            "it, so what they hold is closed here", "Nothing."),
    Verdict("reversed", "share", "the link copies the opposite side, so the order leaves there",
            "Nothing."),
    Verdict("not_reversed", "share", "the order has a counterpart on the opposite side, which the "
            "link copies", "Copy it straight, or filter such orders out of the link."),
    Verdict("awaits_copy", "share", "reads of the books show first what there is to reduce",
            "Wait; it leaves by itself, or ends too old."),
    Verdict("below_lot", "share", "a copied position that is to be closed is a lot at least",
            "Close it on the broker's page."),
    Verdict("cut_to_position", "share", "squaring off closes all that copies hold",
            "See what the owner traded by himself."),
    Verdict("closed_by_owner", "share", "the broker shows what copies hold, so that closing it "
            "reverses nobody", "Nothing: the owner closed it by himself."),
    Verdict("own_order_works", "share", "no own order of the owner's works where what he holds is "
            "squared off", "Cancel it at the broker, or by a KILL of all orders, then square off "
            "again."),
    Verdict("changed", "share", "the account stands as in the preview of catching up that a "
            "person agreed to", "Look at the preview again."),
    Verdict("on_the_way", "share", "no order of the account is on its way where it would catch up",
            "Wait until it has ended, then look again."),
    Verdict("not_decided", "plan", "each order that the master placed elsewhere is copied or "
            "ignored where followers would catch up", "Copy it or ignore it first."),
    Verdict("whose_unknown", "share", "of what an account's copies hold is known whose copies they "
            "are", "Square them off first."),
    Verdict("long_first", "share", "the long leg that covers a short one is held before that is "
            "caught up", "Catch up the long one first."),
    Verdict("opposite_held", "share", "copies that would catch up stand on their master's side",
            "Square them off first."),
    Verdict("hedge_kept", "share", "the short position that a long one covers is closed first",
            "Close the short one, or square the long one off alone."),
    Verdict("positions_unread", "share", "the account's positions were read right before its "
            "copies are closed", "Square off again when the account can be read."),
    Verdict("nothing_held", "plan", "copies hold something of what is to be squared off",
            "Nothing: there is nothing to close."),
    Verdict("squaring_off", "plan", "no other square-off is closing the same positions",
            "Wait for its report."),
    Verdict("not_ended", "share", "copies that worked there ended before it is closed",
            "Look at them in the orders, then square off again."),
    Verdict("removed", "leaving", "the account was removed before the order left",
            "Place a new order if it is wanted."),
    Verdict("too_old", "leaving", "the order grew older than its signal age, or than its link's "
            "delay, before it could leave",
            "Place it again if it is still wanted."),
    Verdict("cancelled", "leaving", "somebody cancelled it before it left", "Nothing."),
    Verdict("master_failed", "leaving", "the master's order came to nothing, so its copies stay",
            "See why the master's order failed."),
    Verdict("master_in_part", "leaving", "a part of the master's order came to nothing",
            "Cancel or complete the master's order, then copy by a new one."),
    Verdict("master_exits", "leaving", "the master still holds what the copy waits for a better "
            "price to enter, or rests at the broker to",
            "Nothing: he is out, or on his way. Where he left a part, catch up."),
    Verdict("killed", "leaving", "a KILL came before it left", "Resume, then place a new order."),
    Verdict("slept", "leaving", "the machine slept before it left",
            "Place it again if it is still wanted."),
    Verdict("broken_off", "leaving", "the program broke off before it left; nothing was sent",
            "Place it again if it is still wanted."),
    Verdict("found", "leaving", "an earlier try was found before this one left", "Nothing."),
    Verdict("not_sent", "leaving", "there was no way to the broker; no byte left",
            "It is tried again twice by itself; then see the network."),
    Verdict("bug", "leaving", "an error of ours, which was logged", "Look at that order."),
    Verdict("crash", "reply", "the program stopped while it was sent", "It is being found out."),
    Verdict("duplicate", "reply", "the broker gave one order id to two orders",
            "Compare the account's order book, then lift its halt."),
    Verdict("absent", "book", "the broker's complete books lack it: it does not exist",
            "Place it again if it is still wanted."),
    Verdict("by_person", "book", "a person decided what became of it", "Nothing."),
    Verdict("review", "book", "nothing is proven; a person must decide",
            "Open Review and look at the broker's book."),
    Verdict("overfill", "book", "more was filled than was ordered",
            "Look at the account's books, then lift its halt."),
    Verdict("taken_over", "book", "our records were lost; it is known from the broker's book only",
            "Nothing: it is ours again."),
)  # fmt: skip
