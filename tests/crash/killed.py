"""A bridge that can be armed, killed and started again over one home."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from running import PATIENCE, environment, wait_for

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from cctelegram.sandbox.client import Control

LAUNCHER: Final = str(Path(__file__).with_name("launcher.py"))
# Limits of pace on both sides: Telegram's, two hundred times as fast; not switched off.
PACING: Final = """
[pacing]
chat_per_second = 200.0
chat_burst = 100
group_per_minute = 4000.0
total_per_second = 1000.0
"""
LIMITS: Final = (
    *("--chat-per-second", "200", "--chat-burst", "100"),
    *("--group-per-minute", "4000", "--total-per-second", "1000"),
)
# What is not over: while there is such a row, or an event's file, the bridge has work.
OPEN: Final = """
SELECT (SELECT count(*) FROM deliveries WHERE state IN ('queued', 'sending', 'held'))
     + (SELECT count(*) FROM updates WHERE handled_at IS NULL)
     + (SELECT count(*) FROM answers WHERE written_at IS NULL)
     + (SELECT count(*) FROM decisions WHERE state = 'open' AND expires_at IS NOT NULL)
     + (SELECT count(*) FROM cards JOIN decisions ON decisions.id = cards.decision
        WHERE cards.message_id IS NOT NULL AND cards.shown = 'open' AND decisions.state != 'open')
"""


class Bridges:
    """The bridges of a home, one after the other."""

    def __init__(self, home: Path, control: Control) -> None:
        self.home = home
        self._control = control
        self._armed = home.parent / "armed"
        self._errors = home.parent / "bridge.stderr"
        self._process: subprocess.Popen[bytes] | None = None
        self._orders = 0
        self.kills = 0

    def arm(self, step: str, passes: int = 0) -> None:
        """Make the running or the next bridge kill itself at a step after so many passes."""
        self._orders += 1  # so that the same order twice is two
        beside = self._armed.with_suffix(".tmp")
        beside.write_text(json.dumps({"step": step, "passes": passes, "order": self._orders}))
        beside.rename(self._armed)

    def disarm(self) -> None:
        """Make it survive."""
        self._armed.unlink(missing_ok=True)

    def died_at(self) -> list[str]:
        """Return the steps at which bridges killed themselves, in order."""
        died = Path(f"{self._armed}.died")
        return died.read_text(encoding="utf-8").split("\n")[:-1] if died.exists() else []

    def start(self) -> subprocess.Popen[bytes]:
        """Return the running bridge; start one if none runs."""
        if self._process is not None and self._process.poll() is None:
            return self._process
        with self._errors.open("ab") as out:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    LAUNCHER,
                    str(self._armed),
                    "bridge",
                    "--home",
                    str(self.home),
                    "--port",
                    "0",
                ],
                stdin=subprocess.DEVNULL,
                stderr=out,
                env=environment(),
            )
        return self._process

    def kill(self) -> None:
        """End the bridge as a crash does, if it has not ended itself."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.kill()
        code = self._process.wait(PATIENCE)
        self._process = None
        assert code == -signal.SIGKILL, (
            f"exit code {code}: {self._errors.read_text(encoding='utf-8')[-2000:]}"
        )
        self.kills += 1

    def settle(self, written: Collection[str], seconds: float = PATIENCE) -> None:
        """Wait until the bridge has taken all that was written and has nothing left to do."""
        wait_for(lambda: not self.unsettled(written), "settled", seconds)

    def unsettled(self, written: Collection[str]) -> str:
        """Return what is left to do."""
        assert self._process is not None
        assert self._process.poll() is None, f"the bridge died: {self._process.returncode}"
        if not self.is_ready():
            return "it is not ready"
        if self._control.state()["pending_updates"]:
            return "there are updates at Telegram"
        with self._store() as store:
            try:
                (rows,) = store.execute(OPEN).fetchone()
                known = {name for (name,) in store.execute("SELECT event_id FROM events")}
            except sqlite3.OperationalError as error:
                return str(error)  # not made yet
        # A file of lines is removed only ten seconds after its last; its lines are taken at once.
        files = [file.name for file in (self.home / "events").iterdir() if file.suffix == ".json"]
        missing = set(written) - known
        if rows or files or missing:
            return f"{rows} rows, {len(files)} files, {len(missing)} events are open"
        return ""

    def is_ready(self) -> bool:
        """Return whether the bridge has reported that it serves."""
        try:
            told = json.loads((self.home / "state" / "bridge.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return False
        return self._process is not None and bool(told["pid"] == self._process.pid)

    @contextmanager
    def _store(self) -> Iterator[sqlite3.Connection]:
        store = sqlite3.connect(self.home / "state" / "store.db", timeout=10)
        try:
            yield store
        finally:
            store.close()
