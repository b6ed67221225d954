"""Each entrance loads what it needs, headless no Qt; the front door says what the targets do."""

import re
import subprocess
import sys
import time
from pathlib import Path

from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.ports import StopAnswer
from copytrade_gui.storage.files.folder import PAPER_PROFILE, open_folder
from copytrade_gui.storage.files.instance_lock import InstanceLock
from copytrade_gui.storage.files.stop_files import StopFilesOnDisk
from tests.house.source import ROOT

NO_QT = """
import sys
import copytrade_gui.headless
import copytrade_gui.command_line
import copytrade_gui.commands
copytrade_gui.command_line.parser(["bench", "sheets", "simulator"])
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


def test_who_stops_a_console_waits_for_nothing_else(tmp_path: Path) -> None:
    folder = open_folder(tmp_path, PAPER_PROFILE)
    folder.database.touch()
    words = (
        "import sys; from copytrade_gui.__main__ import main\n"
        "code = main(['stop', 'halt', '--paper', '--data-dir', sys.argv[1]])\n"
        "taken = {'PySide6', 'sqlalchemy', 'alembic', 'httpx', 'cryptography', 'structlog'}\n"
        "rooms = {'ui', 'engine', 'brokers', 'bench', 'simulator'}\n"
        "taken |= {f'copytrade_gui.{room}' for room in rooms}\n"
        "sys.exit(' '.join(sorted(taken & set(sys.modules))) or code)"
    )
    files, asked = StopFilesOnDisk(folder.root), []
    with InstanceLock(folder.lock):
        process = subprocess.Popen(
            [sys.executable, "-c", words, tmp_path], cwd=ROOT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        while process.poll() is None:
            for one in files.asked():
                asked.append(one.state)
                files.answer(one, StopAnswer(one.name, held=True, sentence="HALT holds."))
            time.sleep(0.01)
        stdout, stderr = process.communicate()
    assert (asked, stdout) == ([TradingState.HALT], "HALT holds.\n")
    assert process.returncode == 0, f"loaded: {stderr}"


def test_every_target_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    explained = set(re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE))
    assert targets - explained == {"window-packages", "test-packages"}
    for target in ("demo", "test", "check", "screenshots", "bench", "proof", "installer"):
        assert target in explained
