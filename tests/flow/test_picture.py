"""The picture of the chat page in the documentation, made by a real bridge from real events.

Run with CCTELEGRAM_PICTURE=1 to write `docs/images/chat.png`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flow.phone import see

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from cctelegram.sandbox.child import Sandbox
    from running import RunningBridge

DOCS = Path(__file__).parents[2] / "docs" / "images" / "chat.png"
MOST_BYTES = 200 * 1024
ERROR = """error[E0502]: cannot borrow `queue` as mutable because it is also borrowed as immutable
  --> src/lanes.rs:88:13"""
EVENTS = {
    "Build #412 failed": {
        "type": "build_failed",
        "source": "ci",
        "data": {
            "build_target": "release",
            "exit_code": 101,
            "duration_ms": 108_000,
            "error_message": ERROR,
        },
    },
    "Fix the borrow in the lane queue": {
        "type": "task_completion",
        "source": "claude-code",
        "description": "The next event is copied **before** the queue changes, so `Option<&Event>` is gone.",
        "data": {"files_affected": ["src/lanes.rs", "tests/lanes.rs"]},
    },
    "Run the migration on staging?": {
        "type": "approval_request",
        "source": "claude-code",
        "data": {"approval_prompt": "alembic upgrade head", "timeout_minutes": 30},
    },
    "Deploy 1.8.0 to production?": {
        "type": "approval_request",
        "source": "deploy-script",
        "description": "12 commits since 1.7.9",
        "data": {"options": ["Deploy", "Staging only", "Not today"]},
    },
}

pytestmark = pytest.mark.browser


def test_the_picture_shows_a_failure_a_completion_and_an_answered_approval(
    browser: Browser, running: RunningBridge, fast_sandbox: Sandbox, tmp_path: Path
) -> None:
    for number, (title, event) in enumerate(EVENTS.items()):
        running.put(f"{number}.json", {"title": title, **event})
        message = see(fast_sandbox, title)
        if title.startswith("Run"):
            fast_sandbox.control.tap(message["message_id"], "Approve")
            see(fast_sandbox, title, "Ada")
    context = browser.new_context(
        viewport={"width": 640, "height": 1360}, locale="en-GB", color_scheme="light"
    )
    page = context.new_page()
    page.goto(fast_sandbox.page)
    page.wait_for_selector("article:has-text('Deploy 1.8.0')")
    assert page.locator("article").count() == len(EVENTS)
    assert page.locator("article", has_text="Ada (@ada)").count() == 1
    assert page.locator("button", has_text="Staging only").count() == 1
    target = DOCS if os.environ.get("CCTELEGRAM_PICTURE") == "1" else tmp_path / "chat.png"
    page.screenshot(path=target)
    context.close()
    assert 10_000 < target.stat().st_size < MOST_BYTES
