"""The texts of the terminal view. Pure: a reading in, a text out. A figure that is not known is shown as `-`.

What comes from outside is put on one line with control and direction characters escaped, and is never markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.text import Text
from textual.content import Content

from cctelegram.monitor import catalogue
from cctelegram.render import one_line
from cctelegram.times.duration import rough
from cctelegram.times.instant import SECOND, local

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cctelegram.client.log_lines import Entry
    from cctelegram.monitor.metric import Metric
    from cctelegram.tui.reading import Reading
    from cctelegram.tui.window import Window

UNKNOWN: Final = "-"
HEALTH: Final = {"ok": "$success", "degraded": "$warning", "failing": "$error", "down": "$error"}
LEVELS: Final = {"debug": "dim", "warning": "yellow", "error": "red", "critical": "bold red"}
RATES: Final[tuple[tuple[str, Metric], ...]] = (
    ("sent", catalogue.SENT),
    ("edited", catalogue.EDITED),
    ("digested", catalogue.DIGESTED),
    ("held", catalogue.HELD),
    ("dead", catalogue.DEAD),
)


def health(reading: Reading, now: float) -> Content:
    """Return the health, each reason, and each alert with what to do; `now` in seconds since the epoch."""
    status = reading.status
    if not status["running"]:
        return Content.assemble(("down", f"bold {HEALTH['down']}"), f"  {one_line(status['note'])}")
    state = status["health"]
    parts: list[str | tuple[str, str]] = [
        (state, f"bold {HEALTH.get(state, '$text')}"),
        f"  up {rough(status['uptime_seconds'])}, mode {one_line(status['mode'])}, ",
        f"version {one_line(status['version'])}",
    ]
    for problem in status["problems"]:
        action = "" if problem["action"] is None else f" {problem['action']}"
        parts.append(f"\n{one_line(problem['reason'] + action)}")
    for each in status["alerts"]:
        lasted = rough(now - each["since"] / 1_000_000)
        parts.append(("\nALERT ", "bold $error"))
        parts.append(
            f"{one_line(each['title'])} for {lasted}: {one_line(each['says'])}. {one_line(each['action'])}"
        )
    return Content.assemble(*parts)


def telegram(reading: Reading) -> Content:
    """Return whether Telegram is connected, the pause it asked for, and the age of the last poll."""
    status, samples = reading.status, reading.samples
    if not status["running"]:
        return Content(UNKNOWN)
    connected = status["telegram_connected"]
    bot = f"\n@{one_line(status['bot'])}" if status.get("bot") else ""
    pause = None if samples is None else samples.value(catalogue.PAUSE_LEFT)
    age = None if samples is None else samples.value(catalogue.POLL_AGE)
    rows = [f"last poll {UNKNOWN if age is None else f'{rough(age)} ago'}"]
    if pause:  # instead: a poll says little while nothing may be sent
        rows = [f"paused by Telegram for {rough(pause)} more"]
    state = ("connected", "$success") if connected else ("not connected", "bold $error")
    return Content.assemble(state, bot, *(f"\n{row}" for row in rows))


def lanes(reading: Reading) -> list[tuple[str, str, str]]:
    """Return lane, queued, and the wait of the oldest, for each lane."""
    samples = reading.samples
    rows = []
    for lane in catalogue.LANE.values:
        queued = None if samples is None else samples.value(catalogue.QUEUED, lane)
        oldest = None if samples is None else samples.value(catalogue.OLDEST_QUEUED, lane)
        waits = "" if queued == 0 else UNKNOWN if oldest is None else rough(oldest)
        rows.append((lane, number(queued), waits))
    return rows


def latency(reading: Reading, window: Window) -> Content:
    """Return the latency from event to phone, with what it was measured on."""
    found = window.latency()
    if found is None:
        counted = reading.status.get("delivery", {}).get("seconds")
        if not counted:
            return Content("no delivery yet")
        return Content(
            f"p50 {seconds(counted['p50'])}  p95 {seconds(counted['p95'])}\n"
            f"of the last {counted['count']} delivered"
        )
    over = f"in {rough(window.seconds)}" if found.recent else "since the start, none lately"
    return Content(
        f"p50 {seconds(found.p50)}  p95 {seconds(found.p95)}  p99 {seconds(found.p99)}\n"
        f"{found.deliveries} delivered {over}"
    )


def rates(reading: Reading, window: Window) -> list[tuple[str, str, str]]:
    """Return what happened, a minute, and the total since the start, for each kind of outcome."""
    samples = reading.samples
    rows = []
    for name, metric in RATES:
        rate = window.rate(metric)
        total = None if samples is None else samples.total(metric)
        rows.append((name, UNKNOWN if rate is None else f"{rate:.1f}", number(total)))
    return rows


def memory(reading: Reading, budget: float | None) -> Content:
    """Return the bridge's resident memory against its budget, in bytes; None when that is not known."""
    used = None if reading.samples is None else reading.samples.value(catalogue.RESIDENT)
    if used is None:
        return Content(UNKNOWN)
    if not budget:
        return Content(f"{used / 1e6:.1f} MB")
    style = "$error" if used > budget else "$success"
    filled = min(20, round(used / budget * 20))
    return Content.assemble(
        f"{used / 1e6:.1f} of {budget / 1e6:.0f} MB ({used / budget:.0%})\n",
        ("█" * filled, style),
        ("░" * (20 - filled), "$text-muted"),
    )


