"""The rehearsal of a list of allowed internet addresses: who would get in, before somebody saves it.

An exchange's own reading of a list is not known. So an entry lets somebody in only as it is written; what it surely
means besides goes into the list to copy.
"""

from __future__ import annotations

import enum
import ipaddress
import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from palma_wizard.exchanges import PALMABOT_ADDRESS

MOST_CHARACTERS: Final = 20_000
MOST_ENTRIES: Final = 50
MOST_BLOCKS: Final = 4
"""A range that needs more CIDR blocks stays a range."""
MOST_REMEMBERED: Final = 4
MOST_OWN: Final = 8
"""Two services may see two addresses of each kind; what is more than this is not looked at."""
LONGEST_ENTRY: Final = 100
"""Two IPv6 addresses with a dash between them need 81 characters."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressKind(enum.Enum):
    """Where an address has a meaning. Those for documentation count as PUBLIC: practice uses them as such."""

    PUBLIC = "public"
    PRIVATE = "private"
    CGNAT = "cgnat"
    LOOPBACK = "loopback"
    LINK_LOCAL = "link-local"
    RESERVED = "reserved"


class Problem(enum.Enum):
    """What is wrong with an entry, or worth a word.

    CHARACTERS: readable here, but with quotes, brackets, a final dot, full-width, invisible or other characters that
    an exchange need not take. RESERVED: multicast and link-local as well. HOST_BITS: an address inside a block stands
    for the whole block. NEARLY_YOURS is only said while the own address is not let in: a neighbour may be on purpose.
    TOO_MANY: said of the whole list, where it or its text was too long to be read to the end, or leaves no room for
    what is missing.
    """

    NOT_AN_ADDRESS = "not-an-address"
    INCOMPLETE = "incomplete"
    NUMBER_TOO_LARGE = "number-too-large"
    LEADING_ZERO = "leading-zero"
    PRIVATE = "private"
    CGNAT = "cgnat"
    LOOPBACK = "loopback"
    RESERVED = "reserved"
    ZONE = "zone"
    PORT = "port"
    WEB_ADDRESS = "web-address"
    HOST_BITS = "host-bits"
    TOO_WIDE = "too-wide"
    BACKWARDS = "backwards"
    MIXED = "mixed"
    DUPLICATE = "duplicate"
    NEARLY_PALMABOT = "nearly-palmabot"
    NEARLY_YOURS = "nearly-yours"
    MAPPED = "mapped"
    CHARACTERS = "characters"
    TOO_MANY = "too-many"

    @property
    def matters(self) -> bool:
        """Whether a list with it is not safe to save as it is."""
        return self not in {Problem.HOST_BITS, Problem.DUPLICATE}


class Standing(enum.Enum):
    """Whether the own address is still one of those that were let in."""

    SAME = "same"
    CHANGED = "changed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class _Span:
    """Addresses of one version from `first` to `last`, as numbers."""

    version: int
    first: int
    last: int

    @property
    def is_too_wide(self) -> bool:
        return self.last - self.first >= 1 << (16 if self.version == 4 else 96)

    def __contains__(self, address: Address) -> bool:
        return self.holds(address.version, int(address))

    def holds(self, version: int, value: int) -> bool:
        return self.version == version and self.first <= value <= self.last

    def networks(self) -> Iterator[Network]:
        if self.version == 4:
            return ipaddress.summarize_address_range(
                ipaddress.IPv4Address(self.first), ipaddress.IPv4Address(self.last)
            )
        return ipaddress.summarize_address_range(ipaddress.IPv6Address(self.first), ipaddress.IPv6Address(self.last))

    def text(self) -> str:
        first, *more = itertools.islice(self.networks(), 2)
        if not more:
            return _text(first)
        return f"{_address(self.version, self.first)}-{_address(self.version, self.last)}"


@dataclass(frozen=True, slots=True)
class Entry:
    """`meant` is what it surely means, in the usual writing, or nothing.

    `text` is as written, without invisible characters, cut after LONGEST_ENTRY; it may be anything, markup included.
    """

    text: str
    problems: tuple[Problem, ...]
    meant: str
    written: _Span | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Who gets in, with the list as it is. `problems` are those of the whole list.

    `you` has an answer for each of "ipv4" and "ipv6" that an own address is known of. `corrected` is the list to copy:
    nothing in it while no own address is known and PalmaBot's alone would be left, for that list locks its owner out.
    """

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    palmabot: bool
    you: Mapping[str, bool]
    corrected: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """An empty list lets everybody in."""
        return not self.entries

    @property
    def safe(self) -> bool:
        """Whether nobody is locked out, as far as the own addresses are known, and nothing is left to put right."""
        said = [*self.problems, *(problem for entry in self.entries for problem in entry.problems)]
        let_in = self.palmabot and bool(self.you) and all(self.you.values())
        return let_in and not any(problem.matters for problem in said)


