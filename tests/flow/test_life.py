"""The life of a bridge: started by a session, stopped by a request, never by a process name."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.client import BridgeError, lifecycle
from cctelegram.daemon.bridge_lock import HomeLock
from cctelegram.spool.file_lock import is_locked
from flow.phone import see, sends, texts
from flow.test_agents import call, session
from running import COMMAND, RunningBridge, bridge, environment, make_home, wait_for

if TYPE_CHECKING:
    from mcp import Client

    from cctelegram.sandbox.child import Sandbox


def is_up(home: Path) -> bool:
    return is_locked(home / "state" / "bridge.lock")


def run(home: Path, *words: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *words],
        env=environment(CC_TELEGRAM_HOME=str(home)),
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def port(home: Path) -> None:
    """Let the bridge that a tool starts take any free port."""
    with (home / "config.toml").open("a") as file:
        file.write("\n[http]\nport = 0\n")


def test_a_session_starts_the_bridge_which_outlives_it_and_another_stops_it(
    home: Path, port: None, fast_sandbox: Sandbox
) -> None:
    async def start(client: Client) -> None:
        assert (await call(client, "check_bridge_process"))["action"] == "not_running"
        started = await call(client, "start_bridge")
        assert started["action"] == "started"
        again = await call(client, "ensure_bridge_running")
        assert (again["action"], again["pid"]) == ("already_running", started["pid"])

    async def stop(client: Client) -> None:
        assert (await call(client, "check_bridge_process"))["action"] == "running"
        await call(client, "send_telegram_message", message="Before the end")
        await asyncio.to_thread(see, fast_sandbox, "Before the end")
        first = (await call(client, "check_bridge_process"))["pid"]
        restarted = await call(client, "restart_bridge")
        assert restarted["action"] == "restarted"
        assert restarted["pid"] != first
        stopped = await call(client, "stop_bridge")
        assert (stopped["action"], stopped["pid"]) == ("stopped", restarted["pid"])
        assert (await call(client, "stop_bridge"))["action"] == "not_running"

    session(home, "legacy", start)
    assert is_up(home)
    session(home, "legacy", stop)
    assert not is_up(home)


def test_r36_several_sessions_that_start_at_once_start_one_bridge(
    home: Path, port: None, fast_sandbox: Sandbox
) -> None:
    found: list[dict[str, Any]] = []

    async def start(client: Client) -> None:
        found.append(await call(client, "ensure_bridge_running"))

    async def race() -> None:
        await asyncio.gather(*(asyncio.to_thread(session, home, "legacy", start) for _ in range(4)))

    asyncio.run(race())
    assert len({each["pid"] for each in found}) == 1
    assert sum(each["action"] == "started" for each in found) == 1

    async def stop(client: Client) -> None:
        await call(client, "stop_bridge")

    session(home, "legacy", stop)


def test_r36_a_session_waits_for_a_bridge_that_another_session_has_just_started(
    home: Path, fast_sandbox: Sandbox
) -> None:
    process = subprocess.Popen(
        [COMMAND, "bridge", "--home", str(home), "--port", "0"],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: is_up(home), "it holds its lock")
        process.send_signal(signal.SIGSTOP)  # long before it is ready on a machine under load
        with ThreadPoolExecutor(1) as pool:
            ensured = pool.submit(lifecycle.ensure, str(home))
            assert not wait([ensured], 1).done, "it says nothing of a bridge that does not answer yet"
            process.send_signal(signal.SIGCONT)
            found = ensured.result(30)
        assert (found["action"], found["pid"]) == ("already_running", process.pid)
    finally:
        process.kill()
        process.wait()


def test_r36_a_session_starts_the_bridge_when_the_lock_is_free_again(
    home: Path, port: None, fast_sandbox: Sandbox
) -> None:
    state = home / "state"
    state.mkdir(mode=0o700, exist_ok=True)
    command = HomeLock(state)
    threading.Timer(0.5, command.unlock).start()

    async def start(client: Client) -> None:
        assert (await call(client, "ensure_bridge_running"))["action"] == "started"
        await call(client, "stop_bridge")

    session(home, "legacy", start)


def test_r36_a_bridge_that_never_responds_is_an_error_with_a_reason(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = home / "state"
    state.mkdir(mode=0o700, exist_ok=True)
    command = HomeLock(state)
    monkeypatch.setattr(lifecycle, "START_SECONDS", 0.5)
    with pytest.raises(BridgeError, match="holds its lock but does not answer"):
        lifecycle.ensure(str(home))
    command.unlock()


def test_a_failed_start_returns_the_message_of_the_bridge(home: Path) -> None:
    (home / "config.toml").write_text("[http]\nport = 0\nnonsense = 1\n")

    async def start(client: Client) -> None:
        result = await client.call_tool("start_bridge", {})
        assert result.is_error
        assert "nonsense" in json.dumps([block.model_dump() for block in result.content])

    session(home, "legacy", start)


def test_r49_a_token_that_only_the_session_has_goes_through_a_pipe(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    home = make_home(tmp_path / "home", fast_sandbox, TELEGRAM_BOT_TOKEN="")
    with (home / "config.toml").open("a") as file:
        file.write("\n[http]\nport = 0\n")
    from mcp import Client, StdioServerParameters

    server = StdioServerParameters(
        command=COMMAND,
        args=["mcp"],
        env=environment(CC_TELEGRAM_HOME=str(home), TELEGRAM_BOT_TOKEN=fast_sandbox.token),
    )

    async def work() -> None:
        async with Client(server, mode="legacy", read_timeout_seconds=30) as client:
            pid = (await call(client, "start_bridge"))["pid"]
            process = Path(f"/proc/{pid}")
            secret = fast_sandbox.token.split(":")[1].encode()
            assert secret not in (process / "cmdline").read_bytes()
            assert secret not in (process / "environ").read_bytes()
            await call(client, "send_telegram_message", message="With the session's token")
            await asyncio.to_thread(see, fast_sandbox, "With the session's token")
            await call(client, "stop_bridge")

    asyncio.run(work())
    for kept in home.rglob("*"):
        assert not kept.is_file() or fast_sandbox.token.encode() not in kept.read_bytes()


def test_once_delivers_what_waits_and_exits(home: Path, fast_sandbox: Sandbox) -> None:
    for number in range(5):
        assert run(home, "send", "task_completion", f"Job {number}").returncode == 0
    done = run(home, "bridge", "--once", "--port", "0")
    assert (done.returncode, len(texts(fast_sandbox))) == (0, 5)
    assert not is_up(home)


def test_once_reports_what_it_could_not_deliver(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", None)
    run(home, "send", "task_completion", "Nobody hears me")
    done = run(home, "bridge", "--once", "--port", "0")
    assert done.returncode == 1
    assert "1 held" in done.stderr
    assert "TELEGRAM_BOT_TOKEN" in done.stderr


def test_send_can_wait_until_telegram_has_it(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    sent = run(running.home, "send", "task_failed", "Waited for", "--wait", "20", "--json")
    assert (sent.returncode, json.loads(sent.stdout)["state"]) == (0, "sent")
    assert len(sends(fast_sandbox)) == 1
    fast_sandbox.control.fail("sendMessage", error_code=406, description="Not Acceptable")
    dead = run(running.home, "send", "task_failed", "Refused", "--wait", "20")
    assert dead.returncode == 1
    assert "dead" in dead.stdout
    assert run(running.home, "send", "task_failed", "x", "--wait", "soon").returncode == 2


def test_send_that_waits_reports_that_the_bridge_is_down(home: Path) -> None:
    sent = run(home, "send", "task_failed", "Alone", "--wait", "0.2")
    assert (sent.returncode, "a file" in sent.stdout) == (1, True)
    assert len(list((home / "events").iterdir())) == 1


def test_the_delivery_of_an_event_is_found_by_its_id(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    async def work(client: Client) -> None:
        sent = await call(client, "send_telegram_message", message="Where are you?")
        await asyncio.to_thread(see, fast_sandbox, "Where are you?")
        await asyncio.to_thread(running.wait_status, lambda now: now["delivery"]["sent"] == 1, "recorded")
        told = await call(client, "get_delivery", event_id=sent["event_id"])
        assert (told["state"], told["known"]) == ("sent", True)
        assert told["deliveries"][0]["message_ids"] == [1]
        assert (await call(client, "get_delivery", event_id="no/such id é"))["state"] == "unknown"

    session(running.home, "legacy", work)


def test_a_stop_requires_the_key(running: RunningBridge) -> None:
    where = json.loads((running.home / "state" / "bridge.json").read_text(encoding="utf-8"))
    from cctelegram.client import loopback

    assert loopback.post(where["port"], "/stop", "wrong")[0] == 401
    assert running.process.poll() is None
    assert loopback.post(where["port"], "/stop", where["key"])[0] == 200
    wait_for(lambda: running.process.poll() is not None, "it ends")
    with bridge(running.home):
        pass


ENDED = """
import asyncio, sys
from cctelegram.daemon.bridge import Bridge
from cctelegram.config import environment

