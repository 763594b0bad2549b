"""Tools that start and stop the bridge, and set its mode."""

# ruff: noqa: ARG001  all tools share one signature

from __future__ import annotations

from cctelegram.client import bridge, lifecycle, routes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cctelegram._native import Call
    from cctelegram.server.session import Session

    Result = tuple[str, dict[str, Any]]


def start_bridge(arguments: dict[str, Any], call: Call, session: Session) -> Result:
    """Start the bridge unless it runs."""
    return _result(lifecycle.ensure(session.home()))


def ensure_bridge_running(arguments: dict[str, Any], call: Call, session: Session) -> Result:
    """Start the bridge unless it runs; the name that older prompts use."""
    return _result(lifecycle.ensure(session.home()))


def stop_bridge(arguments: dict[str, Any], call: Call, session: Session) -> Result:
    """Stop the bridge after the requests in flight."""
    return _result(lifecycle.stop(session.home()))


def restart_bridge(arguments: dict[str, Any], call: Call, session: Session) -> Result:
    """Stop the bridge if it runs, and start one."""
    return _result(lifecycle.restart(session.home()))


def check_bridge_process(arguments: dict[str, Any], call: Call, session: Session) -> Result:
    """Report whether the bridge runs, by its lock and its own answer."""
    status = bridge.status(session.home())
    running = bool(status["running"])
    result: dict[str, Any] = {"success": running, "action": "running" if running else "not_running"}
    for key, name in (("pid", "pid"), ("uptime_seconds", "uptime"), ("note", "note")):
        if status.get(key) is not None:
            result[name] = status[key]
    return _result(result)


def switch_to_nomad_mode(arguments: dict[str, Any], call: Call, session: Session) -> Result:
    """Send all events to the phone."""
    return _mode(session, "nomad")


def switch_to_local_mode(arguments: dict[str, Any], call: Call, session: Session) -> Result:
    """Send only what matters to the phone."""
    return _mode(session, "local")


def switch_to_mute_mode(arguments: dict[str, Any], call: Call, session: Session) -> Result:
    """Send nothing to the phone."""
    return _mode(session, "muted")


def _mode(session: Session, mode: str) -> Result:
    result = routes.set_mode(session.home(), mode)
    return str(result["said"]), {"success": True, "mode": result["mode"]}


def _result(result: dict[str, Any]) -> Result:
    sentences = {
        "started": "The bridge was started",
        "already_running": "The bridge is already running",
        "stopped": "The bridge was stopped; waiting events stay queued for the next start",
        "not_running": "The bridge is not running",
        "restarted": "The bridge was restarted",
        "running": "The bridge is running",
    }
    process = f" (process {result['pid']})" if "pid" in result else ""
    return f"{sentences[result['action']]}{process}.", result