@dataclass(frozen=True, slots=True)
class _Read:
    """One entry, understood as far as possible: `written` lets somebody in as it stands, `meant` is for the copy."""

    problems: tuple[Problem, ...]
    written: _Span | None = None
    meant: _Span | None = None


def _span(network: str) -> _Span:
    block = ipaddress.ip_network(network)
    return _Span(block.version, int(block.network_address), int(block.broadcast_address))


# The first that holds an address says its kind. No IPv4 block is narrower than /16: a range that is not too wide has
# at most one end in one.
_SPECIAL: Final = tuple(
    (_span(network), kind)
    for kind, networks in (
        (AddressKind.LOOPBACK, ("127.0.0.0/8", "::1/128")),
        (AddressKind.PRIVATE, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")),
        (AddressKind.CGNAT, ("100.64.0.0/10",)),
        (AddressKind.LINK_LOCAL, ("169.254.0.0/16", "fe80::/10")),
        # Of IPv6, only 2000::/3 is given out.
        (AddressKind.RESERVED, ("0.0.0.0/8", "198.18.0.0/15", "224.0.0.0/3", "::/3", "4000::/2", "8000::/1")),
    )
    for network in networks
)
_SAID: Final = {
    AddressKind.PRIVATE: Problem.PRIVATE,
    AddressKind.CGNAT: Problem.CGNAT,
    AddressKind.LOOPBACK: Problem.LOOPBACK,
    AddressKind.LINK_LOCAL: Problem.RESERVED,
    AddressKind.RESERVED: Problem.RESERVED,
}


def kind(address: Address) -> AddressKind:
    special = _special(address.version, int(address))
    return AddressKind.PUBLIC if special is None else special[1]


def rehearse(text: str, own: Sequence[str]) -> Rehearsal:
    """Read a list as somebody typed or pasted it. Of `own`, only what is a public address counts."""
    mine = _public(own)[:MOST_OWN]
    pieces, cut = _pieces(text)
    reads = [_read(plain) for _, plain in pieces]
    bot = ipaddress.IPv4Address(PALMABOT_ADDRESS)

    def gets_in(address: Address) -> bool:
        return not reads or any(read.written is not None and address in read.written for read in reads)

    missed = [str(address) for address in mine if address.version == 4 and not gets_in(address)]
    known = {PALMABOT_ADDRESS, *map(str, mine)}
    entries: list[Entry] = []
    kept: dict[_Span, None] = {}
    seen: set[_Span] = set()
    for (raw, plain), read in zip(pieces, reads, strict=True):
        more, public = _judged(read)
        problems = [*read.problems, *more]
        typed = plain if read.meant is None else read.meant.text()
        if typed not in known and _nearly(typed, PALMABOT_ADDRESS):
            problems.append(Problem.NEARLY_PALMABOT)
            public = None
        if typed not in known and any(_nearly(typed, address) for address in missed):
            problems.append(Problem.NEARLY_YOURS)
            public = None
        if read.meant in seen:
            problems.append(Problem.DUPLICATE)
        if read.meant is not None:
            seen.add(read.meant)
            if "".join(raw.split()) != plain:
                problems.append(Problem.CHARACTERS)
        if public is not None:
            kept[public] = None
        meant = "" if public is None else typed if public == read.meant else public.text()
        entries.append(Entry(_shown(raw), tuple(dict.fromkeys(problems)), meant, read.written))

    corrected, dropped = _corrected(list(kept), [bot, *mine])
    if not mine and set(corrected) == {PALMABOT_ADDRESS}:
        corrected = ()
    return Rehearsal(
        entries=tuple(entries),
        problems=(Problem.TOO_MANY,) if cut or dropped else (),
        palmabot=gets_in(bot),
        you={
            f"ipv{version}": all(gets_in(address) for address in mine if address.version == version)
            for version in sorted({address.version for address in mine})
        },
        corrected=corrected,
    )


def covering(entries: Iterable[str], own: Iterable[str]) -> tuple[str, ...]:
    """Which of the listed entries let an own address in, to be remembered with a key.

    In the usual writing, at most MOST_REMEMBERED of them; the first of each own address come first.
    """
    spans = [span for entry in entries if (span := _read(_plain(entry.strip())).written) is not None]
    hits = [[span for span in spans if address in span] for address in _public(own)]
    ordered = [*(found[0] for found in hits if found), *(span for found in hits for span in found[1:])]
    return tuple(span.text() for span in dict.fromkeys(ordered))[:MOST_REMEMBERED]


def changed(remembered: Sequence[str], now: Iterable[str]) -> Standing:
    """Compare what `covering` gave with the own addresses as the services see them now.

    Only a kind of address of which something is remembered and something is seen tells anything. Services that
    disagree, one inside and one outside of what is remembered, leave it open.
    """
    spans = [span for entry in remembered if (span := _read(entry).written) is not None]
    seen = _public(now)
    found: set[frozenset[bool]] = set()
    for version in (4, 6):
        then = [span for span in spans if span.version == version]
        inside = frozenset(any(address in span for span in then) for address in seen if address.version == version)
        if then and inside:
            found.add(inside)
    if frozenset({False}) in found:
        return Standing.CHANGED
    return Standing.SAME if found == {frozenset({True})} else Standing.UNKNOWN


# -- from a text to its pieces --

# All of this keeps each character in its place, so that a piece can be shown as it was written.
_INVISIBLE: Final = "\x00"
_INNER_SPACE: Final = "\x01"
_LINE_BREAKS: Final = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_ALIKE: Final = {
    character: plain
    for characters, plain in (
        ("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63", "-"),
        ("'`\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u300c\u300d", '"'),
        ("\u2022\u2023\u25e6\u2043\u2219\u00b7\u25aa\u25ab\u25cf\u25cb\u25a0\u25a1\u25b6\u25ba\u27a2\u27a4\u2713", ","),
        ("\u3001\uff64\u060c\u061b", ","),
        ("\u3002\uff61\u2024", "."),
    )
    for character in characters
}
# A bullet or a number in front of a line. "1." wants a space behind it: "1.2.3.4" is an address.
_BULLET: Final = re.compile(r"^[ \x00]*(?:[-*+=_#>~]+|\(?\d{1,3}(?:\)|\.(?=[ \n]|$)))", re.MULTILINE)
_HEX: Final = r"[0-9a-fA-F:.\x00]"
_SPACED: Final = re.compile(
    rf'(?<![\w.:\x00]){_HEX}{{6,64}}["\])]? *- *(?=["\[(]?{_HEX}{{1,64}}(?!\w))'
    rf"|(?<={_HEX}) */ *(?=\d{{1,3}}(?![\w.:]))"
)
_PIECE: Final = re.compile(r"[^ \n,;|]+")
_BETWEEN: Final = frozenset({"", "and", "&"})


def _pieces(text: str) -> tuple[list[tuple[str, str]], bool]:
    """Each entry as written and in plain characters, and whether there are more than those."""
    read = text[:MOST_CHARACTERS]
    alike = read.translate({ord(character): _likeness(character) for character in set(read)})
    alike = _BULLET.sub(lambda found: " " * len(found[0]), alike)
    alike = _SPACED.sub(lambda found: found[0].replace(" ", _INNER_SPACE), alike)
    pieces: list[tuple[str, str]] = []
    for found in _PIECE.finditer(alike):
        if found.end() == len(read) < len(text):
            break  # it may have been cut in its middle
        plain = _bare(found[0])
        if plain.lower() in _BETWEEN:
            continue
        if len(pieces) == MOST_ENTRIES:
            return pieces, True
        pieces.append((read[found.start() : found.end()], plain))
    return pieces, len(read) < len(text)


def _plain(entry: str) -> str:
    short = entry[: LONGEST_ENTRY + 1]
    return _bare("".join("" if character.isspace() else _likeness(character) for character in short))


def _likeness(character: str) -> str:
    """One plain character for another that looks or means the same."""
    code = ord(character)
    if 0xFF01 <= code <= 0xFF5E:  # full-width
        character = chr(code - 0xFEE0)
    if character in _LINE_BREAKS:
        return "\n"
    if character.isspace():
        return " "
    if character in _ALIKE:
        return _ALIKE[character]
    if not character.isprintable():
        return _INVISIBLE
    if not character.isascii() and character.isdecimal():
        return str(unicodedata.decimal(character))
    return character


def _bare(piece: str) -> str:
    """Without what stands around an entry; the brackets of "[2001:db8::7]:443" do not."""
    bare = piece.replace(_INVISIBLE, "").replace(_INNER_SPACE, "").strip('"')
    return bare if _PORT6.fullmatch(bare) else bare.lstrip('"([{<').rstrip('")]}>.')


def _shown(raw: str) -> str:
    visible = "".join(" " if each.isspace() else each for each in raw if each.isprintable() or each.isspace())
    return visible if len(visible) <= LONGEST_ENTRY else visible[: LONGEST_ENTRY - 1] + "…"


# -- from a piece to addresses --

_PORT6: Final = re.compile(r"\[([^\[\]]+)\]:[0-9]{1,5}")
_PORT4: Final = re.compile(r"([0-9]+(?:\.[0-9]+){3}):[0-9]{1,5}")
_NUMBERS: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_WILD_CARDS: Final = re.compile(r"(?:\.[xX*])+$")
_PREFIX: Final = re.compile(r"0|[1-9][0-9]{0,2}")
_RANGE: Final = re.compile(r"([0-9a-fA-F:.]+)-([0-9a-fA-F:.]+)")
_HOST: Final = re.compile(r"(?:[\w-]+\.)+[^\W\d_][\w-]+(?:[:/].*)?", re.DOTALL)
_NOT_AN_ADDRESS: Final = _Read((Problem.NOT_AN_ADDRESS,))


def _read(plain: str) -> _Read:
    if len(plain) > LONGEST_ENTRY:
        return _Read((Problem.WEB_ADDRESS,)) if "://" in plain else _NOT_AN_ADDRESS
    if "://" in plain:
        # With a path it is not sure that an address was meant: https://203.0.113.7/24
        inner = _one(plain.partition("://")[2].removesuffix("/"))
        return _Read((Problem.WEB_ADDRESS,), None, inner.meant)
    if _HOST.fullmatch(plain):
        return _Read((Problem.WEB_ADDRESS,))
    if "/" in plain:
        return _block(*plain.split("/", 1))
    if ends := _RANGE.fullmatch(plain):
        return _range(ends[1], ends[2])
    return _one(plain)


def _one(plain: str) -> _Read:
    """A single address."""
    if port := _PORT6.fullmatch(plain) or _PORT4.fullmatch(plain):
        inner = _one(port[1])
        return _Read((Problem.PORT, *inner.problems), None, inner.meant)
    if "%" in plain:
        inner = _one(plain.partition("%")[0])
        return _NOT_AN_ADDRESS if inner.meant is None else _Read((Problem.ZONE, *inner.problems), None, inner.meant)
    short = _WILD_CARDS.sub("", plain)
    if _NUMBERS.fullmatch(short):
        return _ipv4(short.split("."), whole=short == plain)
    try:
        address = ipaddress.IPv6Address(plain)
    except ValueError:
        return _NOT_AN_ADDRESS
    if (mapped := address.ipv4_mapped) is not None:
        return _Read((Problem.MAPPED,), None, _Span(4, int(mapped), int(mapped)))
    span = _Span(6, int(address), int(address))
    return _Read((), span, span)


def _ipv4(numbers: Sequence[str], *, whole: bool) -> _Read:
    if len(numbers) > 4 or (len(numbers) == 1 and whole):
        return _NOT_AN_ADDRESS
    if any(int(number) > 255 for number in numbers):
        return _Read((Problem.NUMBER_TOO_LARGE,))
    if len(numbers) < 4 or not whole:
        return _Read((Problem.INCOMPLETE,))
    value = int.from_bytes(bytes(map(int, numbers)), "big")
    span = _Span(4, value, value)
    padded = [number for number in numbers if len(number) > 1 and number[0] == "0"]
    if not padded:
        return _Read((), span, span)
    # Old programs take 010 for eight. It is surely decimal where both ways come to the same, or octal is no way at all.
    sure = any(set(number) & set("89") for number in padded) or all(int(number) < 8 for number in padded)
    return _Read((Problem.LEADING_ZERO,), None, span if sure else None)


def _block(head: str, tail: str) -> _Read:
    inner = _one(head)
    start = inner.meant
    if start is None:
        return inner
    bits = 128 if start.version == 6 or Problem.MAPPED in inner.problems else 32
    spare = bits - int(tail) if _PREFIX.fullmatch(tail) else -1
    if not 0 <= spare <= (32 if start.version == 4 else 128):
        return _NOT_AN_ADDRESS
    first = start.first >> spare << spare
    span = _Span(start.version, first, first + (1 << spare) - 1)
    problems = inner.problems if first == start.first else (*inner.problems, Problem.HOST_BITS)
    return _Read(problems, inner.written and span, span)


def _range(left: str, right: str) -> _Read:
    if right.isdigit() and left.count(".") == 3:
        right = f"{left.rpartition('.')[0]}.{right}"
    start, end = _one(left), _one(right)
    problems = tuple(dict.fromkeys((*start.problems, *end.problems)))
    if start.meant is None or end.meant is None:
        return _Read(problems)
    if start.meant.version != end.meant.version:
        return _Read((*problems, Problem.MIXED))
    if start.meant.first > end.meant.first:
        return _Read((*problems, Problem.BACKWARDS))
    span = _Span(start.meant.version, start.meant.first, end.meant.first)
    return _Read(problems, span if start.written and end.written else None, span)


# -- what to make of them --


def _judged(read: _Read) -> tuple[list[Problem], _Span | None]:
    """What the internet makes of what was meant, and the part of it that may be listed."""
    span = read.meant
    if span is None:
        return [], None
    low, high = _special(span.version, span.first), _special(span.version, span.last)
    if span.is_too_wide and (low is None or low != high):
        return [Problem.TOO_WIDE], None
    problems = [_SAID[end[1]] for end in (low, high) if end is not None]
    first = span.first if low is None else low[0].last + 1
    last = span.last if high is None else high[0].first - 1
    return problems, _Span(span.version, first, last) if first <= last else None


def _special(version: int, value: int) -> tuple[_Span, AddressKind] | None:
    return next((entry for entry in _SPECIAL if entry[0].holds(version, value)), None)


def _nearly(text: str, wanted: str) -> bool:
    """One character too many, too few or wrong, or two that changed places."""
    if len(text) == len(wanted):
        wrong = [(one, other) for one, other in zip(text, wanted, strict=True) if one != other]
        return len(wrong) == 1 or (len(wrong) == 2 and wrong[0] == wrong[1][::-1])
    short, long = sorted((text, wanted), key=len)
    return len(long) == len(short) + 1 and any(long[:at] + long[at + 1 :] == short for at in range(len(long)))


def _corrected(spans: list[_Span], needed: Sequence[Address]) -> tuple[tuple[str, ...], bool]:
    """The list to copy, short enough to be read again, and whether something had to be left out for that."""
    kept = spans
    while True:  # each round leaves one fewer, and those who are needed have room
        missing = [address for address in needed if not any(address in span for span in kept)]
        if len(kept) + len(missing) <= MOST_ENTRIES:
            break
        kept = kept[: MOST_ENTRIES - len(missing)]
    added = [str(address) for address in missing]
    texts = list(dict.fromkeys(text for span in kept for text in _blocks(span)))
    if len(texts) + len(added) > MOST_ENTRIES:
        texts = [span.text() for span in kept]
    return tuple(dict.fromkeys((*texts, *added))), len(kept) < len(spans)


def _blocks(span: _Span) -> Iterator[str]:
    """CIDR blocks, unless there are too many of them or one alone would look like a slip."""
    texts = [_text(network) for network in itertools.islice(span.networks(), MOST_BLOCKS + 1)]
    if len(texts) > MOST_BLOCKS or (len(texts) > 1 and any(_nearly(text, PALMABOT_ADDRESS) for text in texts)):
        yield span.text()
    else:
        yield from texts


def _address(version: int, value: int) -> Address:
    return ipaddress.IPv4Address(value) if version == 4 else ipaddress.IPv6Address(value)


def _text(network: Network) -> str:
    return str(network.network_address if network.prefixlen == network.max_prefixlen else network)


def _public(texts: Iterable[str]) -> list[Address]:
    found: dict[Address, None] = {}
    for text in texts:
        try:
            address = ipaddress.ip_address(text.strip())
        except ValueError:
            continue
        if "%" not in text and kind(address) is AddressKind.PUBLIC:
            found[address] = None
    return list(found)
