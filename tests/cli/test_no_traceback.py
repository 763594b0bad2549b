"""No command ends in a traceback for any input: arguments, standard input, a home, a terminal."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from cctelegram.cli import COMMANDS, main
from cctelegram.spool.file_lock import FileLock
from cli.commands import HELP
from running import COMMAND, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

# What stands in a directory entry of a home instead of what belongs there: bytes for a file.
DIRECTORY, NOTHING, LOOP = "directory", "nothing", "a link to itself"
Entry = bytes | str
# Those that make a command go on until it is ended.
ENDLESS = {"--follow", "--watch"}
FLAGS = sorted(
    {
        flag
        for file in HELP.glob("*.txt")
        for flag in re.findall(r"--[a-z-]+", file.read_text(encoding="utf-8"))
    }
    - ENDLESS
)
# Those that would serve until they are stopped are run below, as processes that end.
SERVING = {"bridge", "mcp", "sandbox"}
WORDS = (
    *("show", "check", "set", "unset", "edit", "list", "retry", "drop", "plan", "run", "stats", "history"),
    *(
        "verify",
        "nomad",
        "muted",
        "deployment",
        "task_failed",
        "telegram.token",
        "http.host",
        "display.style",
    ),
    *(
        "-",
        "--",
        "-h",
        "",
        "0",
        "1",
        "-1",
        "10000",
        "9" * 400,
        "1e999",
        "nan",
        "1h",
        "99999999999999d",
        "0.05",
    ),
    *("a=b", "=", "exit_code=1", "x={", "data=" + "[" * 3000, "delivery:1", "event:" + "9" * 30, "x" * 5000),
)
words = some.one_of(
    some.sampled_from(FLAGS),
    some.sampled_from(WORDS),
    # What the system hands over is bytes, read as it reads them; there is no NUL in them.
    some.binary(max_size=12).map(lambda data: os.fsdecode(data.replace(b"\0", b"\n"))),
    some.text(some.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
)
WORD, FIELD = "a word", "a field of --set"
# Command lines that get past the parser; what is random is put into them, and behind them.
LINES = (
    *(["send", WORD, WORD], ["send", "task_failed", WORD, "--set", FIELD, "--source", WORD], ["send", "-"]),
    *(["send", "task_failed", "One", "--wait", "0.01"], ["send", "task_failed", WORD, "--json"]),
    *(["ask", WORD, "--option", WORD, "--option", WORD]),
    *(["ask", WORD, "--json", "--default", "Deny", "--title", WORD, "--source", WORD],),
    *(["responses", "--take", "--json"], ["responses"], ["status"], ["status", "--json"], ["mode"]),
    *(["mode", "muted", "--for", WORD], ["outbox", "list"], ["outbox", "list", "--json"]),
    *(["outbox", "show", WORD], ["outbox", "retry", WORD], ["outbox", "retry", "--all-dead"]),
    *(["outbox", "drop", WORD], ["search", WORD], ["search", WORD, "--since", WORD, "--type", WORD]),
    *(["audit", "show"], ["audit", "verify", "--json"], ["cleanup", "plan"], ["cleanup", "run", "--json"]),
    *(["cleanup", "stats"], ["cleanup", "history"], ["cleanup", "plan", "--directory", WORD]),
    *(["logs", "--event", WORD], ["logs", "--since", WORD, "--json"], ["logs", "--limit", WORD], ["top"]),
    *(["events"], ["events", WORD], ["config", "show", "--json", "--origin"], ["config", "show"]),
    *(["config", "check"], ["config", "check", "--json"], ["config", "set", WORD, WORD], ["config", "edit"]),
    *(["config", "set", "telegram.token"], ["config", "set", "display.timezone", WORD]),
    *(["config", "set", "rules", WORD], ["config", "set", "pacing.chat_burst", WORD, "--profile", WORD]),
    *(["config", "unset", WORD], ["config", "unset", "telegram.token"], ["version"], ["nonsense"]),
)


@some.composite
def command_lines(draw: some.DrawFn) -> list[str]:
    filled = [
        draw(words) if part == WORD else f"{draw(words)}={draw(words)}" if part == FIELD else part
        for part in draw(some.sampled_from(LINES))
    ]
    behind = draw(some.lists(words, max_size=2))
    return [*filled, *behind] if draw(some.booleans()) else filled


texts = some.one_of(
    some.binary(max_size=60),
    some.sampled_from(
        [
            b"",
            b"[1]",
            b'{"type":"task_failed","title":"One"}',
            b'{"type":"task_failed","title":"a \\ud83d"}',
            "\ufeff{}".encode(),
            '{"type":"task_failed","title":"é"}'.encode("utf-16"),
            "123:AAAAAAAAAA\r\n".encode("utf-16"),
            b"123:AAAAAAAAAA\n",
            b"{" * 100_000,
            b'{"type":1e999}',
        ]
    ),
)
entries = some.one_of(
    some.sampled_from([NOTHING, DIRECTORY, LOOP]),
    some.binary(max_size=200),
    some.sampled_from(
        [
            b"\xff\xfe\0",
            b"[display]\nstyle = 'loud'\n",
            b"[http]\nport = " + b"9" * 5000 + b"\n",
            b"a = " + b"[" * 5000,
            b"TELEGRAM_BOT_TOKEN=\xff\n",
            b"CC_TELEGRAM_EVENTS_DIR=/dev/null/x\n",
            "CC_TELEGRAM_EVENTS_DIR='é\n'".encode("utf-16"),
            b'{"pid":1,"port":1,"key":"k"}',
            b'{"pid":1,"port":99999999999999999999,"key":1,"host":"\\u0000"}',
            b"SQLite format 3\0" + bytes(84) + b"\xff" * 4096,
        ]
    ),
)


@dataclass(frozen=True)
class Home:
    """The files of a home by relative path; whether the bridge's lock is held."""

    name: bytes
    entries: dict[str, Entry]
    locked: bool

    def make(self, parent: Path) -> Path:
        home = Path(os.fsdecode(os.fsencode(parent) + b"/" + self.name))
        shutil.rmtree(home, ignore_errors=True)
        for name, entry in self.entries.items():
            path = home / name
            with contextlib.suppress(OSError):  # two that exclude each other, a name that is too long
                path.parent.mkdir(parents=True, exist_ok=True)
                if entry == DIRECTORY:
                    path.mkdir()
                elif entry == LOOP:
                    path.symlink_to(path)
                elif isinstance(entry, bytes):
                    path.write_bytes(entry)
        return home


