"""What the dashboard shows, and the terminal view: all figures now, the history, the newest events, the log.

A figure that is not known is null; none is made up.
"""

from __future__ import annotations

import asyncio
import sqlite3
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cctelegram.cleanup.cleaning import Cleaning
from cctelegram.config import paths
from cctelegram.daemon.causes import Answers, Facts, causes, headline
from cctelegram.daemon.directories import Directories
from cctelegram.daemon.settings_watch import SettingsWatch
from cctelegram.daemon.status import SETTINGS, STORE
from cctelegram.daemon.store_checks import StoreChecks
from cctelegram.daemon.telegram import TelegramConnection
from cctelegram.decisions import ledger
from cctelegram.decisions.answer_files import AnswerFiles
from cctelegram.decisions.audit_files import AuditLog
from cctelegram.delivery.modes import Modes
from cctelegram.delivery.recipients import Recipients
from cctelegram.events.lane import LANES
from cctelegram.intake.intake import Intake
from cctelegram.monitor import catalogue
from cctelegram.monitor.quantile import quantile
from cctelegram.monitor.series import BY_NAME
from cctelegram.monitor.values import Distribution
from cctelegram.runtime import clock
from cctelegram.runtime.log_tail import tail
from cctelegram.store import dashboard
from cctelegram.times.duration import rough

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cctelegram.daemon.monitoring import Monitoring
    from cctelegram.daemon.recording import Recording
    from cctelegram.daemon.status import Overview
    from cctelegram.monitor.metric import Metric
    from cctelegram.monitor.values import Metrics
    from cctelegram.runtime.context import Context

# The longest wait for the store, in seconds.
PATIENCE: Final = 2.0
# Open questions that are shown; of more, the oldest, and how many there are.
QUESTIONS: Final = 20
# Steps of the history that say whether the network is well: two minutes.
ANSWERS: Final = 12
# Whose problems say what the cause is; of all others it is the bridge.
CAUSES: Final[Mapping[str, str]] = {
    TelegramConnection.name: "telegram",
    Intake.name: "disk",
    AnswerFiles.name: "disk",
    AuditLog.name: "disk",
    Cleaning.name: "disk",
    Directories.name: "disk",
    StoreChecks.name: "disk",
    STORE: "disk",
    Recipients.name: "rules",
    Modes.name: "rules",
    SettingsWatch.name: "rules",
    SETTINGS: "rules",
}
# Errors of the system in the words of the supervisor.
OF_THE_DISK: Final = ("OSError", "PermissionError", "FileNotFoundError", "OperationalError", "DatabaseError")
TELEGRAM: Final = "https://api.telegram.org"
# A group's id with its prefix: https://core.telegram.org/api/bots/ids
SUPERGROUP: Final = -1_000_000_000_000


