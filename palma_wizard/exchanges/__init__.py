"""The records every exchange shares: what a check asks, what comes back, and what that means."""

from __future__ import annotations

import enum
import re
import weakref
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, NoReturn, Protocol, Self, final

PALMABOT_ADDRESS: Final = "46.19.9.48"
"""PalmaBot's server, as its own instructions name it."""


class _Concealed:
    """What secrets live in: repr, str, format, pickle, json and a test's output show none of them."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is never serialised")


@final
class Credentials(_Concealed):
    """A key, its secret and, where the exchange wants one, a user id."""

    __slots__ = ("__weakref__", "_key", "_secret", "_user_id")

    def __init__(self, key: str, secret: str, user_id: str = "") -> None:
        self._key, self._secret, self._user_id = key, secret, user_id
        _living[id(self)] = self

    @property
    def key(self) -> str:
        return self._key

    @property
    def secret(self) -> str:
        return self._secret

    @property
    def user_id(self) -> str:
        return self._user_id

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Credentials):
            return NotImplemented
        return (self._key, self._secret, self._user_id) == (other._key, other._secret, other._user_id)

    __hash__ = None


_living: Final[weakref.WeakValueDictionary[int, Credentials]] = weakref.WeakValueDictionary()


def living_secrets() -> set[str]:
    """The values of all Credentials that exist at this moment, so that they can be kept out of what is written."""
    return {text for each in list(_living.values()) for text in (each.key, each.secret, each.user_id) if text}


class Outcome(enum.Enum):
    """What a whole check came to."""

    WORKS = "works"
    WRONG_KEY = "wrong-key"
    WRONG_SIGNATURE = "wrong-signature"
    WRONG_USER_ID = "wrong-user-id"
    ADDRESS_NOT_ALLOWED = "address-not-allowed"
    MISSING_RIGHT = "missing-right"
    CAN_WITHDRAW = "can-withdraw"
    CLOCK_OFF = "clock-off"
    RATE_LIMITED = "rate-limited"
    NOT_OFFERED_HERE = "not-offered-here"
    ACCOUNT_NOT_READY = "account-not-ready"
    EXCHANGE_DOWN = "exchange-down"
    NO_CONNECTION = "no-connection"
    UNTRUSTED_CONNECTION = "untrusted-connection"
    TIMED_OUT = "timed-out"
    NOT_UNDERSTOOD = "not-understood"


class Right(enum.Enum):
    """Each exchange has some of these, under names of its own."""

    READ = "read"
    HISTORY = "history"
    TRADE = "trade"
    PAYMENT = "payment"
    TRANSFER = "transfer"
    WITHDRAW = "withdraw"


class RightState(enum.Enum):
    """How sure it is that a key has a right.

    CONFIRMED: the exchange listed it, or answered a call that needs it. REFUSED: the exchange listed it as off,
    or turned such a call down while others passed. INFERRED and DOUBTED: signs that it is there, or is not, where
    nobody states which calls need it.
    """

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    INFERRED = "inferred"
    DOUBTED = "doubted"
    UNKNOWN = "unknown"


class Cause(enum.Enum):
    """A reason for an outcome, or for WORKS and CAN_WITHDRAW something to know; the guide words each."""

    KEY_OR_SECRET_MISTYPED = "key-or-secret-mistyped"  # noqa: S105
    KEY_MISTYPED = "key-mistyped"
    SECRET_MISTYPED = "secret-mistyped"  # noqa: S105
    SWAPPED = "swapped"
    KEY_DELETED = "key-deleted"
    KEY_NOT_ACTIVATED = "key-not-activated"
    USER_ID_WRONG = "user-id-wrong"
    ADDRESS_LIST = "address-list"
    EMAIL_NOT_CONFIRMED = "email-not-confirmed"
    KEY_INACTIVE = "key-inactive"
    READ_NOT_TICKED = "read-not-ticked"
    TRADE_NOT_TICKED = "trade-not-ticked"
    TRADE_DOUBTED = "trade-doubted"
    TRADE_UNKNOWN = "trade-unknown"
    WITHDRAW_TICKED = "withdraw-ticked"
    WITHDRAW_UNKNOWN = "withdraw-unknown"
    CLOCK_WRONG = "clock-wrong"
    COUNTER_USED = "counter-used"
    SIGNATURE_REFUSED = "signature-refused"
    TOO_MANY_REQUESTS = "too-many-requests"
    MAINTENANCE = "maintenance"
    ACCOUNT_BLOCKED = "account-blocked"
    ACCOUNT_INCOMPLETE = "account-incomplete"
    OFFLINE = "offline"
    NAME_NOT_FOUND = "name-not-found"
    BLOCKED_ON_THE_WAY = "blocked-on-the-way"
    PROXY_MISSING = "proxy-missing"
    PROXY_REFUSES = "proxy-refuses"
    PROXY_PASSWORD = "proxy-password"  # noqa: S105
    BROKEN_OFF = "broken-off"
    INTERCEPTED = "intercepted"
    CERTIFICATE_EXPIRED = "certificate-expired"
    TLS_TOO_OLD = "tls-too-old"
    SLOW_NETWORK = "slow-network"
    LOGIN_PAGE = "login-page"
    NOT_IN_THIS_COUNTRY = "not-in-this-country"
    EXCHANGE_CHANGED = "exchange-changed"
    OLDER_SWITCHED_OFF = "older-switched-off"
    OLDER_REFUSED = "older-refused"
    OLDER_UNKNOWN = "older-unknown"
    NEWER_REFUSED = "newer-refused"
    NEWER_UNKNOWN = "newer-unknown"
    PALMABOT_NOT_ALLOWED = "palmabot-not-allowed"


class Auth(enum.Enum):
    """How a call shows whose it is; OLDER is the scheme of the exchange's older connection."""

    NONE = "none"
    SIGNED = "signed"
    OLDER = "older"


