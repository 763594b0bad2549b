"""`cctelegram top` over a real bridge: by textual's pilot, and the command in a pseudo-terminal."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.widgets import DataTable, RichLog, Static

from cctelegram.tui.app import Top
from cctelegram.tui.help import Help
from running import QUICK, RunningBridge, bridge, environment, make_home
from tui.terminal import terminal

if TYPE_CHECKING:
    from cctelegram.sandbox.child import Sandbox

ALWAYS = '[alerts.always]\nmetric = "cctelegram_uptime_seconds"\nabove = 0.0\nfor_seconds = 0.0\n'


class Ringing(Top):
    """The view on a terminal whose bell is counted."""

    CSS_PATH = str(Path(inspect.getfile(Top)).with_name("top.tcss"))

    def __init__(self, home: str) -> None:
        super().__init__(home, 600, None)
        self.bells: list[int] = []

    def bell(self) -> None:
        """Count."""
        self.bells.append(1)


def shown(app: Top, name: str) -> str:
    found = app.screen_stack[0].query_one(f"#{name}")
    if isinstance(found, DataTable):
        return "\n".join(
            " ".join(str(cell) for cell in found.get_row_at(row)) for row in range(found.row_count)
        )
    if isinstance(found, RichLog):
        return "\n".join(line.text for line in found.lines)
    assert isinstance(found, Static)
    return str(found.content)


async def until(app: Top, name: str, text: str) -> None:
    deadline = time.monotonic() + 30
    while text not in shown(app, name):
        assert time.monotonic() < deadline, f"no {text!r} in {name}: {shown(app, name)!r}"
        await app.refresh_now()
        await asyncio.sleep(0.05)  # another process: nothing to block on


def test_events_questions_figures_and_the_log_are_shown_as_they_happen(running: RunningBridge) -> None:
    async def watch() -> None:
        app = Top(str(running.home), 600, 50e6)
        async with app.run_test(size=(140, 50)) as pilot:
            await until(app, "health", "ok")
            await until(app, "telegram", "connected")
            assert "of 50 MB" in shown(app, "memory")
            assert "no delivery yet" in shown(app, "latency")
            running.put("a.json", {"type": "build_failed", "title": "Broken [red]x[/red]", "event_id": "a-1"})
            await until(app, "events", "sent build_failed Broken [red]x[/red]")
            await until(app, "latency", "p50")
            running.put("q.json", {"type": "approval_request", "title": "Go on?", "event_id": "q-1"})
            await until(app, "questions", "Go on?")
            await until(app, "log", "event_id=q-1")
            assert "delivery.sent" in shown(app, "log")
            await pilot.press("l")
            assert "delivery.sent" not in shown(app, "log"), "only warnings and worse"
            for _ in range(3):
                await pilot.press("l")
            assert "delivery.sent" in shown(app, "log"), "info again"
            await pilot.press("question_mark")
            assert isinstance(app.screen, Help)
            await pilot.press("x")
            assert not isinstance(app.screen, Help)

    asyncio.run(watch())


def test_a_pause_keeps_what_is_shown(running: RunningBridge) -> None:
    async def watch() -> None:
        app = Top(str(running.home), 0.05, None)
        async with app.run_test(size=(140, 50)) as pilot:
            await until(app, "health", "ok")
            await pilot.press("p")
            assert app.query_one("#health").border_subtitle == "paused: p goes on"
            running.put("a.json", {"type": "build_failed", "title": "Late", "event_id": "a-1"})
            running.wait_status(lambda found: found["delivery"]["sent"] == 1, "it is sent")
            await pilot.pause()
            assert "Late" not in shown(app, "events")
            await pilot.press("p")
            deadline = time.monotonic() + 30
            while "Late" not in shown(app, "events"):
                assert time.monotonic() < deadline
                await pilot.pause(0.05)

    asyncio.run(watch())


def test_the_bell_rings_when_the_bridge_goes_away_and_its_return_is_shown(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    home = make_home(tmp_path / "home", fast_sandbox)

    async def watch() -> None:
        app = Ringing(str(home))
        async with app.run_test(size=(140, 50), notifications=True) as pilot:
            await until(app, "health", "The bridge is not running")
            assert not app.bells, "it did not go away: it was not there"
            with bridge(home) as started:
                await until(app, "health", "ok")
                started.kill()
                await until(app, "health", "The bridge is not running")
                assert len(app.bells) == 1
            with bridge(home):
                await until(app, "health", "ok")
            await pilot.pause()
            titles = [each.title for each in app._notifications]
            assert titles.count("The bridge does not answer") == 1
            assert titles.count("The bridge answers again") == 2

    asyncio.run(watch())


@pytest.mark.slow
def test_the_bell_rings_once_for_an_alert_that_fires(tmp_path: Path, fast_sandbox: Sandbox) -> None:
    home = make_home(tmp_path / "home", fast_sandbox, QUICK + ALWAYS)

    async def watch() -> None:
        app = Ringing(str(home))
        async with app.run_test(size=(140, 50), notifications=True):
            await until(app, "health", "ALERT")
            await app.refresh_now()
            assert len(app.bells) == 1
            (notice,) = app._notifications
            assert notice.severity == "error"

    with bridge(home):
        asyncio.run(watch())


def test_the_command_draws_on_a_terminal_and_ends_by_q(running: RunningBridge) -> None:
    running.put("a.json", {"type": "build_failed", "title": "Drawn", "event_id": "a-1"})
    running.wait_status(lambda found: found["delivery"]["sent"] == 1, "it is sent")
    with terminal("top", "--home", str(running.home), "--interval", "0.2s") as top:
        for text in ("Health", "Newest events", "Drawn", "delivery.sent"):
            top.wait(text)
        top.press("q")
        assert top.end() == 0
        assert "\x1b[?1049l" in top.written, "the terminal is as it was"


def test_without_a_terminal_or_the_extra_a_sentence_says_what_to_do(tmp_path: Path) -> None:
    code = "import sys; sys.modules['textual'] = None; from cctelegram.cli import main; sys.exit(main())"
    for command, wanted in (
        (["-c", code, "top"], "pip install 'cctelegram[tui]'"),
        (["-c", "import sys; from cctelegram.cli import main; sys.exit(main())", "top"], "needs a terminal"),
    ):
        done = subprocess.run(
            [sys.executable, *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            stdin=subprocess.DEVNULL,
            env=environment(CC_TELEGRAM_HOME=str(tmp_path)),
        )
        assert done.returncode == 1
        assert wanted in done.stderr
        assert "Traceback" not in done.stderr
