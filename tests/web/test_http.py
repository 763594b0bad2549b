"""The loopback HTTP of a real bridge: what needs the key, what each route says, the stream of events."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.monitor import catalogue
from cctelegram.web import host
from driven import drives
from flow.phone import see
from running import COMMAND, bridge, environment, make_home, wait_for
from server.wire import Wire
from web.opened import ask, listening, until, where

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox
    from running import RunningBridge

OPEN = ("/live", "/ready")
KEYED = (
    *("/health", "/status", "/metrics", "/api/overview", "/api/history", "/api/events", "/api/logs"),
    *("/outbox", "/search", "/cleanup/plan", "/deliveries/x", "/events", "/page/page.js"),
)


def told(running: RunningBridge, path: str) -> Any:
    code, body = running.get(path)
    assert code == 200, body
    return json.loads(body)


def overview(running: RunningBridge, look: Callable[[Any], Any]) -> Any:
    """Wait until the overview is as wanted; return it."""

    def now() -> Any:
        found = told(running, "/api/overview")
        return found if look(found) else {}

    return wait_for(now, "the overview")


def test_r40_all_but_live_and_ready_need_the_key(running: RunningBridge) -> None:
    assert [ask(running, path).code for path in OPEN] == [200, 200]
    assert {path: ask(running, path).code for path in KEYED} == dict.fromkeys(KEYED, 401)
    assert ask(running, "/").code == 401
    for path in ("/stop", "/restart", "/mode/local", "/login", "/cancel/x"):
        assert ask(running, path, "POST").code == 401
    assert running.process.poll() is None


def test_a_program_that_takes_a_bearer_file_reads_the_key_from_http_key(running: RunningBridge) -> None:
    file = running.home / "state" / "http.key"
    assert file.stat().st_mode & 0o777 == 0o600
    key = file.read_text(encoding="ascii")
    assert ask(running, "/metrics", authorization=f"Bearer {key}").code == 200
    assert running.stop() == 0
    assert not file.exists()


def test_every_answer_forbids_what_the_page_does_not_need(running: RunningBridge) -> None:
    for path in ("/live", "/", "/api/overview", "/nothing", "/login?code=x"):
        headers = ask(running, path).headers
        assert all(headers[name.decode()] == value.decode() for name, value in host.HEADERS), path
    foreign = ask(running, "/live", origin="https://evil.example")
    assert (foreign.code, foreign.headers["x-frame-options"]) == (403, "DENY")
    assert "unsafe" not in host.POLICY


def test_a_link_lets_a_browser_in_once(running: RunningBridge) -> None:
    link = subprocess.run(
        [COMMAND, "dashboard", "--print", "--home", str(running.home)],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    ).stdout.strip()
    assert link.startswith(f"http://127.0.0.1:{where(running)['port']}/login?code=")
    path = link.partition(str(where(running)["port"]))[2]
    first = ask(running, path)
    assert (first.code, first.headers["location"]) == (303, "/")
    cookie = first.headers["set-cookie"].partition(";")[0]
    assert ask(running, path).code == 403
    assert ask(running, "/", cookie=cookie).headers["content-type"] == "text/html; charset=utf-8"
    assert ask(running, "/api/overview", cookie=cookie).code == 200
    assert ask(running, "/api/overview", cookie=cookie, sec_fetch_site="same-site").code == 401
    assert ask(running, "/stop", "POST", cookie=cookie).code == 401
    assert ask(running, "/login", "POST", cookie=cookie).code == 401, "a browser lets in no other"
    assert ask(running, "/page/../access.py", cookie=cookie).code == 404


def test_without_a_bridge_the_dashboard_says_so(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", None)
    said = subprocess.run(
        [COMMAND, "dashboard", "--home", str(home)],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert (said.returncode, said.stdout) == (1, "")
    assert "The bridge is not running" in said.stderr


def test_r43_the_overview_follows_the_world(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    running.wait_status(lambda now: now["telegram_connected"], "connected")
    before = told(running, "/api/overview")
    assert before["health"] == {"state": "ok", "problems": []}
    assert before["totals"]["sent"] == 0
    assert before["questions"] == {"open": 0, "oldest": []}
    assert before["totals"]["edited"] == 0
    assert before["process"]["rss_bytes"] > 10_000_000
    running.put("a.json", {"type": "task_failed", "title": "One"})
    running.put("b.json", {"type": "approval_request", "title": "Deploy?"})
    see(fast_sandbox, "One")
    see(fast_sandbox, "Deploy?")
    now = overview(running, lambda now: now["totals"]["sent"] == 2)
    assert now["totals"]["stored"] == 2
    assert [question["title"] for question in now["questions"]["oldest"]] == ["Deploy?"]
    assert now["questions"]["oldest"][0]["link"] is None, "the sandbox has no address at Telegram"
    assert running.get("/mode/muted")[0] == 405
    subprocess.run([COMMAND, "mode", "muted", "--home", str(running.home)], env=environment(), check=True)
    running.put("c.json", {"type": "task_failed", "title": "Held"})
    now = overview(running, lambda now: now["lanes"][1]["held"])
    assert now["lanes"][1]["why"] == [{"reason": "muted", "count": 1}]
    assert now["headline"]["name"] == "rules"
    assert now["headline"]["says"] == "Muted: nothing reaches the phone; 1 held."
    assert now["mode"]["name"] == "muted"


def test_a_session_is_shown_with_its_calls_while_it_runs(running: RunningBridge) -> None:
    with Wire(running.home) as agent:
        agent.initialize()
        agent.call("get_bridge_status", {})
        sessions = overview(running, lambda now: now["sessions"])["sessions"]
        assert [session["pid"] for session in sessions] == [agent.process.pid]
        assert sessions[0]["calls"] == {"get_bridge_status": {"ok": 1, "error": 0}}
    overview(running, lambda now: now["sessions"] == [])


def test_a_pause_is_told_with_the_time_that_is_left(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    running.wait_status(lambda now: now["telegram_connected"], "connected")
    fast_sandbox.control.fail("sendMessage", error_code=429, retry_after=60)
    running.put("a.json", {"type": "task_failed", "title": "One"})
    now = overview(running, lambda now: now["telegram"]["pauses"] and now["lanes"][1]["queued"])
    (pause,) = now["telegram"]["pauses"]
    assert pause["chat_id"] == fast_sandbox.user_id
    assert 50 < pause["seconds"] <= 60
    assert (now["headline"]["name"], now["headline"]["state"]) == ("telegram", "degraded")
    assert now["lanes"][1]["waits"].startswith("Telegram asks to wait another ")


def test_the_newest_events_show_their_way(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    running.put("a.json", {"type": "task_failed", "title": "One", "source": "ci"})
    see(fast_sandbox, "One")
    running.put("b.json", {"type": "approval_request", "title": "Deploy?"})
    card = see(fast_sandbox, "Deploy?")
    fast_sandbox.control.tap(card["message_id"], "Approve")
    wait_for(running.responses, "answered")

    def found() -> Any:
        events = told(running, "/api/events?limit=5")["events"]
        return events if len(events[0]["steps"]) == 6 else None

    asked, failed = wait_for(found, "written")
    assert [step["step"] for step in failed["steps"]] == ["occurred", "stored", "sending", "sent"]
    assert [step["step"] for step in asked["steps"]] == [
        *("occurred", "stored", "sending", "sent", "answered", "answer_file")
    ]
    times = [step["at"] for step in asked["steps"]]
    assert times == sorted(times)
    assert abs(times[0] / 1e6 - time.time()) < 60
    assert (failed["source"], failed["lane"], failed["state"]) == ("ci", "alerts", "sent")
    assert (asked["decision"], asked["title"]) == ("answered", "Deploy?")


def test_a_digested_event_was_sent_with_its_digest(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    subprocess.run([COMMAND, "mode", "muted", "--home", str(running.home)], env=environment(), check=True)
    for number in range(3):
        running.put(f"{number}.json", {"type": "task_failed", "title": f"Event {number}"})
    running.wait_status(lambda now: now["deliveries"].get("held") == 3, "held")
    assert [event["state"] for event in told(running, "/api/events")["events"]] == ["held"] * 3
    subprocess.run([COMMAND, "mode", "nomad", "--home", str(running.home)], env=environment(), check=True)
    see(fast_sandbox, "3 events while muted")

    def sent() -> Any:
        events = told(running, "/api/events")["events"]
        return events if all(event["deliveries"][0]["sent_at"] for event in events) else None

    events = wait_for(sent, "sent")
    assert [event["state"] for event in events] == ["digested"] * 3
    assert len({event["deliveries"][0]["sent_at"] for event in events}) == 1


def test_the_log_is_filtered_by_level_and_event(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    running.put("a.json", {"type": "task_failed", "title": "One", "event_id": "the-one"})
    running.put("b.json", "no event at all")
    see(fast_sandbox, "One")
    see(fast_sandbox, "file could not be used")
    lines = told(running, "/api/logs?event=the-one")["lines"]
    assert [line["event"] for line in lines] == ["intake.stored", "delivery.sent"]
    warnings = told(running, "/api/logs?level=warning")["lines"]
    assert [line["event"] for line in warnings] == ["intake.file_rejected"]
    assert len(told(running, "/api/logs?limit=1")["lines"]) == 1
    assert fast_sandbox.token not in str(told(running, "/api/logs"))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/api/logs?level=loud", "there is no level 'loud'; there are: debug, info"),
        ("/api/logs?limit=0", "limit: read '0'; allowed: a whole number from 1 to 1000"),
        ("/api/events?limit=many", "limit: read 'many'; allowed: a whole number from 1 to 200"),
        ("/api/history?span=7d", "there is no span '7d'; there are: 1h, 24h"),
        ("/api/history?series=speed", "there is no series 'speed'; there are:"),
    ],
)
def test_a_wrong_question_is_answered_with_what_is_allowed(
    running: RunningBridge, path: str, said: str
) -> None:
    code, body = running.get(path)
    assert code == 400
    assert said in json.loads(body)["error"]


@drives(catalogue.HTTP_REQUESTS, catalogue.HTTP_TIME)
def test_requests_are_counted_by_route_and_code(running: RunningBridge) -> None:
    running.get("/health")
    running.get("/health", key="wrong")
    running.get("/nothing")
    lines = running.get("/metrics")[1].decode().splitlines()
    counted = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line[:1] != "#"}
    assert counted['cctelegram_http_requests_total{code="200",route="health"}'] == 1
    assert counted['cctelegram_http_requests_total{code="401",route="health"}'] == 1
    assert counted['cctelegram_http_requests_total{code="404",route="other"}'] == 1
    assert counted['cctelegram_http_request_seconds_count{route="health"}'] == 2


def test_what_happens_is_streamed_and_a_sample_follows(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    with listening(running) as events:
        first = next(events)
        assert first.id is not None
        assert first.id.rpartition("-")[2].isdecimal()
        sample = until(events, "sample")
        assert (sample.id, sample.content["totals"]["stored"]) == (None, 0)
        running.put("a.json", {"type": "task_failed", "title": "One"})
        stored = until(events, "stored")
        assert (stored.content["accepted"], stored.content["last"]["title"]) == (1, "One")
        sent = until(events, "sent")
        assert (sent.content["lane"], sent.content["complete"]) == ("alerts", True)
        assert 0 < sent.content["seconds"] < 30
        assert until(events, "sample").content["totals"]["sent"] == 1
    running.put("b.json", {"type": "approval_request", "title": "Deploy?"})
    see(fast_sandbox, "Deploy?")
    assert sent.id is not None
    with listening(running, last_event_id=sent.id) as events:
        assert until(events, "decision").content == {"change": "opened"}
        assert until(events, "sent").content["lane"] == "decisions"
    with listening(running, last_event_id="another-7") as events:
        assert next(events).kind == "reset"


def test_streams_end_with_the_bridge_and_do_not_hold_it_up(running: RunningBridge) -> None:
    with listening(running) as first, listening(running) as second:
        until(first, "sample")
        until(second, "sample")
        began = time.monotonic()
        running.process.terminate()
        assert running.process.wait(10) == 0
        assert time.monotonic() - began < 1.5


def test_the_number_of_streams_is_bounded(running: RunningBridge) -> None:
    from contextlib import ExitStack

    from cctelegram.web.stream import STREAMS

    with ExitStack() as open_streams:
        for _ in range(STREAMS):
            next(open_streams.enter_context(listening(running)))
        code, body = running.get("/events")
        assert code == 503
        assert f"{STREAMS} clients listen already" in json.loads(body)["error"]
    wait_for(lambda: told(running, "/health"), "it answers")


def test_the_history_survives_a_restart(home: Path) -> None:
    with bridge(home) as first:

        def measured() -> Any:
            found = told(first, "/api/history?series=memory,latency_p95")
            known = [value for value in found["series"]["memory"]["values"] if value is not None]
            return known[0] if known else None

        memory = wait_for(measured, "the first sample")
        assert memory > 10_000_000
        assert first.stop() == 0
    assert (home / "state" / "history.msgpack").stat().st_mode & 0o777 == 0o600
    with bridge(home) as second:
        found = told(second, "/api/history?series=memory")["series"]["memory"]
        assert found["unit"] == "bytes"
        known = [value for value in found["values"] if value is not None]
        assert len(known) == 1 or known[0] == memory, (
            "one step, which the second bridge recorded again, or two"
        )
        assert second.stop() == 0
    (home / "state" / "history.msgpack").write_bytes(b"damaged")
    with bridge(home) as third:
        assert told(third, "/api/history?series=memory")["series"]["memory"]["values"][0] is None
        assert [line["event"] for line in third.log()].count("history.unreadable") == 1


@pytest.mark.slow
def test_the_health_is_answered_at_once_while_100_000_events_wait(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    home = make_home(tmp_path / "home", fast_sandbox)
    with bridge(home) as running:
        running.wait_status(lambda now: now["telegram_connected"], "connected")
        subprocess.run([COMMAND, "mode", "muted", "--home", str(home)], env=environment(), check=True)
        running.put("a.json", {"type": "task_failed", "title": "One"})
        running.wait_status(lambda now: now["deliveries"].get("held") == 1, "held")
        assert running.stop() == 0
    with sqlite3.connect(home / "state" / "store.db") as store:
        # As the intake leaves them, with the time of their next try far off: nothing is sent meanwhile.
        store.execute(
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000) "
            "INSERT INTO deliveries (chat_id, lane, state, queued_at, not_before) "
            "SELECT 1001, 2, 'queued', 1795832401194714, 4000000000000000 FROM numbers"
        )
    store.close()
    with bridge(home) as running:
        took = []
        for _ in range(20):
            began = time.perf_counter()
            assert running.get("/health")[0] == 200
            took.append(time.perf_counter() - began)
        assert told(running, "/api/overview")["lanes"][2]["queued"] == 100_000
    assert sorted(took)[10] < 0.05
