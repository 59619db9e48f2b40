"""The practice site: plays the exchange's pages of the ten steps, and the inbox its e-mails arrive in."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from flask import (
    Blueprint,
    Flask,
    abort,
    current_app,
    g,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.wrappers import Response

from palma_wizard import assets
from palma_wizard.practice.account import BACKUP_CODE, EMAIL, MOST, PASSWORD, Account, SiteKey
from palma_wizard.practice.hitbtc import Right
from palma_wizard.practice.market import FRAMES, INSTRUMENTS, candles
from palma_wizard.practice.stage import PALMABOT_ADDRESS, Stage
from palma_wizard.practice.wire import CALLER_IPV4

RIGHT_NAMES: Final = {
    Right.READ: "Order book, History, Trading balance",
    Right.TRADE: "Place/cancel orders",
    Right.PAYMENT: "Payment information",
    Right.WITHDRAW: "Withdraw cryptocurrencies",
}
TABS: Final = {
    "/settings": "General settings",
    "/settings/whitelist": "Whitelist",
    "/settings/security": "Security",
    "/settings/api-keys": "API keys",
    "/settings/kyc": "KYC",
    "/settings/verification": "Account verification",
}
NAVIGATION: Final = {
    "reports": "Reports",
    "markets": "Market Overview",
    "monitor": "System Monitor",
    "contests": "Trading Contests",
}
ELSEWHERE: Final = NAVIGATION | {
    "learn": "Learn more about HitBTC",
    "documentation": "HitBTC API documentation",
    "no-codes": "The form for lost codes",
    "recaptcha": "reCAPTCHA",
    "privacy": "Privacy",
    "terms": "Terms",
}
TIME_ZONES: Final = (
    *("(GMT) Africa/Abidjan", "(GMT+01:00) Europe/Ljubljana", "(GMT+03:00) Europe/Istanbul"),
    *("(GMT+09:00) Asia/Tokyo", "(GMT-03:00) America/Sao_Paulo", "(GMT-05:00) America/New_York"),
)
OPEN_TO_ALL: Final = frozenset(
    {"start", "style", "sign_up", "security_check", "sign_in", "elsewhere", "reset_password", "start_over", "let_me_in"}
    | {"inbox", "confirm", "confirmed"}
)
"""The pages that need no signing in."""
NOT_THE_EXCHANGE: Final = frozenset({"style", "inbox", "start_over", "let_me_in"})
"""What stays within reach of somebody who locked themselves out."""
POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


site = Blueprint("site", __name__, template_folder=str(assets.path("practice")))


@dataclass(frozen=True, slots=True)
class _Here:
    """What the pages work on. `origins` are this server's own addresses; one page at a time holds `turn`.

    `sessions` has the steps of signing in that are done, by the token in the `cookie`.
    """

    stage: Stage
    origins: frozenset[str]
    cookie: str
    sessions: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)
    turn: threading.Lock = field(default_factory=threading.Lock)


def add_to(app: Flask, stage: Stage, names: Collection[str]) -> None:
    """`names` are the host names with the port by which this server may be called."""
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    cookie = f"practice-{secrets.token_hex(4)}"  # a browser keeps one jar for all ports
    origins = frozenset(f"http://{name}" for name in names)
    app.extensions[site.name] = _Here(stage, origins, cookie)
    app.register_blueprint(site)
    for error in (NotFound, MethodNotAllowed):  # a form's address, opened or reloaded as a page
        app.register_error_handler(error, _missing)


def _missing(error: Exception) -> tuple[str, int]:
    return render_template("missing.html"), 405 if isinstance(error, MethodNotAllowed) else 404


def _here() -> _Here:
    here: _Here = current_app.extensions[site.name]
    return here


def _account() -> Account:
    return _here().stage.account


def _done() -> frozenset[str]:
    """The steps of signing in that are done by whoever asks."""
    here = _here()
    return here.sessions.get(request.cookies.get(here.cookie, ""), frozenset())


def _lead_to(page: str, done: frozenset[str]) -> Response:
    """With a new token where another step is done, or undone: copies of the one before open nothing any more."""
    here, response = _here(), redirect(url_for(page))
    if done != _done():
        here.sessions.pop(request.cookies.get(here.cookie, ""), None)
        token = secrets.token_urlsafe()
        here.sessions[token] = done
        for oldest in list(here.sessions)[:-MOST]:
            del here.sessions[oldest]
        response.set_cookie(here.cookie, token, httponly=True, samesite="Strict")
    return response


@site.before_request
def enter() -> ResponseReturnValue | None:
    """Turns away forms that another page sent, whoever is locked out, and whoever is not signed in."""
    here = _here()
    if request.method == "POST" and request.headers.get("Origin") not in here.origins:
        abort(403)
    _ = request.form  # read to its end before anybody is made to wait; 413 where it is too long
    here.turn.acquire()
    g.turn = here.turn
    page = (request.endpoint or "").removeprefix(f"{site.name}.")
    if _account().is_locked_out and page not in NOT_THE_EXCHANGE:
        return render_template("locked.html", address=CALLER_IPV4, allowed=_account().allowed), 403
    if page not in OPEN_TO_ALL and ("password" if page == "two_factor" else "signed-in") not in _done():
        return redirect(url_for("site.sign_in"))
    return None


@site.teardown_request
def leave(_error: BaseException | None) -> None:
    if "turn" in g:
        g.turn.release()


@site.after_app_request
def protect(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"  # with no-referrer the site's own forms have Origin: null
    return response


@site.app_context_processor
def everywhere() -> dict[str, object]:
    """What every template may show."""
    return {
        "account": _account(),
        "email": EMAIL,
        "password": PASSWORD,
        "backup_code": BACKUP_CODE,
        "rights": RIGHT_NAMES,
        "names": lambda rights: ", ".join(words for right, words in RIGHT_NAMES.items() if right in rights),
        "tabs": TABS,
        "navigation": NAVIGATION,
        "signed_in": "signed-in" in _done(),
    }


@site.get("/practice.css")
def style() -> ResponseReturnValue:
    return send_file(assets.path("practice", "practice.css"))


# -- signing in --


@site.get("/")
def start() -> ResponseReturnValue:
    return render_template("start.html")


@site.route("/sign-up", methods=["GET", "POST"])
def sign_up() -> ResponseReturnValue:
    if request.method == "POST":
        _account().sign_up()
    return render_template("sign-up.html", sent=request.method == "POST")


@site.route("/security-check", methods=["GET", "POST"])
def security_check() -> ResponseReturnValue:
    if request.method == "POST" and "robot" in request.form:
        return _lead_to("site.sign_in", _done() | {"human"})
    return render_template("security-check.html", forgotten=request.method == "POST")


@site.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    if "human" not in _done():
        return redirect(url_for("site.security_check"))
    if request.method == "POST":
        if _account().signs_in(request.form.get("email", ""), request.form.get("password", "")):
            return _lead_to("site.two_factor", _done() | {"password"})
        return render_template("sign-in.html", wrong=True), 403
    if "signed-in" in _done():
        return redirect(url_for("site.trading"))
    return render_template("sign-in.html")


@site.route("/reset-password", methods=["GET", "POST"])
def reset_password() -> ResponseReturnValue:
    if request.method == "POST":
        _account().reset_password()
    return render_template("reset-password.html", sent=request.method == "POST")


@site.route("/two-factor", methods=["GET", "POST"])
def two_factor() -> ResponseReturnValue:
    if request.method == "POST":
        if _account().takes_code(request.form.get("code", "")):
            return _lead_to("site.trading", _done() | {"signed-in"})
        return render_template("two-factor.html", wrong=True), 403
    return render_template("two-factor.html")


@site.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    return _lead_to("site.sign_in", frozenset({"human"}))


@site.get("/trading")
def trading() -> ResponseReturnValue:
    name = request.args.get("name", INSTRUMENTS[0].name)
    frame = request.args.get("frame", "H1")
    if frame not in FRAMES or name not in {each.name for each in INSTRUMENTS}:
        abort(404)
    return render_template(
        "trading.html",
        name=name,
        frame=frame,
        frames=FRAMES,
        instruments=INSTRUMENTS,
        candles=candles(name, frame),
    )


@site.get("/elsewhere/<name>")
def elsewhere(name: str) -> ResponseReturnValue:
    if name not in ELSEWHERE:
        abort(404)
    return render_template("elsewhere.html", name=ELSEWHERE[name])


# -- settings --


@site.route("/settings", methods=["GET", "POST"])
def general() -> ResponseReturnValue:
    account, form = _account(), request.form
    outcome = ""
    if request.method == "POST":
        outcome = "wrong"
        if form.get("password") == PASSWORD:
            outcome = "saved"
            account.nickname = form.get("nickname", "").strip()[:40] or account.nickname
            zone = form.get("time-zone", "")
            account.time_zone = zone if zone in TIME_ZONES else account.time_zone
    return render_template("general.html", zones=TIME_ZONES, outcome=outcome, changing="change" in request.args)


@site.get("/settings/<any(security, kyc, verification):name>")
def other_tab(name: str) -> ResponseReturnValue:
    return render_template("other-tab.html", tab=f"/settings/{name}")


@site.route("/settings/whitelist", methods=["GET", "POST"])
def whitelist() -> ResponseReturnValue:
    wrong: list[str] = []
    if request.method == "POST":
        wrong = _account().allow(request.form["addresses"])
        if not wrong:
            return redirect(url_for("site.whitelist", saved=1))
    return render_template(
        "whitelist.html",
        address=CALLER_IPV4,
        palmabot=PALMABOT_ADDRESS,
        wrong=wrong,
        typed=request.form.get("addresses", "\n".join(_account().allowed)),
        saved="saved" in request.args,
        back="back" in request.args,
    )


@site.post("/let-me-in")
def let_me_in() -> ResponseReturnValue:
    _account().allow("")
    return redirect(url_for("site.whitelist", back=1))


@site.post("/start-over")
def start_over() -> ResponseReturnValue:
    here = _here()
    here.stage.open_account()
    here.sessions.clear()
    return redirect(url_for("site.start"))


# -- keys --


def _named(number: int) -> SiteKey:
    key = _account().find(number)
    return abort(404) if key is None else key


@site.get("/settings/api-keys")
def api_keys() -> ResponseReturnValue:
    return render_template("api-keys.html", sent=request.args.get("sent", ""))


@site.post("/settings/api-keys")
def new_key() -> ResponseReturnValue:
    account = _account()
    if request.form.get("made") == str(account.made):
        nothing_open = all(each.saved for each in account.keys)
        made = account.start_key()
        if nothing_open:
            return redirect(url_for("site.permissions", number=made.id))
    return redirect(url_for("site.api_keys"))


@site.route("/settings/api-keys/<int:number>", methods=["GET", "POST"])
def permissions(number: int) -> ResponseReturnValue:
    key = _named(number)
    chosen = key.rights if key.asked is None else key.asked
    wrong = False
    if request.method == "POST":
        chosen = frozenset(
            right for right in Right if "allow-all" in request.form or right.value in request.form.getlist("right")
        )
        if _account().takes_code(request.form.get("code", "")):
            _account().ask_rights(key, chosen)
            return redirect(url_for("site.sent", number=number))
        wrong = True
    page = render_template("permissions.html", key=key, chosen=chosen, wrong=wrong)
    return (page, 403) if wrong else page


@site.get("/settings/api-keys/<int:number>/sent")
def sent(number: int) -> ResponseReturnValue:
    return render_template("sent.html", key=_named(number))


@site.post("/settings/api-keys/<int:number>/secret")
def send_secret(number: int) -> ResponseReturnValue:
    key = _named(number)
    if not key.saved:
        abort(404)
    _account().send_secret(key)
    return redirect(url_for("site.api_keys", sent=number))


@site.post("/settings/api-keys/<int:number>/switch")
def switch(number: int) -> ResponseReturnValue:
    _named(number).active = request.form.get("to") != "off"
    return redirect(url_for("site.api_keys"))


@site.post("/settings/api-keys/<int:number>/delete")
def delete(number: int) -> ResponseReturnValue:
    _account().delete(_named(number))
    return redirect(url_for("site.api_keys"))


# -- inbox --


@site.get("/inbox")
def inbox() -> ResponseReturnValue:
    _account().unread = 0
    return render_template("inbox.html")


@site.get("/confirm/<link>")
def confirm(link: str) -> ResponseReturnValue:
    key = _account().confirm(link)
    return render_template("confirmed.html", key=key), 200 if key else 404


@site.get("/confirmed")
def confirmed() -> ResponseReturnValue:
    return render_template("confirmed.html", key=None, address=True)


@site.app_template_filter()
def time_of_day(used_at: float | None) -> str:
    return "Never" if used_at is None else time.strftime("%H:%M", time.localtime(used_at))
