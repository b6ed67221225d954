"""Run without a window: the demo and the doctor, over the very same app as the desktop program."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from copytrade_gui.app.demo import DemoOptions, run_demo, table
from copytrade_gui.app.doctor import Finding, examine
from copytrade_gui.app.wiring import refusals


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
