"""The tool that reports measured figures with their budgets."""

# ruff: noqa: ARG001  # all tools share one signature

from __future__ import annotations

from cctelegram.client import bridge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cctelegram._native import Call
    from cctelegram.server.session import Session

# Keys of the status that are handed on: what it measured, and since when.
MEASURED = ("health", "uptime_seconds", "memory", "queue", "alerts")


def get_performance(arguments: dict[str, Any], call: Call, session: Session) -> tuple[str, dict[str, Any]]:
    """Return the use of each budget and what else is measured; what was not observed is listed as such."""
    status = bridge.status(session.home())
    if not status["running"]:
        return status["note"], {"running": False, "note": status["note"]}
    budgets = status.get("budgets", {})
    result = {"running": True} | {key: status[key] for key in MEASURED if status.get(key) is not None}
    result["budgets"] = {name: each for name, each in budgets.items() if each["value"] is not None}
    result["not_measured"] = [name for name, each in budgets.items() if each["value"] is None]
    # Exact, of the last thousand deliveries; the budget's is of the last five minutes.
    delivery = (status.get("delivery") or {}).get("seconds")
    if delivery is not None:
        result["delivery_seconds"] = delivery
    return _sentence(result), result


def _sentence(result: dict[str, Any]) -> str:
    used = [
        f"{each['about']}: {each['value']:.3g} of {each['limit']:g} {each['unit']}"
        for each in result["budgets"].values()
    ]
    over = [name for name, each in result["budgets"].items() if each["ratio"] > 1]
    firing = [each["rule"] for each in result.get("alerts", ())]
    parts = [
        f"Health {result.get('health', 'unknown')}.",
        *([f"{'; '.join(used)}."] if used else []),
        f"Over budget: {', '.join(over)}." if over else "Nothing measured is over its budget.",
        *([f"Alerts: {', '.join(firing)}."] if firing else []),
        *([f"Not observed lately: {', '.join(result['not_measured'])}."] if result["not_measured"] else []),
    ]
    return " ".join(parts)
