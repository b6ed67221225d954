"""Run without a window, over the same app: what the command line's other words do."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec

from copytrade_gui.app import paper_command, route_command
from copytrade_gui.app.closed_folder import closed_folder
from copytrade_gui.app.demo import DemoError, DemoOptions, run_demo, table
from copytrade_gui.app.doctor import Finding, examine
from copytrade_gui.app.paper import SimulatorOptions
from copytrade_gui.app.stop_words import command_line
from copytrade_gui.app.stored_positions import stored_positions
from copytrade_gui.app.stored_sheets import keep_day, write_sheets
from copytrade_gui.app.stored_trail import export_trail, verify_file, verify_trail
from copytrade_gui.app.wiring import OpenOptions, open_console
from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.day import DayReport
from copytrade_gui.services.day_words import day_lines
from copytrade_gui.services.follower_files import write_template
from copytrade_gui.services.follower_verbs import ImportPreview, RowVerdict
from copytrade_gui.services.sheet_files import Kind, Printer
from copytrade_gui.terminal import command_refusals, refused, say


def demo(options: DemoOptions, *, data_dir: Path | None, as_json: bool) -> int:
    """Run the demo without a window; returns the exit code."""
    known: tuple[type[Exception], ...] = (*command_refusals(), DemoError)
    with tempfile.TemporaryDirectory(prefix="copytrade-demo-") as scratch:
        try:
            result, orders = asyncio.run(run_demo(options, data_dir or Path(scratch)))
        except known as refusal:
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
    try:
        report = asyncio.run(_close_day(options, accept=accept))
    except command_refusals() as refusal:
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
        trading = opened.console.acting_as(command_line()).trading
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
        width = max(len(finding.name) for finding in findings) + 2
        for finding in findings:
            print(f"{finding.state:<5}{finding.name:<{width}}{finding.sentence}")
    return 1 if any(finding.state == "bad" for finding in findings) else 0


def import_followers(
    data_dir: Path | None,
    profile: str,
    paper: bool,
    file: Path,
    *,
    master: str | None,
    only_check: bool,
    good_rows: bool = False,
    wrong_rows: Path | None = None,
    as_json: bool,
) -> int:
    """Say row by row what a file would change, and unless ``only_check`` change it.

    With ``good_rows`` those that are not wrong are imported without the others; ``wrong_rows`` is
    where these are written, each with what is wrong. Returns 0 if all was, or could be, imported.
    """

    async def work() -> ImportPreview:
        async with closed_folder(data_dir, profile, paper=paper) as folder:
            chosen = folder.master(master)
            preview = await folder.files.check_csv(chosen, file)
            if wrong_rows is not None and preview.wrong:
                await folder.files.save_wrong_rows(file, preview, wrong_rows)
            if takes(preview):
                await folder.files.import_csv(chosen, file, preview, good_rows=good_rows)
            return preview

    def takes(preview: ImportPreview) -> bool:
        return not only_check and (not preview.problems or (good_rows and preview.takes > 0))

    try:
        preview = asyncio.run(work())
    except command_refusals() as refusal:
        return refused(refusal, as_json=as_json)
    good = not preview.problems
    counts = {verdict.value: preview.count(verdict) for verdict in RowVerdict}
    imported = takes(preview)
    if as_json:
        rows = [
            {
                "line": row.line,
                "client_id": row.client_id,
                "name": row.name,
                "verdict": row.verdict,
                "sentence": row.sentence,
                "changes": [asdict(change) for change in row.changes],
                "problems": [asdict(problem) for problem in row.problems],
            }
            for row in preview.rows
        ]
        taken = preview.takes if imported else 0
        done = {"imported": imported, "rows_imported": taken, "good_rows": good_rows}
        print(json.dumps({"ok": good, **done, **counts, "rows": rows}))
    else:
        for row in preview.rows:
            print(f"line {row.line:<5}{row.verdict:<11}{row.client_id:<12}{row.sentence}")
        told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
        said = "Imported" if good else "Imported without the wrong rows"
        print(f"{said if imported else 'Nothing was changed'}: {told}.")
    return 0 if good else 1


def try_routes(
    data_dir: Path | None, profile: str, paper: bool, clients: Sequence[str], *, as_json: bool
) -> int:
    """Connect once by each account's route; returns 0 if every one is good."""
    try:
        tried = asyncio.run(route_command.try_routes(data_dir, profile, clients, paper=paper))
    except command_refusals() as refusal:
        return refused(refusal, as_json=as_json)
    good = all(one.good for one in tried)
    if as_json:
        print(json.dumps({"ok": good, "routes": msgspec.to_builtins(tried)}))
    for one in () if as_json else tried:
        print(f"{'ok' if one.good else 'bad':<5}{one.client_id:<12}{one.route}: {one.sentence}")
    return 0 if good else 1


