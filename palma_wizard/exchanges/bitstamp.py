"""Bitstamp: the v2 headers for the facts about a key, the older scheme with User ID for what a bot would use."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from palma_wizard.exchanges import (
    OPENED,
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

id: Final = "bitstamp"
counts: Final = True
_HOST: Final = "www.bitstamp.net"

REACH = Call("reach", _HOST, "/api/v2/ticker/btcusd/")
READ = Call("read", _HOST, "/api/v2/account_balances/", Auth.SIGNED, method="POST")
HISTORY = Call("history", _HOST, "/api/v2/user_transactions/", Auth.SIGNED, wanted=None, method="POST")
TRADE = Call("orders", _HOST, "/api/v2/open_orders/all/", Auth.SIGNED, method="POST")
PALMABOT = Call("palmabot", _HOST, "/api/v2/balance/", Auth.OLDER, method="POST")

calls: Final = (REACH, READ, HISTORY, TRADE, PALMABOT)
_NEWER: Final = (READ, HISTORY, TRADE)
_CODES: Final = {
    "API0000": CheckState.GONE,
    "API0001": CheckState.REJECTED,
    "API0002": CheckState.FOREIGN,
    "API0003": CheckState.REFUSED,
    "API0004": CheckState.COUNTER,
    "API0005": CheckState.UNSIGNED,
    "API0006": CheckState.BLOCKED,
    "API0008": CheckState.REJECTED,
    "API0009": CheckState.INCOMPLETE,
    "API0010": CheckState.GONE,
    "API0011": CheckState.REJECTED,
    "API0012": CheckState.GONE,
    "API0013": CheckState.GONE,
    "API0014": CheckState.GONE,
    "API0015": CheckState.GONE,
    "API0016": CheckState.GONE,
    "API0017": CheckState.CLOCK,
    "403.001": CheckState.INCOMPLETE,
    "403.004": CheckState.BLOCKED,
    "400.002": CheckState.LIMITED,
    "400.067": CheckState.LIMITED,
}
"""GONE: what misses the newer scheme's marks was asked in a way that is no longer known there."""


def sign(call: Call, credentials: Credentials, moment: Moment) -> Signed:
    """The older scheme's nonce must grow: in seconds it stays below that of a bot that counts by the time."""
    if call.auth is Auth.NONE:
        return Signed()
    if call.auth is Auth.OLDER:
        nonce = str(moment.seconds)
        signature = _hmac(credentials, nonce + credentials.user_id + credentials.key).upper()
        body = urlencode({"key": credentials.key, "signature": signature, "nonce": nonce})
        return Signed({"Content-Type": "application/x-www-form-urlencoded"}, body.encode())
    marks = {
        "X-Auth": f"BITSTAMP {credentials.key}",
        "X-Auth-Nonce": moment.uuid,
        "X-Auth-Timestamp": str(moment.ms),
        "X-Auth-Version": "v2",
    }
    whole = call.method + call.host + call.target
    message = marks["X-Auth"] + whole + moment.uuid + marks["X-Auth-Timestamp"] + "v2"
    return Signed(marks | {"X-Auth-Signature": _hmac(credentials, message)})


def state(call: Call, answer: Reply | Fault) -> CheckState:
    """What one answer means for its call; matched on status and error code."""
    document = failures.document(answer)
    code = _code(document)
    if code in _CODES:
        return _CODES[code]
    if (wrong := failures.failed(answer)) is not None or not isinstance(answer, Reply):
        return wrong or CheckState.NO_ANSWER
    if isinstance(document, dict) and document.get("error") == "No permission found":  # the shape that has no code
        return CheckState.REFUSED
    fits = isinstance(document, dict if call in {REACH, PALMABOT} else list)
    failed = isinstance(document, dict) and (document.get("status") == "error" or "error" in document)
    return CheckState.GRANTED if answer.status == 200 and fits and not failed else CheckState.UNREADABLE


def code(reply: Reply) -> str:
    return _code(failures.document(reply))


