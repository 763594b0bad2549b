"""The pictures of the dashboard in the documentation: what the real bridge made of real events.

Run with CCTELEGRAM_PICTURE=1 to write `docs/images/dashboard-*.png` anew; CCTELEGRAM_PICTURE_SECONDS says how
long the bridge works before (600), so that the plots have something to show.
"""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flow.phone import see
from running import bridge, make_home
from server.wire import Wire
from web.seen import dashboard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from cctelegram.sandbox.child import Sandbox
    from running import RunningBridge

DOCS = Path(__file__).parents[2] / "docs" / "images"
WRITES = os.environ.get("CCTELEGRAM_PICTURE") == "1"
SECONDS = float(os.environ.get("CCTELEGRAM_PICTURE_SECONDS", "600")) if WRITES else 0.0
MOST_BYTES = 500 * 1024
TRAFFIC: list[dict[str, Any]] = [
    {"type": "build_failed", "title": "Build #{} failed", "source": "ci"},
    {"type": "task_completion", "title": "Refactor the lane queue, step {}", "source": "claude-code"},
    {"type": "performance_alert", "title": "p95 of /search over budget, run {}", "source": "bench"},
    {"type": "progress_update", "title": "Migration at {} %", "source": "nightly", "task_id": "migration"},
    {"type": "test_suite_run", "title": "Suite run {} passed", "source": "ci"},
]

pytestmark = pytest.mark.browser


def events() -> Iterator[dict[str, Any]]:
    for number in itertools.count(1):
        event = TRAFFIC[number % len(TRAFFIC)]
        yield {**event, "title": event["title"].format(number)}


def work(running: RunningBridge, sandbox: Sandbox, agent: Wire, seconds: float) -> None:
    """Be an agent and a CI for a while: some events each few seconds, now and then a burst, a question."""
    coming, ends = events(), time.monotonic() + seconds
    for turn in itertools.count():
        for number in range(5 if turn % 7 == 5 else 1 + turn % 3):
            running.put(f"{turn}-{number}.json", next(coming))
        if turn % 9 == 2:
            title = f"Run the migration on staging? ({turn // 9 + 1})"
            running.put(
                f"ask{turn}.json", {"type": "approval_request", "title": title, "source": "claude-code"}
            )
            sandbox.control.tap(see(sandbox, title)["message_id"], "Approve")
        if turn % 4 == 0:
            agent.call("send_task_completion", {"task_id": f"t{turn}", "title": f"Task {turn} is done"})
            agent.call("get_bridge_status", {})
        if time.monotonic() >= ends:
            return
        time.sleep(5)  # the picture is of a day's work, in ten minutes


def draw(page: Page, name: str, target: Path) -> None:
    file = (DOCS if WRITES else target) / name
    page.screenshot(path=file)
    assert 10_000 < file.stat().st_size < MOST_BYTES


@pytest.mark.timeout(SECONDS + 120)
def test_the_pictures_show_a_bridge_at_work(browser: Browser, fast_sandbox: Sandbox, tmp_path: Path) -> None:
    home = make_home(tmp_path / ".cc_telegram", fast_sandbox, "[display]\nstyle = 'detailed'\n")
    with bridge(home) as running, Wire(home) as agent:
        agent.initialize()
        work(running, fast_sandbox, agent, SECONDS)
        running.put("deploy.json", {"type": "approval_request", "title": "Deploy 1.8.0 to production?",
                                    "source": "claude-code", "data": {"timeout_minutes": 30}})  # fmt: skip
        see(fast_sandbox, "Deploy 1.8.0")
        running.wait_status(lambda now: not any(now["queue"].values()), "all is sent")
        with dashboard(browser, running, height=1560) as page:
            page.wait_for_selector("#headline.ok")
            page.wait_for_selector("#questions li:has-text('Deploy 1.8.0')")
            page.wait_for_selector("#sessions tr:has-text('send_task_completion')")
            page.wait_for_selector("#cleanup table")
            page.wait_for_selector(".plot:has-text('Memory'):not(.nothing)")
            draw(page, "dashboard-light.png", tmp_path)
            page.emulate_media(color_scheme="dark")
            page.set_viewport_size({"width": 1280, "height": 1180})
            page.wait_for_function("matchMedia('(prefers-color-scheme: dark)').matches")
            draw(page, "dashboard-dark.png", tmp_path)
            page.set_viewport_size({"width": 390, "height": 1500})
            page.wait_for_function("document.documentElement.scrollWidth === 390")
            draw(page, "dashboard-phone.png", tmp_path)
        fast_sandbox.control.fail("sendMessage", error_code=429, retry_after=90)
        running.put("paused.json", {"type": "build_failed", "title": "Build #500 failed", "source": "ci"})
        with dashboard(browser, running, height=560) as page:
            page.wait_for_selector("#headline.degraded:has-text('Telegram asks to wait')")
            page.wait_for_selector(".tile:has-text('Waiting') strong:text-is('1')")
            draw(page, "dashboard-paused.png", tmp_path)
