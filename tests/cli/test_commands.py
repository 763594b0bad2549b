"""The output, exit code and error messages of each command."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram import version
from cctelegram.cli import COMMANDS
from cctelegram.spool.file_lock import FileLock
from cli.commands import run
from running import COMMAND, environment, make_home
from spool.posting import post_answer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path / "home", None)


def events(home: Path) -> list[dict[str, Any]]:
    return [json.loads(file.read_bytes()) for file in sorted((home / "events").glob("*.json"))]


@pytest.mark.parametrize("words", [["version"], ["--version"], ["-V"]])
def test_the_version_is_printed(words: list[str]) -> None:
    assert run(*words).stdout == f"cctelegram {version()}\n"


def test_an_unknown_command_is_wrong_usage_and_shows_the_list() -> None:
    told = run("launch")
    assert (told.returncode, told.stdout) == (2, "")
    assert "there is no command 'launch'" in told.stderr
    assert all(name in told.stderr for name in COMMANDS)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["send"], 2, "type"),
        (["send", "task_failed"], 2, "a title is needed"),
        (["send", "task_failed", "One", "two"], 2, "unrecognized arguments: two"),
        (["send", "task_failed", "One", "--colour", "red"], 2, "--colour"),
        (["send", "task_failed", "One", "--set", "novalue"], 2, "KEY=VALUE"),
        (["send", "task_failed", "One", "--set", "=1"], 2, "KEY=VALUE"),
        (["send", "task_failed", "One", "--source"], 2, "--source"),
        (["send", "-", "--set", "a=1"], 2, "standard input"),
        (["events", "nonsense"], 2, "there is no category 'nonsense'"),
        (["config"], 2, "show"),
        (["config", "hide"], 2, "hide"),
        (["responses", "--limit", "many"], 2, "--limit"),
        (["status", "now"], 2, "unrecognized arguments: now"),
        (["outbox"], 2, "list"),
        (["outbox", "list", "--state", "lost"], 2, "lost"),
        (["outbox", "list", "--chat", "me"], 2, "--chat"),
        (["outbox", "list", "--limit", "0"], 2, "from 1 to 10000"),
        (["outbox", "retry"], 2, "EVENT_ID"),
        (["outbox", "retry", "a", "--all-dead"], 2, "--all-dead"),
        (["outbox", "drop"], 2, "EVENT_ID"),
        (["outbox", "show", "a"], 1, "no bridge has run"),
        (["search", "a", "--since", "soon"], 2, "--since: read soon"),
        (["search", "a", "--limit", "many"], 2, "from 1 to 10000"),
        (["search", "a"], 1, "no bridge has run"),
        (["bridge", "--port", "high"], 1, "http.port"),
        (["sandbox", "--token", "short", "--port", "0"], 2, "token"),
        (["mcp", "--verbose"], 2, "--verbose"),
        (["version", "2"], 2, "2"),
        (["ask"], 3, "question"),
        (["ask", "Now?", "--timeout", "soon"], 3, "--timeout takes a duration such as 90s, 10m or 2h"),
        (["ask", "Now?", "--timeout", "0s"], 3, "--timeout"),
        (["ask", "Now?", "--default", "Maybe"], 3, "--default must be one of the options: Approve, Deny"),
        (["ask", "Now?", "--colour", "red"], 3, "--colour"),
        (["ask", " "], 3, "the question is empty"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_an_error_message_with_its_own_code(
    home: Path, words: list[str], code: int, says: str
) -> None:
    told = run(*words, home=home)
    assert says in told.stderr
    assert "Traceback" not in told.stderr
    assert (told.returncode, told.stdout) == (code, "")
    assert not (home / "events").exists() or not events(home)


def test_send_builds_an_event_from_its_flags(home: Path) -> None:
    told = run(
        *("send", "build_failed", "Build #42: “née” 👩‍👩‍👧", "--description", "*why*", "--source", "ci"),
        *("--task-id", "t/1", "--event-id", "e-1", "--set", "exit_code=1", "--set", "note=1a=b"),
        home=home,
    )
    (event,) = events(home)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.strip() == str(next((home / "events").glob("*.json")))
    assert event["title"] == "Build #42: “née” 👩‍👩‍👧"
    assert (event["event_id"], event["task_id"], event["source"]) == ("e-1", "t/1", "ci")
    assert event["data"] == {"exit_code": 1, "note": "1a=b"}
    assert event["correlation_id"]


def test_send_reads_the_event_from_standard_input_and_prints_its_id_as_json(home: Path) -> None:
    given = '{"type":"task_failed","title":"It broke","event_id":"mine","unknown":[1]}'
    told = run("send", "-", "--json", home=home, given=given)
    (event,) = events(home)
    answer = json.loads(told.stdout)
    assert answer["event_id"] == "mine"
    assert answer["accepted"] is True
    assert answer["path"].startswith(str(home / "events"))
    assert event["unknown"] == [1]


def test_send_lists_all_errors_at_once(home: Path) -> None:
    given = '{"type":"BAD type","title":"","timestamp":"yesterday","data":{"severity":"huge"}}'
    told = run("send", "-", home=home, given=given)
    assert told.returncode == 1
    for field in ("type", "title", "timestamp", "data.severity"):
        assert field in told.stderr
    assert "Traceback" not in told.stderr
    assert not (home / "events").exists() or not events(home)


@pytest.mark.parametrize("given", ["", "not json", "[1]", '{"title":"x"}'])
def test_send_refuses_input_that_is_not_an_event(home: Path, given: str) -> None:
    told = run("send", "-", home=home, given=given)
    assert told.returncode == 1
    assert told.stderr.startswith("cctelegram send: ")
    assert "Traceback" not in told.stderr


def test_a_home_that_cannot_be_written_is_reported_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for words in (
        ["send", "task_failed", "One"],
        ["ask", "Now?"],
        ["send", "task_failed", "One", "--wait", "1"],
    ):
        told = run(*words, home=tmp_path / "file" / "home")
        assert told.returncode in (1, 3)
        assert str(tmp_path / "file") in told.stderr
        assert "Traceback" not in told.stderr


def test_r35_an_event_is_written_when_the_bridge_is_down_and_status_says_that_it_is(home: Path) -> None:
    assert run("send", "task_failed", "One", home=home).returncode == 0
    assert len(events(home)) == 1
    told = run("status", home=home)
    assert told.returncode == 1
    assert "bridge" in told.stdout
    asked = run("status", "--json", home=home)
    assert asked.returncode == 1
    assert json.loads(asked.stdout)["running"] is False


def test_events_are_listed_by_category() -> None:
    everything = json.loads(run("events", "--json").stdout)
    some = json.loads(run("events", "deployment", "--json").stdout)
    assert some == [each for each in everything if each["category"] == "deployment"]
    assert set(some[0]) == {"type", "category", "icon", "lane", "severity", "description", "example"}
    lines = run("events", "deployment").stdout.splitlines()
    assert lines[0] == "deployment"
    assert len(lines) == 1 + len(some)


def test_r49_config_show_prints_values_and_origins_and_never_the_token(home: Path) -> None:
    secret = "1234567890:" + "A" * 35
    (home / ".env").write_text(f"TELEGRAM_BOT_TOKEN={secret}\n")
    told = run("config", "show", home=home, CC_TELEGRAM_TIMEZONE="Asia/Tokyo")
    shown = json.loads(run("config", "show", "--json", home=home, CC_TELEGRAM_TIMEZONE="Asia/Tokyo").stdout)
    assert told.returncode == 0
    assert secret not in told.stdout + told.stderr + json.dumps(shown)
    assert shown["display.timezone"]["value"] == "Asia/Tokyo"
    assert "CC_TELEGRAM_TIMEZONE" in shown["display.timezone"]["origin"]
    assert ".env" in shown["telegram.token"]["origin"]
    assert "config.toml" in shown["pacing.chat_burst"]["origin"]
    assert "default" in shown["display.style"]["origin"]
    assert {line.split()[0] for line in told.stdout.splitlines()} == set(shown)


def test_settings_that_cannot_be_read_are_reported_with_file_and_line(home: Path) -> None:
    (home / "config.toml").write_text("[display]\nstile = 'concise'\n")
    for words in (["config", "show"], ["bridge"]):
        told = run(*words, home=home)
        assert told.returncode == 1
        assert "config.toml" in told.stderr
        assert "display.style" in told.stderr
        assert "Traceback" not in told.stderr


def test_answers_can_be_read_repeatedly_and_are_taken_once(home: Path) -> None:
    folder = str(home / "responses")
    for number in range(3):
        post_answer(folder, {"kind": "message", "text": f"Word {number}", "first_name": "Ann"})
    shown = [answer["text"] for answer in json.loads(run("responses", "--json", home=home).stdout)]
    assert shown == ["Word 2", "Word 1", "Word 0"]
    assert "by Ann: Word 2" in run("responses", "--limit", "1", home=home).stdout
    taken = json.loads(run("responses", "--take", "--json", home=home).stdout)
    assert [answer["text"] for answer in taken] == ["Word 0", "Word 1", "Word 2"]
    assert run("responses", "--take", home=home).stdout == "No answers are waiting.\n"


def test_responses_take_leaves_what_a_live_session_awaits(home: Path) -> None:
    sessions = home / "state" / "sessions"
    sessions.mkdir(parents=True)
    live = FileLock(str(sessions / "live.json"))
    assert live.try_lock()
    for name in ("live", "dead"):
        post_answer(str(home / "responses"), {"kind": "decision", "event_id": name, "awaited_by": name})
    (taken,) = json.loads(run("responses", "--take", "--json", home=home).stdout)
    assert taken["event_id"] == "dead"
    live.unlock()
    (taken,) = json.loads(run("responses", "--take", "--json", home=home).stdout)
    assert taken["event_id"] == "live"


@pytest.mark.parametrize("words", ["events", "events --json", "config show", "--help", "events --help"])
def test_a_closed_output_pipe_is_not_an_error(home: Path, words: str) -> None:
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"'{COMMAND}' {words} | true"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(CC_TELEGRAM_HOME=str(home)),
    )
    assert done.stderr == ""
    assert done.returncode in (0, 141)