# Records that are there before the first paint are NamedTuples: dataclasses are slower to make, and to import.


class Call(NamedTuple):
    """One request of a check.

    `target` is the path with its query, byte for byte as it is signed and sent. `wanted` says which answer is good
    news: True granted, False turned down, None either.
    """

    id: str
    host: str
    target: str
    auth: Auth = Auth.NONE
    wanted: bool | None = True
    method: str = "GET"


class Moment(NamedTuple):
    """What a signature takes from outside: `ms` since 1970, and `uuid`, a random one in lower case."""

    ms: int
    uuid: str

    @property
    def seconds(self) -> int:
        return self.ms // 1000


@final
class Signed(_Concealed):
    """What a call carries besides its target; either may hold the secret."""

    __slots__ = ("_body", "_headers")

    def __init__(self, headers: Mapping[str, str] = MappingProxyType({}), body: bytes = b"") -> None:
        self._headers, self._body = headers, body

    @property
    def headers(self) -> Mapping[str, str]:
        return self._headers

    @property
    def body(self) -> bytes:
        return self._body


class Fault(enum.Enum):
    """What may come instead of a reply.

    RESET: the connection ended before any answer; BROKEN_OFF: in the middle of one, or it was no HTTP. UNTRUSTED: a
    certificate of nobody the system knows.
    """

    NAME_NOT_FOUND = "name-not-found"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    RESET = "reset"
    BROKEN_OFF = "broken-off"
    TIMED_OUT = "timed-out"
    TOO_LARGE = "too-large"
    PROXY_MISSING = "proxy-missing"
    PROXY_REFUSES = "proxy-refuses"
    PROXY_PASSWORD = "proxy-password"  # noqa: S105
    UNTRUSTED = "untrusted"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_NAME = "certificate-name"
    TLS_TOO_OLD = "tls-too-old"


class Reply(NamedTuple):
    """What the exchange sent. `body` stays out of the repr: it may hold balances.

    `clock_error` is this computer's clock minus the exchange's, in seconds, good to about a second; None without a
    usable Date header. `retry_after` is in seconds.
    """

    status: int
    body: bytes
    clock_error: float | None = None
    retry_after: int | None = None

    def __repr__(self) -> str:
        return f"Reply(status={self.status}, clock_error={self.clock_error}, retry_after={self.retry_after})"


