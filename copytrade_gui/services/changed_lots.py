"""What copies hold whose lot size is another since today: exchanges change it between two days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from copytrade_gui.domain.instrument import Instrument, InstrumentKey
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.domain.typed import listed
from copytrade_gui.engine.books.copies import Copy

_NAMED = 3


def changed_lots(
    held: Mapping[PositionKey, Copy],
    ordered: Mapping[InstrumentKey, Instrument],
    today: Mapping[InstrumentKey, Instrument],
) -> dict[InstrumentKey, str]:
    """A sentence for each instrument of ``today`` of which copies hold units that were ``ordered``
    in other lots: how large a lot is now, what is held, and in whose account it is no whole number
    of lots, so that an exit cannot close all of it.
    """
    units: defaultdict[InstrumentKey, dict[PositionKey, int]] = defaultdict(dict)
    for key, copy in held.items():
        if copy.position.net:
            units[key.instrument][key] = copy.position.net
    sentences: dict[InstrumentKey, str] = {}
    for name, by_account in units.items():
        before, now = ordered.get(name), today.get(name)
        if before is not None and now is not None and before.lot_size != now.lot_size:
            sentences[name] = _sentence(before, now, by_account)
    return sentences


def _sentence(before: Instrument, now: Instrument, held: Mapping[PositionKey, int]) -> str:
    accounts = {key.account_id for key in held}
    odd = sorted({key.account_id for key, net in held.items() if net % now.lot_size})
    total = sum(abs(net) for net in held.values())
    many = "account holds" if len(accounts) == 1 else "accounts hold"
    said = (
        f"A lot of {now.symbol} is {grouped(now.lot_size)} units today; copies were ordered in "
        f"lots of {grouped(before.lot_size)}. {len(accounts)} {many} {grouped(total)} units."
    )
    if not odd:
        return f"{said} All of it can be closed in whole lots."
    return (
        f"{said} In {listed(odd, _NAMED)} it is no whole number of lots: an exit from here leaves "
        "the rest. Ask IIFL how it was adjusted, and close the rest there."
    )
