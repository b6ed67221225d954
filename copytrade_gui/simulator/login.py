"""The broker's login page, and the exchange of its code for a session."""

import html
import re
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from copytrade_gui.simulator.accounts import App, checksum, make_code, spelled
from copytrade_gui.simulator.codes import text_of
from copytrade_gui.simulator.desk import AuthCode, Call, Desk, read_object
from copytrade_gui.simulator.ist import NS, http_date
from copytrade_gui.simulator.wire import Reply, Request

CODE_LIFE_S = 300
"""Seconds in which a code must be exchanged."""

_HERE = r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?"
_HOST = re.compile(_HERE, re.IGNORECASE)
_TARGET = re.compile(rf"https?://{_HERE}(?:[/?#][^\s\\]*)?", re.IGNORECASE)
_NOT_HERE = "The paper broker's login page answers only to this machine's own address."
_NOT_THERE = (
    "The paper broker sends a login code only to this machine. "
    "Use an address that begins with http://127.0.0.1 or http://localhost."
)
_NAMES = {
    "camel": ("authCode", "clientId"),
    "lower": ("authcode", "clientid"),
    "snake": ("auth_code", "client_id"),
    "short": ("code", "clientcode"),
    "nobody": ("authcode", ""),
}

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Simulated broker login</title><style>
body{{font:16px system-ui,sans-serif;background:#eef1f6;color:#1c2430;display:grid;
place-items:center;min-height:100vh;margin:0}}
main{{background:#fff;border-radius:12px;padding:32px;width:340px;
box-shadow:0 8px 30px rgba(20,30,60,.12)}}
h1{{font-size:20px;margin:0 0 4px}} p{{margin:0 0 20px;color:#5a6577;font-size:14px}}
label{{display:block;font-size:13px;margin:14px 0 4px}}
input{{width:100%;box-sizing:border-box;padding:10px;border:1px solid #c3cad6;border-radius:8px;
font:inherit}} input:focus{{outline:2px solid #2f6fed;border-color:#2f6fed}}
button{{margin-top:22px;width:100%;padding:11px;border:0;border-radius:8px;background:#2f6fed;
color:#fff;font:600 15px system-ui,sans-serif;cursor:pointer}}
.bad{{background:#fdecec;color:#9b1c1c;padding:10px;border-radius:8px;font-size:14px}}
code{{display:block;font-size:18px;background:#eef1f6;padding:12px;border-radius:8px;
text-align:center;user-select:all}}
</style></head><body><main>{body}</main></body></html>"""

_FORM = """<h1>Simulated broker</h1><p>Paper trading. No real account, no real money.</p>
{notice}<form method="post" action="/login" autocomplete="off">
<label for="c">Client id</label>
<input id="c" name="clientId" value="{client}" required autofocus>
<label for="p">Password</label>
<input id="p" name="password" type="password" placeholder="any" required>
<label for="t">One-time code</label>
<input id="t" name="totp" inputmode="numeric" placeholder="any, or none">
<input type="hidden" name="appkey" value="{app_key}">
<input type="hidden" name="redirecturl" value="{redirect}">
<button>Log in and authorise</button></form>"""


class Login:
    """Serves the login page and redeems its codes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def page(self, request: Request, now: int) -> Reply:
        """GET shows the form, POST (form-encoded or JSON) logs in.

        A login redirects to the app's address with `authCode` and `clientId`; without an
        address the code is shown. A script that accepts JSON gets both as JSON instead.
        """
        if not _from_here(request):
            return self._desk.text(_NOT_HERE, now, status=403, kind="text/plain")
        if request.method == "GET":
            asked = _lower(dict(parse_qsl(request.query, keep_blank_values=True)))
            return self._form(asked, "", now)
        if request.method != "POST":
            return self._desk.text("Method Not Allowed", now, status=405, kind="text/plain")
        return self._log_in(request, now)

    def _log_in(self, request: Request, now: int) -> Reply:
        given = _lower(dict(parse_qsl(request.query))) | _lower(_fields(request))
        app = self._desk.apps.get(given.get("appkey", ""))
        target = _redirect(given) or (app.redirect_url if app else "")
        if target and _TARGET.fullmatch(target) is None:
            return self._form(given, _NOT_THERE, now, status=400)
        code, problem = self._authorise(given, now)
        as_json = "application/json" in request.headers.get("accept", "")
        if problem:
            if as_json:
                return self._desk.failure(problem, now, status=400)
            return self._form(given, text_of(problem), now, status=400)
        client = self._desk.codes[code].returned_id
        if as_json:
            return self._desk.data({"authCode": code, "clientId": client}, now)
        if not target:
            body = "<h1>Authorised</h1><p>Copy this code into your application.</p>"
            page = _PAGE.format(body=f"{body}<code>{code}</code>")
            return self._desk.text(page, now)
        code_name, id_name = _NAMES[self._desk.switches.redirect_names]
        back = {code_name: code} | ({id_name: client} if id_name else {})
        joint = "&" if urlsplit(target).query else "?"
        location = f"{target}{joint}{urlencode(back)}"
        return Reply(302, (("location", location), ("date", http_date(now // NS))), b"")

    def issue_code(self, client_id: str, app: App, now: int, returned_id: str = "") -> str:
        """A fresh one-time code for a client who has authorised an app."""
        code = make_code(self._desk.keys)
        expires_at = now + CODE_LIFE_S * NS
        self._desk.codes[code] = AuthCode(client_id, app.key, expires_at, returned_id)
        self._desk.changes += 1
        return code

    def exchange(self, call: Call) -> Reply:
        """POST /getusersession: the checksum names the code, and thereby client and app."""
        desk, now = self._desk, call.now
        fields = read_object(call.request.body)
        if fields is None:
            return desk.failure("EC005", now)
        given = fields.get("checkSum")
        if not isinstance(given, str) or not given:
            return desk.failure("EC001", now)
        for code, known in list(desk.codes.items()):
            if known.expires_at <= now:
                del desk.codes[code]
                continue
            app = desk.apps[known.app_key]
            if checksum(known.returned_id or known.client_id, code, app.secret) != given:
                continue
            refusal = self._unwelcome(known.client_id, app, call)
            if refusal is not None:
                return refusal
            del desk.codes[code]
            session = desk.open_session(desk.accounts[known.client_id], app, now)
            call.account = session.account
            session.account.saw("login", call.request.peer)
            return desk.data({"status": "Ok", "userSession": session.token}, now)
        return desk.data({"status": "Not_Ok", "message": text_of("EC055")}, now)

    def _unwelcome(self, client_id: str, app: App, call: Call) -> Reply | None:
        desk = self._desk
        if desk.switches.ip_check == "all" and not may_call(app, call.request.peer):
            return desk.failed_result("EC500", call.now, array=True)
        window = desk.window_for_anyone("session", client_id)
        if desk.switches.rate_limits and not window.admit(call.now):
            return desk.failure("EC003", call.now, status=429)
        return None

    def _authorise(self, given: dict[str, str], now: int) -> tuple[str, str]:
        app = self._desk.apps.get(given.get("appkey", ""))
        if not given.get("appkey"):
            return "", "EC053"
        if app is None:
            return "", "EC054"
        if not given.get("clientid"):
            return "", "EC007"
        account = self._desk.named(given["clientid"])
        if account is None:
            return "", "EC002"
        if not given.get("password"):
            return "", "EC006"
        switches = self._desk.switches
        returned = spelled(account.client_id, switches.returned_id)
        if switches.redirect_names == "nobody":
            returned = account.client_id  # nobody is told another spelling
        return self.issue_code(account.client_id, app, now, returned), ""

    def _form(self, given: dict[str, str], problem: str, now: int, *, status: int = 200) -> Reply:
        notice = f'<p class="bad" role="alert">{html.escape(problem)}</p>' if problem else ""
        body = _FORM.format(
            notice=notice,
            client=html.escape(given.get("clientid", "")),
            app_key=html.escape(given.get("appkey", "")),
            redirect=html.escape(_redirect(given)),
        )
        return self._desk.text(_PAGE.format(body=body), now, status=status)


def may_call(app: App, peer: str) -> bool:
    """Whether a source address is registered for an app; none registered allows all."""
    return not app.addresses or peer in app.addresses


def _lower(fields: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value.strip() for name, value in fields.items()}


def _redirect(given: dict[str, str]) -> str:
    """Where to go back to, as sent, or escaped once or twice: the provider decodes it twice."""
    target = given.get("redirecturl") or given.get("redirect_url") or ""
    if "://" not in target:
        target = unquote(target)
    return target if target.lower().startswith(("http:", "https:")) else ""


def _from_here(request: Request) -> bool:
    """False for a page of another site, or a name of another site that leads here."""
    host, origin = request.headers.get("host"), request.headers.get("origin")
    if host is not None and _HOST.fullmatch(host) is None:
        return False
    return origin is None or (host is not None and urlsplit(origin).netloc == host)


def _fields(request: Request) -> dict[str, str]:
    if "json" in request.headers.get("content-type", ""):
        content = read_object(request.body) or {}
        return {str(name): str(value) for name, value in content.items()}
    try:
        return dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    except (UnicodeDecodeError, ValueError):
        return {}
