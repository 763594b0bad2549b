"""The tool that reports measured figures: those of the bridge, and nothing that was not measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from server.conftest import Bridge
    from server.wire import Wire


def budget(value: float | None, limit: float, unit: str) -> dict[str, Any]:
    ratio = None if value is None else value / limit
    return {"about": f"Something in {unit}", "unit": unit, "limit": limit, "value": value, "ratio": ratio}


def test_the_figures_are_those_of_the_bridge_and_what_was_not_measured_is_named(
    wire: Wire, bridge: Bridge
) -> None:
    bridge.status |= {
        "budgets": {"memory_mb": budget(60.0, 50.0, "MB"), "delivery_s": budget(None, 5.0, "s")},
        "alerts": [{"rule": "memory"}],
        "delivery": {"sent": 0},
    }
    result = wire.call("get_performance")
    told = result["structuredContent"]
    assert told["budgets"] == {"memory_mb": budget(60.0, 50.0, "MB")}
    assert told["not_measured"] == ["delivery_s"]
    assert "delivery_seconds" not in told
    assert told["memory"] == {"rss_bytes": 40_000_000}
    sentence = result["content"][0]["text"]
    assert "Something in MB: 60 of 50 MB" in sentence
    assert "Over budget: memory_mb. Alerts: memory. Not observed lately: delivery_s." in sentence
    assert "Something in s" not in sentence
    bridge.status["delivery"]["seconds"] = {"p50": 0.1, "p95": 0.2, "max": 0.3, "count": 4}
    assert wire.call("get_performance")["structuredContent"]["delivery_seconds"]["count"] == 4


def test_without_a_bridge_it_says_what_to_do(wire: Wire) -> None:
    told = wire.call("get_performance")["structuredContent"]
    assert told["running"] is False
    assert "cctelegram bridge" in told["note"]
