"""Rows of the positions: an instrument with its sums, and each account that holds it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.drift import Step
from copytrade_gui.domain.drift_report import DriftLine
from copytrade_gui.domain.instrument import Instrument, InstrumentKey, Quote
from copytrade_gui.domain.money import in_rupees
from copytrade_gui.domain.order import Product
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.services.position_report import PositionLine, sums_of
from copytrade_gui.ui import figures
from copytrade_gui.ui.drift.drift_rows import brief_words, full_words, look_of, lots_words
from copytrade_gui.ui.tables.columns import Column, natural
from copytrade_gui.ui.tables.grouped_rows import Group
from copytrade_gui.ui.theme import Tone

STALE_S = 5
"""An older price is dimmed, and so is what follows from it."""


@dataclass(frozen=True, slots=True)
class PositionRow:
    """A line of the tree. A head sums up the copies of all followers; the master stands apart.

    Quantities in units, amounts in rupees; None is not known, or says nothing here.
    """

    is_head: bool
    key: InstrumentKey
    label: str
    symbol: str
    product: Product | None
    account: str
    role: Role | None
    instrument: Instrument | None
    tick: Decimal | None
    master: int | None
    copied: int | None
    own: int | None
    held: int | None
    average: Decimal | None
    quote: Quote | None
    age_s: int | None
    """Of the price, in whole seconds; None where no price is needed or known."""
    open: Decimal | None
    day: Decimal | None
    realised: Decimal | None
    unknown: int
    """How many accounts are in no amount of a head, because a price is not known."""
    note: str
    note_tone: Tone
    line: PositionLine | None
    """None for a head."""
    drift: tuple[DriftLine, ...] = ()
    """How its copies stand to the broker's books: of an account one line at most, of a head each
    follower's, the worst first."""

    @property
    def stale(self) -> bool:
        """The price is older than one may trust."""
        return self.age_s is not None and self.age_s > STALE_S


DriftOf = Mapping[PositionKey, DriftLine]
"""How copies stand to the broker's books, by the position they are of."""


def groups_of(
    lines: Iterable[PositionLine], now_ns: int, drift: DriftOf | None = None
) -> list[Group[PositionRow]]:
    """The lines as a tree, instruments by name, the master first below each."""
    off: defaultdict[tuple[object, ...], list[DriftLine]] = defaultdict(list)
    for at, one in (drift or {}).items():
        off[at.instrument, at.product].append(one)
    found: dict[tuple[object, ...], list[PositionLine]] = defaultdict(list)
    for line in lines:
        found[line.key, line.product].append(line)
    groups = [
        Group(
            key,
            _head(of, now_ns, tuple(off[key])),
            tuple(
                ((line.account_id, line.role), _account_row(line, now_ns, drift or {}))
                for line in sorted(of, key=_by_account)
            ),
        )
        for key, of in found.items()
    ]
    return sorted(groups, key=lambda group: (natural(group.head.symbol), group.head.product or ""))


def _by_account(line: PositionLine) -> tuple[bool, str, str]:
    return line.role is not Role.MASTER, natural(line.account), line.account_id


def _account_row(line: PositionLine, now_ns: int, drift: DriftOf) -> PositionRow:
    note, tone = _note(line)
    off = None
    if line.role is Role.FOLLOWER and line.product is not None:
        off = drift.get(PositionKey(line.account_id, line.key, line.product))
    return PositionRow(
        is_head=False,
        key=line.key,
        label=f"Master: {line.account}" if line.role is Role.MASTER else line.account,
        symbol=line.symbol,
        product=line.product,
        account=line.account,
        role=line.role,
        instrument=line.instrument,
        tick=line.instrument.tick if line.instrument else None,
        master=line.held if line.copied is None else None,
        copied=line.copied,
        own=None if line.copied is None else line.own,
        held=line.held,
        average=line.average,
        quote=line.quote,
        age_s=_age(line.quote, now_ns) if line.net else None,
        open=line.open,
        day=line.day,
        realised=line.realised,
        unknown=0,
        note=note,
        note_tone=tone,
        line=line,
        drift=() if off is None else (off,),
    )


def _note(line: PositionLine) -> tuple[str, Tone]:
    """What a trader must know about the line beside its numbers."""
    words = []
    if line.against:
        words.append(f"The owner traded {figures.signed(line.own)} against the copy")
    elif line.copied == 0 and line.own:
        words.append("Not copied: the owner's own")
    if line.held is None and line.problem:
        words.append(f"Not read at the broker today. {line.problem}")
    elif line.held is None:
        words.append("Read at the broker in a moment")
    elif line.behind and not line.problem:
        words.append("It filled since the broker was read: read again in a moment")
    elif line.problem:
        words.append(f"Read at {figures.clock(line.read_ns)}, not since: {line.problem}")
    if line.net and line.average is None:
        words.append("What it cost is not known")
    if line.exits:
        words.append(f"{line.exits[0].upper()}{line.exits[1:]}")
    warned = line.against or line.problem
    return "  ·  ".join(words), Tone.WARN if warned else Tone.MUTED


