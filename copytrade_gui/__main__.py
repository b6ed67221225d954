"""Choose: the window, the demo, the simulator. Argument parsing only."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from copytrade_gui.domain.order import FanOut


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; returns the exit code."""
    from copytrade_gui.app import simulated

    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        if sys.platform.startswith("linux"):
            os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    parser = argparse.ArgumentParser(prog="copytrade-gui", description="Copy a master's orders.")
    parser.add_argument("--data-dir", type=Path, metavar="DIR")
    parser.add_argument("--profile", default="default", metavar="NAME")
    parser.add_argument("--paper", action="store_true", help="trade at the simulated broker")
    commands = parser.add_subparsers(dest="command")
    demo = commands.add_parser("demo", help="copy orders to simulated followers and prove it")
    demo.add_argument("--followers", type=int, default=10, metavar="N")
    demo.add_argument("--orders", type=int, default=1, metavar="K")
    demo.add_argument("--fan-out", type=FanOut, choices=list(FanOut), default=FanOut.WITH_MASTER)
    demo.add_argument("--headless", action="store_true")
    demo.add_argument("--json", action="store_true")
    demo.add_argument("--screenshot", type=Path, default=Path("screenshots/demo.png"), metavar="PNG")
    simulated.add_arguments(commands.add_parser("simulator", help="serve the simulated broker"))
    options = parser.parse_args(argv)
    if options.command == "simulator":
        return simulated.serve(options)
    if options.command == "demo":
        from copytrade_gui import headless

        chosen = headless.DemoOptions(
            followers=options.followers, orders=options.orders, fan_out=options.fan_out
        )
        if options.headless or options.json:
            return headless.demo(chosen, data_dir=options.data_dir, as_json=options.json)
        from copytrade_gui import desktop

        return desktop.demo(chosen, options.screenshot)
    from copytrade_gui import desktop
    from copytrade_gui.app.paper import SimulatorOptions
    from copytrade_gui.app.wiring import OpenOptions

    paper = SimulatorOptions(accounts=11, latency_ms=30, jitter_ms=10) if options.paper else None
    return desktop.run(OpenOptions(options.data_dir, options.profile, paper))


if __name__ == "__main__":
    sys.exit(main())
