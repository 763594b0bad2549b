"""Cleanup by schedule and on demand, with its counts."""

from __future__ import annotations

import asyncio
import random
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cctelegram.cleanup import journal, rounds, schedule, to_json
from cctelegram.cleanup.archive import Archive
from cctelegram.cleanup.policies import policies
from cctelegram.cleanup.statistics import statistics_of
from cctelegram.config.zone import zone
from cctelegram.monitor import catalogue
from cctelegram.monitor.buckets import SECONDS
from cctelegram.monitor.values import Distribution
from cctelegram.runtime import clock
from cctelegram.runtime.component import Component
from cctelegram.runtime.problem import Problem
from cctelegram.runtime.signals import ClockJumped, SettingsChanged
from cctelegram.times.instant import rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cctelegram.cleanup.reports import Round
    from cctelegram.cleanup.rounds import RoundPlan
    from cctelegram.monitor.values import Metrics
    from cctelegram.runtime.context import Context

T = TypeVar("T")

# The first round waits until the start is over.
AFTER_START: Final = 30.0
# The wall clock may step, and the schedule may change: check again at least this often, in seconds.
LONGEST_SLEEP: Final = 60.0
UNCLEAN: Final = (
    "Give the bridge's user the right to remove the files, then run `cctelegram cleanup run`; the next round "
    "tries again."
)