def _head(lines: Sequence[PositionLine], now_ns: int, drift: tuple[DriftLine, ...]) -> PositionRow:
    first = lines[0]
    masters = [line for line in lines if line.copied is None]
    copies = [line for line in lines if line.copied is not None]
    instrument = next((line.instrument for line in lines if line.instrument), None)
    sums = sums_of(copies)
    known = len(copies) > sums.unknown
    read = [line for line in copies if line.held is not None]
    told = [line for line in read if line.own is not None]
    quote = next((line.quote for line in lines if line.quote), None)
    return PositionRow(
        is_head=True,
        key=first.key,
        label=first.symbol,
        symbol=first.symbol,
        product=first.product,
        account="",
        role=None,
        instrument=instrument,
        tick=instrument.tick if instrument else None,
        master=sum(line.net for line in masters) if masters else None,
        copied=sum(line.copied or 0 for line in copies) if copies else None,
        own=sum(line.own or 0 for line in told) if told else None,
        held=sum(line.held or 0 for line in read) if read else None,
        average=_average(copies),
        quote=quote,
        age_s=_age(quote, now_ns) if any(line.net for line in lines) else None,
        open=sums.open if known else None,
        day=sums.day if known else None,
        realised=sums.realised if known else None,
        unknown=sums.unknown,
        note=_summary(copies),
        note_tone=Tone.WARN if any(_note(line)[1] is Tone.WARN for line in copies) else Tone.MUTED,
        line=None,
        drift=drift,
    )


def _summary(copies: Sequence[PositionLine]) -> str:
    holding = sum(bool(line.copied) for line in copies)
    if not copies:
        return "Nobody copies it"
    parts = [f"{figures.plural(holding, 'follower')} of {figures.whole(len(copies))} in it"]
    for words, count in (
        ("sold or covered by owners", sum(line.against for line in copies)),
        ("not read today", sum(line.held is None and bool(line.problem) for line in copies)),
        ("without a known cost", sum(bool(line.net) and line.average is None for line in copies)),
    ):
        if count:
            parts.append(f"{figures.whole(count)} {words}")
    return ", ".join(parts)


def _average(copies: Sequence[PositionLine]) -> Decimal | None:
    """Of all copies together; None where some are long and others short, or one is not known."""
    open_ones = [line for line in copies if line.copied]
    if not open_ones or len({(line.copied or 0) > 0 for line in open_ones}) > 1:
        return None
    total = Decimal(0)
    for line in open_ones:
        if line.average is None:
            return None
        total += line.average * (line.copied or 0)
    return total / sum(line.copied or 0 for line in open_ones)


