"""Cleanup by the command, by an agent and from the chat, with and without a bridge."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.store.database import reading
from cli.commands import run
from flow.phone import labels, see
from flow.test_agents import call, session
from running import QUICK, RunningBridge, bridge, make_home, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mcp import Client

    from cctelegram.sandbox.child import Sandbox

# Everything in rejected/ is old at once; what is kept elsewhere is as by default.
AT_ONCE = '[cleanup]\nschedule = "off"\n[cleanup.rejected]\nage = "0s"\nkeep = 0\n'


@pytest.fixture
def home(tmp_path: Path, fast_sandbox: Sandbox) -> Path:
    return make_home(tmp_path / "home", fast_sandbox, QUICK + AT_ONCE)


@pytest.fixture
def running(home: Path) -> Iterator[RunningBridge]:
    with bridge(home) as started:
        started.wait_status(lambda now: now["telegram_connected"], "connected")
        yield started


def reject(home: Path, *names: str) -> Path:
    folder = home / "rejected"
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("not an event")
    return folder


def cleanup(home: Path, *words: str, code: int = 0) -> dict[str, Any]:
    done = run("cleanup", *words, "--json", home=home)
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def of(told: dict[str, Any], directory: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in told["directories"] if each["directory"] == directory)
    return found


def test_without_a_bridge_the_command_plans_cleans_and_reports_what_it_did(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", None, AT_ONCE)
    folder = reject(home, "a.json", "b.json")
    planned = cleanup(home, "plan")
    assert planned["dry_run"] is True
    assert of(planned, "rejected")["by_rule"] == {"age": {"files": 2, "bytes": 24}}
    assert len(list(folder.iterdir())) == 2
    assert of(cleanup(home, "stats", "--directory", "rejected"), "rejected")["files"] == 2
    done = cleanup(home, "run")
    assert (done["dry_run"], done["files"], done["bytes"]) == (False, 2, 24)
    assert list(folder.iterdir()) == []
    (past,) = cleanup(home, "history")["rounds"]
    assert past["directories"]["rejected"]["removed"] == 2
    words = run("cleanup", "run", home=home).stdout
    assert words.startswith("Nothing was removed\n")
    assert "rejected 2 (24 B)" in run("cleanup", "history", home=home).stdout
    assert "rejected: 0 entries, 0 B" in run("cleanup", "stats", home=home).stdout


def test_the_command_reports_what_it_cannot_do(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", None)
    unknown = run("cleanup", "run", "--directory", "events", home=home)
    assert unknown.returncode == 2
    assert "there is no directory 'events'" in unknown.stderr
    (home / "reports").symlink_to(tmp_path)
    linked = run("cleanup", "run", home=home)
    assert linked.returncode == 1
    assert "is a link or a file" in linked.stdout


def test_while_a_bridge_runs_the_bridge_cleans(running: RunningBridge) -> None:
    folder = reject(running.home, "a.json")
    assert of(cleanup(running.home, "run", "--directory", "rejected"), "rejected")["by_rule"]
    history = of(cleanup(running.home, "plan", "--directory", "history"), "history")
    assert history["path"].endswith("store.db")
    assert list(folder.iterdir()) == []
    told = running.status()["cleanup"]
    assert (told["rounds"], told["removed"], told["bytes"], told["errors"]) == (1, 1, 12, 0)


def test_an_agent_sees_the_plan_cleans_and_gets_an_error_for_wrong_arguments(running: RunningBridge) -> None:
    folder = reject(running.home, "a.json", "b.json", "c.json")

    async def work(client: Client) -> None:
        planned = await call(client, "cleanup")
        assert (planned["dry_run"], planned["files"]) == (True, 3)
        assert len(list(folder.iterdir())) == 3
        assert (await call(client, "cleanup", action="stats"))["directories"][0]["files"] == 3
        done = await call(client, "cleanup", action="run", directory="rejected")
        assert (done["dry_run"], done["files"]) == (False, 3)
        wrong = await client.call_tool("cleanup", {"directory": "events"})
        assert wrong.is_error

    session(running.home, "2026-07-28", work)
    assert list(folder.iterdir()) == []
    told = running.status()["cleanup"]
    assert (told["rounds"], told["removed"], told["bytes"], told["errors"]) == (1, 3, 36, 0)
    assert told["last"]["removed"] == 3


def test_an_agent_without_a_bridge_is_referred_to_the_command(home: Path) -> None:
    home.joinpath("state").mkdir()

    async def work(client: Client) -> None:
        told = await client.call_tool("cleanup", {"action": "run"})
        assert told.is_error
        assert "cctelegram cleanup" in str(told.content)

    session(home, "2026-07-28", work)


def test_the_bridge_requires_the_key_and_a_post(running: RunningBridge) -> None:
    assert running.get("/cleanup/plan", key="wrong")[0] == 401
    assert running.get("/cleanup/run")[0] == 405
    assert running.get("/cleanup/sweep")[0] == 400
    assert running.get("/cleanup/plan?directory=events")[0] == 400
    code, body = running.get("/cleanup/history")
    assert (code, json.loads(body)) == (200, {"rounds": []})


def test_the_chat_shows_the_plan_and_its_button_executes_exactly_that_plan_once(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    control = fast_sandbox.control
    folder = reject(running.home, "a.json", "b.json")
    control.say("/cleanup")
    shown = see(fast_sandbox, "Cleanup: Would remove 2 entries", "rejected: of 2")
    assert labels(shown) == ["Remove 2 entries"]
    (button,) = shown["reply_markup"]["inline_keyboard"][0]
    assert len(button["callback_data"]) <= 64
    reject(running.home, "later.json")
    # Neither a stranger, nor a changed button, nor the same one in another chat counts.
    control.tap(shown["message_id"], 0, user_id=666, chat_id=fast_sandbox.user_id)
    forged = control.tap(shown["message_id"], data=button["callback_data"][:-1] + "!")
    assert "no longer valid" in control.wait_answer(forged["id"])["text"]
    assert len(list(folder.iterdir())) == 3
    tap = control.tap(shown["message_id"], 0)
    assert control.wait_answer(tap["id"])["text"] == "Cleanup started"
    done = see(fast_sandbox, "Cleanup: Removed 2 entries")
    assert (done["message_id"], labels(done)) == (shown["message_id"], [])
    assert [file.name for file in folder.iterdir()] == ["later.json"]
    again = control.tap(shown["message_id"], data=button["callback_data"])
    assert "no longer valid" in control.wait_answer(again["id"])["text"]
    assert [file.name for file in folder.iterdir()] == ["later.json"]


def test_the_button_in_the_chat_also_cleans_the_history_up_to_the_time_of_the_plan(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    home = make_home(tmp_path / "home", fast_sandbox, QUICK + AT_ONCE + '[cleanup.history]\nage = "0s"\n')
    with bridge(home) as running:
        for title in ("Before", "Newest"):  # the newest event stays, so that its number is not given again
            running.put(f"{title}.json", {"type": "task_failed", "title": title})
        running.wait_status(lambda now: now["delivery"]["sent"] == 2, "sent")
        fast_sandbox.control.say("/cleanup")
        shown = see(fast_sandbox, "Cleanup: Would remove 1 entry", "history: of 2")
        assert labels(shown) == ["Remove 1 entry"]
        running.put("b.json", {"type": "task_failed", "title": "Since"})
        see(fast_sandbox, "Since")
        running.wait_status(lambda now: not any(now["queue"].values()), "recorded")
        fast_sandbox.control.tap(shown["message_id"], 0)
        # What is not the newest any more had ended when the plan was made.
        see(fast_sandbox, "Cleanup: Removed 2 entries", "history: of 3")
        found = reading(
            home / "state" / "store.db", lambda c: c.execute("SELECT title FROM events").fetchall()
        )
        assert found == [("Since",)]


def test_when_there_is_nothing_to_clean_the_chat_says_so_without_a_button(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.say("/cleanup")
    assert labels(see(fast_sandbox, "Cleanup: Nothing to remove")) == []


def test_a_changed_setting_takes_effect_without_a_restart(running: RunningBridge) -> None:
    folder = reject(running.home, "keep.json")
    config = running.home / "config.toml"
    config.write_text(config.read_text(encoding="utf-8").replace("keep = 0", "keep = 5"))

    def planned() -> int:
        code, body = running.get("/cleanup/plan")
        assert code == 200
        return int(json.loads(body)["files"])

    wait_for(lambda: planned() == 0, "the newest five stay")
    assert len(list(folder.iterdir())) == 1
