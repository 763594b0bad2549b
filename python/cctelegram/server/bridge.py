"""The state of the bridge as a session sees it: its lock, and its answers over loopback HTTP.

Process names are not used: they match an editor as well. Start-cheap.
"""

# ruff: noqa: PTH118, PTH123  # pathlib is too slow to import at a start

from __future__ import annotations

import os

from cctelegram import _native
from cctelegram.config import place
from cctelegram.server.refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cctelegram.pools.loopback import Loopback

# The connection pools of this process to bridges, by purpose; created on first use.
_pools: dict[str, Loopback] = {}

DOWN = (
    "The bridge is not running: start it with `cctelegram bridge`. Until then nothing reaches the phone; "
    "events wait on disk."
)
SILENT = "The bridge holds its lock but does not answer: {why}. It may be starting or hanging; try again."


def is_up(home: str) -> bool:
    """Return whether a bridge holds the lock of this home. Costs microseconds."""
    return _native.is_locked(os.path.join(place.state_dir(home), "bridge.lock"))


def told(home: str) -> dict[str, Any]:
    """Return the bridge's state for a sending tool: `running`, and a `note` if it does not run."""
    return {"running": True} if is_up(home) else {"running": False, "note": DOWN}


def where(home: str) -> dict[str, Any]:
    """Return `state/bridge.json`: pid, host, port, key, version, pools, start. Raises Refusal."""
    try:
        with open(os.path.join(place.state_dir(home), "bridge.json"), "rb") as opened:
            told = _native.loads(opened.read())
    except (OSError, ValueError) as error:
        raise Refusal(SILENT.format(why=f"{type(error).__name__}: {error}")) from None
    if not isinstance(told, dict):
        raise Refusal(SILENT.format(why="state/bridge.json is no object"))
    return told


def pool(name: str, at: dict[str, Any]) -> Loopback:
    """Return the pool `health` or `status`, with the settings in `at`, as returned by `where`."""
    from cctelegram.pools import loopback  # noqa: PLC0415  rarely needed

    told = at.get("pools")
    figures = told.get(name) if isinstance(told, dict) else None
    if not isinstance(figures, dict):
        figures = loopback.HEALTH if name == "health" else loopback.STATUS  # a bridge of another version
    # Two threads that call at once get one pool: setdefault is atomic.
    made = _pools.get(name) or _pools.setdefault(name, loopback.Loopback(figures))
    made.change(figures)
    return made


def ask(
    at: dict[str, Any],
    path: str,
    *,
    order: bool = False,
    purpose: str = "status",
    seconds: float | None = None,
) -> tuple[int, bytes]:
    """Send a request to the bridge at `at`, as returned by `where`; return status and body.

    Args:
        order: POST to the path; never repeated.
        purpose: the connection pool, `health` or `status`.
        seconds: the read timeout of a slow request, which gets a connection of its own.

    Raises OSError when it does not answer, and ValueError, KeyError or TypeError if `at` is incomplete.
    """
    from cctelegram.pools import loopback  # noqa: PLC0415  see `pool`

    port, key, host = int(at["port"]), str(at["key"]), str(at.get("host", loopback.HOST))
    if seconds is not None:
        send = loopback.post if order else loopback.get
        return send(port, path, key, seconds, host)
    kept = pool(purpose, at)
    return kept.post(port, path, key, host) if order else kept.get(port, path, key, host)


def counted() -> dict[str, Any]:
    """Return the counters of this process's pools, by name; see pools.counters.Counters."""
    return {name: each.snapshot() for name, each in list(_pools.items())}


def status(home: str, purpose: str = "status") -> dict[str, Any]:
    """Return the bridge's status, or `running` false and a `note` with the reason."""
    if not is_up(home):
        return {"running": False, "note": DOWN}
    try:
        code, body = ask(where(home), "/status", purpose=purpose)
        answer = _native.loads(body) if code == 200 else None
    except Refusal as refusal:
        return {"running": False, "note": str(refusal)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        return {"running": False, "note": SILENT.format(why=f"{type(error).__name__}: {error}")}
    if not isinstance(answer, dict):
        return {"running": False, "note": SILENT.format(why=f"/status answered {code}")}
    return {**answer, "running": True}


def delivery(home: str, event_id: str) -> dict[str, Any] | None:
    """Return the deliveries of an event, or None if it is unknown. Raises Refusal when the bridge is down."""
    if not is_up(home):
        raise Refusal(DOWN)
    from cctelegram.pools.loopback import segment  # noqa: PLC0415  see `pool`

    at = where(home)
    try:
        path = f"/deliveries/{segment(event_id)}"
        code, body = ask(at, path)
        answer = _native.loads(body)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refusal(SILENT.format(why=f"{type(error).__name__}: {error}")) from None
    if code != 200 or not isinstance(answer, dict):
        return None
    found: dict[str, Any] = answer
    return found
