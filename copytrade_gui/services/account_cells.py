"""The fields of an account as typed, or as the cells of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from copytrade_gui.domain import account_field
from copytrade_gui.domain.account import Account, client_key
from copytrade_gui.domain.basis import (
    NOTHING,
    BasisProblem,
    Declared,
    problem_with,
    read_basis,
)
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.route import Route, RouteKind
from copytrade_gui.domain.route_field import RouteProblem, login_problem, read_route, route_text
from copytrade_gui.domain.typed import quoted
from copytrade_gui.services.account_store import KEPT_SECRET, PROXY_LOGIN, Secrets
from copytrade_gui.services.follower_verbs import FollowerDraft
from copytrade_gui.services.verbs import RefusedError

YES = frozenset({"1", "yes", "y", "true", "on"})
_NO = frozenset({"0", "no", "n", "false", "off"})
DECLARED = ("basis", "basis_reference", "algo_id")
"""What is declared of an account."""
ROUTED = ("route", "route_address", "address_family", "registered_addresses")
"""Which way its connections take."""
OF_ACCOUNT = ("name", "app_key", *KEPT_SECRET, "active", "is_master", *DECLARED, *ROUTED)

Owns = Callable[[str], bool]
"""Whether connections of this machine can leave from an address."""
Wrong = Callable[[str, str], None]
"""Tells what is wrong: the field and one sentence."""

_TOLD = {"name": "name", "client_id": "client id"}
"""What the trail tells as it was and as it is."""
_QUESTIONS: dict[str, Callable[[str], str | None]] = {
    "name": account_field.name_problem,
    "client_id": account_field.client_id_problem,
    "app_key": account_field.app_key_problem,
    "app_secret": account_field.app_secret_problem,
}


def read_texts(name: str, client_id: str, app_key: str, app_secret: str) -> tuple[str, ...]:
    """The fields every account has, without the spaces around them. Raises RefusedError."""
    texts = tuple(text.strip() for text in (name, client_id, app_key, app_secret))
    for (field, problem_of), text in zip(_QUESTIONS.items(), texts, strict=True):
        problem = problem_of(text)
        if problem:
            raise RefusedError(problem, field=field)
    return texts


def read_declared(held: Declared, fields: Mapping[str, str | None], *, live: bool) -> Declared:
    """What is declared of an account by now; a field that is not named, or None, stays.

    But a reference belongs to its basis: with another one it goes. Raises RefusedError naming the
    field.
    """
    named = {name: fields.get(name) for name in DECLARED}
    asked = {name: text.strip() for name, text in named.items() if text is not None}
    if not asked:
        return held
    basis = read_basis(asked["basis"]) if "basis" in asked else held.basis
    if isinstance(basis, BasisProblem):
        raise RefusedError(basis.sentence, field=basis.field)
    kept = held.reference if basis is held.basis else ""
    said = Declared(basis, asked.get("basis_reference", kept), asked.get("algo_id", held.algo_id))
    if said == held:
        return held
    if problem := problem_with(said, live=live):
        raise RefusedError(problem.sentence, field=problem.field)
    return said


def anything(_address: str) -> bool:
    """This machine is not asked which addresses it has."""
    return True


def read_routed(
    held: Route, fields: Mapping[str, str | None], *, live: bool, owns: Owns = anything
) -> Route:
    """Which way the account's connections take by now; a field that is not named, or None, stays.

    ``proxy_login`` is only looked at. Raises RefusedError naming the field.
    """
    named = {name: fields.get(name) for name in (*ROUTED, PROXY_LOGIN)}
    asked = {name: text.strip() for name, text in named.items() if text is not None}
    login = asked.pop(PROXY_LOGIN, "")
    route = read_route(held, asked, live=live) if asked else held
    if isinstance(route, RouteProblem):
        raise RefusedError(route.sentence, field=route.field)
    if route != held and route.kind is RouteKind.SOURCE and not owns(route.address):
        raise RefusedError(
            f"Route address {route.address} is none of this machine's addresses. Give it to the "
            "machine first, or write one that it has.",
            field="route_address",
        )
    if login and login.lower() != NOTHING:
        if problem := login_problem(login):
            raise RefusedError(problem, field=PROXY_LOGIN)
        if route.kind is not RouteKind.PROXY:
            raise RefusedError(
                "Proxy login belongs to a proxy. Choose Proxy as the route, or leave it empty.",
                field=PROXY_LOGIN,
            )
    return route


def read_account(
    draft: FollowerDraft, held: Account, *, live: bool, owns: Owns = anything
) -> Account:
    """An account with what a draft says of it; what that leaves out stays as it is.

    ``live``: it is at the broker, not on paper. Raises RefusedError naming the field.
    """
    name, client, key, _ = read_texts(
        held.name if draft.name is None else draft.name,
        held.client_id if draft.client_id is None else draft.client_id,
        held.app_key if draft.app_key is None else draft.app_key,
        draft.app_secret,
    )
    return Account(
        held.account_id,
        name,
        client,
        key,
        active=held.active if draft.active is None else draft.active,
        master=held.master if draft.is_master is None else draft.is_master,
        declared=read_declared(held.declared, declared_in(draft), live=live),
        route=read_routed(held.route, routed_in(draft), live=live, owns=owns),
    )


def read_master(draft: FollowerDraft, *, live: bool, owns: Owns = anything) -> Account:
    """A new master account by what a draft says of it. Raises RefusedError naming the field."""
    fresh = Account(AccountId(""), "", "", "", master=True)
    made = read_account(draft, fresh, live=live, owns=owns)
    return replace(made, account_id=AccountId(f"M-{made.client_id}"))


def edit_words(before: Account | None, after: Account, secrets: Secrets) -> str:
    """What a person changed of an account, for the trail: what is secret is only named.

    Empty where nothing changed but what is declared and the route, which are told by themselves.
    """
    if before is None:
        return f"{after.name} (client {after.client_id}) was added."
    said = [
        f"{label} {getattr(before, field)} becomes {getattr(after, field)}"
        for field, label in _TOLD.items()
        if getattr(before, field) != getattr(after, field)
    ]
    if before.app_key != after.app_key:
        said.append("app key replaced")
    said += [
        f"{field.replace('_', ' ')} {'forgotten' if entered.lower() == NOTHING else 'entered'}"
        for field in KEPT_SECRET
        if (entered := secrets.get((after.account_id, field), ""))
    ]
    if before.active is not after.active:
        said.append("switched on" if after.active else "switched off")
    if before.master is not after.master:
        said.append("a master now" if after.master else "a master no more")
    words = "; ".join(said)
    return f"{after.name}: {words}." if words else ""


def declared_in(draft: FollowerDraft) -> dict[str, str | None]:
    """What a draft says that is declared of its account."""
    return {field: getattr(draft, field) for field in DECLARED}


def secrets_in(draft: FollowerDraft, account_id: AccountId) -> Secrets:
    """The secrets that a draft enters."""
    return {(account_id, field): getattr(draft, field).strip() for field in KEPT_SECRET}


def connecting_anew(
    held: Mapping[AccountId, Account], accounts: Iterable[Account], secrets: Secrets
) -> list[AccountId]:
    """Those of the accounts whose connections of before go another way, are another client's, or
    send along what is out of date.
    """

    def sent(account: Account) -> tuple[Route, str, str]:
        route, client = replace(account.route, registered=()), client_key(account.client_id)
        return route, account.declared.algo_id, client

    return [
        one.account_id
        for one in accounts
        if (was := held.get(one.account_id)) is not None
        and (sent(was) != sent(one) or secrets.get((one.account_id, PROXY_LOGIN)))
    ]


def routed_in(draft: FollowerDraft) -> dict[str, str | None]:
    """What a draft says of its account's route."""
    return {field: getattr(draft, field) for field in (*ROUTED, PROXY_LOGIN)}


