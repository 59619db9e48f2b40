"""What a person typed or pasted: cleaned of what cannot belong to it, and doubted without being refused."""

from __future__ import annotations

import enum
import re
import unicodedata
from typing import Final, NamedTuple

from palma_wizard.exchanges import EXCHANGES, Credentials

LENGTH_LIMIT: Final = 512
"""Characters kept of a pasted value; no exchange's key comes near it."""

LONGEST_LABEL: Final = 40
DEFAULT_LABEL: Final = "main"
"""What an account is called on this computer while there is no other of its exchange."""

_QUOTES: Final = "\"'`´‘’“”„«»‹›"
_UUID: Final = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_LABEL: Final = r"(?i)(api)?[ _-]*(key|secret|user ?id)[ _-]*(key)?\s*[:=]"
_UNSEEN: Final = "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
"""What Unicode counts as printable, some of it as letters, and shows as nothing."""
_EMAIL: Final = r"[^@\s]+@[^@\s]+\.[^@\s]+"


class Removed(enum.Enum):
    SPACES = "spaces"
    QUOTES = "quotes"
    INVISIBLE = "invisible"
    TOO_LONG = "too-long"


class Doubt(enum.Enum):
    LABEL_IN_FRONT = "label-in-front"
    EMAIL = "email"
    SAME_AS_KEY = "same-as-key"
    UUID = "uuid"
    PRACTICE = "practice"
    LENGTH = "length"
    ALPHABET = "alphabet"
    NOT_A_NUMBER = "not-a-number"


class Cleaned(NamedTuple):
    text: str
    removed: tuple[Removed, ...]


def clean(text: str) -> Cleaned:
    """Take away white space, line breaks, invisible characters anywhere, and quotes around; say which.

    What follows a label such as "key:" is kept with the label: taking it away would be a guess.
    """
    removed = []
    if len(text) > LENGTH_LIMIT * 8:
        text = text[: LENGTH_LIMIT * 8]
        removed.append(Removed.TOO_LONG)
    visible = "".join(c for c in text if c.isspace() or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    if visible != text:
        removed.append(Removed.INVISIBLE)
    compact = "".join(visible.split())
    if compact != visible:
        removed.append(Removed.SPACES)
    bare = compact.strip(_QUOTES)
    if bare != compact:
        removed.append(Removed.QUOTES)
    if len(bare) > LENGTH_LIMIT:
        bare = bare[:LENGTH_LIMIT].rstrip(_QUOTES)  # a quote in its midst is at its end now
        removed.append(Removed.TOO_LONG)
    return Cleaned(bare, tuple(dict.fromkeys(removed)))


def is_label(text: str) -> bool:
    """Whether an account may be called that: a short line with a letter or a digit, nothing hidden in it."""
    text = composed(text)
    if text != text.strip() or not text.isprintable() or len(text) > LONGEST_LABEL:
        return False
    return re.search(_UNSEEN, text) is None and any(character.isalnum() for character in text)


def composed(label: str) -> str:
    """How labels are stored and compared: an é of one character and an é of two are the same."""
    return unicodedata.normalize("NFC", label)


def doubts(exchange: str, entry: Credentials, *, practice: bool) -> dict[str, Doubt]:
    """The most telling doubt about each field, by "key", "secret", "user_id"; a field without one is absent."""
    form = EXCHANGES[exchange]
    found: dict[str, Doubt] = {}
    for name, value, pattern in (
        ("key", entry.key, form.key_pattern),
        ("secret", entry.secret, form.secret_pattern),
        ("user_id", entry.user_id, form.user_id_pattern),
    ):
        if not value or pattern is None:
            continue
        if pattern.fullmatch(value):
            if value.startswith("practice") and not practice:
                found[name] = Doubt.PRACTICE
        else:
            found[name] = _doubt(value, is_number=name == "user_id")
    if entry.secret and entry.secret == entry.key:
        found["secret"] = Doubt.SAME_AS_KEY
    return found


def _doubt(value: str, *, is_number: bool) -> Doubt:
    if re.match(_LABEL, value):
        return Doubt.LABEL_IN_FRONT
    if re.fullmatch(_EMAIL, value):
        return Doubt.EMAIL
    if re.fullmatch(_UUID, value):
        return Doubt.UUID
    if is_number:
        return Doubt.NOT_A_NUMBER
    return Doubt.LENGTH if re.fullmatch(r"[A-Za-z0-9_-]*", value) else Doubt.ALPHABET
