"""Starting and stopping the bridge of a home, from a session.

The lock shows whether one runs; a request stops it. Process names are not used: they match an editor as
well. Several sessions may start one at the same moment: the lock admits one, and the others see that it
runs.

Start-cheap.
"""

# ruff: noqa: PTH118, PTH123  # pathlib is too slow to import at a start

from __future__ import annotations

import os
import sys
import time

from cctelegram import _native
from cctelegram.config import environment, place
from cctelegram.server import bridge
from cctelegram.server.refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from subprocess import Popen
    from typing import Any

TOKEN = "TELEGRAM_BOT_TOKEN"  # noqa: S105 - the name of a variable
# A bridge is ready in a third of a second; a machine under load needs longer.
START_SECONDS = 20.0
# A request in flight is finished first, and Telegram may be slow.
STOP_SECONDS = 30.0
LOOK_SECONDS = 0.02


def ensure(home: str) -> dict[str, Any]:
    """Start a bridge unless one runs, and wait until it is ready; return its pid and uptime.

    Wait also for a bridge that another session has just started, and for the end of one that is stopping.

    Raises Refusal with the bridge's own output when it does not start, and when none becomes ready in time.
    """
    said = os.path.join(place.logs_dir(home), "bridge.start")
    child: Popen[bytes] | None = None
    deadline = time.monotonic() + START_SECONDS
    while True:
        status = bridge.status(home, "health")
        if status.get("ready"):
            ours = child is not None and status.get("pid") == child.pid
            return _running(status, "started" if ours else "already_running")
        if child is None and not bridge.is_up(home):
            place.make(home)
            child = _spawn(home, said)
            deadline = time.monotonic() + START_SECONDS
        # If another session was faster, our child has ended, and the other bridge holds the lock.
        if child is not None and child.poll() is not None and not bridge.is_up(home):
            raise Refusal(f"The bridge did not start: {_words(said)}")
        if time.monotonic() > deadline:
            note = status.get("note", "it is not ready")
            raise Refusal(f"No bridge is ready after {START_SECONDS:g} s: {note} See logs/bridge.jsonl.")
        time.sleep(LOOK_SECONDS)


def stop(home: str) -> dict[str, Any]:
    """Ask the bridge to stop, and wait until it has; return what remains in its queue.

    Raises Refusal when it does not answer or does not stop.
    """
    if not bridge.is_up(home):
        return {"success": True, "action": "not_running"}
    where = bridge.where(home)
    try:
        code, body = bridge.ask(where, "/stop", order=True, purpose="health")
    except OSError as error:
        raise Refusal(f"The bridge (process {where.get('pid')}) does not answer: {error}.") from None
    if code != 200:
        raise Refusal(f"The bridge refused to stop: {body.decode(errors='replace')}")
    deadline = time.monotonic() + STOP_SECONDS
    while bridge.is_up(home):
        if time.monotonic() > deadline:
            raise Refusal(
                f"The bridge (process {where.get('pid')}) has not ended after {STOP_SECONDS:.0f} s."
            )
        time.sleep(LOOK_SECONDS)
    return {
        "success": True,
        "action": "stopped",
        "pid": where.get("pid"),
        "queue": _native.loads(body)["queue"],
    }


def set_mode(home: str, mode: str, lasting: str | None = None) -> dict[str, Any]:
    """Set the mode; return `mode` and the bridge's own sentence. Raises Refusal.

    `lasting`: the duration of muted, such as "1h".
    """
    if not bridge.is_up(home):
        raise Refusal(f"{bridge.DOWN} The mode can be changed when it runs.")
    from cctelegram.pools.loopback import segment  # noqa: PLC0415 - few calls need it

    at = bridge.where(home)
    path = f"/mode/{segment(mode)}"
    if lasting is not None:
        path += f"?for={segment(lasting)}"
    try:
        code, body = bridge.ask(at, path, order=True, purpose="health")
        told: dict[str, Any] = _native.loads(body)
    except (OSError, ValueError) as error:
        raise Refusal(f"The bridge (process {at.get('pid')}) does not answer: {error}.") from None
    if code != 200:
        raise Refusal(str(told.get("error", f"the bridge answered {code}")))
    return told


def restart(home: str) -> dict[str, Any]:
    """Stop the bridge if one runs, and start one.

    A session with a token of its own passes it to the new bridge. Otherwise a bridge that got its token
    through a pipe restarts itself: no other process has the token.

    Raises Refusal when it does not stop, or does not start.
    """
    if not (bridge.is_up(home) and environment.get(TOKEN) is None and _began_again(home)):
        stop(home)
        return {**ensure(home), "action": "restarted"}
    return _running(bridge.status(home, "health"), "restarted")


def _began_again(home: str) -> bool:
    """Let the bridge restart itself, and wait until it is ready; return False if it has no reason to."""
    before = bridge.where(home)
    try:
        code, body = bridge.ask(before, "/restart", order=True, purpose="health")
        told = _native.loads(body)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refusal(f"The bridge (process {before.get('pid')}) does not answer: {error}.") from None
    if code == 409:
        raise Refusal(f"The bridge keeps running; it could not restart: {told['error']}")
    if code != 200 or not told["restarting"]:  # 404: a bridge of an earlier version
        return False
    deadline = time.monotonic() + STOP_SECONDS + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if bridge.where(home)["key"] != before["key"] and bridge.status(home, "health").get("ready"):
                return True
        except Refusal:
            pass  # between the old bridge and the new one
        time.sleep(LOOK_SECONDS)
    raise Refusal(
        f"The bridge was asked to restart and is not ready after {STOP_SECONDS + START_SECONDS:.0f} s: "
        "see logs/bridge.start and logs/bridge.jsonl in the home. If none runs, start one with the token."
    )


def _spawn(home: str, said: str) -> Popen[bytes]:
    import subprocess  # noqa: PLC0415 - costs 6 ms, and few sessions start a bridge

    variables = environment.snapshot()
    # The session's token goes through a pipe: not into the child's arguments, which all users of the
    # machine can read, nor into its environment or a file.
    token = variables.pop(TOKEN, None)
    command = [sys.executable, "-m", "cctelegram.cli", "bridge", "--home", home]
    if token:
        command.append("--token-stdin")
    descriptor = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
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
    told = {
        "success": True,
        "action": action,
        "pid": status.get("pid"),
        "uptime": status.get("uptime_seconds"),
    }
    return {key: value for key, value in told.items() if value is not None}


def _words(said: str) -> str:
    with open(said, "rb") as opened:
        return opened.read().decode(errors="replace").strip() or "it printed nothing"
