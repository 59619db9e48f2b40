"""HitBTC, as PalmaBot's "hitbtc2": API 3 for the facts about a key, API 2 for what the bot itself would use."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final

from palma_wizard.exchanges import (
    PALMABOT_ADDRESS,
    Auth,
    Call,
    Cause,
    CheckState,
    Credentials,
    Fault,
    Outcome,
    Reading,
    Reply,
    Right,
    RightState,
    allows,
)

id: Final = "hitbtc2"
base_url: Final = "https://api.hitbtc.com"

CLOCK_TOLERANCE: Final = 5.0
"""Seconds a clock may be off before it is called wrong."""

REACH = Call("reach", "/api/3/public/symbol/BTCUSDT")
ACCOUNT = Call("account", "/api/3/sub-account", Auth.SIGNED)
RIGHTS = Call("rights", "/api/3/user/api-keys", Auth.SIGNED, wanted=None)
READ = Call("read", "/api/3/spot/balance", Auth.SIGNED)
TRADE = Call("trade", "/api/3/spot/order", Auth.SIGNED)
PAYMENT = Call("payment", "/api/3/wallet/balance", Auth.SIGNED, wanted=None)
WITHDRAW = Call(
    "withdraw", "/api/2/account/crypto/estimate-withdraw?currency=BTC&amount=0.01", Auth.BASIC, wanted=False
)
PALMABOT = Call("palmabot", "/api/2/trading/balance", Auth.BASIC)

calls: Final = (REACH, ACCOUNT, READ, TRADE, PAYMENT, WITHDRAW, RIGHTS, PALMABOT)
_V3_PRIVATE: Final = (ACCOUNT, READ, TRADE, PAYMENT, RIGHTS)
_LISTED: Final = {
    Right.READ: "exchange_read",
    Right.TRADE: "exchange_trade",
    Right.PAYMENT: "bank_read",
    Right.WITHDRAW: "bank_withdraw",
}
_KEY_ERRORS: Final = frozenset({1001, 1002, 1004, 1005})
_ACCOUNT_ERRORS: Final = frozenset({403, 10021, 21003, 21004})


def headers(call: Call, credentials: Credentials, now_ms: int) -> dict[str, str]:
    """The Authorization header of a call; none for a public one."""
    if call.auth is Auth.NONE:
        return {}
    if call.auth is Auth.BASIC:
        token = f"{credentials.key}:{credentials.secret}"
        return {"Authorization": "Basic " + _base64(token)}
    message = f"{call.method}{call.target}{now_ms}"
    signature = hmac.new(credentials.secret.encode(), message.encode(), hashlib.sha256).hexdigest()
    return {"Authorization": "HS256 " + _base64(f"{credentials.key}:{signature}:{now_ms}")}


def state(call: Call, answer: Reply | Fault) -> CheckState:
    """What one answer means for its call; matched on status and error code, never on wording."""
    if isinstance(answer, Fault):
        return CheckState.UNREADABLE if answer is Fault.TOO_LARGE else CheckState.NO_ANSWER
    document = _json(answer)
    code = _error_code(document)
    if answer.status == 429 or code == 429:
        return CheckState.LIMITED
    if code in _ACCOUNT_ERRORS:
        return CheckState.BLOCKED
    if code in _KEY_ERRORS:
        return CheckState.REJECTED
    if code == 1003:
        return CheckState.REFUSED
    if answer.status in {404, 410}:
        return CheckState.GONE
    if answer.status >= 500:
        return CheckState.DOWN
    if answer.status == 200:
        shape = dict if call in {REACH, WITHDRAW} else (list, dict) if call is ACCOUNT else list
        fits = isinstance(document, shape) and code is None
        return CheckState.GRANTED if fits else CheckState.UNREADABLE
    if call is WITHDRAW and answer.status == 400 and code is not None:
        return CheckState.PAST_THE_DOOR
    return CheckState.UNREADABLE


def read(answers: Mapping[str, Reply | Fault], credentials: Credentials) -> Reading:
    """One reading of all answers, whatever order they came in."""
    states = {call.id: state(call, answers[call.id]) for call in calls}
    private = [states[call.id] for call in _V3_PRIVATE]
    row = _own_row(answers[RIGHTS.id], credentials) if states[RIGHTS.id] is CheckState.GRANTED else None
    rights = _rights(states, row)
    allowed = _allowed_addresses(row)
    clock_error = _clock_error(answers)

    def reading(outcome: Outcome, *causes: Cause) -> Reading:
        retry = [a.retry_after for a in answers.values() if isinstance(a, Reply) and a.retry_after is not None]
        return Reading(outcome, rights, causes, allowed, clock_error, max(retry, default=None))

    clock_off = clock_error is not None and abs(clock_error) > CLOCK_TOLERANCE
    heard = CheckState.GRANTED in private or CheckState.REFUSED in private
    if not heard:
        if CheckState.BLOCKED in private:
            return reading(Outcome.NOT_UNDERSTOOD, Cause.ACCOUNT_BLOCKED)
        if CheckState.REJECTED in private:
            plain_works = states[PALMABOT.id] is CheckState.GRANTED
            if clock_off:
                others = () if plain_works else (Cause.KEY_OR_SECRET_MISTYPED, Cause.KEY_DELETED)
                return reading(Outcome.CLOCK_OFF, Cause.CLOCK_WRONG, *others)
            if plain_works:
                return reading(Outcome.WRONG_SIGNATURE, Cause.SIGNATURE_REFUSED, Cause.CLOCK_WRONG)
            return reading(Outcome.WRONG_KEY, Cause.KEY_OR_SECRET_MISTYPED, Cause.KEY_DELETED)
        return reading(*_silence(private, [answers[call.id] for call in (REACH, *_V3_PRIVATE)]))
    if CheckState.GRANTED not in private:
        return reading(Outcome.ADDRESS_NOT_ALLOWED, Cause.ADDRESS_LIST, Cause.EMAIL_NOT_CONFIRMED, Cause.KEY_INACTIVE)

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
        return reading(*_silence([states[c.id] for c in unsettled], [answers[c.id] for c in unsettled]))

    notes = [Cause.WITHDRAW_TICKED] if may_withdraw else []
    if rights[Right.WITHDRAW] is RightState.UNKNOWN:
        notes.append(Cause.WITHDRAW_UNKNOWN)
    if (v2 := _v2_note(states[PALMABOT.id], answers[PALMABOT.id])) is not None:
        notes.append(v2)
    if allowed and not allows(allowed, PALMABOT_ADDRESS):
        notes.append(Cause.PALMABOT_NOT_ALLOWED)
    if clock_off:
        notes.append(Cause.CLOCK_WRONG)
    return reading(Outcome.CAN_WITHDRAW if may_withdraw else Outcome.WORKS, *notes)


def swap_probe(reading: Reading) -> Call | None:
    """Key and secret look alike here, so after a refusal the account call is repeated with the two exchanged."""
    return ACCOUNT if reading.outcome is Outcome.WRONG_KEY else None


def swap_explains(answer: Reply | Fault) -> bool:
    return state(ACCOUNT, answer) in {CheckState.GRANTED, CheckState.REFUSED}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _json(reply: Reply) -> Any:
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        return None


def _error_code(document: Any) -> int | None:
    error = document.get("error") if isinstance(document, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) < 9:
        return int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def _own_row(answer: Reply | Fault, credentials: Credentials) -> dict[str, Any] | None:
    """The list names all keys of the account by their first six characters; two alike tell nothing."""
    rows = _json(answer) if isinstance(answer, Reply) else None
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
        return dict.fromkeys(Right, RightState.UNKNOWN)
    return rights


def _allowed_addresses(row: Mapping[str, Any] | None) -> tuple[str, ...] | None:
    listed = row.get("allowed_ips") if row else None
    if not isinstance(listed, list) or len(listed) > 256:
        return None
    if not all(isinstance(item, str) and item.isprintable() and len(item) <= 64 for item in listed):
        return None
    return tuple(listed)


def _clock_error(answers: Mapping[str, Reply | Fault]) -> float | None:
    """The error measured on the quickest path, the public call, else on any reply."""
    for answer in (answers[REACH.id], *answers.values()):
        if isinstance(answer, Reply) and answer.clock_error is not None:
            return answer.clock_error
    return None


def _v2_note(shown: CheckState, answer: Reply | Fault) -> Cause | None:
    if shown is CheckState.GRANTED:
        return None
    if shown in {CheckState.GONE, CheckState.UNREADABLE} or answer is Fault.BROKEN_OFF:
        return Cause.V2_SWITCHED_OFF
    if shown in {CheckState.REJECTED, CheckState.REFUSED}:
        return Cause.V2_REFUSED
    return Cause.V2_UNKNOWN


_SILENT: Final = {
    Fault.UNTRUSTED: (Outcome.UNTRUSTED_CONNECTION, Cause.INTERCEPTED, Cause.CLOCK_WRONG),
    Fault.PROXY: (Outcome.NO_CONNECTION, Cause.PROXY, Cause.OFFLINE),
    Fault.NAME_NOT_FOUND: (Outcome.NO_CONNECTION, Cause.OFFLINE, Cause.NAME_NOT_FOUND),
    Fault.UNREACHABLE: (Outcome.NO_CONNECTION, Cause.BLOCKED_ON_THE_WAY, Cause.OFFLINE),
    Fault.BROKEN_OFF: (Outcome.NO_CONNECTION, Cause.BROKEN_OFF, Cause.BLOCKED_ON_THE_WAY),
    Fault.TIMED_OUT: (Outcome.TIMED_OUT, Cause.SLOW_NETWORK, Cause.MAINTENANCE),
}


def _silence(states: list[CheckState], answers: list[Reply | Fault]) -> tuple[Outcome, *tuple[Cause, ...]]:
    """Why the calls that matter said nothing about the key: the clearest sign first."""
    if CheckState.LIMITED in states:
        return Outcome.RATE_LIMITED, Cause.TOO_MANY_REQUESTS
    if CheckState.DOWN in states:
        return Outcome.EXCHANGE_DOWN, Cause.MAINTENANCE
    for fault, words in _SILENT.items():
        if fault in answers:
            return words
    return Outcome.NOT_UNDERSTOOD, Cause.LOGIN_PAGE, Cause.EXCHANGE_CHANGED
