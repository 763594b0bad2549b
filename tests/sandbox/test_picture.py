"""The picture of the chat page in the documentation: made by the page itself.

Run with CCTELEGRAM_PICTURE=1 to write `docs/images/chat.png` anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from sandbox.conftest import Bot

DOCS = Path(__file__).parents[2] / "docs" / "images" / "chat.png"
MOST_BYTES = 200 * 1024

pytestmark = pytest.mark.browser


class Writing:
    """A text that grows, with the entities of its pieces."""

    def __init__(self) -> None:
        self.text = ""
        self.entities: list[dict[str, Any]] = []

    def add(self, piece: str, kind: str = "", **extra: str) -> Writing:
        def length(text: str) -> int:
            return len(text.encode("utf-16-le")) // 2

        if kind:
            self.entities.append({"type": kind, "offset": length(self.text), "length": length(piece)} | extra)
        self.text += piece
        return self

    def params(self) -> dict[str, Any]:
        return {"text": self.text, "entities": self.entities}


def failure() -> Writing:
    trace = (
        "error[E0502]: cannot borrow `queue` as mutable because it is also borrowed as immutable\n"
        "  --> src/lanes.rs:88:13\n"
        "86 |     let next = queue.first();\n"
        "   |                ----- immutable borrow occurs here\n"
        "88 |     queue.pop();\n"
    )
    writing = Writing().add("\u2717 Build #412 failed", "bold").add("\napi-gateway, after 1 min 48 s\n\n")
    writing.add("cargo build --release --locked", "pre", language="shell").add("\n")
    return writing.add(trace, "expandable_blockquote")


def completion() -> Writing:
    writing = Writing().add("\u2713 Fix the borrow in the lane queue", "bold")
    writing.add("\nThe next event is copied before the queue changes. ").add("214 tests pass", "italic").add(
        ".\n\n"
    )
    writing.add("src/lanes.rs", "code").add("  +6 \u22124\n").add("tests/lanes.rs", "code").add("  +21\n\n")
    return writing.add("Compare main\u2026fix-lanes", "text_link", url="https://example.com/compare")


def question() -> Writing:
    writing = Writing().add("Run the migration on staging?", "bold").add("\n")
    return writing.add("alembic upgrade head  # 0042, about 20 s of lock", "pre")


def test_the_picture_shows_a_failure_a_completion_and_an_answered_approval(
    browser: Browser, own_bot: Bot, tmp_path: Path
) -> None:
    own_bot.send(**failure().params())
    said = own_bot.control.say("/status")
    status = Writing().add("Bridge", "bold").add(" up for 3 h 12 min, mode ").add("nomad", "bold").add(".")
    reply = {"message_id": said["message_id"]}
    own_bot.send(**status.params(), disable_notification=True, reply_parameters=reply)
    own_bot.send(**completion().params(), disable_notification=True)
    buttons = [{"text": "Approve", "callback_data": "a"}, {"text": "Deny", "callback_data": "d"}]
    keyboard = {"inline_keyboard": [buttons]}
    card = own_bot.send(**question().params(), reply_markup=keyboard)
    query = own_bot.control.tap(card["message_id"], "Approve")
    own_bot.call("answerCallbackQuery", callback_query_id=query["id"], text="Approved")
    outcome = question().add("\n\u2713 Approve", "bold").add(" \u2014 Ada Lovelace")
    own_bot.call(
        "editMessageText", chat_id=own_bot.user_id, message_id=card["message_id"], **outcome.params()
    )
    last = Writing().add("Deploy 1.8.0 to production?", "bold").add("\n12 commits, the migration is done.")
    own_bot.send(**last.params(), reply_markup=keyboard)

    context = browser.new_context(
        viewport={"width": 720, "height": 1120}, locale="en-GB", color_scheme="light"
    )
    page = context.new_page()
    page.goto(own_bot.sandbox.page)
    page.wait_for_selector("article:has-text('Deploy 1.8.0')")
    assert page.locator("article").count() == 6
    # The bold line begins with the line break that ends the block before it.
    assert page.locator("article strong", has_text="Approve").count() == 1
    target = DOCS if os.environ.get("CCTELEGRAM_PICTURE") == "1" else tmp_path / "chat.png"
    page.screenshot(path=target)
    context.close()
    assert 10_000 < target.stat().st_size < MOST_BYTES
