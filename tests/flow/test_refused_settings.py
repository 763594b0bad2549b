"""An invalid change of settings: rejected, reported with its position, and cleared when fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flow.phone import see, texts
from flow.test_settings import put, write
from running import QUICK, RunningBridge, wait_for

if TYPE_CHECKING:
    from cctelegram.sandbox.child import Sandbox

TITLE = "The changed settings are rejected"


def told_on_the_phone(sandbox: Sandbox) -> int:
    return sum(TITLE in text for text in texts(sandbox))


def refuse(running: RunningBridge, config: str) -> str:
    """Write invalid settings; return what the status reports of them."""
    before = running.status()["config"]["refused"]
    (running.home / "config.toml").write_text(config)
    told = running.wait_status(lambda now: now["config"]["refused"] > before, "it is refused")
    return str(told["config"]["problem"])


@pytest.mark.slow
def test_status_log_and_phone_report_the_wrong_key_and_line_once_until_it_is_fixed(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    file = running.home / "config.toml"
    wrong = QUICK + "\n[lanes]\nalert_bound = {}\n"
    told = refuse(running, wrong.format(0))
    assert told == f"{file}:9: lanes.alert_bound: read 0; allowed: a whole number from 1 to 10000"
    status = running.status()
    assert status["health"] == "degraded"
    assert told in str(status["reasons"])
    assert told in str([line for line in running.log() if line["event"] == "settings.rejected"])
    assert "alert_bound" in see(fast_sandbox, TITLE, f"{file}:9")["text"]
    for value in (-1, "'many'", 10001):
        refuse(running, wrong.format(value))
    put(running, "Later")
    see(fast_sandbox, "Later")
    assert told_on_the_phone(fast_sandbox) == 1, "one message, not one a save"
    write(running, wrong.format(5))
    status = running.status()
    assert (status["health"], status["reasons"], status["config"]["problem"]) == ("ok", [], None)
    refuse(running, wrong.format(0))
    wait_for(lambda: told_on_the_phone(fast_sandbox) == 2, "what is broken anew is told anew")


def test_a_half_written_file_is_not_reported_to_the_phone(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    with (running.home / "config.toml").open("w") as file:
        file.write(QUICK + "\n[display]\nstyle = 'det")
        file.flush()
        running.wait_status(lambda now: now["config"]["problem"], "half of it is refused")
        file.write("ailed'\n")
    told = running.wait_status(lambda now: now["config"]["problem"] is None, "the whole is taken")
    assert told["health"] == "ok"
    put(running, "Whole", event_id="id-7")
    assert "id-7" in see(fast_sandbox, "Whole")["text"]
    running.wait_status(
        lambda now: now["uptime_seconds"] > told["uptime_seconds"] + 3, "longer than it waits"
    )
    assert told_on_the_phone(fast_sandbox) == 0


def test_while_muted_nothing_is_reported_and_everything_afterwards(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.say("/mute")
    running.wait_status(lambda now: now["mode"] == "muted", "muted")
    refuse(running, "[display]\nstyle = 'loud'\n")
    running.wait_status(lambda now: now["deliveries"].get("held") == 1, "held")
    assert told_on_the_phone(fast_sandbox) == 0
    fast_sandbox.control.say("/nomad")
    see(fast_sandbox, TITLE, "display.style")