def read(answers: Mapping[str, Reply | Fault], credentials: Credentials) -> Reading:  # noqa: ARG001
    """One reading of all answers. No call tells a key's permissions, and none says which it needs to see orders."""
    states = {call.id: state(call, answers[call.id]) for call in calls}
    newer = [states[call.id] for call in _NEWER]
    older = states[PALMABOT.id]
    heard = not OPENED.isdisjoint(newer)
    rights = _rights(states) if heard else dict.fromkeys(_rights(states), RightState.UNKNOWN)
    clock_error = failures.clock_error(answers[REACH.id], answers.values())

    def reading(outcome: Outcome, *causes: Cause) -> Reading:
        return Reading(outcome, rights, causes, None, clock_error, failures.retry_after(answers.values()))

    def silent(*asked: Call) -> Reading:
        outcome, causes = failures.silence(asked, states, answers)
        return reading(outcome, *causes)

    if not heard:
        if not {CheckState.FOREIGN, CheckState.BLOCKED, CheckState.INCOMPLETE}.isdisjoint(newer):
            return silent(*_NEWER)
        if CheckState.CLOCK in newer:
            return reading(Outcome.CLOCK_OFF, Cause.CLOCK_WRONG)
        if CheckState.REJECTED in newer:
            return reading(Outcome.WRONG_KEY, Cause.KEY_MISTYPED, Cause.KEY_NOT_ACTIVATED, Cause.KEY_DELETED)
        if CheckState.UNSIGNED in newer:
            if older is CheckState.GRANTED:
                return reading(Outcome.WRONG_SIGNATURE, Cause.SIGNATURE_REFUSED)
            return reading(Outcome.WRONG_KEY, Cause.SECRET_MISTYPED)
        return silent(*_NEWER)
    missing = [
        cause
        for call, cause in ((READ, Cause.READ_NOT_TICKED), (TRADE, Cause.TRADE_DOUBTED))
        if states[call.id] is CheckState.REFUSED
    ]
    if missing:
        return reading(Outcome.MISSING_RIGHT, *missing, Cause.KEY_NOT_ACTIVATED)
    if unsettled := [call for call in (READ, TRADE) if states[call.id] is not CheckState.GRANTED]:
        return silent(*unsettled)
    if older is CheckState.UNSIGNED:
        return reading(Outcome.WRONG_USER_ID, Cause.USER_ID_WRONG, Cause.OLDER_SWITCHED_OFF)
    notes = [Cause.WITHDRAW_UNKNOWN]
    if (note := failures.older_note(older, answers[PALMABOT.id])) is not None:
        notes.append(note)
    if failures.is_off(clock_error):
        notes.append(Cause.CLOCK_WRONG)
    return reading(Outcome.WORKS, *notes)


def swap_probe(reading: Reading) -> Call | None:  # noqa: ARG001
    """None: exchanged, the secret would be sent as the key, and no other question here carries it."""
    return None


def _hmac(credentials: Credentials, message: str) -> str:
    return hmac.new(credentials.secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def _code(document: Any) -> str:
    if not isinstance(document, dict):
        return ""
    found = document.get("code") or document.get("response_code")
    short = failures.short_code(found)
    return short if re.fullmatch(r"API[0-9]{4}|[0-9]{3}\.[0-9]{3}", short) else ""


def _rights(states: Mapping[str, CheckState]) -> dict[Right, RightState]:
    shown = {CheckState.GRANTED: RightState.CONFIRMED, CheckState.REFUSED: RightState.REFUSED}
    inferred = {CheckState.GRANTED: RightState.INFERRED, CheckState.REFUSED: RightState.DOUBTED}
    return {
        Right.READ: shown.get(states[READ.id], RightState.UNKNOWN),
        Right.HISTORY: shown.get(states[HISTORY.id], RightState.UNKNOWN),
        Right.TRADE: inferred.get(states[TRADE.id], RightState.UNKNOWN),
        Right.WITHDRAW: RightState.UNKNOWN,
    }
