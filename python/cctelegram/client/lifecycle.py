"""Starting and stopping the bridge of a home.

The lock shows whether one runs; a request stops it. Several sessions may start one at the same moment: the
lock admits one, and the others see that it runs.

Start-cheap.
"""

# ruff: noqa: PTH118, PTH123  # pathlib is too slow to import at a start

from __future__ import annotations

import os
import sys
import time

from cctelegram.client import BridgeError, bridge
from cctelegram.config import environment, paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from subprocess import Popen
    from typing import Any

TOKEN = "TELEGRAM_BOT_TOKEN"  # noqa: S105 - the name of a variable
# A bridge is ready in a third of a second; a machine under load needs longer.
START_SECONDS = 20.0
# A request in flight is finished first, and Telegram may be slow.
STOP_SECONDS = 30.0
POLL_SECONDS = 0.02


def ensure(home: str) -> dict[str, Any]:
    """Start a bridge unless one runs, and wait until it is ready; return its pid and uptime.

    Wait also for a bridge that another session has just started, and for the end of one that is stopping.

    Raises BridgeError with the bridge's own output if it does not start, and if none is ready in time.
    """
    output = os.path.join(paths.logs_dir(home), "bridge.start")
    child: Popen[bytes] | None = None
    deadline = time.monotonic() + START_SECONDS
    while True:
        status = bridge.status(home, "health")
        if status.get("ready"):
            ours = child is not None and status.get("pid") == child.pid
            return _running(status, "started" if ours else "already_running")
        if child is None and not bridge.is_up(home):
            paths.make(home)
            child = _spawn(home, output)
            deadline = time.monotonic() + START_SECONDS
        # If another session was faster, our child has ended, and the other bridge holds the lock.
        if child is not None and child.poll() is not None and not bridge.is_up(home):
            raise BridgeError(f"The bridge did not start: {_read(output)}")
        if time.monotonic() > deadline:
            note = status.get("note", "it is not ready")
            raise BridgeError(f"No bridge is ready after {START_SECONDS:g} s: {note} See logs/bridge.jsonl.")
        time.sleep(POLL_SECONDS)


def stop(home: str) -> dict[str, Any]:
    """Ask the bridge to stop, and wait until it has; return what remains in its queue.

    Raises BridgeError when it does not answer or does not stop.
    """
    if not bridge.is_up(home):
        return {"success": True, "action": "not_running"}
    pid = bridge.read_state_file(home).get("pid")
    answer = bridge.request(home, "/stop", method="POST", pool="health")
    deadline = time.monotonic() + STOP_SECONDS
    while bridge.is_up(home):
        if time.monotonic() > deadline:
            raise BridgeError(f"The bridge (process {pid}) has not ended after {STOP_SECONDS:.0f} s.")
        time.sleep(POLL_SECONDS)
    return {"success": True, "action": "stopped", "pid": pid, "queue": answer["queue"]}


def restart(home: str) -> dict[str, Any]:
    """Stop the bridge if one runs, and start one.

    A session with a token of its own passes it to the new bridge. Otherwise a bridge that got its token
    through a pipe restarts itself: no other process has the token.

    Raises BridgeError when it does not stop, or does not start.
    """
    if not (bridge.is_up(home) and environment.get(TOKEN) is None and _restarts_itself(home)):
        stop(home)
        return {**ensure(home), "action": "restarted"}
    return _running(bridge.status(home, "health"), "restarted")


def _restarts_itself(home: str) -> bool:
    """Let the bridge restart itself, and wait until it is ready; return False if it has no reason to."""
    key = bridge.read_state_file(home).get("key")
    try:
        answer = bridge.request(home, "/restart", method="POST", pool="health")
    except BridgeError as error:
        if error.code == 404:  # a bridge of an earlier version
            return False
        if error.code == 409:
            raise BridgeError(f"The bridge keeps running; it could not restart: {error}") from None
        raise
    if not answer["restarting"]:
        return False
    deadline = time.monotonic() + STOP_SECONDS + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if bridge.read_state_file(home)["key"] != key and bridge.status(home, "health").get("ready"):
                return True
        except BridgeError:
            pass  # between the old bridge and the new one
        time.sleep(POLL_SECONDS)
    raise BridgeError(
        f"The bridge was asked to restart and is not ready after {STOP_SECONDS + START_SECONDS:.0f} s: "
        "see logs/bridge.start and logs/bridge.jsonl in the home. If none runs, start one with the token."
    )


def _spawn(home: str, output: str) -> Popen[bytes]:
    import subprocess  # noqa: PLC0415 - costs 6 ms, and few sessions start a bridge

    variables = environment.snapshot()
    # The session's token goes through a pipe: not into the child's arguments, which all users of the
    # machine can read, nor into its environment or a file.
    token = variables.pop(TOKEN, None)
    command = [sys.executable, "-m", "cctelegram.cli", "bridge", "--home", home]
    if token:
        command.append("--token-stdin")
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        child = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
            command,
            stdin=subprocess.PIPE,
            stdout=descriptor,
            stderr=descriptor,
            env=variables,
            cwd=home,
            start_new_session=True,
        )
    finally:
        os.close(descriptor)
    if child.stdin is not None:
        try:
            child.stdin.write((token or "").encode() + b"\n")
            child.stdin.close()
        except BrokenPipeError:
            pass  # it ended at once; its own output says why
    return child


def _running(status: dict[str, Any], action: str) -> dict[str, Any]:
    result = {
        "success": True,
        "action": action,
        "pid": status.get("pid"),
        "uptime": status.get("uptime_seconds"),
    }
    return {key: value for key, value in result.items() if value is not None}


def _read(output: str) -> str:
    with open(output, "rb") as opened:
        return opened.read().decode(errors="replace").strip() or "it printed nothing"