class CheckState(enum.Enum):
    """How one call ended.

    GRANTED and REFUSED are about the right it needs, REJECTED about the key, BLOCKED and INCOMPLETE about the account.
    PAST_THE_DOOR: turned down for another reason than the right, so the right seems to be there. UNSIGNED: the key is
    known, the signature is not its own. FOREIGN: not from this address. COUNTER: the older connection's counter was
    used up already. PAGE: a page to look at, or the way to one. ELSEWHERE: not offered where this computer is.
    """

    GRANTED = "granted"
    PAST_THE_DOOR = "past-the-door"
    REFUSED = "refused"
    REJECTED = "rejected"
    UNSIGNED = "unsigned"
    INACTIVE = "inactive"
    FOREIGN = "foreign"
    CLOCK = "clock"
    COUNTER = "counter"
    BLOCKED = "blocked"
    INCOMPLETE = "incomplete"
    LIMITED = "limited"
    DOWN = "down"
    GONE = "gone"
    PAGE = "page"
    ELSEWHERE = "elsewhere"
    UNREADABLE = "unreadable"
    NO_ANSWER = "no-answer"


OPENED: Final = frozenset({CheckState.GRANTED, CheckState.REFUSED})
"""The key opened, whatever it may do."""


class Check(NamedTuple):
    """One finished row of a check; `ms` is how long the call took.

    `sign` is what came back, for whoever helps: a fault's name, or the HTTP status and the exchange's own error code.
    """

    id: str
    state: CheckState
    ms: int
    sign: str = ""


class Reading(NamedTuple):
    """What all answers together say. `causes` are ranked, most likely first.

    `allowed_addresses` is None where the exchange did not tell.
    """

    outcome: Outcome
    rights: Mapping[Right, RightState]
    causes: tuple[Cause, ...] = ()
    allowed_addresses: tuple[str, ...] | None = None
    clock_error: float | None = None
    retry_after: int | None = None


class Verdict(NamedTuple):
    """The result of checking one entry. `counter` is what the older connection was given to count by, if it counts."""

    exchange: str
    practice: bool
    reading: Reading
    checks: tuple[Check, ...]
    counter: int | None = None

    @property
    def outcome(self) -> Outcome:
        return self.reading.outcome

    @property
    def passed(self) -> bool:
        """Whether the entry may be stored; a key that may withdraw needs the person's explicit yes besides."""
        return self.outcome in {Outcome.WORKS, Outcome.CAN_WITHDRAW}


class Exchange(Protocol):
    """What the check needs to know of an exchange; pure, so that every line of it can be tried without a network."""

    @property
    def id(self) -> str: ...

    @property
    def calls(self) -> tuple[Call, ...]: ...

    @property
    def counts(self) -> bool:
        """Whether the older connection counts its questions, by the seconds since 1970 that it is given."""
        ...

    def sign(self, call: Call, credentials: Credentials, moment: Moment) -> Signed: ...

    def state(self, call: Call, answer: Reply | Fault) -> CheckState: ...

    def code(self, reply: Reply) -> str:
        """The exchange's own number for an error, or nothing; never words of its making."""
        ...

    def read(self, answers: Mapping[str, Reply | Fault], credentials: Credentials) -> Reading: ...

    def swap_probe(self, reading: Reading) -> Call | None:
        """The call to repeat with key and secret exchanged, where that could explain the outcome."""
        ...


class Form(NamedTuple):
    """What PalmaBot's API settings form asks for an exchange, and how its keys look."""

    key_pattern: re.Pattern[str]
    secret_pattern: re.Pattern[str]
    user_id_pattern: re.Pattern[str] | None = None


EXCHANGES: Final[Mapping[str, Form]] = {
    "hitbtc2": Form(re.compile(r"[A-Za-z0-9_-]{32}"), re.compile(r"[A-Za-z0-9_-]{32}")),
    "bitstamp": Form(re.compile(r"[A-Za-z0-9]{32}"), re.compile(r"[A-Za-z0-9]{32}"), re.compile(r"[0-9]{1,12}")),
    "cex": Form(re.compile(r"[A-Za-z0-9]{25,32}"), re.compile(r"[A-Za-z0-9]{25,32}"), re.compile(r"up[0-9]{6,12}")),
}
