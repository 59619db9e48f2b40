"""The whole set-up by somebody who cannot see it: keys go in, and what comes out is what a screen reader is told."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from palma_wizard import guide, vault
from palma_wizard.exchanges import Outcome
from palma_wizard.practice import KEYS
from tests.screen_reader import Item, ScreenReader

WORDS = guide.load()
KEY, SECRET = KEYS["hitbtc2"].key, KEYS["hitbtc2"].secret


class Person:
    """Knows names and roles, has a keyboard, and never learns what a widget is."""

    def __init__(self, reader: ScreenReader, program: subprocess.Popen[bytes]) -> None:
        self.reader, self.program = reader, program
        self._since = 0
        self.app = reader.program("palma-wizard")
        # The part of a window manager, of which there is none here: the window that opens gets the keys.
        self._xdotool("search", "--sync", "--onlyvisible", "--name", WORDS.say("name"), "windowfocus")
        self.wait(lambda: self.reader.focus, "nothing has the focus")
        self.window = next(self.app.below())
        assert (self.window.role, self.window.name) == ("dialog", WORDS.say("name"))

    @staticmethod
    def _xdotool(*words: str) -> None:
        subprocess.run(["xdotool", *words], check=True, timeout=10)

    def wait(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline, f"{what}; heard: {self.reader.heard[-3:]}"
            self.reader.listen(0.05)

    def press(self, key: str) -> None:
        self._since = len(self.reader.heard)
        self._xdotool("key", key)

    def hear(self, *words: str) -> None:
        def heard() -> bool:
            return any(all(each in told for each in words) for told in self.reader.heard[self._since :])

        self.wait(heard, f"{words} was not heard")

    @property
    def focus(self) -> Item:
        """What has the focus: one thing, in sight, with a name and a role."""
        focus = self.reader.focus
        assert focus is not None
        assert {"focused", "focusable", "showing", "enabled"} <= focus.states, f"the focus is lost from “{focus.name}”"
        assert focus.role, f"“{focus.name}” has no role"
        assert focus.name, f"{focus} has no name"
        (_, top, _, height), (_, above, _, tall) = focus.box, self.window.box
        assert above <= top < top + height <= above + tall, f"“{focus.name}” is out of sight"
        return focus

    def tab(self) -> Item:
        before = self.reader.focus
        self._xdotool("key", "Tab")
        self.wait(lambda: self.reader.focus != before, "Tab does not move the focus")
        return self.focus

    def go_to(self, name: str, role: str = "button") -> Item:
        for _ in range(40):
            if (found := self.focus).name == name and found.role == role:
                return found
            self.tab()
        raise AssertionError(f"Tab does not come to {role} “{name}”")

    def press_button(self, name: str) -> None:
        self.go_to(name)
        self.press("space")

    def walk_round(self) -> list[Item]:
        """By Tab through all that takes the focus, in the order in which one reads: steps, page, buttons."""
        begin = self.focus
        met, jumps = [begin], 0
        while (reached := self.tab()) != begin:
            jumps += not _reads_on(met[-1], reached)
            met.append(reached)
            assert len(met) < 40, "Tab does not come back"
        jumps += not _reads_on(met[-1], begin)
        assert jumps <= 2, [item.name for item in met]  # from the buttons to the steps, and from those to the page
        return met

    def everything(self) -> Iterator[str]:
        """All words that the program gives to whoever asks, what does not show included."""
        for item in self.app.below(hidden=True):
            yield from (item.name, item.description, item.text)


def _reads_on(one: Item, other: Item) -> bool:
    left, top, _, height = _place(one)
    next_left, next_top, _, next_height = _place(other)
    down = (next_top + next_height / 2) - (top + height / 2)
    if (left, top) == (next_left, next_top):
        return True
    return next_left > left if abs(down) < min(height, next_height) / 2 else down > 0


def _place(item: Item) -> tuple[int, int, int, int]:
    """What lies on a picture is read with it."""
    parent = item.parent
    return parent.box if parent.role == "image" else item.box


@pytest.fixture
def person(screen: None, keyring_session: None, tmp_path: Path) -> Iterator[Person]:
    homes = {name: str(tmp_path) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
    environment = os.environ | homes | {"QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1"}
    reader = ScreenReader()
    program = subprocess.Popen([sys.executable, "-m", "palma_wizard", "--lang", "en"], env=environment)
    try:
        yield Person(reader, program)
    finally:
        program.kill()
        program.wait()
        reader.close()


def test_the_whole_set_up_by_ear_and_keyboard(person: Person) -> None:
    steps, say = WORDS.steps["hitbtc2"], WORDS.say
    assert person.focus.name == say("start.begin")
    person.press_button(say("start.practise"))

    for number, step in enumerate(steps[:8], 1):
        for part in step.parts:
            person.hear(say("step-of", number=number, count=len(steps)), *(line.text for line in part.lines))
            assert person.focus.name == say("button.next")
            person.walk_round()
            person.press("space")
    person.hear(steps[8].title)

    fields = {item.role: item for item in person.walk_round() if item.name in {say("data.key"), say("data.secret")}}
    person.press_button(say("practice.fill"))
    person.wait(lambda: fields["password text"].text, "it was not filled in")
    before = person.focus
    person.press("Escape")
    assert person.tab() != before
    hidden = fields["password text"].text
    assert len(hidden) == len(SECRET)
    assert len(set(hidden)) == 1
    shown = [words for words in person.everything() if SECRET in words]
    assert shown == [SECRET]  # the practice secret, where the page tells it
    person.press("alt+Right")
    person.hear(steps[9].title)

    person.walk_round()
    box = person.go_to(say("notice.understand"), "check box")
    assert box.description == say("notice.danger")
    person.press("space")
    person.wait(lambda: "checked" in box.states, "it is not ticked")
    person.press("alt+Right")
    person.hear(say("check.title"))

    person.press_button(say("check.run"))
    verdict = WORDS.outcome(Outcome.WORKS, "hitbtc2")
    person.hear(verdict.title, verdict.cause)
    assert person.focus.name == say("check.again")
    person.walk_round()
    person.press_button(say("check.save"))
    person.hear(say("practice.finished"))
    person.walk_round()
    assert not [words for words in person.reader.heard if SECRET in words or KEY in words]
    saved = vault.open_vault(practice=True)
    assert saved.load("hitbtc2") is not None
    assert saved.forget("hitbtc2")
    person.press_button(say("button.finish"))
    assert person.program.wait(10) == 0
