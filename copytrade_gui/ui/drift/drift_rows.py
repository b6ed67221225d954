"""Columns of the drift board, and the words of a follower's drift wherever they are shown."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from copytrade_gui.domain.drift import RANK, Step
from copytrade_gui.domain.drift_report import DriftLine
from copytrade_gui.ui import figures
from copytrade_gui.ui.icons import Mark
from copytrade_gui.ui.state_words import Look
from copytrade_gui.ui.tables.columns import Column
from copytrade_gui.ui.theme import Tone

LOOKS: dict[Step, Look] = {
    Step.IN_STEP: Look("In step", Tone.OK, Mark.CIRCLE),
    Step.UNKNOWN: Look("Not known", Tone.MUTED, Mark.RING),
    Step.MISSING: Look("Missing", Tone.WARN, Mark.DIAMOND),
    Step.DRIFTING: Look("Drifting", Tone.WARN, Mark.TRIANGLE),
    Step.UNEXPLAINED: Look("Unexplained", Tone.BAD, Mark.SQUARE),
}
_EACH_HIS_OWN = (
    "Each master's orders move what copies him and nothing else: an exit of one leaves what copies "
    "the others. At the broker it is one position, the sum of all."
)
_IGNORED = Look("Ignored until flat", Tone.MUTED, Mark.DASH)


def look_of(line: DriftLine) -> Look:
    """The word and colour of a line."""
    return _IGNORED if line.ignored else LOOKS[line.step]


def key_of(line: DriftLine) -> Hashable:
    """What tells two lines apart."""
    return line.key


def lots_words(line: DriftLine) -> str:
    """By how many lots it is off, with its sign; empty where it is not."""
    if not line.verdict.units:
        return ""
    if line.lots is None:
        return figures.UNKNOWN
    sign = "+" if line.lots > 0 else ""
    return f"{sign}{figures.lots(line.lots)}"


def brief_words(line: DriftLine) -> str:
    """``Drifting -15``: a follower's worst line in a narrow column; the figure counts lots."""
    return f"{look_of(line).word} {lots_words(line)}".rstrip()


def full_words(line: DriftLine) -> str:
    """The line in a sentence or two."""
    what = f"{line.symbol} {line.key.product}: {look_of(line).word.lower()}"
    off = lots_words(line)
    what += f", {off} lots" if off else ""
    return f"{what}. {line.verdict.reason}".rstrip()


def trouble_rank(line: DriftLine) -> int:
    """For sorting: the worst is first."""
    return len(RANK) if line.ignored else len(RANK) - 1 - RANK[line.step]


def search_text(line: DriftLine) -> str:
    """What the filter looks through; signs mark what the quick filters want."""
    mark = "§off" if line.trouble else "§unknown" if line.step is Step.UNKNOWN else ""
    who = " ".join((line.account, *line.master_names))
    return (
        f"{who} {line.symbol} {line.key.product} {look_of(line).word} {line.verdict.reason} {mark}"
    )


def _signed(units: Callable[[DriftLine], int | None]) -> Callable[[DriftLine], str]:
    return lambda line: figures.signed(units(line))


def _open(line: DriftLine) -> str:
    """Ours and the owner's, ``+75 / -50``; empty where nothing works."""
    if not line.working and not line.owner_working:
        return ""
    return f"{figures.signed(line.working)} / {figures.signed(line.owner_working)}"


def several_masters(names: Sequence[str]) -> str:
    """The rule where masters trade the same instrument for one follower; empty for one master."""
    return f"It copies {' and '.join(names)}. {_EACH_HIS_OWN}" if len(names) > 1 else ""


COLUMNS: tuple[Column[DriftLine], ...] = (
    Column("step", "State", lambda r: look_of(r).word, chars=16, sort=trouble_rank,
           tone=lambda r: look_of(r).tone, mark=lambda r: look_of(r).mark,
           note="Sorts by trouble"),
    Column("account", "Account", lambda r: r.account, chars=16),
    Column("symbol", "Instrument", lambda r: r.symbol, chars=22),
    Column("lots", "Off, lots", lots_words, sort=lambda r: r.lots, numeric=True, chars=9,
           tone=lambda r: look_of(r).tone,
           note="Lots too few (below 0) or too many against what the copies made"),
    Column("why", "Why", lambda r: r.verdict.reason, chars=40, takes_rest=True,
           tip=lambda r: r.verdict.reason),
    Column("masters", "Copies", lambda r: ", ".join(r.master_names), chars=16,
           tip=lambda r: several_masters(r.master_names),
           note="Whose orders made what is copied of it"),
    Column("copied", "Copied", _signed(lambda r: r.copied), sort=lambda r: r.copied,
           numeric=True, chars=10, note="What our orders hold, in units"),
    Column("held", "At broker", _signed(lambda r: r.held), sort=lambda r: r.held,
           numeric=True, chars=10, note="What the account holds in all, the owner's own included"),
    Column("owner", "Owner today", _signed(lambda r: r.owner), sort=lambda r: r.owner,
           numeric=True, chars=12, note="What the owner's own orders of today made"),
    Column("open", "Open, ours / own", _open, numeric=True, chars=16,
           note="Units of orders that may still fill: ours / the owner's"),
    Column("product", "Product", lambda r: r.key.product, chars=10, tone=lambda _: Tone.MUTED),
    Column("read", "Read IST", lambda r: figures.clock(r.read_ns) if r.read_ns else figures.UNKNOWN,
           sort=lambda r: r.read_ns, chars=9, tone=lambda _: Tone.MUTED,
           note="When the positions were last read at the broker"),
)  # fmt: skip
