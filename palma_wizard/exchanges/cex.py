"""CEX.IO: the Spot Trading API, and the older one with User ID, which bots that ask for that probably use."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Final

from palma_wizard.exchanges import (
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

id: Final = "cex"
counts: Final = True
_HOST: Final = "trade.cex.io"

REACH = Call("reach", _HOST, "/api/spot/rest-public/get_server_time", method="POST")
READ = Call("read", _HOST, "/api/spot/rest/get_my_wallet_balance", Auth.SIGNED, method="POST")
PALMABOT = Call("palmabot", "cex.io", "/api/balance/", Auth.OLDER, method="POST")

calls: Final = (REACH, READ, PALMABOT)
_TEXTS: Final = {
    "key not passed or incorrect": CheckState.REJECTED,
    "invalid api key": CheckState.REJECTED,
    "invalid signature": CheckState.UNSIGNED,
    "not activated": CheckState.INACTIVE,
    "nonce must be incremented": CheckState.COUNTER,
    "permission denied": CheckState.REFUSED,
    "rate limit": CheckState.LIMITED,
}
"""CEX.IO has no numbers for its errors; these are the phrases that clients of others look for, in lower case."""


def sign(call: Call, credentials: Credentials, moment: Moment) -> Signed:
    """The older scheme's nonce must grow: in seconds it stays below that of a bot that counts by the time."""
    if call.auth is Auth.OLDER:
        nonce = str(moment.seconds)
        digest = _hmac(credentials, nonce + credentials.user_id + credentials.key)
        return _json_body({"key": credentials.key, "signature": digest.hex().upper(), "nonce": nonce})
    plain = _json_body({})
    if call.auth is Auth.NONE:
        return plain
    stamp = str(moment.seconds)
    digest = _hmac(credentials, call.target.rpartition("/")[2] + stamp + plain.body.decode())
    marks = {
        "X-AGGR-KEY": credentials.key,
        "X-AGGR-TIMESTAMP": stamp,
        "X-AGGR-SIGNATURE": base64.b64encode(digest).decode("ascii"),
    }
    return Signed({**plain.headers, **marks}, plain.body)


def state(call: Call, answer: Reply | Fault) -> CheckState:
    """What one answer means for its call. A 200 may carry an error, so the words of the body come first."""
    document = failures.document(answer)
    error = document.get("error") if isinstance(document, dict) else None
    if isinstance(error, str) and call.auth is not Auth.NONE:
        said = error[:200].lower()
        for phrase, meaning in _TEXTS.items():
            if phrase in said:
                return meaning
    if (wrong := failures.failed(answer)) is not None or not isinstance(answer, Reply):
        return wrong or CheckState.NO_ANSWER
    if answer.status == 401 and isinstance(document, dict) and call.auth is Auth.SIGNED:
        return CheckState.REJECTED
    if answer.status == 403 and isinstance(document, dict) and call.auth is Auth.SIGNED:
        return CheckState.REFUSED
    if answer.status != 200 or error is not None or not isinstance(document, dict):
        return CheckState.UNREADABLE
    if call is PALMABOT:
        return CheckState.GRANTED if "username" in document else CheckState.UNREADABLE
    fits = document.get("ok") == "ok" and isinstance(document.get("data"), dict)
    return CheckState.GRANTED if fits else CheckState.UNREADABLE


def code(reply: Reply) -> str:
    document = failures.document(reply)
    return failures.short_code(document.get("statusCode")) if isinstance(document, dict) else ""


def read(answers: Mapping[str, Reply | Fault], credentials: Credentials) -> Reading:  # noqa: ARG001
    """One reading of all answers. Only "Read" can be seen by asking: all read calls need that alone."""
    states = {call.id: state(call, answers[call.id]) for call in calls}
    spot, older = states[READ.id], states[PALMABOT.id]
    both = {spot, older}
    opened = CheckState.GRANTED in both
    rights = dict.fromkeys((Right.READ, Right.TRADE, Right.TRANSFER, Right.WITHDRAW), RightState.UNKNOWN)
    if opened:
        rights[Right.READ] = RightState.CONFIRMED
    clock_error = failures.clock_error(answers[REACH.id], answers.values())
    clock_off = failures.is_off(clock_error)

    def reading(outcome: Outcome, *causes: Cause) -> Reading:
        return Reading(outcome, rights, causes, None, clock_error, failures.retry_after(answers.values()))

    if opened:
        if older is CheckState.UNSIGNED:
            return reading(Outcome.WRONG_USER_ID, Cause.USER_ID_WRONG, Cause.OLDER_SWITCHED_OFF)
        notes = [Cause.TRADE_UNKNOWN, Cause.WITHDRAW_UNKNOWN]
        if spot is not CheckState.GRANTED:
            notes.append(Cause.NEWER_REFUSED if spot in failures.REFUSALS else Cause.NEWER_UNKNOWN)
        elif (note := failures.older_note(older, answers[PALMABOT.id])) is not None:
            notes.append(note)
        return reading(Outcome.WORKS, *notes, *((Cause.CLOCK_WRONG,) if clock_off else ()))
    if CheckState.INACTIVE in both:
        return reading(Outcome.WRONG_KEY, Cause.KEY_NOT_ACTIVATED)
    if CheckState.REFUSED in both:
        return reading(Outcome.ADDRESS_NOT_ALLOWED, Cause.READ_NOT_TICKED, Cause.ADDRESS_LIST, Cause.KEY_NOT_ACTIVATED)
    turned_down = {CheckState.REJECTED, CheckState.UNSIGNED}
    if spot in turned_down:
        if clock_off:
            return reading(Outcome.CLOCK_OFF, Cause.CLOCK_WRONG, Cause.KEY_OR_SECRET_MISTYPED, Cause.KEY_DELETED)
        if older is CheckState.UNSIGNED:
            return reading(Outcome.WRONG_KEY, Cause.SECRET_MISTYPED, Cause.USER_ID_WRONG)
        if spot is CheckState.UNSIGNED:
            return reading(Outcome.WRONG_KEY, Cause.SECRET_MISTYPED)
        if older is CheckState.COUNTER:
            return reading(Outcome.NOT_UNDERSTOOD, Cause.COUNTER_USED)
        others = (Cause.KEY_NOT_ACTIVATED, Cause.KEY_DELETED, Cause.ADDRESS_LIST)
        return reading(Outcome.WRONG_KEY, Cause.KEY_OR_SECRET_MISTYPED, *others)
    asked = [call for call in (READ, PALMABOT) if states[call.id] not in turned_down]
    outcome, causes = failures.silence(asked, states, answers)
    return reading(outcome, *causes)


def swap_probe(reading: Reading) -> Call | None:  # noqa: ARG001
    """None: exchanged, the secret would be sent as the key, and no other question here carries it."""
    return None


def _json_body(document: Mapping[str, str]) -> Signed:
    return Signed({"Content-Type": "application/json"}, json.dumps(document, separators=(",", ":")).encode())


def _hmac(credentials: Credentials, message: str) -> bytes:
    return hmac.new(credentials.secret.encode(), message.encode(), hashlib.sha256).digest()
