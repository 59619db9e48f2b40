"""What somebody gets who cannot see the window, or has only a keyboard: names, roles, order, sizes, announcements."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QDialog, QLabel, QLineEdit, QMessageBox, QPushButton, QWidget, QWizard

from palma_wizard import guide
from palma_wizard.entry import LONGEST_LABEL
from palma_wizard.exchanges import Outcome
from palma_wizard.ui.page import Page
from palma_wizard.ui.picture import CalloutButton, PictureView
from palma_wizard.ui.wizard import CHECK, DATA, NOTICE, START, Wizard
from tests.hands import click, find, press_test, until

WORDS = guide.load()
Runner = Callable[[Coroutine[Any, Any, None]], None]
NEXT = QWizard.WizardButton.NextButton
SMALLEST = 24
"""Pixels a target is wide and high at least (WCAG 2.2, 2.5.8)."""


async def views(window: Wizard) -> AsyncIterator[tuple[str, QWidget]]:
    """Every page and dialog in turn, as the words on it name it."""
    yield "start", window
    click(window.start_page.choice("practise"))
    for number, step in enumerate(WORDS.steps["hitbtc2"][:8], 1):
        for part in range(len(step.parts)):
            view = window.currentPage().findChildren(PictureView)
            await until(lambda view=view: not any(v.isVisible() and v._image.isNull() for v in view), "no picture")  # type: ignore[misc]
            yield f"step {number}, part {part + 1}", window
            click(window.button(NEXT))
    yield "data", window
    click(find(window, "practice-fill"))
    yield "data, filled in", window
    window.go(8)
    click(next(made for made in window.currentPage().findChildren(QPushButton, "picture-zoom") if made.isVisible()))
    viewer = window.currentPage().findChild(QDialog, "viewer")
    assert viewer is not None
    await until(lambda: not viewer.canvas._image.isNull(), "no picture")  # type: ignore[attr-defined]
    yield "viewer", viewer
    viewer.accept()
    window._open_help()
    helps = window.findChild(QDialog, "help-dialog")
    assert helps is not None
    yield "help", helps
    helps.accept()
    window.go(NOTICE)
    yield "notice", window
    window.notice_page.own.setText("203.0.113.7")
    window.notice_page.list.setPlainText("46.19.9.48, 203.0.113.7 , 192.168.1.5")
    window.notice_page.understood.setChecked(True)
    yield "notice, with a list", window
    window.go(CHECK)
    yield "check", window
    for scenario in ("wrong-key", "can-withdraw", "works"):
        window._set_scenario(scenario)
        await press_test(window)
        yield scenario, window
    click(window.check_page.report)
    report = window.findChild(QDialog, "report-dialog")
    assert report is not None
    yield "report", report
    report.accept()
    click(window.check_page.save)
    await until(window.check_page.done.isVisible, "it was not saved")
    yield "saved", window
    window.start_page.start_looking()
    window.go(START)
    await until(window.start_page.saved.isVisible, "nothing was found")
    click(find(window, "saved-copy"))
    yield "start, with a key", window
    window._set_compact(True)
    window.go(DATA)
    yield "data, narrow", window
    window._set_compact(False)
    window._leave_practice()
    yield "start, for real", window
    window.go(DATA)
    key = window.data_page.findChild(QLineEdit, "key")
    assert key is not None
    QTest.keyClicks(key, "practice-key-typed-by-hand")
    window.close()
    question = window.findChild(QMessageBox, "close-question")
    assert question is not None
    yield "question", question
    question.reject()


def by_keyboard(top: QWidget) -> list[QWidget]:
    """The widgets that Tab should come to."""
    return [
        widget
        for widget in top.findChildren(QWidget)
        if widget.window() is top
        and widget.isVisible()
        and widget.isEnabled()
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.focusProxy() is None
    ]


def faults(top: QWidget) -> Iterator[str]:
    for widget in by_keyboard(top):
        told = QAccessible.queryAccessibleInterface(widget)
        name = told.text(QAccessible.Text.Name)
        what = f"{type(widget).__name__} {widget.objectName()} “{name}”"
        if not name.strip():
            yield f"{what} has no name"
        if re.search(r"[&{}]", name + told.text(QAccessible.Text.Description)):
            yield f"{what} has a mark in its name"
        if told.role() in {QAccessible.Role.NoRole, QAccessible.Role.Client, QAccessible.Role.Border}:
            yield f"{what} has no role"
        if isinstance(widget, QLabel) and not widget.text() and told.role() is not QAccessible.Role.Graphic:
            yield f"{what} is not told to be a picture"
        if min(widget.width(), widget.height()) < SMALLEST:
            yield f"{what} is too small: {widget.width()} x {widget.height()}"


def by_tab(top: QWidget) -> list[QWidget]:
    """The widgets as Tab comes to them, from the one that has the focus until it is there again."""
    begin = top.focusWidget()
    assert begin is not None
    met = [begin]
    while len(met) < 100:
        QTest.keyClick(met[-1], Qt.Key.Key_Tab)
        reached = top.focusWidget()
        assert reached is not None, f"the focus is lost after {met[-1].objectName()}"
        if reached is begin:
            return met
        met.append(reached)
    raise AssertionError(f"Tab does not come back: {[widget.objectName() for widget in met[-5:]]}")


def reading_place(widget: QWidget) -> tuple[int, QRect]:
    """Which part of the window it is in, in the order they are read, and where; all on a picture is where that is."""
    seen = (
        widget.parentWidget() if isinstance(widget, CalloutButton) or widget.objectName() == "picture-zoom" else widget
    )
    assert seen is not None
    where = QRect(seen.mapTo(seen.window(), QPoint()), seen.size())
    window = seen.window()
    if not isinstance(window, Wizard):
        return 0, where
    page = window.currentPage()
    assert isinstance(page, Page)
    if not page.isAncestorOf(seen):
        return (0 if window.rail.isAncestorOf(seen) else 4), where
    return (1 if page.banner.isAncestorOf(seen) else 2 if page.area.isAncestorOf(seen) else 3), where


def reads_on(one: tuple[int, QRect], other: tuple[int, QRect]) -> bool:
    """Whether what is in the other place is read after what is in the one: further on in its row, or below."""
    (part, here), (next_part, there) = one, other
    if part != next_part or here == there:
        return part <= next_part
    down = there.center().y() - here.center().y()
    if abs(down) < min(here.height(), there.height()) / 2:
        return here.left() < there.left()
    return down > 0


def disorder(top: QWidget) -> Iterator[str]:
    met = by_tab(top)
    for missed in set(by_keyboard(top)) - set(met):
        yield f"Tab does not come to {missed.objectName()}"
    jumps = [
        f"Tab goes from {one.objectName()} to {other.objectName()}"
        for one, other in zip(met, met[1:] + met[:1], strict=True)
        if not reads_on(reading_place(one), reading_place(other))
    ]
    if len(jumps) > 1:  # one is from the end back to the beginning
        yield "; ".join(jumps)


def test_every_page_can_be_heard_and_worked_with_the_keyboard(
    window: Wizard, run: Runner, keyring_session: None
) -> None:
    found: list[str] = []

    async def walk() -> None:
        async for name, top in views(window):
            found.extend(f"{name}: {each}" for each in (*faults(top), *disorder(top)))

    run(walk())
    assert not found, "\n".join(found)


def test_pages_made_anew_are_come_to_in_the_same_order(window: Wizard) -> None:
    for number in (START, 1, DATA, NOTICE):
        window.go(number)
        window.rebuild()
        assert [*disorder(window)] == [], number


def test_a_box_to_choose_from_is_tied_to_its_caption(window: Wizard) -> None:
    """On Linux its name is what is chosen in it."""
    for box in window.findChildren(QComboBox):
        captions = [
            told.text(QAccessible.Text.Name)
            for told, _ in QAccessible.queryAccessibleInterface(box).relations(QAccessible.RelationFlag.Label)
        ]
        assert captions == [box.accessibleName()], box.objectName()


def test_what_is_said_of_a_field_is_tied_to_it(window: Wizard, run: Runner) -> None:
    data, notice, check = window.data_page, window.notice_page, window.check_page

    def described(field: QWidget, words: str) -> None:
        told = QAccessible.queryAccessibleInterface(field).text(QAccessible.Text.Description)
        assert words in told, field.objectName()

    async def walk() -> None:
        click(window.start_page.choice("practise"))
        window.go(DATA)
        key = data.findChild(QLineEdit, "key")
        assert key is not None
        QTest.keyClicks(key, "key: abc")
        described(key, WORDS.say("doubt.label-in-front"))
        click(find(window, "practice-fill"))
        window.go(NOTICE)
        QTest.keyClicks(notice.own, "10.0.0.1")
        described(notice.own, WORDS.say("notice.private"))
        notice.own.clear()
        QTest.keyClicks(notice.own, "203.0.113.7")
        described(notice.own, "")
        QTest.keyClicks(notice.list, "46.19.9.48")
        described(notice.list, WORDS.say("rehearsal.locked-out"))
        described(notice.understood, WORDS.say("notice.danger"))
        notice.list.clear()
        await press_test(window)
        check.label.selectAll()
        QTest.keyClicks(check.label, "?")
        described(check.label, WORDS.say("check.label-wrong", count=LONGEST_LABEL))

    run(walk())


def test_pages_and_results_are_told_without_taking_the_focus_away(
    window: Wizard, run: Runner, keyring_session: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def note(event: QAccessibleEvent) -> None:
        if isinstance(event, QAccessibleAnnouncementEvent):
            told.append(event.message())

    def press(widget: QWidget) -> None:
        told.clear()
        widget.setFocus()
        QTest.keyClick(widget, Qt.Key.Key_Space)

    async def has_told(*words: str) -> None:
        await until(lambda: any(all(each in one for each in words) for one in told), f"{words} were not told: {told}")

    monkeypatch.setattr(QAccessible, "updateAccessibility", note)

    async def walk() -> None:
        ahead, check = window.button(NEXT), window.check_page
        steps = WORDS.steps["hitbtc2"]
        press(window.start_page.choice("practise"))
        for number, step in enumerate(steps[:8], 1):
            for part in step.parts:
                place = WORDS.say("step-of", number=number, count=len(steps))
                await has_told(place, *(line.text for line in part.lines))
                assert window.focusWidget() is ahead
                press(ahead)
        await has_told(steps[8].title)
        press(find(window, "practice-fill"))
        press(ahead)
        await has_told(steps[9].title)
        press(window.notice_page.look_up)
        await has_told("203.0.113.7")
        assert window.focusWidget() is window.notice_page.look_up
        press(window.notice_page.understood)
        press(ahead)
        await has_told(WORDS.say("check.title"))
        for scenario, outcome in (("wrong-key", Outcome.WRONG_KEY), ("works", Outcome.WORKS)):
            window._set_scenario(scenario)
            press(check.run)
            assert window.focusWidget() is check.cancel
            words = WORDS.outcome(outcome, "hitbtc2")
            await has_told(words.title, words.cause)
            assert window.focusWidget() is check.run
        window._set_scenario("hangs")
        press(check.run)
        press(check.cancel)
        await has_told(WORDS.say("check.cancelled"))
        assert window.focusWidget() is check.run
        window._set_scenario("works")
        await press_test(window)
        press(check.save)
        await has_told(WORDS.say("practice.finished"))
        assert check.done.isAncestorOf(window.focusWidget())

    run(walk())


def test_the_danger_is_seen_and_heard_first(window: Wizard) -> None:
    """However small the window: a focus further down would scroll it away."""
    window.activateWindow()
    window._set_practice(True)
    window.resize(800, 600)
    window.go(NOTICE)
    page = window.notice_page
    assert window.focusWidget() is page.danger
    assert WORDS.say("notice.danger-title") in page.danger.accessibleName()
    assert page.area.verticalScrollBar().value() == 0
    assert not page.danger.visibleRegion().isEmpty()
