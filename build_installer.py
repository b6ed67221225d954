"""Build the program that runs where no Python is, prove it, and pack it for Debian.

The steps, each of which ends the build with one sentence if it fails:

1. freeze: PyInstaller puts the program and what it imports into ``dist/copytrade-gui/``;
2. prune: Qt's platform parts that a desktop never loads go, and the libraries only they needed;
3. prove: the frozen program copies an order to followers at its own simulator and finds, in the
   simulator's ledger, none lost, doubled or made up; then it draws its window offscreen;
4. pack: a ``.deb``, unpacked again into an empty folder and proven from there.

On Windows and macOS the steps 1 to 3 run; packing for them is not part of this build yet.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent
NAME = "copytrade-gui"
PACKAGE = ROOT / "copytrade_gui"
LINUX = sys.platform == "linux"
MEGABYTE = 1_000_000
# A frozen program that does not answer for so long hangs.
PROOF_SECONDS = 180

# What the analysis cannot see, because it is imported by a name in a string.
HIDDEN_IMPORTS = ("aiosqlite",)
# Compiled packages whose parts import each other out of the analysis' sight.
COLLECTED_PACKAGES = ("aiofastnet",)
UNWANTED_MODULES = (
    *("tkinter", "pyqtgraph.opengl", "pyqtgraph.examples", "IPython", "matplotlib", "scipy"),
    *("pytest", "_pytest", "hypothesis", "mypy", "setuptools", "pip", "PIL"),
)
# Folder under Qt's plug-ins -> words of the files that stay; an empty tuple empties the folder.
KEPT_PLUGINS: Mapping[str, tuple[str, ...]] = {
    "platforms": ("xcb", "wayland", "offscreen", "windows", "cocoa"),
    "platformthemes": ("xdgdesktopportal",),
    "imageformats": ("svg", "ico", "jpeg"),
    "egldeviceintegrations": (),
    "generic": (),
    "qmltooling": (),
    "sqldrivers": (),
    "printsupport": (),
    "multimedia": (),
}


class BuildError(Exception):
    """The build cannot go on; the text says why in one sentence."""


@dataclass
class Report:
    """What the build did: one line per step, with its time and what it weighs."""

    rows: list[tuple[str, float, str]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Time a step; what it appends to the list is shown beside it."""
        print(f"== {name}", flush=True)
        start = time.monotonic()
        notes: list[str] = []
        yield notes
        self.rows.append((name, time.monotonic() - start, ", ".join(notes)))

    def table(self) -> str:
        width = max(len(name) for name, _, _ in self.rows)
        return "\n".join(
            f"{name:<{width}}  {seconds:7.1f} s  {note}" for name, seconds, note in self.rows
        )


def run(command: list[str | Path]) -> None:
    """Run a tool of the build; its output is the user's to read."""
    words = [os.fspath(word) for word in command]
    if shutil.which(words[0]) is None:
        raise BuildError(f"{words[0]} is missing; .ci/system-packages installer installs it.")
    if subprocess.run(words, check=False, cwd=ROOT).returncode:
        raise BuildError(f"{Path(words[0]).name} failed; its own words stand above.")


def megabytes(path: Path) -> str:
    """Return the size of a file, or of everything in a folder, in MB of 10^6 bytes."""
    files = [path] if path.is_file() else [item for item in path.rglob("*") if item.is_file()]
    size = sum(item.stat().st_size for item in files if not item.is_symlink())
    return f"{size / MEGABYTE:.0f} MB"