class Dashboard:
    """The reports of a running bridge."""

    def __init__(
        self,
        context: Context,
        overview: Overview,
        monitoring: Monitoring,
        recording: Recording,
        link: TelegramConnection,
        modes: Modes,
    ) -> None:
        self._context = context
        self._overview = overview
        self._monitoring = monitoring
        self._history = recording.history
        self._link = link
        self._modes = modes

    async def overview(self) -> dict[str, Any]:
        """Return all figures as they are now; times in us since the epoch, lengths in seconds."""
        metrics = await self._monitoring.sample()
        status = await self._overview.uncounted()
        stored = await self._stored()
        home = str(self._context.home)
        facts = self._facts(status, stored, metrics)
        found = causes(facts)
        return {
            "at": clock.wall(),
            "version": status["version"],
            "home": home,
            "pid": status["pid"],
            "uptime_seconds": metrics.value(catalogue.UPTIME),
            "health": {"state": status["health"], "problems": status["problems"]},
            "alerts": status["alerts"],
            "headline": headline(found, facts)._asdict(),
            "causes": [cause._asdict() for cause in found],
            "lanes": None if stored is None else self._lanes(stored, metrics, status["chats"]["dead"]),
            "deliveries": _by_label(metrics, catalogue.DELIVERIES),
            "totals": _totals(status, metrics),
            "latency": status["delivery"].get("seconds"),
            "telegram": self._telegram(status, metrics),
            "process": {**_process(metrics), "budget_bytes": self._budget},
            "questions": self._questions(stored, status["bot"]),
            "mode": {"name": status["mode"], "until": status["mode_until"], "quiet": facts.quiet},
            "cleanup": status["cleanup"],
            "settings": self._settings(status["config"]),
            "sessions": status["mcp"]["sessions"],
            "tools": _tools(metrics),
            "store": {
                "bytes": metrics.value(catalogue.DATABASE_BYTES),
                "wal_bytes": metrics.value(catalogue.WAL_BYTES),
                "disk_free_bytes": metrics.value(catalogue.FREE),
            },
        }

    @property
    def _budget(self) -> float:
        """Bytes that the bridge may hold."""
        return self._context.settings.budgets.memory_mb * 1e6

    def history(self, span: str, series: list[str]) -> dict[str, Any]:
        """Return series over a span, with unit and meaning. Raises ValueError for what there is not."""
        found = self._history.read(span, series, clock.wall() / 1_000_000)
        return {
            "span": span,
            "step": found.step,
            "times": found.times,
            "series": {
                name: {"unit": BY_NAME[name].unit, "help": BY_NAME[name].help, "values": values}
                for name, values in found.values.items()
            },
        }

    async def events(self, limit: int) -> dict[str, Any]:
        """Return the newest events, each with its way."""
        found = await self._context.store.read(partial(dashboard.newest, limit=limit))
        return {"events": [{**event, "lane": LANES[event["lane"]]} for event in found]}

    async def logs(self, level: str, event: str | None, limit: int) -> dict[str, Any]:
        """Return the last lines of the log. Raises ValueError for an unknown level."""
        directory = Path(paths.logs_dir(str(self._context.home)))
        return {"lines": await asyncio.to_thread(tail, directory, level, event, limit)}

    async def _stored(self) -> dict[str, Any] | None:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._context.store.read(_read)
        except (TimeoutError, sqlite3.Error):
            return None

    def _facts(self, status: Mapping[str, Any], stored: Mapping[str, Any] | None, metrics: Metrics) -> Facts:
        problems, failing = self._problems()
        policy = self._modes.policy()
        until = status["mode_until"]
        recent = self._history.read(
            "1h", ["requests", "no_answer", "lag_p95"], clock.wall() / 1_000_000
        ).values
        steps = zip(recent["requests"][-ANSWERS:], recent["no_answer"][-ANSWERS:], strict=True)
        lags = [lag for lag in recent["lag_p95"][-2:] if lag is not None]
        return Facts(
            problems=problems,
            failing=failing,
            bot=status["bot"],
            poll_age=metrics.value(catalogue.POLL_AGE),
            pause=metrics.value(catalogue.PAUSE_LEFT),
            answers=[Answers(requests, without or 0.0) for requests, without in steps if requests],
            store_answers=stored is not None,
            free=metrics.value(catalogue.FREE),
            mode=status["mode"],
            mode_left=None if until is None else max(0, until - clock.wall()) / 1_000_000,
            quiet=policy.quiet is not None,
            held=None if stored is None else _by_reason(stored["held"]),
            uptime=metrics.value(catalogue.UPTIME),
            memory=metrics.value(catalogue.RESIDENT),
            budget=self._budget,
            lag=lags[-1] if lags else None,
            oldest=_largest(metrics, catalogue.OLDEST_QUEUED),
            queued=None if (queued := metrics.total(catalogue.QUEUED)) is None else int(queued),
        )

    def _problems(self) -> tuple[dict[str, list[str]], frozenset[str]]:
        """Return the problems by cause, and the causes that stop delivery."""
        found: dict[str, list[str]] = {}
        failed = self._context.supervisor.problems
        for component, problem in self._overview.problems():
            cause = CAUSES.get(component, "bridge")
            if failed.get(component) == problem:  # it broke off: by the system, or by a fault of the bridge
                cause = "disk" if any(name in problem.reason for name in OF_THE_DISK) else "bridge"
            found.setdefault(cause, []).append(problem.reason)
        failing = {CAUSES.get(each.name, "bridge") for each in self._overview.components if each.failing}
        if self._context.store.problem is not None:
            failing.add("disk")
        return found, frozenset(failing)

    def _lanes(
        self, stored: Mapping[str, Any], metrics: Metrics, dead: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        """Return for each lane what is queued and why the first of it waits, and what is held and why."""
        heads = {head.lane: head for head in stored["heads"]}
        told = []
        for number, lane in enumerate(LANES):
            head = heads.get(number)
            held = [one for one in stored["held"] if one.lane == number]
            told.append(
                {
                    "lane": lane,
                    "queued": metrics.value(catalogue.QUEUED, lane),
                    "oldest_seconds": metrics.value(catalogue.OLDEST_QUEUED, lane),
                    "waits": None if head is None else _waits(head, dead, self._link.pauses),
                    "held": sum(one.deliveries for one in held),
                    "why": [{"reason": one.reason, "count": one.deliveries} for one in held],
                }
            )
        return told

    def _telegram(self, status: Mapping[str, Any], metrics: Metrics) -> dict[str, Any]:
        pauses = self._link.pauses
        return {
            "connected": status["telegram_connected"],
            "bot": status["bot"],
            "poll_age_seconds": metrics.value(catalogue.POLL_AGE),
            "pauses": None
            if pauses is None
            else [{"chat_id": chat_id, "seconds": seconds} for chat_id, seconds in pauses.items()],
            "results": _by_label(metrics, catalogue.REQUESTS),
            "dead_chats": status["chats"]["dead"],
        }

    def _questions(self, stored: Mapping[str, Any] | None, bot: str | None) -> dict[str, Any] | None:
        if stored is None:
            return None
        there = self._context.settings.telegram.api_base == TELEGRAM
        return {
            "open": stored["open"],
            "oldest": [
                {**question, "link": link(question, bot) if there else None}
                for question in stored["questions"]
            ],
        }

    def _settings(self, figures: Mapping[str, Any]) -> dict[str, Any]:
        from cctelegram.config import show  # noqa: PLC0415 - rarely asked for, and it imports json

        loaded = self._context.live.loaded
        return {
            "changed": [
                {"key": key, "value": show.text(value), "origin": origin}
                for key, value, origin in show.values(loaded)
                if origin not in ("", "default")
            ],
            "read_seconds_ago": figures["age_seconds"],
            "reloads": figures["reloads"],
            "refusals": figures["refused"],
            "refused": figures["problem"],
            "restart": figures["restart"],
        }


def link(question: Mapping[str, Any], bot: str | None) -> str | None:
    """Return the address of a question in Telegram: of its message in a group, else of the chat with the bot.

    Source: https://core.telegram.org/api/links#message-links
    """
    chat_id, message_id = question["chat_id"], question["message_id"]
    if chat_id is None or message_id is None:
        return None
    if chat_id < SUPERGROUP:
        topic = "" if question["thread_id"] is None else f"/{question['thread_id']}"
        return f"https://t.me/c/{SUPERGROUP - chat_id}{topic}/{message_id}"
    return f"https://t.me/{bot}" if chat_id > 0 and bot else None


def _read(connection: sqlite3.Connection) -> dict[str, Any]:
    return {
        "heads": dashboard.heads(connection),
        "held": dashboard.held(connection),
        "open": ledger.counts(connection).get("open", 0),
        "questions": dashboard.questions(connection, QUESTIONS),
    }


def _waits(
    head: dashboard.Head, dead: Mapping[str, str], pauses: Mapping[int | None, float] | None
) -> str | None:
    """Return why the first delivery of a lane waits; None where it waits for its turn."""
    if head.chat_id is None:
        return "nobody is allowed yet"
    if str(head.chat_id) in dead:
        return f"the chat cannot be written to: {dead[str(head.chat_id)]}"
    if pauses is None:
        return "there is no connection to Telegram"
    pause = max(pauses.get(None, 0.0), pauses.get(head.chat_id, 0.0))
    if pause:
        return f"Telegram asks to wait another {rough(pause)}"
    if head.attempts and head.reason:
        tried = "once" if head.attempts == 1 else f"{head.attempts} times"
        return f"tried {tried}: {head.reason}"
    return head.reason


def _by_reason(held: list[dashboard.Held]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in held:
        reason = one.reason or "no reason"
        found[reason] = found.get(reason, 0) + one.deliveries
    return found


def _totals(status: Mapping[str, Any], metrics: Metrics) -> dict[str, float | None]:
    """Return what was counted since the start of the bridge; None for what is not counted."""
    delivery = status["delivery"]
    return {
        "stored": delivery["accepted"],
        "rejected": delivery["rejected"],
        "sent": delivery["sent"],
        "edited": metrics.total(catalogue.EDITED),
        "digested": metrics.total(catalogue.DIGESTED),
        "deduplicated": metrics.total(catalogue.DEDUPLICATED),
        "held": metrics.total(catalogue.HELD),
        "ambiguous": metrics.total(catalogue.AMBIGUOUS),
        "dead": metrics.total(catalogue.DEAD),
        "failures": sum(delivery["failures"].values()),
        "strangers": delivery["strangers"],
    }


def _process(metrics: Metrics) -> dict[str, float | None]:
    return {
        "rss_bytes": metrics.value(catalogue.RESIDENT),
        "peak_bytes": metrics.value(catalogue.PEAK),
        "cpu_ratio": metrics.value(catalogue.CPU_SHARE),
        "cpu_seconds": metrics.value(catalogue.CPU),
        "descriptors": metrics.value(catalogue.DESCRIPTORS),
        "threads": metrics.value(catalogue.THREADS),
        "tasks": metrics.value(catalogue.TASKS),
        "sample_seconds": metrics.value(catalogue.SCRAPE),
    }


def _by_label(metrics: Metrics, metric: Metric) -> dict[str, float] | None:
    """Return the values added up by the last label; None when nothing was measured."""
    found: dict[str, float] = {}
    for _, labels, value in metrics.of(metric):
        if isinstance(value, int | float):
            found[labels[-1]] = found.get(labels[-1], 0) + value
    return found or None


def _tools(metrics: Metrics) -> list[dict[str, Any]]:
    """Return the calls of each tool, of all sessions ever, with quantiles estimated from their buckets."""
    found = []
    for _, labels, value in metrics.of(catalogue.CALL_TIME):
        if isinstance(value, Distribution) and value.count:
            (tool,) = labels
            found.append(
                {
                    "tool": tool,
                    "ok": metrics.value(catalogue.CALLS, tool, "ok"),
                    "error": metrics.value(catalogue.CALLS, tool, "error"),
                    "p50": quantile(catalogue.CALL_TIME.buckets, value.counts, 0.5),
                    "p95": quantile(catalogue.CALL_TIME.buckets, value.counts, 0.95),
                }
            )
    return found


def _largest(metrics: Metrics, metric: Metric) -> float | None:
    return max((one.value for one in metrics.of(metric) if isinstance(one.value, int | float)), default=None)
