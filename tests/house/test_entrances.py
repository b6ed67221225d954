"""The headless entrance runs where no Qt is; the front door says what the targets do."""

import re
import subprocess
import sys

from tests.house.source import ROOT

NO_QT = """
import sys
import copytrade_gui.headless
import copytrade_gui.commands
loaded = {name.partition(".")[0] for name in sys.modules}
sys.exit(" ".join(loaded & {"PySide6", "shiboken6", "pyqtgraph", "qasync"}) or 0)
"""


def test_headless_loads_no_qt() -> None:
    result = subprocess.run(
        [sys.executable, "-c", NO_QT], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"loaded: {result.stderr}"


def test_a_simulated_broker_loads_nothing_of_the_console() -> None:
    """A paper console waits for it to start."""
    words = (
        "import sys; from copytrade_gui.__main__ import main\n"
        "try: main(['simulator', '--help'])\n"
        "except SystemExit: pass\n"
        "rooms = {n.split('.')[1] for n in sys.modules if n.startswith('copytrade_gui.')}\n"
        "sys.exit(' '.join(sorted(rooms - {'__main__', 'app', 'simulator'})) or 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "usage: copytrade-gui simulator" in result.stdout
    assert result.returncode == 0, f"loaded: {result.stderr}"


def test_every_target_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    explained = set(re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE))
    assert targets - explained == {"window-packages", "test-packages"}
    for target in ("demo", "test", "check", "screenshots", "bench", "proof", "installer"):
        assert target in explained