def freeze(work: Path, dist: Path) -> Path:
    """Run PyInstaller; return the folder with the program."""
    entry = work / "copytrade_gui_entry.py"
    entry.write_text(
        "import sys\n\nfrom copytrade_gui.__main__ import main\n\nsys.exit(main())\n",
        encoding="utf-8",
    )
    join = os.pathsep
    data = [
        (ROOT / "resources", "copytrade_gui/resources"),
        # Alembic reads the revisions as files; bytecode in the archive would not be found.
        (PACKAGE / "storage" / "migrations", "copytrade_gui/storage/migrations"),
    ]
    command: list[str | Path] = [
        *(sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"),
        *("--onedir", "--name", NAME, "--paths", ROOT),
        *("--distpath", dist, "--workpath", work, "--specpath", work),
        *("--collect-data", "copytrade_gui", "--copy-metadata", NAME),
    ]
    for source, target in data:
        command += ["--add-data", f"{source}{join}{target}"]
    for module in HIDDEN_IMPORTS:
        command += ["--hidden-import", module]
    for module in COLLECTED_PACKAGES:
        command += ["--collect-submodules", module]
    for module in UNWANTED_MODULES:
        command += ["--exclude-module", module]
    if sys.platform == "win32":
        command += ["--hide-console", "hide-early", "--icon", draw_icon(work / "app.ico", 256)]
    run([*command, entry])
    return dist / NAME


def draw_icon(target: Path, size: int) -> Path:
    """Draw the program's icon as a square picture of so many pixels."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtGui import QImage, QPainter  # noqa: PLC0415 - the other steps need no Qt
    from PySide6.QtSvg import QSvgRenderer  # noqa: PLC0415 - the other steps need no Qt

    picture = QImage(size, size, QImage.Format.Format_ARGB32)
    picture.fill(0)
    painter = QPainter(picture)
    QSvgRenderer(str(ROOT / "resources" / "icons" / "app.svg")).render(painter)
    painter.end()
    if not picture.save(str(target)):
        raise BuildError(f"The icon could not be written to {target}.")
    return target


def prune(program: Path) -> int:
    """Remove what a trader's desktop never loads; return how many files went."""
    inside = program / "_internal"
    unwanted = [
        plugin
        for folder, kept in KEPT_PLUGINS.items()
        for plugin in inside.glob(f"PySide6/**/plugins/{folder}/*")
        if plugin.is_file() and not any(word in plugin.name for word in kept)
    ]
    unwanted += [item for item in inside.glob("PySide6/**/translations/*") if item.is_file()]
    libraries = [item for item in unwanted if ".so" in item.name]
    orphans = only_needed_by(libraries, inside) if LINUX else []
    for item in [*unwanted, *orphans]:
        item.unlink()
    # PyInstaller links libraries to the top; a link to nothing only confuses.
    for item in inside.rglob("*"):
        if item.is_symlink() and not item.exists():
            item.unlink()
    return len(unwanted) + len(orphans)


def only_needed_by(gone: list[Path], inside: Path) -> list[Path]:
    """Return the bundled libraries that nothing needs any more once ``gone`` is gone."""
    shared: dict[str, Path] = {}
    for item in inside.rglob("*.so*"):
        if item.is_file() and not item.is_symlink():
            shared[item.name] = item
    needs = {item: needed_libraries(item) for item in [*shared.values(), *gone]}

    def reach(start: list[Path]) -> set[Path]:
        found: set[Path] = set()
        queue = list(start)
        while queue:
            item = queue.pop()
            if item not in found:
                found.add(item)
                queue += [shared[name] for name in needs.get(item, ()) if name in shared]
        return found

    lost = reach(gone) - set(gone)
    kept = reach([item for item in shared.values() if item not in lost and item not in gone])
    return sorted(lost - kept)


def needed_libraries(item: Path) -> list[str]:
    """Return the names of the libraries that a shared object asks the loader for."""
    listed = subprocess.run(
        [shutil.which("objdump") or "objdump", "-p", item],
        capture_output=True,
        text=True,
        check=False,
    )
    words = [line.split() for line in listed.stdout.splitlines()]
    return [pair[1] for pair in words if len(pair) == 2 and pair[0] == "NEEDED"]


def start_frozen(executable: Path, arguments: list[str], home: Path) -> str:
    """Run the frozen program as on a machine without Python; return what it printed.

    Raises:
        BuildError: it ended with another code than 0, or not in time.
    """
    environment = {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "QT_QPA_PLATFORM": "offscreen",
    }
    if not LINUX:
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        environment.pop("PYTHONPATH", None)
    shown = " ".join(arguments)
    try:
        result = subprocess.run(
            [executable, *arguments],
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PROOF_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"'{shown}' did not end within {PROOF_SECONDS} s.") from error
    if result.returncode:
        print(result.stdout, result.stderr, sep="\n", file=sys.stderr)
        raise BuildError(f"'{shown}' of the built program ended with code {result.returncode}.")
    return result.stdout


def prove_copy(executable: Path, followers: int) -> str:
    """Let the built program copy one order; return one line of figures.

    Raises:
        BuildError: an order is missing, doubled or made up, or the answer cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="copytrade-proof-") as home:
        arguments = ["demo", "--headless", "--json", "--followers", str(followers)]
        answer = start_frozen(executable, arguments, Path(home))
    try:
        summary = json.loads(answer)
        acked = summary["acked"]
        wrong = {name: summary[name] for name in ("lost", "duplicates", "orphans") if summary[name]}
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise BuildError(f"The demo's answer is not the promised JSON: {error!r}.") from error
    if acked != followers or wrong:
        raise BuildError(
            f"The demo copied {acked} of {followers} orders; wrong: {wrong or 'none'}."
        )
    return f"{acked} of {followers} followers, last answer after {summary['last_ack_ms']} ms"


def prove_window(executable: Path) -> None:
    """Let the built program draw its window with three followers, without a display."""
    with tempfile.TemporaryDirectory(prefix="copytrade-proof-") as home:
        start_frozen(executable, ["demo", "--followers", "3"], Path(home))


def pack_deb(program: Path, version: str, work: Path, dist: Path, *, small: bool) -> Path:
    """Lay the program out as Debian expects it; return the package file."""
    tree = work / "deb"
    shutil.rmtree(tree, ignore_errors=True)
    share = tree / "usr" / "share"
    home = tree / "opt" / NAME
    icons = share / "icons" / "hicolor"
    documents = share / "doc" / NAME
    folders = (icons / "scalable/apps", icons / "256x256/apps", documents, share / "applications")
    for folder in (*folders, tree / "usr/bin", tree / "DEBIAN"):
        folder.mkdir(parents=True)
    shutil.copytree(program, home, symlinks=True)
    (tree / "usr/bin" / NAME).symlink_to(f"/opt/{NAME}/{NAME}")
    shutil.copy(ROOT / "resources/icons/app.svg", icons / f"scalable/apps/{NAME}.svg")
    draw_icon(icons / f"256x256/apps/{NAME}.png", 256)
    shutil.copy(ROOT / f"resources/packaging/{NAME}.desktop", share / "applications")
    licences = [ROOT / "LICENSE", ROOT / "NOTICE", *sorted((ROOT / "resources/licences").iterdir())]
    text = "\n\n".join(f"{item.name}\n\n{item.read_text('utf-8')}" for item in licences)
    (documents / "copyright").write_text(text, encoding="utf-8")
    architecture = subprocess.check_output(
        [shutil.which("dpkg") or "dpkg", "--print-architecture"], text=True
    ).strip()
    kilobytes = sum(item.lstat().st_size for item in tree.rglob("*")) // 1024
    (tree / "DEBIAN/control").write_text(
        f"Package: {NAME}\n"
        f"Version: {version}\n"
        f"Architecture: {architecture}\n"
        "Maintainer: CopyTrade Console <support@copytrade.example>\n"
        f"Installed-Size: {kilobytes}\n"
        "Depends: libc6 (>= 2.34), libgl1, libegl1, fontconfig-config\n"
        "Section: misc\n"
        "Priority: optional\n"
        "Description: desktop console that copies a master order to follower accounts\n"
        " One order of a master trader goes to many follower accounts in parallel, each\n"
        " sized by its own rule, each recorded and proven. A paper mode with a simulated\n"
        " broker is part of it.\n",
        encoding="utf-8",
    )
    run(["desktop-file-validate", share / "applications" / f"{NAME}.desktop"])
    package = dist / f"{NAME}_{version}_{architecture}.deb"
    package.unlink(missing_ok=True)
    run(["dpkg-deb", "--root-owner-group", "-Zxz" if small else "-Zzstd", "-b", tree, package])
    return package


def prove_deb(package: Path, followers: int) -> str:
    """Unpack the package into an empty folder and copy an order from there."""
    with tempfile.TemporaryDirectory(prefix="copytrade-deb-") as place:
        run(["dpkg-deb", "-x", package, place])
        return prove_copy(Path(place) / "opt" / NAME / NAME, followers)


def build(options: argparse.Namespace) -> Report:
    """Do every step that this system can; raises BuildError at the first that fails."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    version = str(project["project"]["version"])
    dist = Path(options.output).resolve()
    work = ROOT / "build"
    work.mkdir(exist_ok=True)
    report = Report()
    with report.step("freeze") as notes:
        program = freeze(work, dist)
        notes.append(megabytes(program))
    with report.step("prune") as notes:
        notes += [f"{prune(program)} files out", megabytes(program)]
    executable = program / (f"{NAME}.exe" if sys.platform == "win32" else NAME)
    with report.step("prove: copy an order") as notes:
        notes.append(prove_copy(executable, options.followers))
    with report.step("prove: draw the window"):
        prove_window(executable)
    if LINUX and not options.no_deb:
        with report.step("pack .deb") as notes:
            package = pack_deb(program, version, work, dist, small=options.small)
            notes += [package.name, megabytes(package)]
        with report.step("prove: from the .deb") as notes:
            notes.append(prove_deb(package, options.followers))
    return report


def main() -> int:
    """Build with the options of the command line; 1 when a step failed."""
    parser = argparse.ArgumentParser(description="Build and prove the installable program.")
    parser.add_argument("--followers", type=int, default=10, help="accounts in the proof (10)")
    parser.add_argument("--output", default=str(ROOT / "dist"), help="folder for the results")
    parser.add_argument("--no-deb", action="store_true", help="stop after the proven folder")
    parser.add_argument("--small", action="store_true", help="pack with xz: smaller and slower")
    try:
        report = build(parser.parse_args())
    except BuildError as error:
        print(f"build_installer: {error}", file=sys.stderr)
        return 1
    print(report.table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
