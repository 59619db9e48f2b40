"""CEX.IO's answers, as they are understood: every table here is a fact from documents and from clients of others."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palma_wizard.exchanges import (
    Auth,
    Call,
    Cause,
    CheckState,
    Credentials,
    Exchange,
    Fault,
    Moment,
    Outcome,
    Reading,
    Reply,
    Right,
    RightState,
    cex,
    failures,
)

ENTRY = Credentials("Vt3xQhN81sLwKd0aZpRy7MfUj5", "nH4cX9vTq0LsYwB6dEr1KzJm8Pf", "up123456789")
NOW = Moment(1_700_000_000_999, "6f0c1d2e-3b4a-4c5d-8e9f-0a1b2c3d4e5f")
BOTH = ("read", "palmabot")
ALL = ("reach", *BOTH)
HTML = b"<!DOCTYPE html><html><body>Log in</body></html>"

Answers = dict[str, Reply | Fault]


def json_reply(document: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(document).encode(), clock_error=0.1)


def refusal(words: str, status: int = 200) -> Reply:
    return json_reply({"error": words} | ({} if status == 200 else {"statusCode": status}), status)


UNKNOWN = refusal("API key not passed or incorrect", 401)
OLDER_UNKNOWN = refusal("Invalid API key")
UNSIGNED = refusal("Invalid signature")
COUNTER = refusal("Nonce must be incremented")
INACTIVE = refusal("API key is not activated")
DENIED = refusal("Permission denied")
GONE = Reply(404, HTML)
LATE = Reply(429, b"", retry_after=3)
DOWN = Reply(503, b"")
PAGE = Reply(200, HTML)

WELL: Answers = {
    "reach": json_reply({"ok": "ok", "data": {"timestamp": 1700000000000, "ISODate": "2023-11-14T22:13:20.000Z"}}),
    "read": json_reply({"ok": "ok", "data": {"BTC": {"balance": "1"}}}),
    "palmabot": json_reply({"timestamp": "1700000000", "username": "up123456789", "BTC": {"available": "1"}}),
}


def every(answer: Reply | Fault, *ids: str) -> Answers:
    return dict.fromkeys(ids or ALL, answer)


def off(seconds: float, answers: Mapping[str, Reply | Fault]) -> Answers:
    whole = {**WELL, **answers}
    return {id: a._replace(clock_error=seconds) if isinstance(a, Reply) else a for id, a in whole.items()}


STATES = {"c": RightState.CONFIRMED, "u": RightState.UNKNOWN}
RIGHTS = (Right.READ, Right.TRADE, Right.TRANSFER, Right.WITHDRAW)
UNKNOWN_KEY = (Cause.KEY_OR_SECRET_MISTYPED, Cause.KEY_NOT_ACTIVATED, Cause.KEY_DELETED, Cause.ADDRESS_LIST)
FORBIDDEN = (Cause.READ_NOT_TICKED, Cause.ADDRESS_LIST, Cause.KEY_NOT_ACTIVATED)
CHANGED = (Cause.EXCHANGE_CHANGED, Cause.LOGIN_PAGE)
MUTE = (Cause.LOGIN_PAGE, Cause.EXCHANGE_CHANGED)
NOT_TOLD = (Cause.TRADE_UNKNOWN, Cause.WITHDRAW_UNKNOWN)
LATE_CAUSES = (Cause.SLOW_NETWORK, Cause.MAINTENANCE)

# what answers differently, outcome, causes, and the rights: read, trade, transfer, withdraw
CASES: dict[str, tuple[Answers, Outcome, tuple[Cause, ...], str]] = {
    "all is well": ({}, Outcome.WORKS, NOT_TOLD, "cuuu"),
    "the wallet is empty": ({"read": json_reply({"ok": "ok", "data": {}})}, Outcome.WORKS, NOT_TOLD, "cuuu"),
    "the time is not told": ({"reach": GONE}, Outcome.WORKS, NOT_TOLD, "cuuu"),
    "works with a clock that is off": (off(-7, {}), Outcome.WORKS, (*NOT_TOLD, Cause.CLOCK_WRONG), "cuuu"),
    # the key
    "neither knows the key": (
        {"read": UNKNOWN, "palmabot": OLDER_UNKNOWN},
        *(Outcome.WRONG_KEY, UNKNOWN_KEY, "uuuu"),
    ),
    "401 without words of ours": (
        {"read": refusal("Authorization Failed", 401), "palmabot": OLDER_UNKNOWN},
        *(Outcome.WRONG_KEY, UNKNOWN_KEY, "uuuu"),
    ),
    "the key is unknown and the older way is gone": (
        {"read": UNKNOWN, "palmabot": GONE},
        *(Outcome.WRONG_KEY, UNKNOWN_KEY, "uuuu"),
    ),
    "the key is not activated": (
        {"read": UNKNOWN, "palmabot": INACTIVE},
        *(Outcome.WRONG_KEY, (Cause.KEY_NOT_ACTIVATED,), "uuuu"),
    ),
    "the key is unknown, clock off": (
        off(300, {"read": UNKNOWN, "palmabot": OLDER_UNKNOWN}),
        *(Outcome.CLOCK_OFF, (Cause.CLOCK_WRONG, Cause.KEY_OR_SECRET_MISTYPED, Cause.KEY_DELETED), "uuuu"),
    ),
    "the key is unknown, clock off by five seconds": (
        off(5.0, {"read": UNKNOWN, "palmabot": OLDER_UNKNOWN}),
        *(Outcome.WRONG_KEY, UNKNOWN_KEY, "uuuu"),
    ),
    # the secret, the user id, the counter
    "the secret is wrong": (
        {"read": refusal("Authorization Failed", 401), "palmabot": UNSIGNED},
        *(Outcome.WRONG_KEY, (Cause.SECRET_MISTYPED, Cause.USER_ID_WRONG), "uuuu"),
    ),
    "both say the signature is wrong": (
        every(refusal("Invalid signature", 401), *BOTH),
        *(Outcome.WRONG_KEY, (Cause.SECRET_MISTYPED, Cause.USER_ID_WRONG), "uuuu"),
    ),
    "spot says the signature is wrong and the older way is gone": (
        {"read": UNSIGNED, "palmabot": GONE},
        *(Outcome.WRONG_KEY, (Cause.SECRET_MISTYPED,), "uuuu"),
    ),
    "the user id is wrong": (
        {"palmabot": UNSIGNED},
        *(Outcome.WRONG_USER_ID, (Cause.USER_ID_WRONG, Cause.OLDER_SWITCHED_OFF), "cuuu"),
    ),
    "the counter was used": ({"palmabot": COUNTER}, Outcome.WORKS, (*NOT_TOLD, Cause.COUNTER_USED), "cuuu"),
    "the counter was used and spot knows no key": (
        {"read": UNKNOWN, "palmabot": COUNTER},
        *(Outcome.NOT_UNDERSTOOD, (Cause.COUNTER_USED,), "uuuu"),
    ),
    "both say that the counter was used": (
        every(COUNTER, *BOTH),
        Outcome.NOT_UNDERSTOOD,
        (Cause.COUNTER_USED,),
        "uuuu",
    ),
    "spot is silent, the older way opens": (
        {"read": Fault.TIMED_OUT},
        *(Outcome.WORKS, (*NOT_TOLD, Cause.NEWER_UNKNOWN), "cuuu"),
    ),
    # rights
    "permission denied by both": (every(DENIED, *BOTH), Outcome.ADDRESS_NOT_ALLOWED, FORBIDDEN, "uuuu"),
    "403 in JSON": (
        {"read": refusal("Forbidden", 403), "palmabot": DENIED},
        *(Outcome.ADDRESS_NOT_ALLOWED, FORBIDDEN, "uuuu"),
    ),
    "permission denied by spot alone": ({"read": DENIED}, Outcome.WORKS, (*NOT_TOLD, Cause.NEWER_REFUSED), "cuuu"),
    # one of the two ways
    "spot knows no key, the older way opens": (
        {"read": UNKNOWN},
        *(Outcome.WORKS, (*NOT_TOLD, Cause.NEWER_REFUSED), "cuuu"),
    ),
    "the older way is gone": ({"palmabot": GONE}, Outcome.WORKS, (*NOT_TOLD, Cause.OLDER_SWITCHED_OFF), "cuuu"),
    "the older way is a page": ({"palmabot": PAGE}, Outcome.WORKS, (*NOT_TOLD, Cause.OLDER_SWITCHED_OFF), "cuuu"),
    "the older way breaks off": (
        {"palmabot": Fault.BROKEN_OFF},
        *(Outcome.WORKS, (*NOT_TOLD, Cause.OLDER_SWITCHED_OFF), "cuuu"),
    ),
    "the older way knows no key": (
        {"palmabot": OLDER_UNKNOWN},
        *(Outcome.WORKS, (*NOT_TOLD, Cause.OLDER_REFUSED), "cuuu"),
    ),
    "the older way is down": ({"palmabot": DOWN}, Outcome.WORKS, (*NOT_TOLD, Cause.OLDER_UNKNOWN), "cuuu"),
    "the older way is limited": (
        {"palmabot": refusal("Rate limit exceeded")},
        *(Outcome.WORKS, (*NOT_TOLD, Cause.OLDER_UNKNOWN), "cuuu"),
    ),
    # spot rejects: that is said of the key, whatever the older way does
    "unknown, and the older way times out": (
        {"read": UNKNOWN, "palmabot": Fault.TIMED_OUT},
        *(Outcome.WRONG_KEY, UNKNOWN_KEY, "uuuu"),
    ),
    "unknown, and the older way is down": ({"read": UNKNOWN, "palmabot": DOWN}, Outcome.WRONG_KEY, UNKNOWN_KEY, "uuuu"),
    "unknown, and the older way is limited": (
        {"read": UNKNOWN, "palmabot": LATE},
        Outcome.WRONG_KEY,
        UNKNOWN_KEY,
        "uuuu",
    ),
    # the exchange
    "429 everywhere": (every(LATE), Outcome.RATE_LIMITED, (Cause.TOO_MANY_REQUESTS,), "uuuu"),
    "too often, in words": (
        every(refusal("API rate limit reached", 422)),
        *(Outcome.RATE_LIMITED, (Cause.TOO_MANY_REQUESTS,), "uuuu"),
    ),
    "503 everywhere": (every(DOWN), Outcome.EXCHANGE_DOWN, (Cause.MAINTENANCE,), "uuuu"),
    "a page everywhere": (every(PAGE), Outcome.NOT_UNDERSTOOD, MUTE, "uuuu"),
    "nothing is there any more": (every(GONE), Outcome.NOT_UNDERSTOOD, CHANGED, "uuuu"),
    "other words": (every(refusal("Something else", 422)), Outcome.NOT_UNDERSTOOD, CHANGED, "uuuu"),
    "a stranger's certificate": (
        every(Fault.UNTRUSTED),
        *(Outcome.UNTRUSTED_CONNECTION, failures.TABLE[Fault.UNTRUSTED][1], "uuuu"),
    ),
    "no answer in time": (every(Fault.TIMED_OUT), Outcome.TIMED_OUT, LATE_CAUSES, "uuuu"),
}


@pytest.mark.parametrize("name", CASES)
def test_answers_are_read_as_documented(name: str) -> None:
    changes, outcome, causes, letters = CASES[name]
    reading = cex.read({**WELL, **changes}, ENTRY)
    rights = {right: STATES[letter] for right, letter in zip(RIGHTS, letters, strict=True)}
    assert (reading.outcome, reading.causes, dict(reading.rights)) == (outcome, causes, rights)
    assert reading.allowed_addresses is None


@pytest.mark.parametrize("name", CASES)
def test_the_order_of_the_answers_does_not_matter(name: str) -> None:
    answers = {**WELL, **CASES[name][0]}
    first, second = cex.read(answers, ENTRY), cex.read(dict(reversed(answers.items())), ENTRY)
    assert (first.outcome, first.causes, first.rights) == (second.outcome, second.causes, second.rights)


def test_waiting_times_and_the_clock_of_the_public_call_are_passed_on() -> None:
    answers = {**WELL, **every(LATE._replace(clock_error=9.0)), "reach": Reply(429, b"", 0.25, 7)}
    reading = cex.read(answers, ENTRY)
    assert (reading.retry_after, reading.clock_error) == (7, 0.25)


@pytest.mark.parametrize("call", [cex.READ, cex.PALMABOT], ids=["spot", "older"])
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 422, 500])
@pytest.mark.parametrize(
    "words, state",
    [
        ("API key not passed or incorrect", CheckState.REJECTED),
        ("Invalid API key", CheckState.REJECTED),
        ("Invalid signature", CheckState.UNSIGNED),
        ("API key is not activated", CheckState.INACTIVE),
        ("Nonce must be incremented", CheckState.COUNTER),
        ("PERMISSION DENIED", CheckState.REFUSED),
        ("API rate limit reached", CheckState.LIMITED),
        ("rate limit exceeded", CheckState.LIMITED),
    ],
)
def test_the_words_of_an_error_have_one_meaning_whatever_the_status(
    call: Call, status: int, words: str, state: CheckState
) -> None:
    assert cex.state(call, refusal(words, status)) is state


@pytest.mark.parametrize(
    "call, answer, state",
    [
        (cex.REACH, WELL["reach"], CheckState.GRANTED),
        (cex.REACH, UNKNOWN, CheckState.UNREADABLE),
        (cex.REACH, json_reply([]), CheckState.UNREADABLE),
        (cex.READ, json_reply({"ok": "ok"}), CheckState.UNREADABLE),
        (cex.READ, json_reply({"ok": "ok", "data": []}), CheckState.UNREADABLE),
        (cex.READ, json_reply({"ok": "ok", "data": {}, "error": "words"}), CheckState.UNREADABLE),
        (cex.READ, json_reply({"data": {}}), CheckState.UNREADABLE),
        (cex.READ, json_reply({"ok": "ok", "data": {}}, 201), CheckState.UNREADABLE),
        (cex.READ, json_reply({"error": {"code": 1}}, 400), CheckState.UNREADABLE),
        (cex.READ, refusal("x" * 200 + "permission denied", 422), CheckState.UNREADABLE),
        (cex.READ, Reply(401, b""), CheckState.UNREADABLE),
        (cex.READ, Reply(401, HTML), CheckState.PAGE),
        (cex.READ, Reply(403, HTML), CheckState.ELSEWHERE),
        (cex.READ, Reply(200, b"[" * 100_000), CheckState.UNREADABLE),
        (cex.PALMABOT, json_reply({"e": "balance", "ok": "error"}), CheckState.UNREADABLE),
        (cex.PALMABOT, json_reply({"BTC": {}}), CheckState.UNREADABLE),
        (cex.PALMABOT, refusal("words", 401), CheckState.UNREADABLE),
        (cex.READ, Fault.TOO_LARGE, CheckState.UNREADABLE),
        (cex.READ, Fault.RESET, CheckState.NO_ANSWER),
    ],
)
def test_one_answer_is_matched_on_its_words_and_status(call: Call, answer: Reply | Fault, state: CheckState) -> None:
    assert cex.state(call, answer) is state


@pytest.mark.parametrize(
    "document, shown",
    [
        ({"statusCode": 401}, "401"), ({"statusCode": "422"}, "422"), ({"statusCode": True}, ""),
        ({"statusCode": 4.5}, ""), ({"statusCode": ENTRY.key}, ""), ({"statusCode": 123456}, ""),
        ({"statusCode": [401]}, ""), ({"error": "401"}, ""), ([401], ""), ("401", ""), (None, ""),
    ],
)  # fmt: skip
def test_only_short_codes_are_shown(document: object, shown: str) -> None:
    assert cex.code(json_reply(document)) == shown


def test_the_calls_are_the_documented_ones_that_only_read() -> None:
    assert [(call.id, call.method, call.host + call.target, call.auth) for call in cex.calls] == [
        ("reach", "POST", "trade.cex.io/api/spot/rest-public/get_server_time", Auth.NONE),
        ("read", "POST", "trade.cex.io/api/spot/rest/get_my_wallet_balance", Auth.SIGNED),
        ("palmabot", "POST", "cex.io/api/balance/", Auth.OLDER),
    ]
    for word in ("do_", "withdraw", "transfer", "place", "cancel", "account", "convert", "deposit", "address"):
        assert not any(word in call.target for call in cex.calls)


def test_the_newer_signature_is_the_documents_recipe() -> None:
    words = b"get_my_wallet_balance" + b"1700000000" + b"{}"
    signed = cex.sign(cex.READ, ENTRY, NOW)
    assert signed.body == b"{}"
    assert signed.headers == {
        "Content-Type": "application/json",
        "X-AGGR-KEY": ENTRY.key,
        "X-AGGR-TIMESTAMP": "1700000000",
        "X-AGGR-SIGNATURE": base64.b64encode(hmac.digest(ENTRY.secret.encode(), words, hashlib.sha256)).decode(),
    }


def test_the_older_signature_is_the_documents_recipe_and_counts_in_whole_seconds() -> None:
    words = b"1700000000" + b"up123456789" + b"Vt3xQhN81sLwKd0aZpRy7MfUj5"
    signed = cex.sign(cex.PALMABOT, ENTRY, NOW)
    assert signed.headers == {"Content-Type": "application/json"}
    assert json.loads(signed.body) == {
        "key": ENTRY.key,
        "signature": hmac.new(ENTRY.secret.encode(), words, hashlib.sha256).hexdigest().upper(),
        "nonce": "1700000000",
    }


def test_the_public_call_carries_nothing_of_the_entry() -> None:
    signed = cex.sign(cex.REACH, ENTRY, NOW)
    assert (dict(signed.headers), signed.body) == ({"Content-Type": "application/json"}, b"{}")


def test_one_call_alone_takes_the_older_way() -> None:
    assert [call.id for call in cex.calls if call.auth is Auth.OLDER] == ["palmabot"]
    assert cex.counts


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@pytest.mark.parametrize("call", cex.calls, ids=lambda call: str(call.id))
@given(words, words, words, st.integers(10**12, 10**13 - 1))
@settings(max_examples=20, deadline=None)
def test_whatever_the_entry_the_secret_is_not_sent(call: Call, key: str, secret: str, user_id: str, now: int) -> None:
    planted = f"planted{secret}"
    signed = cex.sign(call, Credentials(key, planted, user_id), Moment(now, NOW.uuid))
    assert "planted" not in signed.body.decode().replace(json.dumps(key)[1:-1], "")
    assert planted not in "".join(signed.headers.values())
    if call.auth is Auth.OLDER:
        assert len(json.loads(signed.body)["nonce"]) == 10


@pytest.mark.parametrize("outcome", Outcome)
def test_no_swap_is_tried_since_it_would_send_the_secret_as_the_key(outcome: Outcome) -> None:
    assert cex.swap_probe(Reading(outcome, {}, (Cause.KEY_OR_SECRET_MISTYPED,))) is None


PHRASES = [
    "Invalid API key",
    "Invalid signature",
    "not activated",
    "Permission denied",
    "rate limit",
    "Nonce must be incremented",
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*PHRASES, "ok"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["ok", "data", "error", "statusCode", "username"]), inner, max_size=4)
    ),
    max_leaves=8,
)
replies = st.builds(
    Reply,
    st.sampled_from([200, 400, 401, 403, 404, 422, 429, 503]) | st.integers(0, 999),
    st.binary() | json_values.map(lambda document: json.dumps(document).encode()),
    st.none() | st.floats(),
    st.none() | st.integers(0, 999_999),
)


@given(st.fixed_dictionaries({id: replies | st.sampled_from(Fault) for id in ALL}))
@settings(max_examples=100, deadline=None)
def test_any_answers_give_a_reading_and_never_an_exception(answers: Answers) -> None:
    reading = cex.read(answers, ENTRY)
    assert set(reading.rights) == set(RIGHTS)
    assert reading.causes, "trading and withdrawals are never known, so there is always something to say"
    assert (reading.rights[Right.READ] is RightState.CONFIRMED) is (
        reading.outcome in {Outcome.WORKS, Outcome.WRONG_USER_ID}
    )


def test_the_module_is_an_exchange() -> None:
    exchange: Exchange = cex
    assert exchange.id == "cex"
