"""``make coverage``: how much of what decides about money its own tests run, and never less.

Lines and branches, by the tests that are about them, not by all. A floor lies a little below what
was measured when it was set; who raises coverage raises it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.house.source import ROOT

TESTS = (
    "tests/domain",
    "tests/brokers/iifl/test_mapping.py",
    "tests/brokers/iifl/test_outcome.py",
    "tests/app/test_modes.py",
    "tests/app/test_sheets_command.py",
    "tests/engine/test_ban.py",
    "tests/engine/test_changes_only_exits.py",
    "tests/engine/test_diverged.py",
    "tests/engine/test_evidence.py",
    "tests/engine/test_exit_rules.py",
    "tests/engine/test_loss_acts.py",
    "tests/engine/test_loss_limits.py",
    "tests/engine/test_master_failed.py",
    "tests/engine/test_reading_the_book.py",
    "tests/engine/test_reverse.py",
    "tests/engine/test_sleep.py",
    "tests/engine/test_square_off.py",
    "tests/engine/test_square_off_report.py",
    "tests/engine/test_stop_files.py",
    "tests/engine/test_stops.py",
    "tests/engine/test_unfit.py",
    "tests/engine/test_unmatched.py",
    "tests/services/test_changed_orders.py",
    "tests/services/test_link_edits.py",
    "tests/services/test_named_alone.py",
    "tests/services/test_day_sheets.py",
    "tests/services/test_drift.py",
    "tests/services/test_followers.py",
    "tests/services/test_limits.py",
    "tests/services/test_trading.py",
    "tests/services/test_waterfall.py",
    "tests/storage/test_ban_file.py",
)


@dataclass(frozen=True, slots=True)
class Floor:
    """Percent of the lines and branches of some files together, and of each of them."""

    files: tuple[str, ...]
    together: float
    each: float


FLOORS = {
    "domain": Floor(("domain/",), 97.0, 85.0),
    "mapping": Floor(("brokers/iifl/mapping.py",), 92.0, 92.0),
    "outcome table": Floor(
        ("brokers/iifl/outcome.py", "brokers/iifl/errors.py", "brokers/iifl/statuses.py"),
        99.0,
        99.0,
    ),
    "gate": Floor(("engine/orders/gate.py",), 88.0, 88.0),
    "book": Floor(("engine/orders/book.py",), 80.0, 80.0),
}


def measured(tests: tuple[str, ...]) -> dict[str, tuple[int, int]] | None:
    """Of each file of the program how much was run, and how much there is; None: a test failed."""
    with tempfile.TemporaryDirectory(prefix="coverage-") as folder:
        report = Path(folder) / "report.json"
        asked = [
            f"--cov=copytrade_gui.{room}" for room in ("domain", "brokers.iifl", "engine.orders")
        ]
        run = [sys.executable, "-m", "pytest", "-q", "-n", "0", *tests]
        options = [*asked, "--cov-branch", "--cov-report=", f"--cov-report=json:{report}"]
        data = {"COVERAGE_FILE": str(Path(folder) / "data")}
        if subprocess.run(
            [*run, *options], cwd=ROOT, env={**os.environ, **data}, check=False
        ).returncode:
            return None
        files = json.loads(report.read_text(encoding="utf-8"))["files"]
    return {
        name.removeprefix("copytrade_gui/"): (
            told["summary"]["covered_lines"] + told["summary"]["covered_branches"],
            told["summary"]["num_statements"] + told["summary"]["num_branches"],
        )
        for name, told in files.items()
    }


def below(floor: Floor, files: dict[str, tuple[int, int]]) -> tuple[float, list[str]]:
    """What all files of a floor come to in percent, and which is below it."""
    of_it = {name: files[name] for name in files if name.startswith(floor.files)}
    run, there = map(sum, zip(*of_it.values(), strict=True))
    percent = 100 * run / there
    found = [f"together {percent:.1f} < {floor.together}"] if percent < floor.together else []
    for name, (some, all_) in sorted(of_it.items()):
        if all_ and 100 * some / all_ < floor.each:
            found.append(f"{name} {100 * some / all_:.1f} < {floor.each}")
    return percent, found


def main() -> int:
    """0 if every floor holds."""
    files = measured(TESTS)
    if files is None:
        return 1
    failed = False
    for name, floor in FLOORS.items():
        percent, found = below(floor, files)
        failed |= bool(found)
        print(f"{name}: {percent:.1f} %{': below its floor: ' + '; '.join(found) if found else ''}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
