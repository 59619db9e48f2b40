"""HitBTC, as PalmaBot's "hitbtc2": API 3 for the facts about a key, API 2 for what the bot itself would use."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

from palma_wizard.exchanges import (
    OPENED,
    PALMABOT_ADDRESS,
    Auth,
    Call,
    Cause,
    CheckState,
    Credentials,
    Fault,
    Moment,
    Outcome,
    Reading,
    Reply,
    Right,
    RightState,
    Signed,
    failures,
)

id: Final = "hitbtc2"
counts: Final = False
_HOST: Final = "api.hitbtc.com"

REACH = Call("reach", _HOST, "/api/3/public/symbol/BTCUSDT")
ACCOUNT = Call("account", _HOST, "/api/3/sub-account", Auth.SIGNED)
RIGHTS = Call("rights", _HOST, "/api/3/user/api-keys", Auth.SIGNED, wanted=None)
READ = Call("read", _HOST, "/api/3/spot/balance", Auth.SIGNED)
TRADE = Call("trade", _HOST, "/api/3/spot/order", Auth.SIGNED)
PAYMENT = Call("payment", _HOST, "/api/3/wallet/balance", Auth.SIGNED, wanted=None)
WITHDRAW = Call(
    "withdraw",
    _HOST,
    "/api/2/account/crypto/estimate-withdraw?currency=BTC&amount=0.01",
    Auth.OLDER,
    wanted=False,
)
PALMABOT = Call("palmabot", _HOST, "/api/2/trading/balance", Auth.OLDER)

calls: Final = (REACH, ACCOUNT, READ, TRADE, PAYMENT, WITHDRAW, RIGHTS, PALMABOT)
_V3_PRIVATE: Final = (ACCOUNT, READ, TRADE, PAYMENT, RIGHTS)
_LISTED: Final = {
    Right.READ: "exchange_read",
    Right.TRADE: "exchange_trade",
    Right.PAYMENT: "bank_read",
    Right.WITHDRAW: "bank_withdraw",
}
_CODES: Final = {
    429: CheckState.LIMITED,
    403: CheckState.BLOCKED,
    10021: CheckState.BLOCKED,
    21003: CheckState.BLOCKED,
    21004: CheckState.BLOCKED,
    1001: CheckState.REJECTED,
    1002: CheckState.REJECTED,
    1004: CheckState.REJECTED,
    1005: CheckState.REJECTED,
    1003: CheckState.REFUSED,
    1006: CheckState.REFUSED,
}


def sign(call: Call, credentials: Credentials, moment: Moment) -> Signed:
    """HS256 over the whole target for API 3; API 2 knows Basic alone, which carries the secret itself."""
    if call.auth is Auth.NONE:
        return Signed()
    if call.auth is Auth.OLDER:
        return Signed({"Authorization": "Basic " + _base64(f"{credentials.key}:{credentials.secret}")})
    message = f"{call.method}{call.target}{moment.ms}"
    signature = hmac.new(credentials.secret.encode(), message.encode(), hashlib.sha256).hexdigest()
    return Signed({"Authorization": "HS256 " + _base64(f"{credentials.key}:{signature}:{moment.ms}")})


def state(call: Call, answer: Reply | Fault) -> CheckState:
    """What one answer means for its call; matched on status and error code, never on wording."""
    document = failures.document(answer)
    code = _error_code(document)
    if code in _CODES:
        return _CODES[code]
    if (wrong := failures.failed(answer)) is not None or not isinstance(answer, Reply):
        return wrong or CheckState.NO_ANSWER
    if answer.status == 200:
        shape = dict if call in {REACH, WITHDRAW} else (list, dict) if call is ACCOUNT else list
        fits = isinstance(document, shape) and code is None
        return CheckState.GRANTED if fits else CheckState.UNREADABLE
    if call is WITHDRAW and answer.status == 400 and code is not None:
        return CheckState.PAST_THE_DOOR
    return CheckState.UNREADABLE


def code(reply: Reply) -> str:
    return failures.short_code(_error_code(failures.document(reply)))


def read(answers: Mapping[str, Reply | Fault], credentials: Credentials) -> Reading:
    """One reading of all answers, whatever order they came in."""
    states = {call.id: state(call, answers[call.id]) for call in calls}
    private = [states[call.id] for call in _V3_PRIVATE]
    row = _own_row(answers[RIGHTS.id], credentials) if states[RIGHTS.id] is CheckState.GRANTED else None
    rights = _rights(states, row)
    allowed = _allowed_addresses(row)
    clock_error = failures.clock_error(answers[REACH.id], answers.values())

    def reading(outcome: Outcome, *causes: Cause) -> Reading:
        return Reading(outcome, rights, causes, allowed, clock_error, failures.retry_after(answers.values()))

    def silent(*asked: Call) -> Reading:
        outcome, causes = failures.silence(asked, states, answers)
        return reading(outcome, *causes)

    clock_off = failures.is_off(clock_error)
    heard = not OPENED.isdisjoint(private)
    if not heard:
        if CheckState.BLOCKED in private:
            return silent(*_V3_PRIVATE)
        if CheckState.REJECTED in private:
            plain_works = states[PALMABOT.id] is CheckState.GRANTED
            if clock_off:
                others = () if plain_works else (Cause.KEY_OR_SECRET_MISTYPED, Cause.KEY_DELETED)
                return reading(Outcome.CLOCK_OFF, Cause.CLOCK_WRONG, *others)
            if plain_works:
                return reading(Outcome.WRONG_SIGNATURE, Cause.SIGNATURE_REFUSED, Cause.CLOCK_WRONG)
            return reading(Outcome.WRONG_KEY, Cause.KEY_OR_SECRET_MISTYPED, Cause.KEY_DELETED)
        return silent(*_V3_PRIVATE)
    if CheckState.GRANTED not in private:
        return reading(Outcome.ADDRESS_NOT_ALLOWED, Cause.EMAIL_NOT_CONFIRMED, Cause.ADDRESS_LIST, Cause.KEY_INACTIVE)

    missing = [
        cause
        for right, cause in ((Right.READ, Cause.READ_NOT_TICKED), (Right.TRADE, Cause.TRADE_NOT_TICKED))
        if rights[right] is RightState.REFUSED
    ]
    may_withdraw = rights[Right.WITHDRAW] in {RightState.CONFIRMED, RightState.INFERRED}
    if missing:
        extra = [Cause.WITHDRAW_TICKED] if may_withdraw else []
        return reading(Outcome.MISSING_RIGHT, *missing, Cause.EMAIL_NOT_CONFIRMED, *extra)
    unsettled = [call for call in (READ, TRADE) if rights[Right(call.id)] is RightState.UNKNOWN]
    if unsettled:
        return silent(*unsettled)

    notes = [Cause.WITHDRAW_TICKED] if may_withdraw else []
    if rights[Right.WITHDRAW] is RightState.UNKNOWN:
        notes.append(Cause.WITHDRAW_UNKNOWN)
    if (older := failures.older_note(states[PALMABOT.id], answers[PALMABOT.id])) is not None:
        notes.append(older)
    if allowed and not _let_in(allowed, PALMABOT_ADDRESS):
        notes.append(Cause.PALMABOT_NOT_ALLOWED)
    if clock_off:
        notes.append(Cause.CLOCK_WRONG)
    return reading(Outcome.CAN_WITHDRAW if may_withdraw else Outcome.WORKS, *notes)


def swap_probe(reading: Reading) -> Call | None:
    """Key and secret look alike here, so after a refusal the account call is repeated with the two exchanged."""
    return ACCOUNT if reading.outcome is Outcome.WRONG_KEY else None


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _error_code(document: Any) -> int | None:
    error = document.get("error") if isinstance(document, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) < 9:
        return int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def _own_row(answer: Reply | Fault, credentials: Credentials) -> dict[str, Any] | None:
    """The list names all keys of the account by their first six characters; two alike tell nothing."""
    rows = failures.document(answer)
    own = [row for row in rows or [] if isinstance(row, dict) and row.get("api_key_first_six") == credentials.key[:6]]
    return own[0] if len(own) == 1 else None


def _rights(states: Mapping[str, CheckState], row: Mapping[str, Any] | None) -> dict[Right, RightState]:
    """What a call showed counts before what the list says; for withdrawals the more dangerous of the two counts."""
    rights = {}
    for right, column in _LISTED.items():
        shown = states[right.value]
        listed = row.get(column) if row else None
        if shown is CheckState.GRANTED:
            rights[right] = RightState.CONFIRMED
        elif shown is CheckState.PAST_THE_DOOR or (
            shown is CheckState.REFUSED and right is Right.WITHDRAW and listed is True
        ):
            rights[right] = RightState.INFERRED
        elif shown is CheckState.REFUSED or listed is False:
            rights[right] = RightState.REFUSED
        else:
            rights[right] = RightState.CONFIRMED if listed is True else RightState.UNKNOWN
    if all(states[call.id] is not CheckState.GRANTED for call in _V3_PRIVATE):
        return dict.fromkeys(_LISTED, RightState.UNKNOWN)
    return rights


def _let_in(listed: tuple[str, ...], address: str) -> bool:
    from palma_wizard.exchanges import whitelist

    return bool(whitelist.covering(listed, [address]))


def _allowed_addresses(row: Mapping[str, Any] | None) -> tuple[str, ...] | None:
    listed = row.get("allowed_ips") if row else None
    if not isinstance(listed, list) or len(listed) > 256:
        return None
    if not all(isinstance(item, str) and item.isprintable() and len(item) <= 64 for item in listed):
        return None
    return tuple(listed)