def questions(reading: Reading, now: float) -> list[tuple[str, str]]:
    """Return age and title of the open questions, oldest first; the number of those that are not listed."""
    found = [
        (_age(hit["at"], now), one_line(hit["title"])) for hit in reversed(reading.questions) if "at" in hit
    ]
    known = reading.status.get("decisions", {}).get("open")
    hidden = 0 if known is None else known - len(found)
    return [(UNKNOWN, f"and {hidden} older"), *found] if hidden > 0 else found


def sessions(reading: Reading) -> list[tuple[str, str, str, str]]:
    """Return client, process, calls with errors, and memory of each MCP session."""
    rows = []
    for each in (reading.status.get("mcp") or {}).get("sessions", []):
        calls = each.get("calls") or {}
        ok, error = (sum(one.get(kind, 0) for one in calls.values()) for kind in ("ok", "error"))
        failed = f", {error} failed" if error else ""
        rss = each.get("rss_bytes")
        rows.append(
            (
                one_line(str(each.get("client") or each.get("id") or UNKNOWN)),
                str(each.get("pid") or UNKNOWN),
                f"{ok + error}{failed}",
                UNKNOWN if rss is None else f"{rss / 1e6:.1f} MB",
            )
        )
    return rows


def events(reading: Reading) -> list[tuple[str, str, str, str]]:
    """Return local time, state, type and title of the newest events."""
    return [
        (
            local(hit["at"])[11:],
            str(hit.get("state") or UNKNOWN),
            one_line(str(hit["type"])),
            one_line(str(hit["title"])),
        )
        for hit in reading.events
    ]


def log_line(entry: Entry, text: str) -> Text:
    """Return a line of the log; `text` is that of its fields."""
    when = UNKNOWN if entry.at is None else f"{local(entry.at)[11:]}.{entry.at % SECOND // 1000:03d}"
    level, style = one_line(entry.level), LEVELS.get(entry.level, "")
    return Text.assemble(f"{when}  ", (f"{level:<8} ", style), f"{one_line(entry.key):<22} {text}")


def new_alerts(before: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the alerts that began to fire."""
    known = {each["rule"] for each in before}
    return [each for each in now if each["rule"] not in known]


def number(value: float | None) -> str:
    """Format a count."""
    return UNKNOWN if value is None else f"{value:,.0f}"


def seconds(value: float) -> str:
    """Format a latency: "12 ms", "3.4 s", "5 min"."""
    if value < 1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s" if value < 120 else rough(value)


def _age(at: int, now: float) -> str:
    return rough(now - at / SECOND)
