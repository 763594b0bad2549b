"""`cctelegram status --watch`: in place on a terminal, else a line each time, while bridges come and go."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from cctelegram.cli.watch import ENTER, ERASE_BELOW, HOME, LEAVE
from cli.commands import run
from running import COMMAND, QUICK, bridge, environment, make_home, wait_for
from tui.terminal import terminal

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox


def test_it_shows_a_bridge_that_goes_away_and_comes_back(home: Path) -> None:
    with terminal(
        "status", "--watch", "--interval", "0.2s", "--home", str(home), columns=60, rows=8
    ) as watch:
        at = watch.wait(ENTER)
        at = watch.wait("The bridge is not running", at)
        with bridge(home):
            at = watch.wait("health       ok", at)
        at = watch.wait("The bridge is not running", at)
        with bridge(home):
            at = watch.wait("health       ok", at)
            screens = watch.written.split(HOME)[1:-1]
            assert all(screen.endswith(ERASE_BELOW) for screen in screens)
            assert all(screen.count("\n") < 8 for screen in screens), "no more lines than the terminal has"
            assert "more lines: `cctelegram status` prints all" in watch.written
        watch.press("\x03")
        assert watch.end() == 130
        assert LEAVE in watch.written


def test_a_terminated_watch_leaves_the_terminal_as_it_was(home: Path) -> None:
    with terminal("status", "--watch", "--home", str(home)) as watch:
        watch.wait("is not running")
        watch.process.terminate()
        assert watch.end() == 128 + signal.SIGTERM
        assert LEAVE in watch.written


@pytest.mark.parametrize("as_json", [False, True])
def test_without_a_terminal_there_is_a_line_each_time(
    tmp_path: Path, fast_sandbox: Sandbox, as_json: bool
) -> None:
    home = make_home(tmp_path / "home", fast_sandbox)
    out = tmp_path / "out"
    flags = ["--json"] if as_json else []
    with bridge(home) as started, out.open("w") as opened:
        started.wait_status(lambda found: found["telegram_connected"], "connected")
        process = subprocess.Popen(
            [COMMAND, "status", "--watch", "--interval", "0.2", "--home", str(home), *flags],
            stdout=opened,
            stdin=subprocess.DEVNULL,
            env=environment(),
        )
        try:
            wait_for(lambda: out.read_text().count("\n") >= 3, "three lines")
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130
        finally:
            process.kill()
            process.wait()
    lines = out.read_text().splitlines()
    assert "\x1b" not in out.read_text()
    if as_json:
        assert {json.loads(line)["health"] for line in lines} == {"ok"}
    else:
        assert all("  ok  queued 0  sent 0  telegram " in line for line in lines)


@pytest.mark.slow
def test_an_alert_is_shown_with_what_to_do(tmp_path: Path, fast_sandbox: Sandbox) -> None:
    rule = '[alerts.always]\nmetric = "cctelegram_uptime_seconds"\nabove = 0.0\nfor_seconds = 0.0\n'
    home = make_home(tmp_path / "home", fast_sandbox, QUICK + rule)
    with bridge(home) as started:
        (alert,) = started.wait_status(lambda found: found["alerts"], "the alert fires")["alerts"]
        told = run("status", home=home).stdout
    assert '- alert: Your rule "always", for ' in told
    assert alert["says"].partition(":")[0] in told
    assert alert["action"] in told


def test_an_interval_that_is_none_is_refused(home: Path) -> None:
    for text in ("0", "soon", "2h", "-1s"):
        done = run("status", "--watch", f"--interval={text}", home=home)
        assert done.returncode == 2
        assert "--interval" in done.stderr
