"""Where accounts stand: what they bring into the day, and what they have won or lost by now."""

from collections.abc import Iterable

from copytrade_gui.simulator import risk, rupees
from copytrade_gui.simulator.accounts import Account
from copytrade_gui.simulator.instruments import Instrument
from copytrade_gui.simulator.positions import Holding, Position
from copytrade_gui.simulator.prices import Prices, slot_of


class StandingError(Exception):
    """What an account cannot bring into a day; the text says why."""


def carry(
    account: Account, instrument: Instrument, product: str, *, quantity: int, price: int
) -> None:
    """Give an account a position as if it had been carried from the day before.

    Args:
        account: whose; it must not have traded the instrument under this product today.
        instrument: what.
        product: NORMAL for contracts and shares that are carried as they are.
        quantity: bought if above 0, sold if below.
        price: what one unit was bought or sold for, ten-thousandths of a rupee.

    Raises:
        StandingError: another product, no quantity, or a position that is there already.
    """
    if product != "NORMAL":
        raise StandingError("only product NORMAL is carried; shares held for delivery are holdings")
    if not quantity or quantity % instrument.quantity_step:
        raise StandingError(f"quantity must be a multiple of {instrument.quantity_step}, not 0")
    key = (*instrument.key, product)
    if key in account.positions:
        raise StandingError(f"{account.client_id} has a position in {instrument.symbol} already")
    made = Position(instrument, product, overnight=quantity, overnight_price=price)
    made.margin = risk.position_margin(made)
    account.position_margin += made.margin
    account.positions[key] = made


def hold(
    account: Account, instrument: Instrument, *, settled: int, unsettled: int = 0,
    pledged: int = 0, price: int = 0,
) -> None:  # fmt: skip
    """Let an account hold shares from earlier days; none of any kind takes the holding away.

    Args:
        account: whose.
        instrument: the share, on any exchange.
        settled: in the depository, free.
        unsettled: bought yesterday.
        pledged: given as collateral.
        price: the average paid, ten-thousandths of a rupee.

    Raises:
        StandingError: no share, or a quantity below 0.
    """
    if instrument.kind != "EQ":
        raise StandingError(f"{instrument.symbol} is no share")
    if min(settled, unsettled, pledged) < 0:
        raise StandingError("settled, unsettled and pledged must not be negative")
    key = (instrument.underlying, "DELIVERY")
    account.holdings.pop(key, None)
    if settled or unsettled or pledged:
        account.holdings[key] = Holding(
            instrument.underlying, settled, unsettled, price, pledged=pledged
        )


def profit_report(accounts: Iterable[Account], prices: Prices, now: int) -> dict[str, object]:
    """Profit of today by position and by account, in rupees, before any charge.

    What is realised follows from the averages of the position book. Realised and open together are
    exactly what was sold for less what was bought for, with what is open at the last price.
    """
    slot = slot_of(now)
    rows: list[dict[str, object]] = []
    totals: dict[str, object] = {}
    for account in accounts:
        realised = still_open = 0
        for position in account.positions.values():
            last = prices.last(position.instrument, slot)
            won, waiting = position.realised, position.profit_at(last) if position.net else 0
            realised, still_open = realised + won, still_open + waiting
            rows.append(_row(account, position, last, won, waiting))
        totals[account.client_id] = _sums(realised, still_open)
    return {"accounts": totals, "rows": rows}


def _row(
    account: Account, position: Position, last: int, won: int, waiting: int
) -> dict[str, object]:
    instrument = position.instrument
    return {
        "client_id": account.client_id,
        "exchange": instrument.exchange,
        "instrument_id": str(instrument.id),
        "symbol": instrument.symbol,
        "product": position.product,
        "net": position.net,
        "last": rupees.text(last),
        **_sums(won, waiting),
    }


def _sums(realised: int, still_open: int) -> dict[str, object]:
    return {
        "realised": rupees.text(realised),
        "open": rupees.text(still_open),
        "total": rupees.text(realised + still_open),
    }
