"""The table of failures: what came back, what that comes to, and its causes, most likely first."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from palma_wizard.exchanges import Call, Cause, CheckState, Fault, Outcome, Reply

CLOCK_TOLERANCE: Final = 5.0
"""Seconds a clock may be off before it is called wrong."""

Meaning = tuple[Outcome, tuple[Cause, ...]]

TABLE: Final[Mapping[CheckState | Fault, Meaning]] = {
    CheckState.FOREIGN: (Outcome.ADDRESS_NOT_ALLOWED, (Cause.ADDRESS_LIST,)),
    CheckState.BLOCKED: (Outcome.ACCOUNT_NOT_READY, (Cause.ACCOUNT_BLOCKED,)),
    CheckState.INCOMPLETE: (Outcome.ACCOUNT_NOT_READY, (Cause.ACCOUNT_INCOMPLETE,)),
    CheckState.LIMITED: (Outcome.RATE_LIMITED, (Cause.TOO_MANY_REQUESTS,)),
    CheckState.DOWN: (Outcome.EXCHANGE_DOWN, (Cause.MAINTENANCE,)),
    CheckState.ELSEWHERE: (Outcome.NOT_OFFERED_HERE, (Cause.NOT_IN_THIS_COUNTRY, Cause.BLOCKED_ON_THE_WAY)),
    CheckState.COUNTER: (Outcome.NOT_UNDERSTOOD, (Cause.COUNTER_USED,)),
    Fault.CERTIFICATE_EXPIRED: (Outcome.UNTRUSTED_CONNECTION, (Cause.CERTIFICATE_EXPIRED, Cause.INTERCEPTED)),
    Fault.CERTIFICATE_NAME: (Outcome.UNTRUSTED_CONNECTION, (Cause.LOGIN_PAGE, Cause.INTERCEPTED)),
    Fault.UNTRUSTED: (Outcome.UNTRUSTED_CONNECTION, (Cause.INTERCEPTED, Cause.LOGIN_PAGE, Cause.CERTIFICATE_EXPIRED)),
    Fault.TLS_TOO_OLD: (Outcome.UNTRUSTED_CONNECTION, (Cause.TLS_TOO_OLD, Cause.INTERCEPTED)),
    Fault.PROXY_PASSWORD: (Outcome.NO_CONNECTION, (Cause.PROXY_PASSWORD,)),
    Fault.PROXY_REFUSES: (Outcome.NO_CONNECTION, (Cause.PROXY_REFUSES, Cause.MAINTENANCE)),
    Fault.PROXY_MISSING: (Outcome.NO_CONNECTION, (Cause.PROXY_MISSING, Cause.OFFLINE)),
    Fault.NAME_NOT_FOUND: (Outcome.NO_CONNECTION, (Cause.OFFLINE, Cause.NAME_NOT_FOUND)),
    Fault.UNREACHABLE: (Outcome.NO_CONNECTION, (Cause.OFFLINE, Cause.BLOCKED_ON_THE_WAY)),
    Fault.REFUSED: (Outcome.NO_CONNECTION, (Cause.BLOCKED_ON_THE_WAY, Cause.MAINTENANCE)),
    Fault.RESET: (Outcome.NO_CONNECTION, (Cause.BLOCKED_ON_THE_WAY, Cause.BROKEN_OFF)),
    Fault.BROKEN_OFF: (Outcome.NO_CONNECTION, (Cause.BROKEN_OFF, Cause.BLOCKED_ON_THE_WAY)),
    Fault.TIMED_OUT: (Outcome.TIMED_OUT, (Cause.SLOW_NETWORK, Cause.MAINTENANCE)),
    CheckState.PAGE: (Outcome.NOT_UNDERSTOOD, (Cause.LOGIN_PAGE, Cause.EXCHANGE_CHANGED)),
    CheckState.GONE: (Outcome.NOT_UNDERSTOOD, (Cause.EXCHANGE_CHANGED, Cause.LOGIN_PAGE)),
    Fault.TOO_LARGE: (Outcome.NOT_UNDERSTOOD, (Cause.EXCHANGE_CHANGED, Cause.LOGIN_PAGE)),
    CheckState.UNREADABLE: (Outcome.NOT_UNDERSTOOD, (Cause.EXCHANGE_CHANGED, Cause.LOGIN_PAGE)),
}
"""Where different calls failed differently, the first row that fits counts: the clearest sign stands first."""


def silence(asked: Iterable[Call], states: Mapping[str, CheckState], answers: Mapping[str, Reply | Fault]) -> Meaning:
    """What it comes to where the calls that matter said nothing about the key."""
    signs = {sign for call in asked for sign in (states[call.id], answers[call.id]) if not isinstance(sign, Reply)}
    return next((meaning for sign, meaning in TABLE.items() if sign in signs), TABLE[CheckState.UNREADABLE])


def failed(answer: Reply | Fault) -> CheckState | None:
    """What is wrong with an answer whatever the exchange, or None where its own words have to be read."""
    if isinstance(answer, Fault):
        return CheckState.UNREADABLE if answer is Fault.TOO_LARGE else CheckState.NO_ANSWER
    status = answer.status
    if status == 429:
        return CheckState.LIMITED
    page = answer.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"
    if status == 451 or (status == 403 and page):
        return CheckState.ELSEWHERE
    if 300 <= status < 400 or status == 511:
        return CheckState.PAGE
    if status in {404, 410}:
        return CheckState.GONE
    if status >= 500:
        return CheckState.DOWN
    return CheckState.PAGE if page else None


def document(answer: Reply | Fault) -> Any:
    """The JSON of a reply, or None."""
    try:
        return json.loads(answer.body) if isinstance(answer, Reply) else None
    except (ValueError, RecursionError):
        return None


def clock_error(first: Reply | Fault, others: Iterable[Reply | Fault]) -> float | None:
    """The error measured on the quickest path, the public call, else on any reply."""
    for answer in (first, *others):
        if isinstance(answer, Reply) and answer.clock_error is not None:
            return answer.clock_error
    return None


def is_off(error: float | None) -> bool:
    return error is not None and abs(error) > CLOCK_TOLERANCE


def retry_after(answers: Iterable[Reply | Fault]) -> int | None:
    """The longest wait that was asked for, in seconds."""
    return max((a.retry_after for a in answers if isinstance(a, Reply) and a.retry_after is not None), default=None)


REFUSALS: Final = frozenset(
    {
        CheckState.REJECTED,
        CheckState.REFUSED,
        CheckState.INACTIVE,
        CheckState.UNSIGNED,
        CheckState.FOREIGN,
        CheckState.BLOCKED,
        CheckState.INCOMPLETE,
    }
)


def older_note(shown: CheckState, answer: Reply | Fault) -> Cause | None:
    """What to know of the older connection, which PalmaBot probably uses, where the newer one opened."""
    if shown is CheckState.GRANTED:
        return None
    if shown in {CheckState.GONE, CheckState.PAGE} or answer in {Fault.BROKEN_OFF, Fault.RESET}:
        return Cause.OLDER_SWITCHED_OFF
    if shown is CheckState.COUNTER:
        return Cause.COUNTER_USED
    if shown in REFUSALS:
        return Cause.OLDER_REFUSED
    return Cause.OLDER_UNKNOWN


def short_code(value: object) -> str:
    """An error code fit to be shown: a few letters and digits, or nothing."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return text if re.fullmatch(r"[A-Z]{0,4}[0-9]{1,5}(\.[0-9]{1,3})?", text) else ""
