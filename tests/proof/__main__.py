"""``python -m tests.proof quick [P1 P6 ...]``: run the proofs, print one table, judge it.

``quick`` is the column "each change" of docs/safety.md 17, ``release`` the column
"release". Exit 1 if a number is not zero or a proof raised.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from tests.proof.registry import Piece, pieces, run_piece
from tests.proof.row import Row, added
from tests.proof.table import markdown, plain

_DOCUMENT = Path("docs/proof.md")


def main(arguments: list[str]) -> int:
    """Run it; returns the exit code."""
    options = _options(arguments)
    release = options.column == "release"
    todo = pieces(release, set(options.tests))
    done = _read(options.state) if release else {}
    waiting = [piece for piece in todo if piece.key not in done]
    broken: dict[str, str] = {}
    # Spawned, so that every proof starts from a fresh program; longest waiting first.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=context, max_tasks_per_child=1) as pool:
        running = {pool.submit(run_piece, piece, release): piece for piece in waiting}
        for future in as_completed(running):
            piece = running[future]
            row, failure = future.result()
            if row is None:
                broken[piece.key] = failure
                print(f"BROKEN {piece.key}\n{failure}", file=sys.stderr, flush=True)
                continue
            done[piece.key] = row
            print(f"done {piece.key} in {row.seconds:.1f} s", file=sys.stderr, flush=True)
            if release:
                _write(options.state, done)
    rows = _rows(todo, done)
    print(plain(rows))
    for key in broken:
        print(f"BROKEN: {key}: {broken[key].strip().splitlines()[-2]}")
    bad = bool(broken) or not all(row.clean for row in rows)
    if options.write:
        command = f"python -m tests.proof {' '.join(arguments)}"
        _DOCUMENT.parent.mkdir(exist_ok=True)
        _DOCUMENT.write_text(markdown(rows, sorted(broken), command), encoding="utf-8")
    return 1 if bad else 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.proof")
    parser.add_argument("column", choices=("quick", "release"))
    parser.add_argument("tests", nargs="*", metavar="P1", help="only these proofs")
    parser.add_argument("--state", type=Path, default=Path(".proof-state.json"))
    parser.add_argument("--write", action="store_true", help=f"write {_DOCUMENT}")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    return parser.parse_args(arguments)


def _rows(todo: list[Piece], done: dict[str, Row]) -> list[Row]:
    by_test: defaultdict[str, list[Row]] = defaultdict(list)
    for piece in todo:
        if piece.key in done:
            by_test[piece.test].append(done[piece.key])
    return [added(rows) for rows in by_test.values()]


def _read(state: Path) -> dict[str, Row]:
    if not state.exists():
        return {}
    return {key: Row(**values) for key, values in json.loads(state.read_text("utf-8")).items()}


def _write(state: Path, done: dict[str, Row]) -> None:
    fresh = state.with_suffix(".new")
    fresh.write_text(json.dumps({key: asdict(row) for key, row in done.items()}), "utf-8")
    fresh.replace(state)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