def export_followers(
    data_dir: Path | None, profile: str, paper: bool, file: Path, *, as_json: bool
) -> int:
    """Write the followers of a data folder without their secrets; returns the exit code."""

    async def work() -> int:
        async with closed_folder(data_dir, profile, paper=paper) as folder:
            return await folder.files.export_csv(file)

    try:
        count = asyncio.run(work())
    except command_refusals() as refusal:
        return refused(refusal, as_json=as_json)
    if as_json:
        print(json.dumps({"ok": True, "exported": count, "file": str(file)}))
    else:
        print(f"{count} follower{'' if count == 1 else 's'} written to {file}, without secrets.")
    return 0


def follower_template(file: Path, *, as_json: bool) -> int:
    """Write a file of followers to fill in; returns the exit code."""
    try:
        asyncio.run(write_template(file))
    except command_refusals() as refusal:
        return refused(refusal, as_json=as_json)
    if as_json:
        print(json.dumps({"ok": True, "file": str(file)}))
    else:
        print(f"Template written to {file}. Fill it in and import it.")
    return 0


def positions(data_dir: Path | None, profile: str, paper: bool, *, as_json: bool) -> int:
    """Say what copies hold by the fills in a data folder, and the holdings that were read last;
    returns the exit code.
    """
    try:
        report, shares, sums = asyncio.run(stored_positions(data_dir, profile, paper=paper))
    except command_refusals() as refusal:
        return refused(refusal, as_json=as_json)
    if as_json:
        rows = [
            {
                "account_id": line.account_id,
                "account": line.account,
                "exchange": line.key.exchange,
                "instrument_id": line.key.instrument_id,
                "symbol": line.symbol,
                "product": line.product,
                "copied": line.copied,
                "average": _rupees(line.average) or None,
                "realised_today": _rupees(line.realised) or None,
            }
            for line in report.lines
        ]
        shown = [
            {
                "account_id": line.account_id,
                "account": line.account,
                "isin": line.holding.isin,
                "symbol": line.holding.symbol,
                "product": line.holding.product,
                "can_sell": line.holding.in_demat,
                "unsettled": line.holding.unsettled,
                "pledged": line.holding.pledged,
                "total": line.all_units,
                "copied": line.copied,
                "average": _rupees(line.holding.average_price),
                "read_at": ist(line.read_ns).isoformat(timespec="seconds"),
            }
            for line in shares.lines
        ]
        told = {"positions": report.followers.positions, "rows": rows, "holdings": shown}
        print(json.dumps({"ok": True, **told, "sums": msgspec.to_builtins(sums)}))
        return 0
    for line in report.lines:
        print(
            f"{line.account:<24}{line.symbol:<26}{line.product or '':<10}{line.copied or 0:>+9}"
            f"{_rupees(line.average):>12}{_rupees(line.realised):>14}"
        )
    held = report.followers.positions
    print(
        f"{held} position{'' if held == 1 else 's'} of copies, by the fills stored here: account, "
        "instrument, product, units, average, realised today. The broker was not asked."
    )
    for share in shares.lines:
        one = share.holding
        known = (one.in_demat, one.unsettled, one.pledged)
        units = "".join(f"{'?' if number is None else number:>9}" for number in known)
        print(
            f"{share.account:<24}{one.symbol:<26}{units}{share.copied:>9}  "
            f"{ist(share.read_ns):%d %b %H:%M}"
        )
    count = len(shares.lines)
    print(
        f"{count} holding{'' if count == 1 else 's'} as last read at the broker: account, share, "
        "units that can be sold, bought yesterday (T1), pledged, held by copies, when read (IST)."
    )
    return 0


