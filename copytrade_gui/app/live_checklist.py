"""What must hold before a start opens live by itself, as far as this machine can tell."""

from __future__ import annotations

from pathlib import Path

from copytrade_gui.app.doctor import Finding, calendar_finding, contracts_finding
from copytrade_gui.app.system_clock import SystemClock
from copytrade_gui.domain.basis import why_not_live
from copytrade_gui.domain.typed import listed
from copytrade_gui.services.account_store import APP_SECRET
from copytrade_gui.services.modes import LiveCheck, Standing
from copytrade_gui.storage.database.live_accounts import Enrolled, enrolled, limits_were_set
from copytrade_gui.storage.files.folder import DataFolder, profile_root
from copytrade_gui.storage.files.problems import StorageError
from copytrade_gui.storage.secrets.keyring_store import find_backend
from copytrade_gui.storage.secrets.secrets import VaultSecrets

_BROKER = LiveCheck(
    "Broker",
    Standing.NOTE,
    "IIFL is not called from here. Once live is open, Test route in an account's editor connects "
    "to it. Each account's app at IIFL names the redirect address its login comes back to, and the "
    "addresses that are registered.",
)
_CHANGES = LiveCheck(
    "What changes",
    Standing.NOTE,
    "Orders go to IIFL: real orders, real money. Live has its own accounts, links, limits and "
    "records; nothing of paper comes along. Each account logs in every day.",
)


def live_checklist(data_dir: Path | None, profile: str) -> tuple[LiveCheck, ...]:
    """Look at the live profile's files; none is opened for writing and nothing is asked outside."""
    folder = DataFolder(profile_root(data_dir, profile))
    try:
        accounts = enrolled(folder.database)
        limits = limits_were_set(folder.database)
    except StorageError as problem:
        return (
            LiveCheck("Accounts", Standing.LACKS, f"{problem} Run copytrade-gui doctor."),
            _CHANGES,
        )
    return (
        _accounts("Master account", [one for one in accounts if one.master], "Add master"),
        _accounts("Follower accounts", [one for one in accounts if not one.master], "Add follower"),
        _basis(accounts),
        *_secrets(folder, accounts),
        _found("Trading calendar", calendar_finding(folder), otherwise=Standing.LACKS),
        _found("Contract files", contracts_finding(folder), otherwise=Standing.NOTE),
        _limits(were_set=limits),
        _BROKER,
        _CHANGES,
    )


def _accounts(name: str, accounts: list[Enrolled], action: str) -> LiveCheck:
    if not accounts:
        return LiveCheck(
            name, Standing.LACKS, f"None yet. Open live once and enrol it: Followers > {action}."
        )
    return LiveCheck(name, Standing.OK, f"{len(accounts)}: {_names(accounts)}.")


def _basis(accounts: tuple[Enrolled, ...]) -> LiveCheck:
    without = [one for one in accounts if why_not_live(one.basis)]
    if without or not accounts:
        of = f"Not declared for {_names(without)}." if without else "No account yet."
        return LiveCheck(
            "Basis",
            Standing.LACKS,
            f"{of} Open live once and choose it under Followers > Declare basis; only exits leave "
            "an account without one.",
        )
    return LiveCheck("Basis", Standing.OK, "Declared for every account.")


def _secrets(folder: DataFolder, accounts: tuple[Enrolled, ...]) -> tuple[LiveCheck, LiveCheck]:
    keys, store = "App keys and secrets", "Key store"
    backend = find_backend()
    vault = VaultSecrets(folder.vault, None, SystemClock())
    try:
        factors, kept = vault.factors(), vault.kept()
    except StorageError as problem:
        told = LiveCheck(store, Standing.LACKS, str(problem))
        return LiveCheck(keys, Standing.LACKS, "Cannot be told: see the key store."), told
    without = [
        one for one in accounts if not one.app_key or (one.account_id, APP_SECRET) not in kept
    ]
    if without or not accounts:
        of = f"Missing for {_names(without)}." if without else "No account yet."
        first = LiveCheck(
            keys,
            Standing.LACKS,
            f"{of} Open live once and enter app key and app secret in the account's editor.",
        )
    else:
        first = LiveCheck(keys, Standing.OK, "Kept for every account.")
    if factors is not None and "passphrase" in factors:
        told = LiveCheck(store, Standing.OK, "A passphrase opens it: each live start asks for it.")
    elif factors is not None and backend is None:
        told = LiveCheck(
            store,
            Standing.LACKS,
            "The secrets are kept with this system's keyring, which does not answer. Start it, or "
            "log in to the desktop that has it.",
        )
    elif backend is None:
        told = LiveCheck(
            store,
            Standing.NOTE,
            "No keyring here: the first live start lets you choose a passphrase.",
        )
    else:
        told = LiveCheck(store, Standing.OK, "The system's keyring keeps the secrets.")
    return first, told


def _limits(*, were_set: bool) -> LiveCheck:
    if were_set:
        return LiveCheck("Limits", Standing.OK, "Set by a person in the live profile.")
    return LiveCheck(
        "Limits",
        Standing.NOTE,
        "Nobody has set any in the live profile, so the program's own hold. Look at them once live "
        "is open: Trade > Limits.",
    )


def _found(name: str, finding: Finding, *, otherwise: Standing) -> LiveCheck:
    return LiveCheck(name, Standing.OK if finding.state == "ok" else otherwise, finding.sentence)


def _names(accounts: list[Enrolled]) -> str:
    return listed([one.name for one in accounts], 5)