def declared_anew(
    accounts: Iterable[Account], said: Mapping[str, str], *, live: bool
) -> list[Account]:
    """Those of the accounts of which something else is declared by now, as they are then.

    Raises RefusedError naming the account and the field.
    """
    found = []
    for account in accounts:
        try:
            now = read_declared(account.declared, said, live=live)
        except RefusedError as refused:
            raise RefusedError(
                f"{account.name}: {refused.sentence}", field=refused.field
            ) from refused
        if now != account.declared:
            found.append(replace(account, declared=now))
    return found


def merge_account(
    cells: Mapping[str, str],
    account: Account,
    wrong: Wrong,
    *,
    live: bool,
    owns: Owns = anything,
) -> Account:
    """An account with what the cells name of it."""
    for field, problem_of in _QUESTIONS.items():
        problem = problem_of(cells[field]) if field in cells else None
        if problem:
            wrong(field, problem)
    declared = account.declared
    try:
        declared = read_declared(declared, cells, live=live)
    except RefusedError as refused:
        wrong(refused.field, refused.sentence)
    route = account.route
    try:
        route = read_routed(route, cells, live=live, owns=owns)
    except RefusedError as refused:
        wrong(refused.field, refused.sentence)
    return replace(
        account,
        name=cells.get("name", account.name),
        app_key=cells.get("app_key", account.app_key),
        active=_yes(cells, "active", account.active, wrong),
        master=_yes(cells, "is_master", account.master, wrong),
        declared=declared,
        route=route,
    )


def account_text(account: Account, field: str) -> str:
    """A field of an account as a file spells it."""
    if field in ("active", "is_master"):
        return "yes" if (account.active if field == "active" else account.master) else "no"
    if field in ROUTED:
        return route_text(account.route, field) or NOTHING
    declared = account.declared
    said: dict[str, str] = {
        "basis": declared.basis or "",
        "basis_reference": declared.reference,
        "algo_id": declared.algo_id,
    }
    text: str = said[field] if field in said else getattr(account, field)
    return text or NOTHING


def _yes(cells: Mapping[str, str], field: str, held: bool, wrong: Wrong) -> bool:
    said = cells.get(field, "").lower()
    if said and said not in YES | _NO:
        label = "Active" if field == "active" else "Is master"
        wrong(field, f"{label} {quoted(said)} must be yes or no.")
    return said in YES if said else held