async def main():
    bridge = Bridge(sys.argv[1], environment.snapshot(), {"http.port": 0})
    def end():
        # What no one foresaw: the store's thread is gone while the bridge serves on.
        bridge._context.store._work.put(None)
        print("ended", flush=True)
    await bridge.run(end)

asyncio.run(main())
"""


def test_r19_a_bridge_whose_store_thread_ended_responds_at_once_and_is_not_live(
    home: Path, fast_sandbox: Sandbox
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", ENDED, str(home)], stdout=subprocess.PIPE, text=True, env=environment()
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ended\n"
        served = RunningBridge(home, process, "", home)
        wait_for(lambda: served.get("/live")[0] == 503, "it is not live")
        assert "restart the bridge" in json.loads(served.get("/live")[1])["reason"]
        code, body = served.get("/health")
        assert (code, json.loads(body)["health"]) == (503, "failing")
        assert "restart the bridge" in str(served.status()["reasons"])
        assert served.get("/deliveries/x")[0] == 404, "reads go beside the writer"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_r13_a_bridge_that_starts_waits_for_a_command_that_writes_the_store(
    home: Path, fast_sandbox: Sandbox
) -> None:
    with bridge(home) as running:
        running.put("a.json", {"type": "task_failed", "title": "First"})
        see(fast_sandbox, "First")
        assert running.stop() == 0
    command = HomeLock(home / "state")
    threading.Timer(0.5, command.unlock).start()
    with bridge(home) as running:
        assert running.status()["running"]
