"""The headless entrance runs where no Qt is; the front door says what the targets do."""

import re
import subprocess
import sys

from tests.house.source import ROOT

NO_QT = """
import sys
import copytrade_gui.headless
import copytrade_gui.__main__
loaded = {name.partition(".")[0] for name in sys.modules}
sys.exit(" ".join(loaded & {"PySide6", "shiboken6", "pyqtgraph", "qasync"}) or 0)
"""


def test_headless_loads_no_qt() -> None:
    result = subprocess.run(
        [sys.executable, "-c", NO_QT], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"loaded: {result.stderr}"


def test_every_target_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    explained = set(re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE))
    assert targets - explained == {"window-packages", "test-packages"}
    for target in ("demo", "test", "check", "screenshots", "bench", "proof", "installer"):
        assert target in explained
