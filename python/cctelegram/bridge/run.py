"""One bridge, from start to stop."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cctelegram import version
from cctelegram.bridge import clock, commands, compose, pending, state, status
from cctelegram.bridge.audience import Audience
from cctelegram.bridge.audit import AuditLog
from cctelegram.bridge.cleaning import Cleaning
from cctelegram.bridge.drain import drained
from cctelegram.bridge.expiry import Expiry
from cctelegram.bridge.figures import Figures
from cctelegram.bridge.history import History
from cctelegram.bridge.intake import Intake
from cctelegram.bridge.judge import MUTED
from cctelegram.bridge.keep import Faults
from cctelegram.bridge.link import Link
from cctelegram.bridge.lock import hold_home
from cctelegram.bridge.log import open_log
from cctelegram.bridge.mended import Mended
from cctelegram.bridge.mode_events import ModeEvents
from cctelegram.bridge.modes import Modes
from cctelegram.bridge.orders import Orders
from cctelegram.bridge.refusals import Refusals
from cctelegram.bridge.replies import Replies
from cctelegram.bridge.snapshots import Snapshots
from cctelegram.bridge.supervisor import Concerned, Supervisor, recover
from cctelegram.config import place
from cctelegram.config.live import Live
from cctelegram.config.load import load
from cctelegram.config.zone import zone
from cctelegram.outbox import intake, lookup, store
from cctelegram.spool.inbox import Inbox, bounds
from cctelegram.spool.memory import keep_memory_small
from cctelegram.web.app import app
from cctelegram.web.serve import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cctelegram.bridge.judge import Standing

NO_USER = (
    "nobody is allowed: put TELEGRAM_ALLOWED_USERS=<your user id> into .env in the home; "
    "what comes meanwhile is kept"
)


class Bridge:
    """The daemon of one home.

    Raises:
        config.errors.SettingsError: the settings cannot be read, or the home cannot be made.
        lock.Unusable: there is no directory where the token's lock is safe.
        lock.AlreadyRunning: the home or the token has a bridge.
        outbox.schema.NewerStore: the store belongs to a newer program.
        web.serve.CannotListen: the port is taken.
    """

    def __init__(self, home: str, environ: Mapping[str, str], flags: Mapping[str, object]) -> None:
        # Before the first thread: an event of a megabyte would else stay in the heap of each thread it met.
        keep_memory_small()
        self._started = time.monotonic()
        self.home = Path(home)
        self._given = (home, environ, flags)
        self.successor_token: str | None = None
        self.live = Live(home, environ, flags)
        settings = self.live.current
        place.make(home, events=settings.spool.events_dir, responses=settings.spool.responses_dir)
        state_dir = Path(place.state_dir(home))
        self._locks = contextlib.ExitStack()
        # Whether `run` ended because the home was removed, and a new bridge is to go on from its files.
        self.again = False
        self._lock = hold_home(state_dir)
        self._locks.callback(self._lock.unlock)
        try:
            self._open(settings, state_dir)
        except BaseException:
            self._locks.close()
            raise

    def _open(self, settings: Any, state_dir: Path) -> None:
        self.log = open_log(
            Path(place.logs_dir(str(self.home))),
            # Not counted as a read: it is the log that asks, not the work.
            lambda: self.live.loaded.settings.log.level,
        )
        self._state_dir = state_dir
        self.figures = Figures()
        self._faults = Faults(self.log)
        self._supervisor = Supervisor(self._lock, self.log)
        self._store = store.Store(
            self._lock,
            self._supervisor.store_changed,
            tell=lambda sentence: self.log.error("store", reason=sentence),
        )
        self._locks.callback(self._store.close)
        self.server = Server(settings.http.host, settings.http.port)
        self._ready = False
        self._file: state.StateFile | None = None
        self._stop = asyncio.Event()
        self._replies = Replies(self._store, settings.spool.responses_dir, log=self.log)
        self._audit = AuditLog(
            self._store,
            Path(place.audit_dir(str(self.home))),
            keep_days=lambda: self.live.current.audit.keep_days,
            log=self.log,
        )
        self._mended = Mended(self._store, holds=self._holds, log=self.log)
        self._expiry = Expiry(self._store, closed=self._closed, log=self.log)
        self._audience = Audience(self._store, self.live, holds=self._holds, queued=self._queued)
        self.history = History(self._store)
        turn = self._turn = asyncio.Lock()
        self._cleaning = Cleaning(str(self.home), self.live, self._store, log=self.log)
        self._link = Link(
            self._store,
            self.live,
            audience=self._audience,
            holds=self._holds,
            manner=self._manner,
            modes=lambda: self._modes,  # they are made below
            standing=self._standing,
            held=self._held,
            desk=commands.Desk(
                status=self.status,
                pending=self._pending,
                history=lambda words, chat_id: self.history.lines(
                    words, chat_id, lambda: self._manner().zone
                ),
            ),
            answered=self._closed,
            turn=turn,
            cleaning=self._cleaning,
            figures=self.figures,
            faults=self._faults,
            log=self.log,
        )
        self._link.hold()
        self._locks.callback(self._link.release)
        self._modes = Modes(
            self._store,
            initial=settings.mode.initial,
            settings=lambda: self.live.current,
            manner=self._manner,
            queued=self._link.queued,
            log=self.log,
        )
        self.orders = Orders(
            self._store,
            settings=lambda: self.live.current,
            queued=self._link.queued,
            closed=self._closed,
            log=self.log,
        )
        self._refusals = Refusals(
            self._store, self.live, holds=self._holds, queued=self._link.queued, log=self.log
        )
        self._inbox: Inbox | None = None
        self._intake: Intake | None = None

    async def run(self, ready: Callable[[], None] = lambda: None, *, once: bool = False) -> str:
        """Serve until SIGTERM or SIGINT; what is in flight is finished, what waits stays in the store.

        Args:
            ready: called once, when files are taken and questions answered.
            once: end when nothing is left to be delivered, or nothing can be.

        Returns:
            With `once`, what was not delivered, in words; empty when all was.
        """
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._faults.unhandled)
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C arrives as KeyboardInterrupt
                loop.add_signal_handler(number, self.stop)
        try:
            return await self._serve(ready, once=once)
        finally:
            self._locks.close()

    def stop(self) -> None:
        """End `run`, after what is in flight."""
        self._stop.set()

    def restart(self) -> bool:
        """End `run` and leave the token to a successor in `successor_token`, if it came by the pipe.

        Returns False, and goes on, where whoever starts the next bridge finds the token without us.

        Raises:
            config.errors.SettingsError: the settings that the successor would read are wrong.
        """
        telegram, origin = self.live.current.telegram, self.live.loaded.origins["telegram.token"]
        if telegram.token is None or origin != "flag":
            return False
        load(*self._given)
        self.successor_token = telegram.token.reveal()
        self.stop()
        return True

    async def delivery(self, event_id: str) -> dict[str, Any] | None:
        """Give what became of an event, or None when the store does not know it."""
        return await self._store.read(partial(lookup.delivery, event_id=event_id))

    async def _serve(self, ready: Callable[[], None], *, once: bool) -> str:
        settings = self.live.current
        recovered = await self._store.run(recover)
        await self._modes.load()
        await self._audience.load()
        positions = await self._store.run(intake.positions)
        inbox = self._inbox = Inbox(
            settings.spool.events_dir,
            place.rejected_dir(str(self.home)),
            positions=positions,
            **bounds(settings.spool),
            looked=self._supervisor.look,
        )
        self._intake = Intake(
            self._store,
            inbox,
            routes=lambda: self._audience.routes,
            judging=self._modes.judging,
            standing=self._modes.standing,
            mode_events=ModeEvents(
                self._modes, allowed=lambda: self.live.current.spool.allow_mode_events, log=self.log
            ),
            arrived=self._arrived,
            turn=self._turn,
            figures=self.figures,
            log=self.log,
        )
        key = secrets.token_urlsafe(32)
        await self.server.start(app(self, key))
        self.live.on_change(self._reloaded)
        await self._settle()
        # One that ended as it should has removed it.
        unclean = (self._state_dir / state.NAME).exists()
        checks = Snapshots(self._store, unclean=unclean, log=self.log)
        tasks = {
            asyncio.create_task(self._faults.keep(name, work), name=name)
            for name, work in (
                ("taking events", self._intake.run),
                ("writing answers", self._replies.run),
                ("writing the audit log", self._audit.run),
                ("expiring questions", self._expiry.run),
                ("the link to Telegram", self._link.run),
                ("the mode", self._modes.run),
                ("the index of the history", self.history.run),
                ("telling of refused settings", self._refusals.run),
                ("cleaning", self._cleaning.run),
                ("checking the store", checks.run),
                ("watching the settings", lambda: self.live.watch(self._stop)),
            )
        }
        self._file = state.StateFile(self._state_dir, self.server.host, self.server.port, key, version())
        self._file.write(self.live.current.pools)
        self._supervisor.begin(
            self._store,
            Concerned(
                link=self._link,
                modes=self._modes,
                settle=self._settle,
                wake=self._wake,
                rewrite=self._rewrite,
                begin_again=self._begin_again,
                trouble=self._late,
            ),
        )
        self._ready = True
        self.log.info("started", version=version(), port=self.server.port, recovered=recovered)
        ready()
        try:
            if once:
                return await drained(self._store, self._intake, self._link, self._stuck, self._stop)
            await self._stop.wait()
            return ""
        finally:
            self._ready = False
            self._supervisor.end()
            self._file.remove()
            await inbox.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._faults.end()
            await self.server.stop()
            self.log.info("stopped")

    async def set_mode(self, mode: str, lasting: str | None = None) -> str:
        """Change the mode, muted for a time such as "1h" too; gives the sentence that confirms it.

        Raises:
            ValueError: there is no such mode, or no such time.
        """
        return await self._modes.change(mode, lasting)

    async def cleanup(self, action: str, directories: list[str]) -> dict[str, Any]:
        """Plan, run, give stats or history of cleaning; see Cleaning.answer."""
        return await self._cleaning.answer(action, directories)

    async def status(self) -> dict[str, Any]:
        """Give what /status says; every figure was counted or measured just now."""
        stored, silent = await status.stored(self._store)
        reasons = [*self.problems(), *([silent] if silent and self._store.problem is None else [])]
        failing = silent or self._store.problem or (self._intake is not None and self._intake.problem)
        return {
            "running": True,
            "ready": self._ready,
            "health": "failing" if failing else "degraded" if reasons else "ok",
            "reasons": reasons,
            "mode": self._modes.current,
            "mode_until": self._modes.until,
            "telegram_connected": self._link.connected,
            "bot": (self._link.bot or {}).get("username"),
            "version": version(),
            "home": str(self.home),
            "chats": self._link.chats,
            **status.from_process(self.figures, self._started),
            "config": status.from_settings(self.live),
            **stored,
            "spool": None if self._intake is None else self._intake.tally(),
            "pools": self._link.pools,
            "cleanup": self._cleaning.status(),
        }

    async def _pending(self, chat_id: int) -> list[str]:
        zone = self._manner().zone
        return await self._store.read(lambda c: pending.lines(c, chat_id, clock.wall(), zone))

    @property
    def stuck(self) -> str | None:
        """Why this process has to be started again, in a sentence; None when it has not. Waits for nobody."""
        return self._store.stuck

    def problems(self) -> list[str]:
        """Give what keeps the bridge from its whole work, each in a sentence; empty when nothing does."""
        found: list[str | None] = [
            None if self._intake is None else self._intake.problem or self._intake.trouble,
            self._replies.problem,
            self._audit.problem,
            self._store.problem,
            self._mended.problem,
            self._link.problem,
            None if self.live.current.telegram.allowed_users else NO_USER,
            self._link.poll_problem,
            self._audience.routes.problem,
            *self._link.chat_problems,
            None if self.live.refused is None else f"the changed settings are refused: {self.live.refused}",
            *self.live.loaded.warnings,
            *self._faults.problems,
            *self._cleaning.problems,
        ]
        pause = self._link.paused_seconds
        if pause:
            found.append(f"Telegram asks to wait another {pause:.0f} s")
        return [reason for reason in found if reason]

    def _stuck(self) -> str | None:
        return self._link.stuck or (None if self.live.current.telegram.allowed_users else NO_USER)

    def _holds(self) -> str | None:
        """Give the reason for which even questions and notices are held now, or None."""
        return MUTED if self._modes.current == MUTED else None

    def _manner(self) -> compose.Manner:
        display = self.live.current.display
        return compose.Manner(zone(display.timezone), display.style)

    def _queued(self, chat_ids: set[int]) -> None:
        self._link.queued(chat_ids)

    def _standing(self) -> Standing:
        return self._modes.standing()

    def _held(self) -> None:
        self._modes.look()

    def _arrived(self, chat_ids: set[int], asked: bool) -> None:
        self._link.queued(chat_ids)
        self._modes.stored()
        if asked:
            self._wake()

    def _wake(self) -> None:
        """Let those who wait for a time, or for what may be there, look again."""
        for one in (self._expiry, self._audit, self._replies):
            one.wake()

    async def _settle(self) -> None:
        """Give to the owner what waits for nobody, and tell of a store that was damaged."""
        await self._audience.settle()
        owner = self.live.current.telegram.owner
        if owner is not None and await self._mended.tell(owner):
            self._link.queued({owner})

    def _late(self) -> str | None:
        return None if self._intake is None else self._intake.trouble

    def _rewrite(self) -> None:
        """Write `bridge.json` anew: it was removed. Raises OSError."""
        if self._file is not None:
            self._file.write(self.live.current.pools, anew=True)

    def _begin_again(self) -> None:
        self.again = True
        self.stop()

    def _closed(self) -> None:
        self._audit.wake()
        self._replies.wake()
        self._link.closed()

    def _reloaded(self) -> None:
        self._refusals.look()
        if self.live.refused is not None:
            self.log.error("settings refused", reason=self.live.refused)
            return
        self.log.info("settings read again", restart=[each.key for each in self.live.restart])
        if self._inbox is not None:
            self._inbox.set_bounds(**bounds(self.live.current.spool))
        if self._file is not None:
            try:
                self._file.write(self.live.current.pools)
            except OSError as error:
                self.log.warning("state/bridge.json not written", reason=str(error))
        self._modes.look()
        self._faults.background("reassigning deliveries", self._settle)
        self._cleaning.rescheduled()
