"""`cctelegram logs` over a real bridge: the log of one event from file to answer, following, exit codes."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

from cli.commands import run
from flow.phone import see
from running import COMMAND, RunningBridge, environment, make_home, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def logged(home: Path, *words: str) -> list[dict[str, Any]]:
    done = run("logs", "--json", *words, home=home)
    return [json.loads(line) for line in done.stdout.splitlines()]


def keys(home: Path, *words: str) -> list[str]:
    return [line["event"] for line in logged(home, *words)]


def test_a_question_is_followed_from_its_file_to_its_answer(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    question = {
        "type": "approval_request",
        "title": "Deploy?",
        "event_id": "q-1",
        "traceparent": TRACEPARENT,
        "data": {"options": ["Yes", "No"]},
    }
    running.put("q.json", question)
    message = see(fast_sandbox, "Deploy?")
    fast_sandbox.control.tap(message["message_id"], "Yes")
    wait_for(running.responses, "the answer is written")
    wanted = ["intake.stored", "delivery.sent", "decision.answered", "answer.written"]
    wait_for(lambda: keys(running.home, "--event", "q-1") == wanted, "the lines of the event")
    assert keys(running.home, "--event", TRACE) == wanted
    assert {line["trace"] for line in logged(running.home, "--event", "q-1")} == {TRACE}
    assert {line["event_id"] for line in logged(running.home, "--event", "q-1")} == {"q-1"}
    text = run("logs", "--event", "q-1", home=running.home).stdout
    assert "\x1b" not in text
    assert len(text.splitlines()) == 4


def test_a_failed_and_an_expired_event_name_themselves(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    fast_sandbox.control.fail("sendMessage", error_code=500, times=1)
    question = {
        "type": "approval_request",
        "title": "Quick?",
        "event_id": "q-2",
        "data": {"traceparent": TRACEPARENT, "timeout_seconds": 4},
    }
    running.put("q.json", question)
    wanted = {"intake.stored", "delivery.failed", "delivery.sent", "decision.expired", "answer.written"}
    wait_for(lambda: wanted <= set(keys(running.home, "--event", "q-2")), "the lines of the event")
    assert {line["trace"] for line in logged(running.home, "--event", "q-2")} == {TRACE}


def test_each_event_of_a_digest_is_found(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    run("mode", "muted", home=running.home)
    lines = [
        json.dumps({"type": "info_notification", "title": f"Number {n}", "event_id": f"many-{n}"})
        for n in range(150)
    ]
    running.put("many.jsonl", "\n".join(lines) + "\n")
    running.wait_status(lambda found: found["deliveries"].get("held", 0) == 150, "all are held")
    run("mode", "nomad", home=running.home)
    wait_for(lambda: "delivery.digested" in keys(running.home, "--event", "many-149"), "a digest")
    for number in (0, 77, 149):
        found = keys(running.home, "--event", f"many-{number}")
        assert found[-1] == "delivery.digested"
        assert found[0] in ("intake.stored", "intake.stored_also")
    assert fast_sandbox.control


def test_exit_codes_and_sentences(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", None)
    done = run("logs", home=home)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no bridge has run in this home" in done.stderr
    (home / "logs").mkdir()
    (home / "logs" / "bridge.jsonl").write_text('{"level":"info","event":"a.b","n":1}\n')
    assert run("logs", home=home).returncode == 0
    done = run("logs", "--event", "x", home=home)
    assert (done.returncode, done.stdout) == (1, "")
    assert run("logs", "--since", "soon", home=home).returncode == 2
    assert run("logs", "--level", "loud", home=home).returncode == 2
    assert run("logs", "--limit", "0", home=home).returncode == 2


def test_following_goes_on_over_a_rotation_and_ends_by_ctrl_c_with_130(tmp_path: Path) -> None:
    file = tmp_path / "home" / "logs" / "bridge.jsonl"
    out = tmp_path / "out"

    def shown(number: int) -> bool:
        return f" n={number}\n" in out.read_text()

    with out.open("w") as opened:
        process = subprocess.Popen(
            [COMMAND, "logs", "--follow", "--home", str(tmp_path / "home")],
            stdout=opened,
            env=environment(),
            stdin=subprocess.DEVNULL,
        )
    try:
        file.parent.mkdir(parents=True)
        file.write_text('{"level":"info","event":"a.b","n":1}\n')
        wait_for(lambda: shown(1), "a log that begins later is followed")
        with file.open("a") as added:
            added.write('{"level":"info","event":"a.b","n":2}\n{"level":"in')
        wait_for(lambda: shown(2), "a line is shown")
        with file.open("a") as added:
            added.write('fo","event":"a.b","n":3}\n')
        file.rename(file.with_name("bridge-20261128T000000Z.jsonl"))
        file.write_text('{"level":"info","event":"a.b","n":4}\n')
        wait_for(lambda: shown(3) and shown(4), "both sides of a rotation are shown")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    finally:
        process.kill()
        process.wait()


def test_levels_are_coloured_on_a_terminal_only(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", None)
    (home / "logs").mkdir()
    (home / "logs" / "bridge.jsonl").write_text('{"level":"error","event":"a.b"}\n')
    for colour, wanted in (("", True), ("1", False)):
        main, side = pty.openpty()
        done = subprocess.run(
            [COMMAND, "logs", "--home", str(home)],
            stdout=side,
            check=False,
            env=environment(TERM="xterm", NO_COLOR=colour),
            timeout=60,
        )
        os.close(side)
        assert done.returncode == 0
        assert (b"\x1b[31merror" in os.read(main, 10_000)) == wanted
        os.close(main)
    assert "\x1b" not in run("logs", home=home).stdout


def test_reading_a_large_log_for_one_event_takes_well_under_a_second(tmp_path: Path) -> None:
    from cctelegram.cli.logs import newest
    from cctelegram.client.log_files import Tail
    from cctelegram.client.log_lines import Choice

    line = b'{"event_id":"other","chat_id":1,"complete":true,"event":"delivery.sent","level":"info"}\n'
    (tmp_path / "bridge.jsonl").write_bytes(line * 50_000 + line.replace(b"other", b"mine"))
    began = time.perf_counter()
    with Tail(tmp_path) as tail:
        assert len(newest(tmp_path, tail, Choice(named="mine"), None)) == 1
    assert time.perf_counter() - began < 1
