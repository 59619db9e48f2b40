"""Keeps secrets out of what the process may leave behind: log records, tracebacks, warnings and core dumps.

Patterns are compiled when they are first used: this is imported before the first paint.
"""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import re
import sys
import threading
import traceback
import urllib.parse
import warnings
from types import TracebackType
from typing import Any, Final

from palma_wizard.exchanges import living_secrets

HIDDEN: Final = "[hidden]"
SHORTEST: Final = 4
"""Characters. A shorter value is in every second word: hidden, it would leave no log, and the gaps would tell it."""

SHORT_NUMBER: Final = 6
"""Digits. A User ID up to here is hidden only as a number by itself that is no part of a date, port or fraction."""

_NUMBER: Final = rf"""(?x)
(?: (?<![0-9A-Za-z]) | (?<=%[0-9A-Fa-f]{{2}}) | (?<=\\[nrt]) )
(?<![0-9A-Za-z\]]:) (?<![0-9]\.) (?<![0-9]{{2}}[-/])
[0-9]{{{SHORTEST},{SHORT_NUMBER}}}
(?! [0-9A-Za-z] | \.[0-9] | [-/][0-9]{{2}}[-/] )
"""
_QUOTE: Final = r"""(?P<quote>\\{0,3}["'])"""
_QUOTED: Final = _QUOTE + r"(?:(?!(?P=quote))[^\r\n])"
_IS: Final = r"""\\{0,3}["']? \s* (?:[:=]|%3[AaDd]) [ \t]* (?:b(?=["']))?"""
_WHOLE_LINE: Final = rf"""(?ix)
( (?<![\w-])[\w-]*?(?:authorization|cookie2?) {_IS} )
(?: {_QUOTED}* | (?:(?!\\[rn])[^\r\n])+ )
"""
_NAMED: Final = rf"""(?ix)
( (?<![\w-])
  (?: (?:x-auth|x-aggr-|kc-)[\w-]*
  | [\w-]*?(?:key|secret|signature|(?<=[_-])sign|passw(?:or)?d|passphrase|token|user[ _-]?id|uid) )
  {_IS} )
(?: {_QUOTED}{{4,}} | (?:(?:basic|bearer|hs256|bitstamp)\s+)? (?:[^\s"',;&}}\])]|(?<=\[hidden)\]){{4,}} )
"""
_LOGIN: Final = r"""(?<=://)[^\s/?#"'<>]+(?=@)"""
_SCHEME: Final = r"\b(Basic|Bearer|HS256|BITSTAMP)\s+[A-Za-z0-9+/=_-]{8,}"
_TOKEN: Final = r"[A-Za-z0-9_-]{24,}"  # noqa: S105
_KINDS: Final = (r"[a-z]", r"[A-Z]", r"[0-9]")
_HEX: Final = r"[0-9a-fA-F]{32,}"


def redact(text: str) -> str:
    """Two layers: every living secret in all its usual writings, then whatever looks like one that is not known."""
    secrets = {each for each in living_secrets() if len(each) >= SHORTEST}
    short = {each for each in secrets if len(each) <= SHORT_NUMBER and each.isascii() and each.isdigit()}
    for secret in sorted(secrets, key=len, reverse=True):
        for writing in writings(secret):
            if writing not in short:
                text = text.replace(writing, HIDDEN)
    if short:
        text = re.sub(_NUMBER, lambda number: HIDDEN if number[0] in short else number[0], text)
    text = re.sub(_WHOLE_LINE, rf"\1\g<quote>{HIDDEN}", text)
    text = re.sub(_NAMED, rf"\1\g<quote>{HIDDEN}", text)
    text = re.sub(_LOGIN, HIDDEN, text)
    text = re.sub(_SCHEME, rf"\1 {HIDDEN}", text)
    return re.sub(_TOKEN, _hidden_if_random, text)


def _hidden_if_random(token: re.Match[str]) -> str:
    """Small and capital letters and digits together, or a long hexadecimal number: no word looks like that."""
    looks_random = all(re.search(kind, token[0]) for kind in _KINDS) or re.fullmatch(_HEX, token[0])
    return HIDDEN if looks_random else token[0]


