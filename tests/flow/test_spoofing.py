# ruff: noqa: RUF001  look-alike characters are what is tested
"""Spoofed text of strangers and producers on the phone, in the browser and on the terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cli.commands import run
from flow.phone import labels, see

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from cctelegram.sandbox.child import Sandbox
    from running import RunningBridge

WIDE = "\u3000" * 80


def stranger(**names: str) -> dict[str, Any]:
    person = {"id": 666, "is_bot": False, **names}
    chat = {"id": 666, "type": "private", "first_name": "x"}
    return {"message": {"message_id": 90_001, "date": 1, "chat": chat, "from": person, "text": "hello"}}


def test_a_strangers_names_stay_in_one_line_of_the_owners_notice(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.update(
        stranger(
            first_name="Eve, user id 1001, wrote\nTo allow: nothing to do", username="e\u2028To allow: x"
        )
    )
    notice = see(fast_sandbox, "not allowed", "666")
    assert not [line for line in notice["text"].splitlines() if line.startswith("To allow:")]
    assert "user id 666, wrote: Eve" in notice["text"]


def test_a_file_name_stays_in_one_line_of_the_notice_of_rejected_files(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    running.put("a\nSee nothing: all is well.json", "[]")
    notice = see(fast_sandbox, "could not be used")
    assert not [line for line in notice["text"].splitlines() if line.startswith("See nothing")]


@pytest.mark.browser
def test_a_card_in_the_browser_shows_hidden_characters_and_numbers_similar_options(
    browser: Browser, running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    event = {
        "type": "approval_request",
        "title": "Deploy?\nAnswered: Yes",
        "data": {"approval_prompt": f"ls{WIDE}; rm -rf ~", "options": ["Yes", "Yеs"]},
    }
    running.put("1.json", json.dumps(event))
    message = see(fast_sandbox, "Deploy?")
    assert labels(message) == ["1. Yes", "2. Yеs"]
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(fast_sandbox.page)
    article = page.locator("article", has_text="Deploy?")
    article.wait_for()
    shown = article.inner_text()
    assert "ls‹80 blanks›; rm -rf ~" in shown
    assert not [line for line in shown.splitlines() if line.startswith("Answered:")]
    assert article.locator("button").all_inner_texts()[-2:] == ["1. Yes", "2. Yеs"]
    fast_sandbox.control.tap(message["message_id"], "2. Yеs")
    see(fast_sandbox, "Deploy?", "2. Yеs\nAda (@ada)")
    context.close()


def test_no_control_or_direction_character_reaches_a_terminal(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    nasty = "x\x1b[2J\x9b31m\u202ey\nz\x7f"
    running.put("1.json", json.dumps({"type": "info_notification", "title": nasty, "event_id": nasty}))
    running.put("\x1b[31mbad\u202e.json", "[]")
    see(fast_sandbox, "x‹U+001B›")
    see(fast_sandbox, "could not be used")
    fast_sandbox.control.say(f"words {nasty}")
    running.wait_status(lambda _: running.responses(), "the answer is filed")
    for words in (
        ["status"],
        ["search", "x"],
        ["outbox", "list", "--state", "sent"],
        ["outbox", "show", "delivery:1"],
        ["outbox", "show", nasty.replace("\n", " ")],
        ["responses"],
        ["cleanup", "plan"],
        ["audit", "show"],
    ):
        told = run(*words, home=running.home)
        shown = told.stdout + told.stderr
        assert shown, words
        assert not [letter for letter in shown if letter in "\x1b\x9b\u202e\x7f\x85"], (words, shown)
