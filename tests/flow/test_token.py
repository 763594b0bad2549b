"""The source of the token: kept across a restart, replaced by `.env` when Telegram rejects it."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cctelegram.client import BridgeError, lifecycle
from flow.phone import see
from flow.test_life import run
from running import COMMAND, QUICK, bridge, environment, make_home, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cctelegram.sandbox.child import Sandbox

ANY_PORT = QUICK + "[http]\nport = 0\n"


@contextmanager
def piped(home: Path, token: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a bridge whose token comes through the pipe, until it is ready; stop it at the end."""
    process = subprocess.Popen(
        [COMMAND, "bridge", "--home", str(home), "--token-stdin"],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    assert process.stdin is not None
    process.stdin.write(token.encode() + b"\n")
    process.stdin.close()
    try:
        wait_for(lambda: status(home).get("ready"), "the bridge is ready")
        yield process
    finally:
        process.kill()
        process.wait()


def status(home: Path) -> dict[str, object]:
    told: dict[str, object] = json.loads(run(home, "status", "--json").stdout)
    return told


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_restart_passes_on_a_token_that_came_through_the_pipe(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    home = make_home(tmp_path / "home", fast_sandbox, ANY_PORT, TELEGRAM_BOT_TOKEN="")
    with piped(home, fast_sandbox.token):
        for turn in range(2):  # the second restarts a restarted bridge
            restarted = lifecycle.restart(str(home))
            assert restarted["action"] == "restarted"
            assert restarted["uptime"] < 20
            process = Path(f"/proc/{restarted['pid']}")
            secret = fast_sandbox.token.split(":")[1].encode()
            assert secret not in (process / "cmdline").read_bytes()
            assert secret not in (process / "environ").read_bytes()
            run(home, "send", "task_failed", f"After restart {turn}")
            see(fast_sandbox, f"After restart {turn}")
        lifecycle.stop(str(home))
    for kept in home.rglob("*"):
        assert not kept.is_file() or fast_sandbox.token.encode() not in kept.read_bytes()


def test_a_restart_with_invalid_settings_leaves_the_bridge_running(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    home = make_home(tmp_path / "home", fast_sandbox, ANY_PORT, TELEGRAM_BOT_TOKEN="")
    with piped(home, fast_sandbox.token) as process:
        (home / "config.toml").write_text(ANY_PORT + "[display]\nstyle = 'loud'\n")
        with pytest.raises(BridgeError, match=r"display\.style"):
            lifecycle.restart(str(home))
        assert process.poll() is None
        run(home, "send", "task_failed", "It goes on")
        see(fast_sandbox, "It goes on")


@pytest.mark.parametrize("way", ["pipe", "environment"])
def test_a_rejected_token_is_replaced_by_one_that_is_written_to_env(
    tmp_path: Path, fast_sandbox: Sandbox, way: str
) -> None:
    wrong = fast_sandbox.token[:-4] + "AAAA"
    home = make_home(tmp_path / "home", fast_sandbox, ANY_PORT, TELEGRAM_BOT_TOKEN="")
    with piped(home, wrong) if way == "pipe" else bridge(home, TELEGRAM_BOT_TOKEN=wrong):
        run(home, "send", "task_failed", "Kept")
        told = wait_for(
            lambda: [one for one in status(home)["reasons"] if "refuses the token" in one],  # type: ignore[attr-defined]
            "it is told",
        )
        where = "from standard input" if way == "pipe" else "from the environment, TELEGRAM_BOT_TOKEN"
        assert f"Telegram refuses the token {where} (" in told[0]
        assert "write a valid token to .env in the home, which then takes precedence" in told[0]
        make_home(home, fast_sandbox, ANY_PORT)
        see(fast_sandbox, "Kept")
        wait_for(lambda: status(home)["health"] == "ok", "well")
        shown = json.loads(run(home, "status", "--json").stdout)
        assert wrong not in json.dumps(shown)


def test_a_rejected_token_is_replaced_at_once_by_one_already_in_env(
    home: Path, fast_sandbox: Sandbox
) -> None:
    with bridge(home, TELEGRAM_BOT_TOKEN=fast_sandbox.token[:-4] + "AAAA") as running:
        running.put("a.json", {"type": "task_failed", "title": "By the other"})
        see(fast_sandbox, "By the other")


def test_a_token_that_is_revoked_while_the_bridge_polls_is_replaced_too(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    wrong = fast_sandbox.token[:-4] + "AAAA"
    home = make_home(tmp_path / "home", fast_sandbox, TELEGRAM_BOT_TOKEN=wrong)
    with bridge(home, TELEGRAM_BOT_TOKEN=fast_sandbox.token) as running:
        running.wait_status(lambda now: now["telegram_connected"], "connected with that of the environment")
        fast_sandbox.control.fail("getUpdates", error_code=401, description="Unauthorized")
        fast_sandbox.control.say("hello")  # ends the poll that waits
        running.wait_status(
            lambda now: "refuses the token from .env, line 1" in str(now["reasons"]), "given way"
        )
