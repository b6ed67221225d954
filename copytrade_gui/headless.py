"""Run without a window, over the very same app: the demo, the doctor, the end of the day."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import msgspec

from copytrade_gui.app.demo import DemoOptions, run_demo, table
from copytrade_gui.app.doctor import Finding, examine
from copytrade_gui.app.paper import SimulatorOptions
from copytrade_gui.app.wiring import OpenOptions, open_console, refusals
from copytrade_gui.domain.day import DayReport
from copytrade_gui.services.day_words import day_lines
from copytrade_gui.services.verbs import RefusedError


def demo(options: DemoOptions, *, data_dir: Path | None, as_json: bool) -> int:
    """Run the demo without a window; returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="copytrade-demo-") as scratch:
        try:
            result, orders = asyncio.run(run_demo(options, data_dir or Path(scratch)))
        except refusals() as refusal:
            print(f"copytrade-gui: {refusal}", file=sys.stderr)
            return 1
    print(json.dumps(asdict(result)) if as_json else table(result, orders))
    return 0 if result.ok else 1


def close_day(
    data_dir: Path | None,
    profile: str,
    paper: SimulatorOptions | None,
    *,
    accept: bool,
    as_json: bool,
) -> int:
    """Check the day and seal it, sending nothing; returns 0 only when it is sealed.

    ``accept`` seals a day whose only findings are differences, which are printed and recorded.
    """
    options = OpenOptions(data_dir, profile, paper, keep_paper_day=True, look_only=True)
    refused: tuple[type[Exception], ...] = (*refusals(), RefusedError)
    try:
        report = asyncio.run(_close_day(options, accept=accept))
    except refused as refusal:
        print(f"copytrade-gui: {refusal}", file=sys.stderr)
        return 1
    if as_json:
        print(msgspec.json.encode(report).decode())
    else:
        print("\n".join(day_lines(report)))
    return 0 if report.seal is not None else 1


async def _close_day(options: OpenOptions, *, accept: bool) -> DayReport:
    async with open_console(options) as opened:
        await opened.sessions_taken_up()
        if options.paper is not None:
            await opened.console.sessions.login_all_paper()
        trading = opened.console.trading
        report = await trading.end_of_day()
        if accept and report.seal is None and not report.blocked:
            report = await trading.end_of_day(report.differences)
        return report


def doctor(data_dir: Path | None, profile: str, *, window: Sequence[Finding], as_json: bool) -> int:
    """Say what would stop trading; returns 1 if something would. ``window`` was asked of Qt."""
    findings = [*window, *asyncio.run(examine(data_dir, profile))]
    if as_json:
        print(
            json.dumps(
                {
                    "ok": all(f.state != "bad" for f in findings),
                    "checks": [asdict(finding) for finding in findings],
                }
            )
        )
    else:
        for finding in findings:
            print(f"{finding.state:<5}{finding.name:<16}{finding.sentence}")
    return 1 if any(finding.state == "bad" for finding in findings) else 0