NAMES = (
    *("config.toml", ".env", "events", "responses", "responses/20260101T000000.000000Z-a-00000000.json"),
    *("responses/taken", "rejected", "logs", "state", "state/store.db", "state/bridge.json", "state/audit"),
    *(
        "logs/bridge.jsonl",
        "logs/bridge-20260101T000000Z.jsonl",
        "state/sessions",
        "state/audit/20260101.jsonl",
        "rejected/x.json",
        "state/cleanup.json",
    ),
)
homes = some.builds(
    Home,
    some.sampled_from([b"home", b"h\xff\xe9", "höme".encode(), b"new\nline", b"x" * 300]),
    some.dictionaries(some.sampled_from(NAMES), entries, max_size=4),
    some.booleans(),
)


@contextlib.contextmanager
def held(home: Path, wanted: bool) -> Iterator[None]:
    lock = FileLock(str(home / "state" / "bridge.lock"))
    with contextlib.suppress(OSError):
        if wanted and home.is_dir() and lock.try_lock():
            pass
    yield
    lock.unlock()


def run(arguments: list[str], given_text: bytes, encoding: str) -> tuple[int, str]:
    """Run `main` with real streams of this encoding; return the exit code and standard error."""
    before = sys.argv, sys.stdin, sys.stdout, sys.stderr
    errors = io.BytesIO()
    sys.argv = ["cctelegram", *arguments]
    sys.stdin = io.TextIOWrapper(io.BytesIO(given_text), encoding="utf-8")
    sys.stdout = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    sys.stderr = io.TextIOWrapper(errors, encoding=encoding, write_through=True)
    try:
        return main(), errors.getvalue().decode(encoding, "replace")
    finally:
        sys.argv, sys.stdin, sys.stdout, sys.stderr = before