def sheets(
    data_dir: Path | None,
    profile: str,
    paper: bool,
    folder: Path,
    *,
    day: date | None,
    kinds: Sequence[Kind],
    pdf: Printer | None,
    as_json: bool,
) -> int:
    """Write every follower's sheet of a day into a folder; returns the exit code."""
    work = write_sheets(data_dir, profile, folder, kinds, pdf, day=day, paper=paper)
    try:
        count = asyncio.run(work)
    except command_refusals() as refusal:
        return refused(refusal, as_json=as_json)
    if as_json:
        print(json.dumps({"ok": True, "sheets": count, "folder": str(folder)}))
    else:
        print(f"Sheets of {count} follower{'' if count == 1 else 's'} written to {folder}.")
    return 0


def keep_day_file(
    data_dir: Path | None,
    profile: str,
    paper: bool,
    file: Path,
    *,
    day: date | None,
    pdf: Printer | None,
    as_json: bool,
) -> int:
    """Write a day as one file to keep; returns the exit code."""
    try:
        kept = asyncio.run(keep_day(data_dir, profile, file, pdf, day=day, paper=paper))
    except command_refusals() as refusal:
        return refused(refusal, as_json=as_json)
    if as_json:
        told = asdict(kept) | {"path": str(kept.path)}
        print(json.dumps({"ok": True, **told}))
        return 0
    sealed = "The day is sealed." if kept.sealed else "The day is not sealed: close it first."
    print(
        f"{kept.path}: sheets of {kept.followers} follower{'' if kept.followers == 1 else 's'}, "
        f"{kept.events} event{'' if kept.events == 1 else 's'}. {sealed}\n"
        f"SHA-256 {kept.sha256}; note it elsewhere."
    )
    return 0


def verify_audit(
    data_dir: Path | None, profile: str, paper: bool, file: Path | None, *, as_json: bool
) -> int:
    """Say what does not fit in a folder's audit trail, or in an exported one; 0 if all fits."""
    work = (
        verify_trail(data_dir, profile, paper=paper) if file is None else verify_file(file)
    )  # fmt: skip
    try:
        problems, lost_ns = asyncio.run(work)
    except command_refusals() as refusal:
        return refused(refusal, as_json=as_json)
    if as_json:
        lost = ist(lost_ns).isoformat(timespec="seconds") if lost_ns else None
        print(json.dumps({"ok": not problems, "problems": problems, "records_lost": lost}))
    elif problems:
        print("\n".join(problems))
    else:
        also = file is not None and file.suffix.lower() == ".zip"
        sheets = " Its files are as they were written, with the trail's trades." if also else ""
        print(f"The trail fits: no event is missing, changed, swapped or put in between.{sheets}")
        if lost_ns:
            print(
                f"Records were lost on {ist(lost_ns):%d %b %Y at %H:%M} IST, when a copy or an "
                "empty file took their place: what they told is not in this trail."
            )
    return 1 if problems else 0


def export_audit(
    data_dir: Path | None, profile: str, paper: bool, file: Path, *, as_json: bool
) -> int:
    """Write a folder's audit trail to a file; returns the exit code."""
    try:
        count = asyncio.run(export_trail(data_dir, profile, file, paper=paper))
    except command_refusals() as refusal:
        return refused(refusal, as_json=as_json)
    if as_json:
        print(json.dumps({"ok": True, "exported": count, "file": str(file)}))
    else:
        print(f"{count} event{'' if count == 1 else 's'} written to {file}.")
    return 0


def paper_standing(data_dir: Path | None, *, as_json: bool) -> int:
    """Say whether the paper broker runs; returns 0 if it does."""
    return say(paper_command.standing(data_dir), as_json=as_json, good=lambda told: told.running)


def paper_stop(data_dir: Path | None, *, as_json: bool) -> int:
    """End the paper broker that was left running; returns 0 if none runs afterwards."""
    return say(paper_command.stop(data_dir), as_json=as_json, good=lambda told: not told.running)


def paper_order(data_dir: Path | None, order: paper_command.PaperOrder, *, as_json: bool) -> int:
    """Place an order at a master's account of the paper broker; returns the exit code."""
    return say(paper_command.place(data_dir, order), as_json=as_json, good=lambda _: True)


def _rupees(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:.2f}"
