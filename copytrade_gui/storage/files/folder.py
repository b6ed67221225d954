"""Where a profile's data lies, and that it is private, local and writable."""

from __future__ import annotations

import os
import re
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from copytrade_gui.storage.files.files import PRIVATE_FOLDER, Files
from copytrade_gui.storage.files.problems import FolderError

RESERVE_BYTES = 64 * 1024 * 1024
LEAST_FREE_BYTES = 256 * 1024 * 1024
PAPER_PROFILE = "paper"
_PROFILE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_OUR_FILES = frozenset({"instance.lock", "copytrade.db", "profiles"})
_SYNCED = ("dropbox", "onedrive", "google drive", "googledrive", "icloud", "nextcloud", "syncthing")
_NETWORK_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "ceph", "glusterfs"}
)


@dataclass(frozen=True, slots=True)
class DataFolder:
    """One profile's folder; every path of storage is named here."""

    root: Path

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.root / "copytrade.db"

    @property
    def order_log(self) -> Path:
        """What is recorded of orders before their first byte."""
        return self.root / "order-log.db"

    @property
    def witness(self) -> Path:
        """What we last knew of the database, so that an older or changed file is noticed."""
        return self.root / "copytrade.witness.json"

    @property
    def lock(self) -> Path:
        """The instance lock."""
        return self.root / "instance.lock"

    @property
    def kill_flag(self) -> Path:
        """There while a KILL holds."""
        return self.root / "KILL"

    @property
    def mode(self) -> Path:
        """Whether the bare command opens this live profile or paper, once a person chose."""
        return self.root / "trading-mode.json"

    @property
    def duties(self) -> Path:
        """Which state of a live trader's duties was read and confirmed."""
        return self.root / "duties-read.json"

    @property
    def reserve(self) -> Path:
        """Space that is given up when the disk is full, so that records still fit."""
        return self.root / "reserve.bin"

    @property
    def emergency(self) -> Path:
        """Facts the database could not take."""
        return self.root / "emergency.journal"

    @property
    def calendar(self) -> Path:
        """Holidays and special sessions that the user adds."""
        return self.root / "calendar.toml"

    @property
    def charges(self) -> Path:
        """What the user changed in the rates of charges."""
        return self.root / "charges.toml"

    @property
    def freeze(self) -> Path:
        """Freeze quantities that the user puts right."""
        return self.root / "freeze.toml"

    @property
    def ban(self) -> Path:
        """The exchanges' ban list, as the user writes it down each day."""
        return self.root / "ban.toml"

    @property
    def vault(self) -> Path:
        """Encrypted secrets of live accounts."""
        return self.root / "vault.json"

    @property
    def paper_secrets(self) -> Path:
        """Invented secrets of simulated accounts."""
        return self.root / "paper-secrets.json"

    @property
    def window_passphrase(self) -> Path:
        """What can check the passphrase of a paper window."""
        return self.root / "window-passphrase.json"

    @property
    def paper_broker(self) -> Path:
        """The simulated broker's day; ours to keep, not to read."""
        return self.root / "paper-broker.json"

    @property
    def paper_address(self) -> Path:
        """A folder in which the simulated broker says where it is, as long as it runs."""
        return self.root / "paper-broker"

    @property
    def paper_kept(self) -> Path:
        """There while the simulated broker is to run on when the console closes."""
        return self.root / "paper-broker.keep"

    @property
    def backups(self) -> Path:
        """Verified copies of the database."""
        return self.root / "backups"

    @property
    def seals(self) -> Path:
        """A file for each closed day, to be kept elsewhere as well."""
        return self.root / "seals"

    @property
    def damaged(self) -> Path:
        """Damaged database files, kept."""
        return self.root / "damaged"

    @property
    def cache(self) -> Path:
        """Contract files; may be deleted at any time."""
        return self.root / "cache"

    @property
    def logs(self) -> Path:
        """Log files."""
        return self.root / "logs"


