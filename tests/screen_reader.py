"""What a screen reader has: the tree and the events of a program, over the accessibility bus (AT-SPI) alone."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from jeepney import DBusAddress, HeaderFields, MatchRule, Message, MessageType, new_method_call  # type: ignore[import-untyped]
from jeepney.bus_messages import message_bus  # type: ignore[import-untyped]
from jeepney.io.blocking import DBusConnection, open_dbus_connection  # type: ignore[import-untyped]

_ATSPI: Final = "org.a11y.atspi."
_REGISTRY: Final = "org.a11y.atspi.Registry"
_ROOT: Final = "/org/a11y/atspi/accessible/root"
_ROLES: Final = {
    7: "check box",
    11: "combo box",
    16: "dialog",
    27: "image",
    29: "label",
    40: "password text",
    43: "button",
    61: "text",
}
"""As AtspiRole numbers them: those that people work with."""
_STATES: Final = {"checked": 4, "enabled": 8, "focusable": 11, "focused": 12, "showing": 25}
"""As AtspiStateType numbers them."""


class Gone(Exception):  # noqa: N818
    """What was asked about is no longer there."""


@dataclass(frozen=True)
class Item:
    """One thing in a program, by the program's name on the bus and its own path there; all else is asked anew."""

    program: str
    path: str
    _reader: ScreenReader = field(repr=False, compare=False)

    def _ask(self, interface: str, member: str, signature: str = "", *body: object) -> Any:
        return self._reader.call((self.program, self.path), _ATSPI + interface, member, signature, *body)

    def _tells(self, what: str) -> Any:
        where = self.program, self.path
        asked = f"{_ATSPI}Accessible", what
        return self._reader.call(where, "org.freedesktop.DBus.Properties", "Get", "ss", *asked)[1]

    @property
    def name(self) -> str:
        return str(self._tells("Name"))

    @property
    def description(self) -> str:
        return str(self._tells("Description"))

    @property
    def role(self) -> str:
        return _ROLES.get(self._ask("Accessible", "GetRole"), "")

    @property
    def states(self) -> set[str]:
        low, high = self._ask("Accessible", "GetState")
        return {name for name, bit in _STATES.items() if (low | high << 32) >> bit & 1}

    @property
    def text(self) -> str:
        """What stands in a field; the empty string where there is no field."""
        has_text = f"{_ATSPI}Text" in self._ask("Accessible", "GetInterfaces")
        return str(self._ask("Text", "GetText", "ii", 0, -1)) if has_text else ""

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, width and height on the screen, in pixels."""
        left, top, width, height = self._ask("Component", "GetExtents", "u", 0)
        return left, top, width, height

    @property
    def parent(self) -> Item:
        program, path = self._tells("Parent")
        return Item(program, path, self._reader)

    def below(self, *, hidden: bool = False) -> Iterator[Item]:
        """All in it, without what is in something that does not show; with `hidden`, all."""
        for where in self._ask("Accessible", "GetChildren"):
            child = Item(where[0], where[1], self._reader)
            if hidden or "showing" in child.states:
                yield child
                yield from child.below(hidden=hidden)


class ScreenReader:
    """Keeps the announcements it hears and where the focus goes."""

    def __init__(self) -> None:
        with open_dbus_connection() as session:
            where = DBusAddress("/org/a11y/bus", "org.a11y.Bus", "org.a11y.Bus")
            address = session.send_and_get_reply(new_method_call(where, "GetAddress"), timeout=10).body[0]
        self._bus: DBusConnection = open_dbus_connection(address)
        self._events: deque[Message] = deque()
        rule = MatchRule(type="signal", interface=f"{_ATSPI}Event.Object")
        self._bus.send_and_get_reply(message_bus.AddMatch(rule))
        self._filter = self._bus.filter(rule, queue=self._events)
        for event in ("object:announcement", "object:state-changed:focused"):
            self.call((_REGISTRY, "/org/a11y/atspi/registry"), _REGISTRY, "RegisterEvent", "s", event)
        self.heard: list[str] = []
        self.focus: Item | None = None

    def close(self) -> None:
        self._filter.close()
        self._bus.close()

    def call(self, where: tuple[str, str], interface: str, member: str, signature: str = "", *body: object) -> Any:
        name, path = where
        asked = new_method_call(DBusAddress(path, name, interface), member, signature or None, body)
        reply = self._bus.send_and_get_reply(asked, timeout=10)
        if reply.header.message_type is MessageType.error:
            raise Gone(where, member, reply.body)
        return reply.body[0] if reply.body else None

    def program(self, name: str) -> Item:
        """As soon as it is on the bus."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for where in self.call((_REGISTRY, _ROOT), f"{_ATSPI}Accessible", "GetChildren"):
                if (found := Item(where[0], where[1], self)).name == name:
                    return found
            time.sleep(0.05)
        raise Gone(name)

    def listen(self, seconds: float) -> None:
        """Take in what has happened, waiting for it that long if there is nothing."""
        try:
            self._events.append(self._bus.recv_until_filtered(self._events, timeout=seconds))
        except TimeoutError:
            return
        while self._events:
            event = self._events.popleft()
            fields = event.header.fields
            if fields[HeaderFields.member] == "Announcement":
                self.heard.append(event.body[3][1])
            elif event.body[:2] == ("focused", 1):
                self.focus = Item(fields[HeaderFields.sender], fields[HeaderFields.path], self)
