"""What the bench tells: tables for a terminal, a JSON file and a picture for the page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from math import log10
from pathlib import Path

from copytrade_gui.bench.fanout import Outcome
from copytrade_gui.bench.figures import Summary, Target, detection

NAMES = {
    "floor": "bare sockets (floor)",
    "ours": "CopyTrade Console, headless",
    "after_master": "  after the master's answer",
    "open": "  500 orders open",
    "after_master_open": "  after master's answer, 500 open",
    "after_burst": "  1.5 s after another burst",
    "window": "  in the window, stalling",
    "usual": "the usual way: one httpx client",
    "each": "one httpx client per account",
    "push": "placed elsewhere, told by the feed",
    "poll": "placed elsewhere, read in the book",
    "watched": "the usual way: a look each second",
    "shown": "told by the feed, window open",
}
_SHOWN = (
    "first_byte_ms",
    "last_byte_ms",
    "first_ack_ms",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "last_ack_ms",
)
_HEADS = (
    "first byte",
    "last byte",
    "first ack",
    "p50",
    "p95",
    "p99",
    "last ack",
    "us/order",
    "peak MiB",
)


def table(outcome: Outcome) -> str:
    """The whole run in text."""
    lines = []
    for count, group in outcome.summaries.items():
        secured = ", TLS" if outcome.options.tls else ""
        lines.append(
            f"{count} followers, {outcome.options.latency_ms:g} ms{secured}; medians of "
            f"{outcome.options.rounds} rounds, ms from the call [least-most]"
        )
        lines.append(f"{'':<36}" + "".join(f"{head:>12}" for head in _HEADS))
        for name, each in group.items():
            cells = [each.figures[figure].median for figure in _SHOWN]
            cells += [each.figures["cpu_us_per_order"].median, each.figures["peak_mib"].median]
            lines.append(f"{NAMES[name]:<36}" + "".join(f"{cell:>12.1f}" for cell in cells))
            lines.append(_ranges(each))
        cpu_ms = outcome.broker[count].cpu_ms
        if cpu_ms is not None:
            lines.append(
                f"the broker's own processor time for the floor's {count + 1} orders: "
                f"{cpu_ms.median:.1f} ms [{cpu_ms.least:.1f}-{cpu_ms.most:.1f}]"
            )
        lines.append("")
        lines += _detection(outcome, count)
    lines.append(target_table(outcome.targets))
    for name, value in outcome.ratios.items():
        lines.append(f"{name} = {value:.2f}")
    if not outcome.whole:
        lines.append("Not every order was acknowledged; the figures above do not count.")
    return "\n".join(lines)


def _detection(outcome: Outcome, count: int) -> list[str]:
    """What is known of an order placed elsewhere, from moment to moment; none: nobody detects."""
    found = detection(outcome.bursts[count])
    if not found:
        return []
    heads = "".join(f"{f'p{share}':>12}" for share in (50, 95, 99))
    lines = [f"{f'{count} followers, ms, over {outcome.options.rounds} rounds':<64}{heads}"]
    for name, figures in found.items():
        for figure, shares in figures.items():
            if name == "floor" and "detected" in figure:
                continue  # it is told of nothing
            words = figure.removesuffix("_ms").replace("_", " ")
            cells = "".join(f"{value:>12.1f}" for value in shares.values())
            lines.append(f"{NAMES[name].strip():<38}{words:<26}{cells}")
    return [*lines, ""]


def _ranges(each: Summary) -> str:
    said = ", ".join(
        f"{label} [{each.figures[figure].least:.1f}-{each.figures[figure].most:.1f}]"
        for label, figure in (("last byte", "last_byte_ms"), ("last ack", "last_ack_ms"))
    )
    inside = ""
    if each.figures["commit_ms"].median:
        plan, commit = each.figures["plan_ms"].median, each.figures["commit_ms"].median
        inside = f"; until the commit {plan:.1f}, commit {commit:.1f}"
    if each.figures["stall_ms"].most:
        stall = each.figures["stall_ms"]
        inside += (
            f"; window's longest stall {stall.median:.1f} [{stall.least:.1f}-{stall.most:.1f}]"
        )
    if each.figures["shown_ms"].most:
        shown = each.figures["shown_ms"]
        inside += f"; filled to shown {shown.median:.0f} [{shown.least:.0f}-{shown.most:.0f}]"
    memory = f"; MiB idle {each.idle_mib:.0f}, warm {each.warm_mib:.0f}"
    return f"    {said}{inside}{memory}"


def target_table(targets: Sequence[Target]) -> str:
    """Promises with what was measured, and met or missed."""
    lines = [f"{'target':<56}{'wanted':>12}{'measured':>12}"]
    for target in targets:
        sign = ">=" if target.at_least else "<="
        lines.append(
            f"{target.sentence:<56}{f'{sign} {target.bound:.1f} {target.unit}':>12}"
            f"{target.measured:>12.2f}  {'met' if target.met else 'MISSED'}"
        )
    return "\n".join(lines)


def plain(found: Mapping[str, object]) -> str:
    """A small bench's figures, one a line."""
    return "\n".join(f"{name:<44}{value}" for name, value in found.items())


