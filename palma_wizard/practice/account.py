"""The account on the practice site: its keys, its e-mails, its list of addresses, and what follows for the API."""

from __future__ import annotations

import ipaddress
import string
import time
from dataclasses import dataclass, field
from random import Random

from palma_wizard.practice.hitbtc import ApiKey, Right
from palma_wizard.practice.wire import CALLER_IPV4, admits

EMAIL = "practice@example.com"
PASSWORD = "practice-password"  # noqa: S105 - opens nothing but this play, and is shown on the page that asks for it
BACKUP_CODE = "PRACTICE-BACKUP"
MOST = 50
"""Keys, e-mails, addresses and sign-ins that are kept; a person needs two or three."""

_ALPHABET = string.ascii_letters + string.digits


@dataclass(slots=True)
class SiteKey:
    """A key made on the site. `asked` are the rights that wait for the e-mail's `link`, None where none do."""

    id: int
    key: str
    secret: str = field(repr=False)
    rights: frozenset[Right] = frozenset()
    asked: frozenset[Right] | None = None
    link: str = ""
    confirmed: bool = False
    saved: bool = False
    active: bool = True
    used_at: float | None = None


@dataclass(frozen=True, slots=True)
class Email:
    """`link` is where its button leads, with the button's words; `secret` is shown apart, ready to be copied."""

    subject: str
    text: str
    link: tuple[str, str] | None = None
    secret: str = field(default="", repr=False)


class Account:
    """One person's account, in memory alone.

    The pages take turns with it, and the API reads `api_keys` at any time: a list is replaced and never changed, and a
    key gets its rights before it is no longer asked for them.
    """

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self.keys: list[SiteKey] = []
        self.emails: list[Email] = []
        self.unread = 0
        self.allowed: tuple[str, ...] = ()
        self.nickname = "practice-trader"
        self.time_zone = "(GMT) Africa/Abidjan"
        self.made = 0  # keys started so far: a second click on a stale page does not start another
        self.code = self._new_code()

    # -- signing in --

    def signs_in(self, email: str, password: str) -> bool:
        return email.strip().lower() == EMAIL and password == PASSWORD

    def takes_code(self, text: str) -> bool:
        """A code is good once, like an authenticator's; the backup code always is."""
        typed = "".join(text.split()).upper()
        if typed == self.code:
            self.code = self._new_code()
            return True
        return typed == BACKUP_CODE

    def sign_up(self) -> None:
        self._send(
            "Confirm your e-mail address",
            "Welcome. Press the button, then sign in.",
            ("Confirm my e-mail address", "/confirmed"),
        )

    def reset_password(self) -> None:
        self._send("Your password", f"On the practice site the password stays the same: {PASSWORD}")

    # -- keys --

    def find(self, number: int) -> SiteKey | None:
        return next((each for each in self.keys if each.id == number), None)

    def start_key(self) -> SiteKey:
        """As the instructions tell of the exchange: starting a key also saves the one that was started before."""
        for each in self.keys:
            each.saved = True
        self.made += 1
        made = SiteKey(self.made, f"{self._text(6)}-practice-{self._text(16)}", f"practice-secret-{self._text(16)}")
        self.keys = [*self.keys, made][-MOST:]
        return made

    def ask_rights(self, key: SiteKey, rights: frozenset[Right]) -> None:
        """They come into force once the link in the e-mail was pressed; until then the key keeps those it had."""
        key.asked, key.link = rights, self._text(24)
        self._send(
            "Confirm the permissions of your API key",
            f"Somebody chose new permissions for the key {key.key[:6]}… Press the button if it was you. Until then "
            + ("it keeps those it has." if key.confirmed else "they stay off."),
            ("Confirm the permissions", f"/confirm/{key.link}"),
        )

    def confirm(self, link: str) -> SiteKey | None:
        """Only the newest e-mail's link counts; pressing it again changes nothing. None for any other."""
        key = next((each for each in self.keys if each.link == link), None)
        if key is not None and key.asked is not None:
            key.rights, key.asked, key.confirmed = key.asked, None, True
        return key

    def send_secret(self, key: SiteKey) -> None:
        self._send("Your API secret key", f"The secret of the key {key.key[:6]}… is:", secret=key.secret)

    def delete(self, key: SiteKey) -> None:
        self.keys = [each for each in self.keys if each is not key]

    def used(self, key: ApiKey) -> None:
        for each in self.keys:
            if each.key == key.key:
                each.used_at = time.time()

    def api_keys(self) -> dict[str, ApiKey]:
        """What the API knows of: the saved keys, each bound to the account's list of addresses."""
        return {
            each.key: ApiKey(
                each.key,
                each.secret,
                each.rights,
                self.allowed,
                # A key that was saved with no right at all has nothing to confirm.
                confirmed=each.confirmed or each.asked is None,
                active=each.active,
                name=f"key {each.id}",
            )
            for each in self.keys
            if each.saved
        }

    # -- addresses --

    @property
    def is_locked_out(self) -> bool:
        return not admits(self.allowed, CALLER_IPV4)

    def allow(self, text: str) -> list[str]:
        """Take the list over, or change nothing and return what is no address or range, or what is too many."""
        entries = text.replace(",", " ").replace(";", " ").split()
        wrong = [entry for entry in entries if not _is_address(entry)] or entries[MOST:]
        if not wrong:
            self.allowed = tuple(dict.fromkeys(entries))
        return wrong

    def _send(self, subject: str, text: str, link: tuple[str, str] | None = None, secret: str = "") -> None:  # nosec B107 # most carry none
        self.emails = [Email(subject, text, link, secret), *self.emails][:MOST]
        self.unread += 1

    def _text(self, length: int) -> str:
        return "".join(self._chance.choices(_ALPHABET, k=length))

    def _new_code(self) -> str:
        return f"{self._chance.randrange(1_000_000):06}"


def _is_address(entry: str) -> bool:
    try:
        ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False
    return "%" not in entry  # the zone of an address means something on one computer alone