@settings(
    max_examples=int(os.environ.get("CCTELEGRAM_EXAMPLES", "400")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    some.one_of(
        command_lines(),
        some.builds(
            lambda command, rest: [command, *rest],
            some.sampled_from(sorted(set(COMMANDS) - SERVING)),
            some.lists(words, max_size=5),
        ),
    ),
    texts,
    homes,
    some.sampled_from(["utf-8", "ascii", "latin-1", "cp1252"]),
)
def test_every_command_ends_with_an_exit_code_and_a_message(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    given_text: bytes,
    home: Home,
    encoding: str,
) -> None:
    place = home.make(tmp_path)
    with monkeypatch.context() as patched, held(place, home.locked):
        for name in list(os.environ):
            if name.startswith(("CC_TELEGRAM_", "TELEGRAM_", "VISUAL")):
                patched.delenv(name)
        patched.setenv("CC_TELEGRAM_HOME", str(place))
        patched.setenv("EDITOR", "false")
        last = ["--timeout", "0.05"] if arguments[0] == "ask" else []
        code, said = run([*arguments, *last], given_text, encoding)
    assert code in (0, 1, 2, 3), said
    assert "Traceback" not in said


@pytest.mark.parametrize("entry", [DIRECTORY, b"\xff\x00\xfe"], ids=repr)
@pytest.mark.parametrize("name", NAMES)
def test_a_bridge_that_cannot_use_its_home_reports_why(tmp_path: Path, name: str, entry: Entry) -> None:
    home = Home(b"home", {name: entry}, locked=False).make(tmp_path)
    done = subprocess.run(
        [COMMAND, "bridge", "--once", "--port", "0", "--home", str(home)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
        env=environment(),
    )
    assert done.returncode in (0, 1)
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "given_text"),
    [
        (["send", "task_failed", b"caf\xe9 \xf0\x9f"], b""),
        (["send", "task_failed", "One", "--set", b"key\xff=v\xff"], b""),
        (["ask", b"\xff?", "--timeout", "0.05", "--option", b"\xfe"], b""),
        (["search", b"\xff"], b""),
        (["outbox", "show", b"\xff"], b""),
        (["config", "set", b"display.timezone", b"Europe/\xff"], b""),
        (["bridge", "--port", b"\xff"], b""),
        (["bridge", "--once", "--port", "0", "--token-stdin"], b"\xff\n"),
        (["sandbox", "--token", b"\xff"], b""),
        (["sandbox", "--port", "99999", "--token", "1:" + "A" * 35], b""),
        (["mcp", b"\xff"], b""),
        ([b"\xff"], b""),
        (["send", "-"], b"\xff"),
        (["send", "-"], '{"type":"task_failed","title":"é"}'.encode("utf-16")),
    ],
    ids=repr,
)
@pytest.mark.parametrize(
    "locale",
    [{}, {"LC_ALL": "C", "PYTHONUTF8": "0"}, {"PYTHONIOENCODING": "ascii"}],
    ids=["utf-8", "C", "ascii"],
)
def test_bytes_that_are_not_text_end_in_a_message_in_any_locale(
    tmp_path: Path, words: list[str | bytes], given_text: bytes, locale: dict[str, str]
) -> None:
    done = subprocess.run(
        [COMMAND, *words],
        input=given_text,
        capture_output=True,
        timeout=60,
        check=False,
        env=environment(CC_TELEGRAM_HOME=str(tmp_path / "home"), **locale),
    )
    assert done.returncode in (0, 1, 2, 3)
    assert b"Traceback" not in done.stderr
    assert done.stdout or done.stderr


@pytest.mark.parametrize("command", ["version", "events", "--help", "nonsense"])
@pytest.mark.parametrize("redirected", ["", ">&-", "2>&-", ">&- 2>&- <&-", ">/dev/full", "<&-"])
def test_a_closed_or_full_output_is_handled(tmp_path: Path, command: str, redirected: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f"'{COMMAND}' {command} {redirected}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(CC_TELEGRAM_HOME=str(tmp_path / "home")),
    )
    assert done.returncode in (0, 1, 2)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert redirected != ">/dev/full" or done.returncode == (2 if command == "nonsense" else 1)


def test_characters_that_the_terminal_cannot_show_are_escaped_as_in_json(tmp_path: Path) -> None:
    home = Path(os.fsdecode(os.fsencode(tmp_path) + b"/h\xff"))
    plain = environment(CC_TELEGRAM_HOME=str(home), LC_ALL="C", PYTHONUTF8="0")
    sent = subprocess.run(
        [COMMAND, "send", "task_failed", "née 👩".encode()],
        capture_output=True,
        check=True,
        env=plain,
        timeout=60,
    )
    path = Path(os.fsdecode(sent.stdout.rstrip(b"\n")))
    assert '"née 👩"'.encode() in path.read_bytes(), "arguments are UTF-8, and a path is printed as it is"
    events = subprocess.run(
        [COMMAND, "events", "--json"], capture_output=True, check=True, env=plain, timeout=60
    )
    assert events.stdout.isascii()
    utf_8 = subprocess.run(
        [COMMAND, "events", "--json"], capture_output=True, check=True, env=environment(), timeout=60
    )
    import json

    assert json.loads(events.stdout) == json.loads(utf_8.stdout)