def keep(outcome: Outcome, folder: Path) -> None:
    """Write ``fanout.json`` and ``fanout.svg``."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(outcome.as_json(), indent=1) + "\n"
    (folder / "fanout.json").write_text(text, encoding="utf-8")
    (folder / "fanout.svg").write_text(picture(outcome), encoding="utf-8")


_LEFT, _WIDE, _HIGH, _TOP = 270, 620, 34, 64
COLOURS = {
    "floor": "#8a94a6",
    "ours": "#2f6fed",
    "after_master": "#7a6ff0",
    "open": "#2a9d8f",
    "after_master_open": "#8f7af5",
    "after_burst": "#3f8f6b",
    "window": "#5b8ff5",
    "usual": "#d1495b",
    "each": "#e08e45",
    "push": "#2f6fed",
    "poll": "#7a6ff0",
    "watched": "#d1495b",
    "shown": "#5b8ff5",
}


def picture(outcome: Outcome) -> str:
    """Bars of the last acknowledgement at the most followers, on a logarithmic scale from 10 ms."""
    count = max(outcome.summaries)
    group = outcome.summaries[count]
    most = max(each.figures["last_ack_ms"].median for each in group.values())
    decades = max(1.0, len(str(int(most))) - 1.0)
    bars = []
    for row, (name, each) in enumerate(group.items()):
        top = _TOP + row * (_HIGH + 14)
        for figure, height, opacity in (
            ("last_ack_ms", _HIGH, 0.45),
            ("last_byte_ms", _HIGH // 2, 1.0),
        ):
            width = _reach(each.figures[figure].median, decades)
            bars.append(
                f'<rect x="{_LEFT}" y="{top}" width="{width:.1f}" height="{height}" rx="3" '
                f'fill="{COLOURS[name]}" fill-opacity="{opacity}"/>'
            )
        byte, ack = (each.figures[figure].median for figure in ("last_byte_ms", "last_ack_ms"))
        label = f"{byte:.1f} / {ack:.1f} ms"
        at = _LEFT + _reach(each.figures["last_ack_ms"].median, decades) + 8
        bars.append(
            f'<text x="{_LEFT - 12}" y="{top + 22}" text-anchor="end">{escape(NAMES[name])}</text>'
        )
        bars.append(f'<text x="{at:.1f}" y="{top + 22}">{label}</text>')
    height = _TOP + len(group) * (_HIGH + 14) + 34
    width = _LEFT + _WIDE + 170
    where = (
        f"{outcome.machine['processor']}, {outcome.machine['cores']} cores, {outcome.machine['at']}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="14" fill="#1c2430">'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
        f'<text x="16" y="26" font-size="17" font-weight="600">One order to {count} followers: '
        f"last byte out (dark) and last acknowledgement (light)</text>"
        f'<text x="16" y="47" fill="#5a6577">Simulated broker, {outcome.options.latency_ms:g} ms'
        f"{', TLS' if outcome.options.tls else ''}; logarithmic; medians of "
        f"{outcome.options.rounds} rounds</text>"
        + "".join(bars)
        + f'<text x="16" y="{height - 12}" font-size="12" fill="#5a6577">'
        f"{escape(where)}</text></svg>\n"
    )


def _reach(value_ms: float, decades: float) -> float:
    return max(2.0, _WIDE * log10(max(value_ms, 1.0)) / (decades + 1.0))
