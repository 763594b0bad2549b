"""Profiles of a real bridge at work."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram import _native
from cctelegram.client import loopback
from cctelegram.profiles import spy
from cctelegram.server.session import Session
from cctelegram.server.tools.profile import profile as profile_tool
from running import COMMAND, QUICK, RunningBridge, bridge, environment, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

PY_SPY = spy.find()
needs_memray = pytest.mark.skipif(find_spec("memray") is None, reason="memray is not installed")
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc of Linux")
HAS_SYMBOLS = b".symtab" in Path(str(_native.__file__)).read_bytes()


def post(running: RunningBridge, path: str, seconds: float = 90) -> tuple[int, dict[str, Any]]:
    where = json.loads((running.home / "state" / "bridge.json").read_text(encoding="utf-8"))
    code, body = loopback.once(seconds).post(where["port"], path, where["key"], where["host"])
    answer: dict[str, Any] = json.loads(body)
    return code, answer


def post_until_killed(running: RunningBridge, path: str) -> None:
    with suppress(loopback.LoopbackError):
        post(running, path)


def recordings(running: RunningBridge, kind: str) -> list[Path]:
    return list((running.home / "captures").glob(f".{kind}-*.raw"))


def recording(running: RunningBridge, kind: str = "cpu") -> None:
    wait_for(lambda: recordings(running, kind), "the profile is being taken")


def run(running: RunningBridge, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "profile", *words, "--home", str(running.home)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )


@contextmanager
def asking(running: RunningBridge, path: str) -> Iterator[None]:
    """Ask the bridge for `path` without a pause."""
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            assert running.get(path)[0] == 200

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def events(running: RunningBridge, title: str, size: int = 100) -> Iterator[list[int]]:
    """Write an event every 20 ms; yield the number of those written, as the only member."""
    ended, written = threading.Event(), [0]

    def write() -> None:
        while not ended.wait(0.02):
            number = written[0]
            running.put(
                f"{title}-{number}.json",
                {
                    "type": "build_failed",
                    "title": f"{title} {number}",
                    "description": f"{number} " * (size // 5),
                },
            )
            written[0] += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield written
    finally:
        ended.set()
        thread.join()


def share(page: str, function: str, file: str) -> float:
    """Return the share of the samples in a function, as the page says it."""
    found = re.search(rf"<title>{re.escape(function)} \({re.escape(file)}\): [^<]*, ([\d.]+)%</title>", page)
    return 0.0 if found is None else float(found[1]) / 100


def page_of(answer: dict[str, Any]) -> str:
    return Path(answer["file"]).read_text(encoding="utf-8")


def rendering(page: str) -> float:
    return share(page, "scrape", "cctelegram/monitor/exposition.py")


@pytest.fixture
def refused(tmp_path: Path) -> str:
    """A PATH on which py-spy runs as a user who may not attach to the bridge."""
    if PY_SPY is None or os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs py-spy, and root to run it as another user")
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "py-spy"
    script.write_text(
        f'#!/bin/sh\nexec {shutil.which("setpriv")} --reuid=65534 --clear-groups {PY_SPY} "$@"\n'
    )
    script.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


@linux
@pytest.mark.skipif(PY_SPY is None, reason="py-spy is not installed")
def test_a_cpu_profile_by_py_spy_names_what_the_bridge_is_busy_with(running: RunningBridge) -> None:
    code, quiet = post(running, "/profile/cpu?seconds=1")
    assert code == 200, quiet
    if quiet["by"] != "py-spy":
        pytest.skip(f"py-spy may not attach here: {quiet['note']}")
    with asking(running, "/metrics"):
        _, busy = post(running, "/profile/cpu?seconds=3")
    assert rendering(page_of(quiet)) == 0
    assert rendering(page_of(busy)) > 0.1
    assert busy["cpu_seconds"] > 3 * quiet["cpu_seconds"]
    assert "Measured by</dt><dd>py-spy</dd>" in page_of(busy)
    assert busy["top"][0]["value"] <= busy["total"]
    assert 2.5 < busy["seconds"] < 10


@linux
def test_a_cpu_profile_from_inside_names_the_same_and_says_why(home: Path, refused: str) -> None:
    with bridge(home, PATH=refused) as running:
        with asking(running, "/metrics"):
            code, answer = post(running, "/profile/cpu?seconds=3")
        assert code == 200, answer
        assert answer["by"] == "sampling inside the process"
        assert answer["note"].startswith("py-spy may not attach: ")
        assert "ermission" in answer["note"] or "denied" in answer["note"]
        page = page_of(answer)
        assert rendering(page) > 0.1
        assert f"sampling inside the process ({answer['note'][:20]}" in page
        # Its own threads are not in it.
        assert "sampler.py" not in page


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["cpu", pytest.param("memory", marks=needs_memray)])
def test_messages_arrive_while_a_profile_is_taken(running: RunningBridge, kind: str) -> None:
    running.wait_status(lambda now: now["telegram_connected"], "connected")
    answers: list[tuple[int, dict[str, Any]]] = []
    thread = threading.Thread(target=lambda: answers.append(post(running, f"/profile/{kind}?seconds=5")))
    with events(running, kind) as written:
        thread.start()
        recording(running, kind)
        before = running.status()["delivery"]["sent"]
        running.wait_status(lambda now: now["delivery"]["sent"] > before + 5, "sent meanwhile")
        assert recordings(running, kind), "the profile is still being taken"
        thread.join()
    assert answers[0][0] == 200, answers
    running.wait_status(lambda now: now["delivery"]["accepted"] == written[0], "all taken")
    running.wait_status(lambda now: not any(now["queue"].values()), "all sent")


@needs_memray
@pytest.mark.browser
@pytest.mark.slow
def test_a_memory_profile_names_who_allocates_and_opens_offline(
    running: RunningBridge, browser: Browser
) -> None:
    with events(running, "large", 500_000):
        code, answer = post(running, "/profile/memory?seconds=3")
    assert code == 200, answer
    assert answer["by"] == "memray"
    assert answer["unit"] == "bytes"
    assert answer["total"] > 500_000
    assert any("cctelegram/" in line["file"] for line in answer["top"])
    page = page_of(answer)
    assert "cctelegram/spool/inbox.py" in page
    # The bridge's JSON comes from a library in Rust, which is named with and without symbols of its own.
    assert any(line.get("native") for line in answer["top"])
    assert answer["resident_bytes"] > answer["resident_bytes_before"] > 20_000_000

    context = browser.new_context(offline=True)
    shown, errors = context.new_page(), list[str]()
    shown.on("console", lambda said: errors.append(said.text))
    shown.on("pageerror", lambda error: errors.append(str(error)))
    shown.goto(Path(answer["file"]).as_uri())
    assert shown.locator("svg.graph").count() == 2
    assert shown.locator("svg.box").count() > 20
    context.close()
    assert errors == []


@needs_memray
@pytest.mark.skipif(
    not HAS_SYMBOLS, reason='the compiled module has no symbols: strip = "symbols" in Cargo.toml'
)
def test_a_memory_profile_names_the_allocating_function_of_rust(running: RunningBridge) -> None:
    with events(running, "large", 500_000):
        _, answer = post(running, "/profile/memory?seconds=3")
    assert re.search(r"<title>[^<]*(spool|_native)::", page_of(answer))


def test_one_profile_at_a_time_and_it_can_be_ended_with_what_was_measured(running: RunningBridge) -> None:
    answers: list[tuple[int, dict[str, Any]]] = []
    thread = threading.Thread(target=lambda: answers.append(post(running, "/profile/cpu?seconds=60")))
    thread.start()
    recording(running)
    code, busy = post(running, "/profile/memory?seconds=1")
    assert code == 409
    assert re.match(r"a cpu profile is being taken, for another \d+ s", busy["error"])
    assert post(running, "/profile/end") == (200, {"ended": True})
    thread.join(30)
    code, answer = answers[0]
    assert code == 200
    assert answer["ended_early"] == "it was ended on request"
    assert answer["seconds"] < 30
    assert Path(answer["file"]).exists()
    assert post(running, "/profile/end") == (200, {"ended": False})


def test_a_recording_that_a_killed_bridge_left_is_removed(home: Path) -> None:
    with bridge(home) as running:
        thread = threading.Thread(target=lambda: post_until_killed(running, "/profile/cpu?seconds=60"))
        thread.start()
        recording(running)
        running.kill()
        thread.join()
        assert recordings(running, "cpu")
    with bridge(home) as running:
        assert post(running, "/profile/cpu?seconds=1")[0] == 200
        assert not recordings(running, "cpu")


@pytest.mark.parametrize("kind", ["cpu", pytest.param("memory", marks=needs_memray)])
def test_a_bridge_that_is_stopped_during_a_profile_ends_and_leaves_nothing_behind(
    running: RunningBridge, kind: str
) -> None:
    thread = threading.Thread(target=lambda: post_until_killed(running, f"/profile/{kind}?seconds=60"))
    thread.start()
    recording(running, kind)
    began = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - began < 20
    thread.join()
    assert not list((running.home / "captures").iterdir())
    assert "Traceback" not in running.errors.read_text(encoding="utf-8")


def test_cleanup_bounds_the_number_of_pages(home: Path) -> None:
    (home / "config.toml").write_text(
        f"{QUICK}\n[cleanup.captures]\ncount = [2, 1]\nkeep = 0\n", encoding="utf-8"
    )
    with bridge(home) as running:
        taken = [Path(post(running, "/profile/cpu?seconds=1")[1]["file"]).name for _ in range(3)]
        assert len(set(taken)) == 3
        assert post(running, "/cleanup/run?directory=captures")[0] == 200
        assert [each["name"] for each in json.loads(running.get("/profiles")[1])["profiles"]] == taken[-1:]


def test_the_page_is_for_its_owner_and_is_listed_and_served(running: RunningBridge) -> None:
    _, answer = post(running, "/profile/cpu?seconds=1")
    file = Path(answer["file"])
    assert file.parent == running.home / "captures"
    assert re.fullmatch(r"cpu-\d{8}T\d{6}Z\.html", file.name)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [each.name for each in file.parent.iterdir()] == [file.name], "the recording is removed"
    listed = json.loads(running.get("/profiles")[1])["profiles"]
    assert [(each["name"], each["bytes"]) for each in listed] == [(file.name, answer["bytes"])]
    code, body = running.get(f"/profiles/{file.name}")
    assert (code, body) == (200, file.read_bytes())
    for other in ("..%2Fstate%2Fbridge.json", "bridge.json", "cpu-20000101T000000Z.html"):
        assert running.get(f"/profiles/{other}")[0] == 404
    for path in ("/profiles", f"/profiles/{file.name}"):
        assert running.get(path, key="wrong")[0] == 401


@pytest.mark.parametrize("seconds", ["0", "61", "-1", "1.5", "٣", "", "9" * 400])
def test_a_time_that_is_not_possible_is_refused(running: RunningBridge, seconds: str) -> None:
    from cctelegram.client.bridge import quote

    code, answer = post(running, f"/profile/cpu?seconds={quote(seconds)}")
    assert code == 400
    assert "a whole number from 1 to 60" in answer["error"]


def test_an_unknown_kind_is_refused(running: RunningBridge) -> None:
    assert post(running, "/profile/disk") == (
        400,
        {"error": "there is no profile 'disk'; allowed: cpu, memory"},
    )


def test_without_memray_the_message_says_how_to_install_it(home: Path, tmp_path: Path) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "memray.py").write_text("raise ImportError('No module named memray')\n")
    with bridge(home, PYTHONPATH=str(tmp_path / "without")) as running:
        done = run(running, "memory", "--seconds", "1")
        assert done.returncode == 1
        assert "pip install 'cctelegram[memray]'" in done.stderr
        assert not list((home / "captures").iterdir())


def test_the_command_prints_the_top_lines_and_copies_the_page(running: RunningBridge, tmp_path: Path) -> None:
    with asking(running, "/metrics"):
        done = run(running, "cpu", "--seconds", "1", "--output", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    file = Path(done.stdout.strip().rpartition("Flame graph: ")[2])
    assert file.parent == tmp_path
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert re.search(r"^ +\d+\.\d%  +\d+ samples?  \S.* \(.*:\d+\)$", done.stdout, re.MULTILINE)
    found = json.loads(run(running, "cpu", "--seconds", "1", "--json").stdout)
    assert found["kind"] == "cpu"
    assert found["total"] == sum(line["value"] for line in found["top"]) or len(found["top"]) == 20


def test_ctrl_c_ends_the_command_with_what_was_measured(running: RunningBridge) -> None:
    command = [COMMAND, "profile", "cpu", "--seconds", "60", "--json", "--home", str(running.home)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as child:
        recording(running)
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    assert json.loads(out)["ended_early"] == "it was ended on request"


@pytest.mark.parametrize("words", [["disk"], ["cpu", "--seconds", "61"], ["cpu", "--seconds", "x"], []])
def test_wrong_words_are_usage_errors(home: Path, words: list[str]) -> None:
    done = subprocess.run(
        [COMMAND, "profile", *words], capture_output=True, text=True, check=False, env=environment()
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_without_a_bridge_the_command_says_so(home: Path, tmp_path: Path) -> None:
    command = [COMMAND, "profile", "cpu", "--home", str(home)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 1
    assert "Only a running bridge can be profiled." in done.stderr
    done = subprocess.run(
        [*command, "--output", str(tmp_path / "none")],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    assert done.returncode == 1
    assert "is no directory; nothing was measured" in done.stderr


class Call:
    """The outside of a call of an MCP client."""

    def __init__(self, cancel_after: float = 1e9) -> None:
        self.reports: list[tuple[float, float | None, str | None]] = []
        self._until = time.monotonic() + cancel_after

    def cancelled(self) -> bool:
        return time.monotonic() > self._until

    def progress(self, done: float, total: float | None = None, message: str | None = None) -> None:
        self.reports.append((done, total, message))


def test_the_tool_returns_the_same_and_reports_progress(
    running: RunningBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cctelegram.server import ToolError

    monkeypatch.setenv("CC_TELEGRAM_HOME", str(running.home))
    session, call = Session(), Call()
    text, found = profile_tool({"kind": "cpu", "seconds": 2}, call, session)  # type: ignore[arg-type]
    assert text.endswith(f"Flame graph: {found['file']}")
    assert Path(found["file"]).exists()
    assert {total for _, total, _ in call.reports} == {2}
    assert len(call.reports) >= 2
    with pytest.raises(ToolError, match="cancelled"):
        profile_tool({"kind": "cpu", "seconds": 60}, Call(0.5), session)  # type: ignore[arg-type]
    wait_for(lambda: not recordings(running, "cpu"), "the cancelled profile is over")
    assert len(list((running.home / "captures").glob("cpu-*.html"))) == 2
    session.close()


def test_the_result_of_the_tool_is_as_defined(running: RunningBridge) -> None:
    import jsonschema  # type: ignore[import-untyped]  # it has no types

    root = Path(__file__).parents[2]
    file = root / "rust" / "native" / "src" / "mcp" / "definitions" / "profile.json"
    (tool,) = json.loads(file.read_text(encoding="utf-8"))
    for kind in ("cpu", "memory") if find_spec("memray") else ("cpu",):
        _, answer = post(running, f"/profile/{kind}?seconds=1")
        jsonschema.validate(answer, tool["outputSchema"])
        assert set(answer) <= set(tool["outputSchema"]["properties"])


@linux
def test_nothing_of_profiles_is_loaded_before_the_first(running: RunningBridge) -> None:
    code = (
        "import cctelegram.cli.bridge, httpcore, anyio._backends._asyncio, json, sys;"
        "own = ('cctelegram.profiles', 'memray', 'rich');"
        "print(json.dumps([name for name in sys.modules if name.startswith(own)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment()
    )
    assert json.loads(done.stdout) == []
    # Nor when a bridge has started and answered: no library of memray is in its memory.
    running.status()
    assert "memray" not in Path(f"/proc/{running.process.pid}/maps").read_text(encoding="utf-8")