def writings(secret: str) -> list[str]:
    """A text as it may stand in logs and files, longest first: plain, escaped, percent, hex, base64 and UTF-16.

    Escaped is as in JSON, HTML and Python's repr() of a text and of its bytes.
    """
    raw = secret.encode("utf-8", "surrogatepass")
    found = {
        secret,
        repr(secret)[1:-1],
        ascii(secret)[1:-1],
        repr(f"'\"{secret}")[4:-1],  # as in a longer text that holds both quotes
        repr(raw)[2:-1],
        raw.hex(),
        raw.hex().upper(),
        secret.encode("utf-16-le", "surrogatepass").decode("latin-1"),
        secret.encode("utf-16-be", "surrogatepass").decode("latin-1"),
        *_in_html(secret),
    }
    for text in {secret, *_base64s(raw)}:
        found |= {text, *_in_json(text), *_in_urls(text)}
    return sorted((each for each in found if len(each) >= SHORTEST), key=len, reverse=True)


def _in_json(text: str) -> set[str]:
    found = {json.dumps(text, ensure_ascii=to_ascii)[1:-1] for to_ascii in (True, False)}
    return found | {each.replace("/", "\\/") for each in found}


def _in_urls(text: str) -> set[str]:
    found = {
        urllib.parse.quote(text, safe="", errors="surrogatepass"),
        urllib.parse.quote(text, errors="surrogatepass"),
        urllib.parse.quote_plus(text, errors="surrogatepass"),
    }
    return found | {re.sub("%..", lambda code: code[0].lower(), each) for each in found}


def _in_html(text: str) -> set[str]:
    import html

    found = {html.escape(text), html.escape(text, quote=False)}
    return found | {
        each.replace("&quot;", double).replace("&#x27;", single)
        for each in found
        for double in ("&quot;", "&#34;")
        for single in ("&#39;", "&apos;")
    }


def _base64s(raw: bytes) -> set[str]:
    """What does not change of it wherever it stands in what is encoded, which leaves the padding out as well."""
    found = set()
    for ahead in range(3):
        first = (ahead * 8 + 5) // 6
        last = (ahead + len(raw)) * 8 // 6
        inner = base64.b64encode(b"\0" * ahead + raw + b"\0\0").decode("ascii")[first:last]
        found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return found


def install() -> None:
    """Before anything secret is read. Safe to call again."""
    logging.setLogRecordFactory(_Record)
    sys.excepthook = _print_exception
    threading.excepthook = lambda failed: _print_exception(failed.exc_type, failed.exc_value, failed.exc_traceback)
    sys.unraisablehook = lambda failed: _print_exception(failed.exc_type, failed.exc_value, failed.exc_traceback)
    warnings.formatwarning = _format_warning
    _no_core_dumps()


_format_as_usual: Final = warnings.formatwarning


def _format_warning(*arguments: Any, **named: Any) -> str:
    return redact(_format_as_usual(*arguments, **named))


class _Record(logging.LogRecord):
    """A log record that is redacted before any handler sees it, whatever its logger and level."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        try:
            said = self.getMessage()
        except Exception as error:  # noqa: BLE001 - as logging itself, which would print the arguments
            said = f"a log message could not be written: {type(error).__name__}"
        self.msg, self.args = redact(said), None
        if self.exc_info:
            self.exc_text = redact("".join(traceback.format_exception(*self.exc_info)).rstrip("\n"))
            self.exc_info = None
        if self.stack_info:
            self.stack_info = redact(self.stack_info)


def _print_exception(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(redact("".join(traceback.format_exception(kind, error, trace))))


def _no_core_dumps() -> None:
    """As far as the system allows; its administrator can turn them on again."""
    with contextlib.suppress(Exception):
        if sys.platform == "win32":
            import ctypes

            ctypes.windll.kernel32.SetErrorMode(0x0001 | 0x0002)  # no fault box, so no report with memory in it
            ctypes.windll.wer.WerSetFlags(1)  # WER_FAULT_REPORTING_FLAG_NOHEAP
        else:
            import resource

            # One byte is too little for any: with 0, Linux would still hand the memory to a crash reporter.
            _, most = resource.getrlimit(resource.RLIMIT_CORE)
            least = 0 if most == 0 or sys.platform == "darwin" else 1
            resource.setrlimit(resource.RLIMIT_CORE, (least, least))
