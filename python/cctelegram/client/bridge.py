"""The bridge of a home: whether one runs, where it listens, requests to it over loopback HTTP.

The lock shows whether one runs; process names match an editor as well. Start-cheap.
"""

# ruff: noqa: PTH118, PTH123  # pathlib is too slow to import at a start

from __future__ import annotations

import os

from cctelegram import _native
from cctelegram.client import BridgeError, Unreachable
from cctelegram.config import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from cctelegram.client.loopback import Loopback

# The connection pools of this process to bridges, by name; created on first use.
_pools: dict[str, Loopback] = {}

DOWN = (
    "The bridge is not running: start it with `cctelegram bridge`. Until then nothing reaches the phone; "
    "events wait on disk."
)


def is_up(home: str) -> bool:
    """Return whether a bridge holds the lock of this home. Costs microseconds."""
    return _native.is_locked(os.path.join(paths.state_dir(home), "bridge.lock"))


def state_for_sender(home: str) -> dict[str, Any]:
    """Return `running`, and a `note` if the bridge does not run: what a tool that sends reports."""
    return {"running": True} if is_up(home) else {"running": False, "note": DOWN}


def read_state_file(home: str) -> dict[str, Any]:
    """Return `state/bridge.json`: pid, host, port, key, version, pools, start. Raises Unreachable."""
    try:
        with open(os.path.join(paths.state_dir(home), "bridge.json"), "rb") as opened:
            content = _native.loads(opened.read())
    except (OSError, ValueError) as error:
        raise _silent(f"{type(error).__name__}: {error}") from None
    if not isinstance(content, dict):
        raise _silent("state/bridge.json is no object")
    return content


def request(
    home: str,
    path: str,
    *,
    method: str = "GET",
    pool: str = "status",
    seconds: float | None = None,
    query: Mapping[str, object] | None = None,
) -> Any:
    """Send a request without a body to the bridge; return its answer, parsed from JSON.

    Args:
        home: The home of the bridge.
        path: Its segments percent-encoded, see `quote`.
        method: GET, or POST, which is never repeated.
        pool: The pool that it is sent over, `health` or `status`.
        seconds: The read timeout of a slow request, which gets a connection of its own.
        query: A list gives its name once for each item; None is left out.

    Raises:
        Unreachable: No bridge runs, or the one that runs does not answer.
        BridgeError: The bridge answered with an error; the sentence is its own.
    """
    return _answer(home, path, _native.loads, method, pool, seconds, query)


def metrics(home: str) -> str:
    """Return the values of all metrics in Prometheus' text format. Raises Unreachable, BridgeError."""
    text: str = _answer(home, "/metrics", bytes.decode)
    return text


def _answer(
    home: str,
    path: str,
    read: Callable[[bytes], Any],
    method: str = "GET",
    pool: str = "status",
    seconds: float | None = None,
    query: Mapping[str, object] | None = None,
) -> Any:
    """Send a request, as `request` does; return its answer, read by `read`, which raises ValueError."""
    if not is_up(home):
        raise Unreachable(DOWN)
    from cctelegram.client import loopback  # noqa: PLC0415  rarely needed

    file = read_state_file(home)
    target = f"{path}{_encoded(query or {})}"
    try:
        port, key, host = int(file["port"]), str(file["key"]), str(file.get("host", loopback.HOST))
        client = _pool(pool, file) if seconds is None else loopback.once(seconds)
        send = client.post if method == "POST" else client.get
        code, body = send(port, target, key, host)
        if code == 200:
            return read(body)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _silent(f"{type(error).__name__}: {error}", file) from None
    sentence = _error_in(body)
    # 401: the file is that of an earlier bridge, and the new one has not written its own yet.
    if sentence is None or code == 401:
        raise _silent(f"{path} answered {code}", file, code)
    raise BridgeError(sentence, code)


def status(home: str, pool: str = "status") -> dict[str, Any]:
    """Return the bridge's status, or `running` false and a `note` with the reason."""
    try:
        answer = request(home, "/status", pool=pool)
    except BridgeError as error:
        return {"running": False, "note": str(error)}
    if not isinstance(answer, dict):
        return {"running": False, "note": str(_silent("/status answered no object"))}
    return {**answer, "running": True}


def counters() -> dict[str, Any]:
    """Return the counters of this process's pools, by name; see pools.counters.Counters."""
    return {name: each.snapshot() for name, each in list(_pools.items())}


def quote(text: str) -> str:
    """Return any text as one segment of a path or a value of a query: percent-encoded UTF-8 (RFC 3986)."""
    return "".join(
        chr(byte) if chr(byte).isalnum() and byte < 128 else f"%{byte:02X}"
        for byte in text.encode(errors="replace")
    )


def _encoded(query: Mapping[str, object]) -> str:
    pairs = [
        f"{name}={quote(str(item))}"
        for name, value in query.items()
        if value is not None
        for item in (value if isinstance(value, list) else [value])
    ]
    return f"?{'&'.join(pairs)}" if pairs else ""


def _pool(name: str, file: Mapping[str, Any]) -> Loopback:
    """Return the pool `health` or `status`, with the settings of the state file."""
    from cctelegram.client import loopback  # noqa: PLC0415  see `request`

    pools = file.get("pools")
    figures = pools.get(name) if isinstance(pools, dict) else None
    if not isinstance(figures, dict):
        figures = loopback.HEALTH if name == "health" else loopback.STATUS  # a bridge of another version
    # Two threads that call at once get one pool: setdefault is atomic.
    pool = _pools.get(name) or _pools.setdefault(name, loopback.Loopback(figures))
    pool.change(figures)
    return pool


def _error_in(body: bytes) -> str | None:
    """Return the sentence of an error answer of the bridge, or None if `body` is something else."""
    try:
        answer = _native.loads(body)
    except ValueError:
        return None
    return str(answer["error"]) if isinstance(answer, dict) and "error" in answer else None


def _silent(why: str, file: Mapping[str, Any] | None = None, code: int = 0) -> Unreachable:
    process = f" (process {file['pid']})" if file and "pid" in file else ""
    return Unreachable(
        f"The bridge{process} holds its lock but does not answer: {why}. It may be starting or hanging; try "
        "again.",
        code,
    )
