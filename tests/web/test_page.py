"""The dashboard in a real Chromium: a figure is shown, the world changes, the figure changes."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flow.phone import see
from running import QUICK, bridge, make_home
from web.seen import dashboard, order

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from cctelegram.sandbox.child import Sandbox
    from running import RunningBridge
    from web.seen import Scheme

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
HOSTILE = "<img src=x onerror=\"document.title='run'\"> <b>bold</b> &amp; \u202eevil"


def tile(page: Page, name: str) -> str:
    """Return the selector of the figure of a tile."""
    return f".tile:has(dt:text-is('{name}')) strong"


def wait(page: Page, selector: str, text: str) -> None:
    """Wait until an element has exactly this text."""
    page.wait_for_selector(f"{selector}:text-is({json.dumps(text)})")


def test_the_figures_follow_what_happens(
    browser: Browser, running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    with dashboard(browser, running) as page:
        wait(page, tile(page, "Sent"), "0")
        page.wait_for_selector(f"{tile(page, 'Event to phone')} .unknown")
        wait(page, "#questions p", "Nobody waits for an answer.")
        running.put("a.json", {"type": "task_failed", "title": "Tests failed on main", "source": "ci"})
        wait(page, tile(page, "Sent"), "1")
        assert page.inner_text(tile(page, "Event to phone")).endswith((" ms", " s"))
        running.put("b.json", {"type": "approval_request", "title": "Deploy?"})
        wait(page, tile(page, "Open questions"), "1")
        page.wait_for_selector("#questions li:has-text('Deploy?'):has-text('open for')")
        card = see(fast_sandbox, "Deploy?")
        fast_sandbox.control.tap(card["message_id"], "Approve")
        page.wait_for_selector(".event:has-text('Deploy?') .badge:text-is('answered')")
        wait(page, tile(page, "Open questions"), "0")
        order(running, "mode", "muted")
        page.wait_for_selector("#headline.holding:has-text('Muted: nothing reaches the phone; 0 held.')")
        running.put("c.json", {"type": "task_failed", "title": "Quiet"})
        page.wait_for_selector("#headline:has-text('1 held')")
        wait(page, tile(page, "Held back"), "1")
        page.wait_for_selector("#lanes tr:has-text('alerts'):has-text('1 by muted')")
        assert page.title().startswith("holding back")


def test_the_way_of_an_event_has_the_time_of_each_step(
    browser: Browser, running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    running.put("a.json", {"type": "task_failed", "title": "First", "event_id": "the-one"})
    see(fast_sandbox, "First")
    with dashboard(browser, running) as page:
        row = page.locator(".event", has_text="First")
        row.locator(".badge:text-is('sent')").wait_for()
        steps = row.locator(".way li")
        assert steps.locator(".step").all_inner_texts() == ["happened", "stored", "sending", "on the phone"]
        assert all(text.startswith("+") for text in steps.locator(".took").all_inner_texts()[1:])
        row.locator("summary").focus()
        page.keyboard.press("Enter")
        row.locator("code", has_text="the-one").wait_for()
        running.put("b.json", {"type": "task_failed", "title": "Second"})
        page.locator(".event", has_text="Second").wait_for()
        assert row.locator("details").get_attribute("open") is not None, "what is open stays open"


def test_a_title_stays_letters(browser: Browser, running: RunningBridge, fast_sandbox: Sandbox) -> None:
    running.put("a.json", {"type": "approval_request", "title": HOSTILE, "source": "<script>1</script>"})
    see(fast_sandbox, "bold")
    with dashboard(browser, running) as page:
        name = page.locator(".event .name")
        name.wait_for()
        assert name.inner_text() == HOSTILE.replace("\u202e", "\u2039U+202E\u203a")
        page.locator("#questions .name").wait_for()
        assert page.locator("main img, main script, main b:has-text('bold')").count() == 0
        assert page.title() == "CCTelegram"


def test_the_log_is_filtered(browser: Browser, running: RunningBridge, fast_sandbox: Sandbox) -> None:
    running.put("a.json", {"type": "task_failed", "title": "One", "event_id": "the-one"})
    running.put("b.json", "no event at all")
    see(fast_sandbox, "could not be used")
    see(fast_sandbox, "One")
    with dashboard(browser, running) as page:
        page.wait_for_selector("#log li:has-text('bridge.started')")
        page.get_by_label("Level").select_option("warning")
        page.wait_for_selector("#log li:has-text('bridge.started')", state="detached")
        assert page.locator("#log li").count() == 1
        page.wait_for_selector("#log li.warning:has-text('intake.file_rejected')")
        page.get_by_label("Level").select_option("info")
        page.get_by_label("Event id").fill("the-one")
        page.wait_for_selector("#log li:has-text('bridge.started')", state="detached")
        assert page.locator("#log li b").all_inner_texts() == ["delivery.sent", "intake.stored"]
        page.get_by_label("Text").fill("message_id")
        page.wait_for_selector("#log li:has-text('intake.stored')", state="detached")
        page.get_by_label("Text").fill("nothing has this")
        page.wait_for_selector("#log p:text-is('No line fits.')")


@pytest.mark.slow
def test_a_profile_is_taken_from_the_page_and_opens(browser: Browser, running: RunningBridge) -> None:
    with dashboard(browser, running) as page:
        page.get_by_role("heading", name="Profiles").click()
        wait(page, "#profile-pages p", "No profile is kept.")
        page.get_by_label("for", exact=True).select_option("60")
        page.get_by_role("button", name="Start").click()
        page.wait_for_selector("#profile-said:has-text('A cpu profile is being taken, for another ')")
        assert page.get_by_role("button", name="Start").is_disabled()
        for number in range(300):
            running.put(f"{number}.json", {"type": "task_completion", "title": f"Task {number}"})
        running.wait_status(lambda now: now["delivery"]["accepted"] == 300, "all are stored")
        page.get_by_role("button", name="End now").click()
        page.wait_for_selector("#profile-said:has-text('it was ended on request')")
        link = page.locator("#profile-pages a")
        with page.context.expect_page() as opened:
            link.click()
        profile = opened.value
        errors: list[str] = []
        profile.on("pageerror", lambda error: errors.append(str(error)))
        profile.on("console", lambda message: errors.append(message.text))
        answer = profile.reload()  # the first time, errors may have been missed
        assert answer is not None
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("sandbox allow-scripts; default-src 'none'"), "its own, and no second one"
        profile.wait_for_selector("h1")
        boxes = profile.locator("svg.box")
        assert boxes.count() > 5
        before = boxes.last.get_attribute("width")
        boxes.last.dispatch_event("click")  # its script runs, and shows the box over the whole width
        assert boxes.last.get_attribute("width") != before
        assert errors == []
        assert (running.home / "captures" / link.inner_text()).exists()


def test_a_plot_shows_what_was_measured_and_the_keyboard_reads_it(
    browser: Browser, running: RunningBridge
) -> None:
    with dashboard(browser, running) as page:
        memory = page.locator(".plot", has_text="Memory")
        memory.locator(".legend b", has_text="MB").wait_for()
        assert page.locator(".plot.nothing", has_text="Event to phone").count() == 1
        assert page.locator(".plot", has_text="Event to phone").locator(".unknown").count() == 3
        canvas = memory.locator(".canvas")
        label = canvas.get_attribute("aria-label") or ""
        assert label.startswith("Memory, 1h; last: resident ")
        canvas.focus()
        page.keyboard.press("ArrowLeft")
        memory.locator(".when", has_text=":").wait_for()
        page.get_by_label("24 hours").check()
        page.wait_for_selector(".plot [aria-label^='Memory, 24h']")


def test_the_settings_and_their_refusal_are_shown(browser: Browser, running: RunningBridge) -> None:
    with dashboard(browser, running) as page:
        page.wait_for_selector("#settings tr:has-text('pacing.chat_burst'):has-text('1000')")
        assert "********" in page.inner_text("#settings tr:has-text('telegram.token')")
        (running.home / "config.toml").write_text("[pacing]\nchat_burst = 'many'\n", encoding="utf-8")
        page.wait_for_selector("#settings:has-text('pacing.chat_burst: read')")
        page.wait_for_selector(".cause.degraded:has-text('My rules'):has-text('rejected')")
        (running.home / "config.toml").write_text("[pacing]\nchat_burst = 7\n", encoding="utf-8")
        page.wait_for_selector("#settings tr:has-text('pacing.chat_burst'):has-text('7')")
        page.wait_for_selector(".cause.ok:has-text('My rules')")


def test_what_the_causes_have_no_room_for_is_listed_below_them(
    browser: Browser, tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    home = make_home(tmp_path / "home", fast_sandbox, TELEGRAM_ALLOWED_USERS="")
    with bridge(home) as running, dashboard(browser, running) as page:
        page.wait_for_selector(".cause.degraded:has-text('My rules'):has-text('TELEGRAM_ALLOWED_USERS')")
        assert page.locator("#reasons").is_hidden(), "it is said once"
        (home / "config.toml").write_text("[pacing]\nchat_burst = 'many'\n", encoding="utf-8")
        page.wait_for_selector(".cause.degraded:has-text('And 1 more')")
        page.wait_for_selector("#reasons li:has-text('settings are rejected')")


@pytest.mark.slow
def test_an_alert_that_fires_is_listed_with_what_to_do(
    browser: Browser, tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    rule = "[alerts.questions]\nmetric = 'cctelegram_decisions_open'\nabove = 0.0\nfor_seconds = 0.0\n"
    home = make_home(tmp_path / "home", fast_sandbox, QUICK + rule)
    with bridge(home) as running, dashboard(browser, running) as page:
        running.put("a.json", {"type": "approval_request", "title": "Deploy?"})
        page.wait_for_selector(
            "#reasons li:has-text('Decisions that wait for a person: 1, above 0')", timeout=25_000
        )


def test_the_page_comes_back_by_itself_after_a_restart(
    browser: Browser, tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    home = make_home(tmp_path / "home", fast_sandbox)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    refused = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET")
    with bridge(home, port=port) as first, dashboard(browser, first, may_fail=refused) as page:
        wait(page, "#connection", "live")
        page.wait_for_selector(f"#about:has-text('process {first.process.pid}')")
        assert first.stop() == 0
        page.wait_for_selector("#connection.away:has-text('The bridge does not answer; figures are of')")
        with bridge(home, port=port) as second:
            page.wait_for_selector("#connection.live")
            page.wait_for_selector(f"#about:has-text('process {second.process.pid}')")
            second.put("a.json", {"type": "task_failed", "title": "After the restart"})
            page.wait_for_selector(".event:has-text('After the restart') .badge:text-is('sent')")


def test_a_browser_that_was_not_let_in_is_told_how(browser: Browser, running: RunningBridge) -> None:
    at = json.loads((running.home / "state" / "bridge.json").read_text(encoding="utf-8"))
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{at['port']}/")
    assert "cctelegram dashboard" in page.inner_text("main")
    page.goto(f"http://127.0.0.1:{at['port']}/login?code=used")
    assert "was used already" in page.inner_text("main")
    page.close()


def busy(running: RunningBridge, sandbox: Sandbox) -> None:
    """Make every part of the page show something."""
    running.put("a.json", {"type": "task_failed", "title": "Tests failed on main", "source": "ci"})
    running.put("b.json", {"type": "approval_request", "title": "Deploy 1.8.0 to production?"})
    running.put("c.json", "no event at all")
    see(sandbox, "Tests failed")
    see(sandbox, "Deploy")
    see(sandbox, "could not be used")
    order(running, "mode", "muted")
    running.put("d.json", {"type": "build_failed", "title": "x" * 200})
    running.wait_status(lambda now: now["deliveries"].get("held") == 1, "held")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(
    browser: Browser, running: RunningBridge, fast_sandbox: Sandbox, scheme: Scheme
) -> None:
    busy(running, fast_sandbox)
    with dashboard(browser, running, scheme=scheme) as page:
        page.wait_for_selector("#lanes tr:has-text('1 by muted')")
        page.wait_for_selector("#cleanup table")
        page.locator(".event summary").first.click()
        page.get_by_role("heading", name="Profiles").click()
        page.evaluate(AXE)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            told = [
                (one["id"], [node["html"] + node["failureSummary"] for node in one["nodes"]])
                for one in found["violations"]
            ]
            assert told == []
            assert len(found["passes"]) > 20, "it looked at the page"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_everything_without_scrolling_sideways(
    browser: Browser, running: RunningBridge, fast_sandbox: Sandbox, scheme: Scheme
) -> None:
    busy(running, fast_sandbox)
    with dashboard(browser, running, width=360, height=640, scheme=scheme) as page:
        page.wait_for_selector("#lanes tr:has-text('1 by muted')")
        page.wait_for_selector("#cleanup table")
        page.locator(".event summary").first.click()
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        ink, ground = (
            page.evaluate(rf"getComputedStyle(document.body).{name}.match(/\d+/g).map(Number)")
            for name in ("color", "backgroundColor")
        )
        assert (sum(ink) > sum(ground)) is (scheme == "dark")


def test_nothing_moves_for_those_who_asked_for_that(browser: Browser, running: RunningBridge) -> None:
    with dashboard(browser, running, reduced_motion="reduce") as page:
        assert page.evaluate("getComputedStyle(document.querySelector('main')).transitionDuration") == "0s"
        assert page.evaluate("document.getAnimations().length") == 0
