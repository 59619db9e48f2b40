"""What goes over the wire, whichever exchange is being played, and where every caller is seen."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import parse_qs

CALLER_IPV4: Final = "203.0.113.7"  # where the exchanges see every caller of the practice exchange
CALLER_IPV6: Final = "2001:db8::7"


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked, in the very characters that were sent: a signature covers those, not what they mean.

    The names in `headers` are in small letters.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        return _last_of_each(self.target.partition("?")[2])

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def form(self) -> dict[str, str]:
        return _last_of_each(self.body.decode(errors="replace"))

    @property
    def document(self) -> dict[str, object] | None:
        """The body as a JSON object; None where it is none."""
        try:
            document = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return document if isinstance(document, dict) else None

    @property
    def fields(self) -> dict[str, str]:
        """What the body names, as a form or as a JSON object."""
        if not self.body.startswith(b"{"):
            return self.form
        return {name: str(value) for name, value in (self.document or {}).items()}


def _last_of_each(encoded: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(encoded, keep_blank_values=True).items()}


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def json_reply(status: int, document: object, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, json.dumps(document, separators=(",", ":")).encode(), headers=headers or {})


def page(status: int, headers: Mapping[str, str] | None = None) -> Reply:
    """A web page with nothing but the status on it, as comes where no API answers."""
    title = f"{status} {HTTPStatus(status).phrase}"
    html = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return Reply(status, html.encode(), "text/html; charset=utf-8", headers or {})


def is_same(expected: str, given: str) -> bool:
    """Takes as long for a near miss as for a far one, and takes any characters."""
    return hmac.compare_digest(expected.encode(), given.encode(errors="replace"))


def admits(allowed: Iterable[str], address: str) -> bool:
    """Whether a list of addresses and ranges lets an address in; an empty one lets everybody in."""
    ranges = [ip_network(entry, strict=False) for entry in allowed]
    return not ranges or any(ip_address(address) in each for each in ranges)