def open_folder(
    data_dir: Path | None = None, profile: str = "default", files: Files | None = None
) -> DataFolder:
    """Find or make the folder of ``profile`` under ``data_dir`` (the user's data folder if None).

    Raises:
        FolderError: the profile's name is bad, or the folder cannot be written, is readable by
            others and not ours, synced by a cloud client, or on a network drive.
    """
    check_profile(profile)
    base = _base(data_dir)
    profiles = base / "profiles"
    folder = DataFolder(profile_root(data_dir, profile))
    for place in (base, folder.root, folder.database, folder.backups):
        _refuse_foreign(place)
    try:
        _make_private(base)
        _make_private(profiles)
        for part in (folder.root, folder.backups, folder.logs, folder.cache):
            _make_private(part)
        probe = folder.root / ".writable"
        files = files or Files()
        files.replace(probe, b"")
        files.remove(probe)
    except OSError as error:
        raise FolderError(
            f"Data folder {base} cannot be written ({error.strerror or error}). "
            "Choose another with --data-dir, or give your user write access."
        ) from error
    return folder


def check_profile(profile: str) -> None:
    """Refuse a name that could be no folder's. Raises FolderError."""
    if not _PROFILE_NAME.fullmatch(profile):
        raise FolderError(
            f"Profile {profile!r} must be 1 to 32 small letters, digits, '-' or '_', starting with "
            "a letter or digit. Choose another --profile."
        )


def known_folder(data_dir: Path | None, profile: str) -> DataFolder:
    """The folder of a profile that a console was started in; nothing is made for a mistyped one.

    Raises:
        FolderError: there is no database, or what ``open_folder`` raises.
    """
    base = _base(data_dir)
    try:
        known = DataFolder(profile_root(data_dir, profile)).database.is_file()
    except (OSError, ValueError):  # ValueError: a zero byte in the name
        known = False
    if not known:
        raise FolderError(
            f"No console has been started in data folder {base} with profile {profile!r}. "
            "Check --data-dir, --profile and --paper, or start the console once."
        )
    return open_folder(data_dir, profile)


def profile_root(data_dir: Path | None, profile: str) -> Path:
    """Where everything of a profile lies; nothing is looked at or made."""
    return _base(data_dir) / "profiles" / profile


def _base(data_dir: Path | None) -> Path:
    base = data_dir or Path(platformdirs.user_data_dir("copytrade-gui", appauthor=False))
    return base.expanduser().absolute()


def _make_private(path: Path) -> None:
    if not path.exists():
        path.mkdir(mode=PRIVATE_FOLDER, parents=True)
    if os.name == "nt":
        return  # the user's profile is private by inheritance
    seen = path.stat()
    if not stat.S_ISDIR(seen.st_mode):
        raise FolderError(f"Data folder {path} is a file. Choose a folder with --data-dir.")
    if seen.st_uid != os.getuid():
        raise FolderError(
            f"Data folder {path} belongs to another user. Choose your own with --data-dir."
        )
    if stat.S_IMODE(seen.st_mode) == PRIVATE_FOLDER:
        return
    if seen.st_mode & (stat.S_IRWXG | stat.S_IRWXO) and not _is_ours(path):
        raise FolderError(
            f"Data folder {path} holds other files and other users may enter it. "
            "Choose an empty folder with --data-dir."
        )
    path.chmod(PRIVATE_FOLDER)


def _is_ours(path: Path) -> bool:
    names = {entry.name for entry in path.iterdir()}
    return (
        not names or bool(names & _OUR_FILES) or path.parent.name in ("profiles", "copytrade-gui")
    )


def _refuse_foreign(path: Path) -> None:
    """Refuse a synced folder or a network drive, by its name or by where its links lead."""
    try:
        real = path.resolve()
    except (OSError, RuntimeError) as error:  # a link that leads to itself
        raise FolderError(
            f"Data folder {path} leads nowhere ({error}). Choose another with --data-dir."
        ) from error
    leads = (
        f"Data folder {path} " if real == path else f"Data folder {path} leads to {real}, which "
    )
    for place in (path, real):
        synced = next((part for part in place.parts if part.lower().startswith(_SYNCED)), None)
        if synced is not None:
            raise FolderError(
                f"{leads}lies in {synced}, which copies files while they change. "
                "Choose a local folder with --data-dir."
            )
    if _on_network(real):
        raise FolderError(
            f"{leads}lies on a network drive, where a database can be damaged. "
            "Choose a folder on a local disk with --data-dir."
        )


def _on_network(base: Path) -> bool:
    if sys.platform == "win32":
        return str(base).startswith("\\\\")
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return False
    best, kind = "", ""
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        where = fields[1].replace("\\040", " ")
        inside = str(base) == where or str(base).startswith(where.rstrip("/") + "/")
        if inside and len(where) >= len(best):
            best, kind = where, fields[2]
    return kind in _NETWORK_SYSTEMS
