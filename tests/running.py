"""A real bridge in a child process, over a real home, for tests and for the demo."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cctelegram.client import loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cctelegram.sandbox.child import Sandbox

COMMAND = str(Path(sys.executable).parent / "cctelegram")
T = TypeVar("T")
# No test waits longer than this for another process, in seconds.
PATIENCE = 30.0
# Takes from root what lets it read and write where the modes do not: those who are not root lack it anyway.
UNPRIVILEGED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
# Pacing scaled up so that tests need not wait for Telegram's limits; tests of pacing leave it out.
QUICK = """
[pacing]
chat_per_second = 1000.0
chat_burst = 1000
group_per_minute = 10000.0
total_per_second = 1000.0
"""
# Coverage makes a bridge larger than the budget of its memory, which would change its state.
COVERED = {"CC_TELEGRAM_BUDGETS_MEMORY_MB": "1000"} if "COVERAGE_PROCESS_CONFIG" in os.environ else {}


def environment(**changes: str) -> dict[str, str]:
    """Return a child's environment: this one's, without any setting of the product.

    A child keeps its bytecode, as an installed package has it: compiled at each start, ours costs the bridge
    two megabytes and a third of its start.
    """
    ours = ("CC_TELEGRAM_", "TELEGRAM_", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | changes


def make_home(home: Path, sandbox: Sandbox | None, config: str = QUICK, **env: str) -> Path:
    """Make a home whose .env points at a sandbox."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (home / "config.toml").write_text(config, encoding="utf-8")
    values = dict(env)
    if sandbox is not None:
        values = {
            "TELEGRAM_BOT_TOKEN": sandbox.token,
            "TELEGRAM_ALLOWED_USERS": str(sandbox.user_id),
            "CC_TELEGRAM_API_BASE": sandbox.api_base,
        } | values
    (home / ".env").touch(mode=0o600)
    (home / ".env").write_text("".join(f"{name}={value}\n" for name, value in values.items() if value))
    return home


def wait_for(look: Callable[[], T], what: str, seconds: float = PATIENCE) -> T:
    """Poll every 5 ms until the result is true; another process cannot wake this one."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.005)  # another process: nothing to block on


@dataclass
class RunningBridge:
    """A bridge in a child process."""

    home: Path
    process: subprocess.Popen[str]
    ready_line: str
    errors: Path

    @property
    def events(self) -> Path:
        """The directory that producers write to."""
        return self.home / "events"

    def put(self, name: str, content: Any) -> None:
        """Write an event as a careful producer does: beside, then renamed."""
        text = content if isinstance(content, str) else json.dumps(content)
        name = os.fsdecode(name.encode())  # the bytes that are meant, whatever the locale is
        beside = self.events / f".{name}.tmp"
        beside.write_text(text, encoding="utf-8")
        beside.rename(self.events / name)

    def get(self, path: str, key: str | None = None) -> tuple[int, bytes]:
        """Ask the bridge over loopback HTTP."""
        where = json.loads((self.home / "state" / "bridge.json").read_text(encoding="utf-8"))
        return loopback.get(where["port"], path, where["key"] if key is None else key, host=where["host"])

    def status(self) -> dict[str, Any]:
        """Return the content of /status."""
        code, body = self.get("/status")
        assert code == 200
        found: dict[str, Any] = json.loads(body)
        return found

    def wait_status(
        self, look: Callable[[dict[str, Any]], Any], what: str, seconds: float = PATIENCE
    ) -> dict[str, Any]:
        """Wait until the status meets the condition."""

        def now() -> dict[str, Any]:
            found = self.status()
            return found if look(found) else {}

        return wait_for(now, what, seconds)

    def responses(self) -> list[dict[str, Any]]:
        """Return the waiting answers, oldest first."""
        folder = self.home / "responses"
        return [json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))]

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of the bridge's log."""
        text = (self.home / "logs" / "bridge.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def kill(self) -> None:
        """End it as a crash does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def stop(self) -> int:
        """Stop it as an operator does; return its exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE)


@contextmanager
def bridge(home: Path, *, before: Sequence[str] = (), port: str = "0", **env: str) -> Iterator[RunningBridge]:
    """Start `cctelegram bridge` over `home` and wait until it is ready; stop it at the end.

    `before` is put before the command, as `UNPRIVILEGED` is; `port` is the port of its HTTP, 0 for any.
    """
    errors = home.parent / f"{home.name}.stderr"
    with errors.open("a+") as out:
        out.seek(0, os.SEEK_END)
        start = out.tell()
        process = subprocess.Popen(
            [*before, COMMAND, "bridge", "--home", str(home), "--port", port],
            stdin=subprocess.DEVNULL,
            stderr=out,
            text=True,
            env=environment(**COVERED | env),
        )
        try:
            deadline = time.monotonic() + PATIENCE
            while "The bridge serves" not in (said := errors.read_text(encoding="utf-8")[start:]):
                assert process.poll() is None, f"the bridge did not start: {said}"
                assert time.monotonic() < deadline, f"the bridge is not ready: {said}"
                time.sleep(0.002)  # another process: nothing to block on
            yield RunningBridge(home, process, said, errors)
        finally:
            if process.poll() is None:
                # One that is killed writes down nothing of what it ran through.
                process.terminate() if "COVERAGE_PROCESS_CONFIG" in os.environ else process.kill()
            process.wait(PATIENCE)