def _age(quote: Quote | None, now_ns: int) -> int | None:
    return None if quote is None else max(0, (now_ns - quote.at_ns) // 1_000_000_000)


_NAMED = 10
"""Accounts that a tool tip names."""


def age_words(age_s: int | None, quote: Quote | None) -> str:
    """``14 s``, ``3 min``, then the time of day; empty while the price is young."""
    if age_s is None or quote is None or age_s <= STALE_S:
        return ""
    if age_s < 60:
        return f"{age_s} s"
    return f"{age_s // 60} min" if age_s < 3_600 else figures.clock(quote.at_ns)[:5]


def search_text(row: PositionRow) -> str:
    """What the filter looks through; signs mark what the quick filters want."""
    words = f"{row.label} {row.symbol} {row.product or ''}"
    if row.line is None:
        return words  # a head that matched would bring all its accounts with it
    signs = (
        "§open" if row.line.net else "",
        "§look" if row.note_tone is Tone.WARN or _troubled(row) else "",
    )
    return f"{words} {row.note} {' '.join(signs)}"


def _units(number: int | None) -> str:
    return figures.UNKNOWN if number is None else figures.signed(number)


def _master(row: PositionRow) -> str:
    return _units(row.master) if row.is_head or row.role is Role.MASTER else ""


def _of_followers(row: PositionRow, units: int | None) -> str:
    return "" if row.role is Role.MASTER else _units(units)


def _amount(row: PositionRow, amount: Decimal | None) -> str:
    words = figures.signed_money(amount)
    return f"{words} +?" if row.unknown and amount is not None else words


def _money_tone(row: PositionRow, amount: Decimal | None) -> Tone:
    if not amount or row.stale:
        return Tone.MUTED
    return Tone.OK if amount > 0 else Tone.BAD


def _drift(row: PositionRow) -> str:
    """``-15`` lots of an account, ``2 off`` of an instrument; empty where nothing is copied."""
    if not row.drift:
        return ""
    if not row.is_head:
        (line,) = row.drift
        return lots_words(line) or (figures.UNKNOWN if line.step is Step.UNKNOWN else "0")
    if troubled := _troubled(row):
        return f"{figures.whole(troubled)} off"
    return figures.UNKNOWN if any(one.step is Step.UNKNOWN for one in row.drift) else "0"


def _troubled(row: PositionRow) -> int:
    return sum(line.trouble for line in row.drift)


def _drift_sort(row: PositionRow) -> Decimal | int | None:
    if row.is_head:
        return _troubled(row)
    return row.drift[0].lots if row.drift else None


def _drift_tip(row: PositionRow) -> str:
    if not row.drift:
        return ""
    if not row.is_head:
        return full_words(row.drift[0])
    troubled = [f"{one.account}: {brief_words(one)}" for one in row.drift if one.trouble]
    known = sum(one.step is not Step.UNKNOWN for one in row.drift)
    said = f"{figures.whole(known)} of {figures.plural(len(row.drift), 'account')} compared"
    return "\n".join((said, *troubled[:_NAMED])) + ("\nand others" if troubled[_NAMED:] else "")


def _side_tone(units: int | None) -> Tone:
    if not units:
        return Tone.MUTED
    return Tone.BUY if units > 0 else Tone.SELL


def _price_tip(row: PositionRow) -> str:
    if row.quote is None:
        return "No price of it is known yet"
    return f"{figures.price(row.quote.last, row.tick)} at {figures.clock(row.quote.at_ns)} IST"


def _amount_tip(words: str, row: PositionRow, amount: Decimal | None) -> str:
    if amount is None:
        return f"{words}: not known, because a price of it is not known"
    words = f"{words}: {in_rupees(amount)}, before charges"
    if row.unknown:
        words += f", and what {figures.plural(row.unknown, 'account')} without a known price adds"
    return words


COLUMNS: tuple[Column[PositionRow], ...] = (
    Column("label", "Instrument / account", lambda r: r.label, chars=20, takes_rest=True,
           tip=lambda r: f"{r.label}: {r.note}" if r.note else r.label),
    Column("product", "Product", lambda r: r.product or figures.UNKNOWN, chars=9,
           tone=lambda _: Tone.MUTED),
    Column("master", "Master", _master, sort=lambda r: r.master, numeric=True, chars=7,
           tone=lambda r: _side_tone(r.master),
           note="Units the master holds at the broker; below 0 he is short"),
    Column("copied", "Copied", lambda r: _of_followers(r, r.copied), sort=lambda r: r.copied,
           numeric=True, chars=8, tone=lambda r: _side_tone(r.copied), strong=True,
           note="Units that copies hold, by our own fills; of an instrument of all followers"),
    Column("own", "Own", lambda r: _of_followers(r, r.own), sort=lambda r: r.own,
           numeric=True, chars=6,
           tone=lambda r: Tone.WARN if r.line is not None and r.line.against else Tone.MUTED,
           note="What the broker shows beyond the copy: the owner's own trades"),
    Column("drift", "Drift", _drift, sort=_drift_sort, numeric=True, chars=6,
           tone=lambda r: look_of(r.drift[0]).tone if r.drift else Tone.MUTED,
           tip=_drift_tip,
           note="Lots that the account holds too few (below 0) or too many against what its copies "
                "made; of an instrument how many accounts are off. View > Drift says why"),
    Column("average", "Average", lambda r: figures.price(r.average, r.tick),
           sort=lambda r: r.average, numeric=True, chars=9,
           note="What the copied part cost on average; of a master all of it"),
    Column("last", "Last",
           lambda r: figures.price(r.quote.last if r.quote else None, r.tick),
           sort=lambda r: r.quote.last if r.quote else None, numeric=True, chars=9,
           tone=lambda r: Tone.MUTED if r.stale else Tone.PLAIN, tip=_price_tip),
    Column("age", "Age", lambda r: age_words(r.age_s, r.quote), sort=lambda r: r.age_s,
           numeric=True, chars=5, tone=lambda _: Tone.WARN, tip=_price_tip,
           note="How old the price is; empty while it is current"),
    Column("open", "Open P&L ₹", lambda r: _amount(r, r.open), sort=lambda r: r.open,
           numeric=True, chars=13, tone=lambda r: _money_tone(r, r.open),
           tip=lambda r: _amount_tip("Closing now would bring", r, r.open),
           note="What closing at the last price would bring, before charges"),
    Column("day", "Day P&L ₹", lambda r: _amount(r, r.day), sort=lambda r: r.day,
           numeric=True, chars=13, tone=lambda r: _money_tone(r, r.day), strong=True,
           tip=lambda r: _amount_tip("Today brought", r, r.day),
           note="All that today brought, before charges; carried in from the previous close"),
    Column("note", "To know", lambda r: r.note, tone=lambda r: r.note_tone, chars=9,
           takes_rest=True,
           tip=lambda r: r.note or r.label),
    Column("realised", "Realised ₹", lambda r: _amount(r, r.realised),
           sort=lambda r: r.realised, numeric=True, chars=12, shown=False,
           tone=lambda r: _money_tone(r, r.realised), note="Closed today, before charges"),
    Column("held", "At broker", lambda r: _units(r.held), sort=lambda r: r.held, numeric=True,
           chars=9, shown=False, note="Units the broker shows in all"),
    Column("symbol", "Instrument", lambda r: r.symbol, chars=20, shown=False),
    Column("account", "Account", lambda r: r.account, chars=16, shown=False),
)  # fmt: skip