class Cleaning(Component):
    """Clean a home by schedule, and on demand with the same rounds. Each round runs in a worker thread."""

    name = "cleaning"
    wakes_on = (SettingsChanged, ClockJumped)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._home = str(context.home)
        self._live = context.live
        self._stopping = threading.Event()
        self._working: set[asyncio.Future[Any]] = set()
        self._counted = {"rounds": 0, "scanned": 0, "removed": 0, "bytes": 0, "errors": 0}
        self._times = Distribution(len(SECONDS))
        self._last: Round | None = None
        self._next: int | None = None

    def problems(self) -> list[Problem]:
        """Return what the last round could not clean, each in a sentence."""
        found = [] if self._last is None else self._last.problems
        return [Problem(f"cleanup: {problem}", UNCLEAN) for problem in found]

    def status(self) -> dict[str, Any]:
        """Return the counts since the start, the last round, and the time of the next."""
        status: dict[str, Any] = dict(self._counted)
        if self._last is not None:
            status["last"] = {
                "at": rfc3339(self._last.at),
                "seconds": round(self._last.seconds, 3),
                "removed": self._last.removed.files,
                "bytes": self._last.removed.bytes,
            }
        if self._next is not None:
            status["next"] = rfc3339(self._next)
        return {"cleanup": status}

    def measure(self, metrics: Metrics) -> None:
        """Set the totals since the start, and the last round."""
        counted = self._counted
        metrics.set(catalogue.ROUNDS, counted["rounds"])
        metrics.set(catalogue.SCANNED, counted["scanned"])
        metrics.set(catalogue.REMOVED, counted["removed"])
        metrics.set(catalogue.FREED, counted["bytes"])
        metrics.set(catalogue.CLEANUP_ERRORS, counted["errors"])
        if self._last is not None:
            metrics.merge(catalogue.CLEANUP_TIME, self._times.counts, self._times.sum)
            metrics.set(catalogue.CLEANUP_PROBLEMS, len(self._last.problems))
            metrics.set(catalogue.CLEANUP_AT, self._last.at / 1_000_000)

    async def _work(self) -> None:
        """Clean some seconds after the start, then by schedule."""
        try:
            await self._by_schedule()
        except asyncio.CancelledError:
            # The store closes after this component: no step may still run then.
            self._stopping.set()
            for ended in await asyncio.gather(*self._working, return_exceptions=True):
                if isinstance(ended, Exception) and not isinstance(ended, rounds.Busy):
                    self._log.error("component.failed", part="cleaning", reason=str(ended), exc_info=ended)
            raise

    async def _by_schedule(self) -> None:
        due: int | None = None
        words = ""
        while True:
            now = clock.wall()
            wanted = self._live.current.cleanup.schedule
            if wanted != words:
                # Runs at the start, and when the schedule changes.
                due = self._due(wanted, now) if words else self._first(wanted, now)
                words = wanted
            if due is not None and due <= now:
                self._next = None  # it is now
                await self._round()
                due = self._due(words, clock.wall())
            self._next = due
            left = LONGEST_SLEEP if due is None else (due - clock.wall()) / 1_000_000
            await self._wake.wait(min(LONGEST_SLEEP, max(0.0, left)))

    async def clean(self, only: Sequence[str] = ()) -> Round:
        """Run a round now. Raises rounds.Unknown, rounds.Busy."""
        return await self._thread(partial(self._clean, only, None))

    async def clean_planned(self, planned: RoundPlan) -> Round:
        """Remove exactly what `planned` names. Raises rounds.Busy."""
        return await self._thread(partial(self._clean, (), planned))

    async def plan(self, only: Sequence[str] = ()) -> Round:
        """Report what a round would do now. Raises rounds.Unknown."""

        def work() -> Round:
            settings = self._live.current
            now = journal.clock(self._home).now
            return rounds.dry(settings, now, only=only, history=self._archive())

        return await self._thread(work)

    async def planned(self, most: int) -> RoundPlan:
        """Plan a round for `clean_planned`, with at most `most` files of a directory."""

        def work() -> RoundPlan:
            now = journal.clock(self._home).now
            return rounds.plan_round(self._live.current, now, history=self._archive(), most=most)

        return await self._thread(work)

    async def answer(self, action: str, only: Sequence[str] = ()) -> dict[str, Any]:
        """Return the answer to `plan`, `run`, `stats` or `history`. Raises ValueError, rounds.Busy."""
        if action == "stats":
            return {"directories": await self.statistics(only)}
        if action == "history":
            return to_json.history(await self._thread(partial(journal.rounds, self._home, to_json.SHOWN)))
        if action not in ("plan", "run"):
            raise ValueError(f"unknown cleanup action {action!r}; allowed: plan, run, stats, history")
        return to_json.round_of(await (self.plan(only) if action == "plan" else self.clean(only)))

    async def statistics(self, only: Sequence[str] = ()) -> list[dict[str, Any]]:
        """Return size and growth of the directories. Raises rounds.Unknown."""
        found = await self.plan(only)
        past = await self._thread(partial(journal.rounds, self._home))
        return statistics_of(found.directories, policies(self._live.current), past, found.at)

    def _clean(self, only: Sequence[str], planned: RoundPlan | None) -> Round:
        settings = self._live.current
        with rounds.Alone(self._home):
            now = journal.clock(self._home)
            journal.note_clock(self._home, now)
            done = rounds.run(
                settings,
                now.now,
                only=only,
                history=self._archive(),
                planned=planned,
                stop=self._stopping.is_set,
            )
            journal.note(self._home, done)
        if now.behind:
            self._log.warning("cleanup.clock_behind", seconds=now.behind // 1_000_000)
        self._count(done)
        return done

    def _count(self, done: Round) -> None:
        self._last = done
        counted = self._counted
        counted["rounds"] += 1
        self._times.observe(SECONDS, done.seconds)
        counted["scanned"] += sum(each.files for each in done.directories)
        counted["removed"] += done.removed.files
        counted["bytes"] += done.removed.bytes
        counted["errors"] += sum(each.failed + (each.error is not None) for each in done.directories)
        for each in done.directories:
            if each.by_rule:
                by_rule = {rule: amount.files for rule, amount in each.by_rule.items()}
                self._log.info(
                    "cleanup.removed", directory=each.directory, removed=by_rule, bytes=each.removed.bytes
                )
        for problem in done.problems:
            self._log.warning("cleanup.failed", reason=problem)

    async def _thread(self, work: Callable[[], T]) -> T:
        working = asyncio.ensure_future(asyncio.to_thread(work))
        self._working.add(working)
        working.add_done_callback(self._working.discard)
        return await asyncio.shield(working)

    async def _round(self) -> None:
        try:
            await self.clean()
        except rounds.Busy:
            self._log.info("cleanup.skipped")

    def _archive(self) -> Archive:
        return Archive(self._store, self._live.current.spool.events_dir)

    def _first(self, words: str, now: int) -> int | None:
        return None if words == schedule.OFF else now + int(AFTER_START * 1_000_000)

    def _due(self, words: str, now: int) -> int | None:
        local = zone(self._live.current.display.timezone)
        return schedule.following(words, now, local, random.random())  # noqa: S311 - spreads load
