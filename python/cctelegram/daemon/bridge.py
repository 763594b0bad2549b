"""The life cycle of one bridge, from start to stop."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cctelegram import version
from cctelegram.chat.commands import Commands
from cctelegram.chat.search import History
from cctelegram.cleanup.cleaning import Cleaning
from cctelegram.config import paths
from cctelegram.config.live import Live
from cctelegram.config.load import load
from cctelegram.daemon import state_file
from cctelegram.daemon.alerts import Alerts
from cctelegram.daemon.bridge_lock import hold_home
from cctelegram.daemon.broadcast import Broadcast
from cctelegram.daemon.counters import Counters
from cctelegram.daemon.directories import Directories
from cctelegram.daemon.drain import drained
from cctelegram.daemon.home_watch import HomeWatch, recover
from cctelegram.daemon.monitoring import Monitoring
from cctelegram.daemon.recording import Recording
from cctelegram.daemon.recovery_notice import RecoveryNotice
from cctelegram.daemon.sessions import Sessions
from cctelegram.daemon.settings_notice import SettingsNotice
from cctelegram.daemon.settings_watch import SettingsWatch
from cctelegram.daemon.status import Overview
from cctelegram.daemon.store_checks import StoreChecks
from cctelegram.daemon.telegram import TelegramConnection
from cctelegram.daemon.telemetry import Telemetry
from cctelegram.decisions.answer_files import AnswerFiles
from cctelegram.decisions.audit_files import AuditLog
from cctelegram.decisions.expiry import Expiry
from cctelegram.delivery.modes import Modes
from cctelegram.delivery.operator_actions import OperatorActions
from cctelegram.delivery.recipients import NO_USER, Recipients
from cctelegram.intake.intake import Intake
from cctelegram.monitor import exposition
from cctelegram.monitor.memory import keep_memory_small
from cctelegram.monitor.window import Windows
from cctelegram.runtime.component import Component
from cctelegram.runtime.context import Context
from cctelegram.runtime.log import open_log
from cctelegram.runtime.signals import HomeRemoved, Signals, StoreReplaced
from cctelegram.runtime.supervisor import Supervisor
from cctelegram.spool.inbox import Inbox
from cctelegram.store import database, facts, intake, lookup
from cctelegram.web.access import Access
from cctelegram.web.app import app
from cctelegram.web.serve import Server
from cctelegram.web.stream import Streams

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cctelegram.daemon.dashboard import Dashboard
    from cctelegram.profiles.recorder import Recorder


class Bridge:
    """The daemon of one home.

    Raises:
        config.errors.SettingsError: the settings cannot be read, or the home cannot be made.
        lock.Unusable: there is no directory where the token's lock is safe.
        lock.AlreadyRunning: the home or the token has a bridge.
        store.schema.NewerStore: the store belongs to a newer program.
        web.serve.CannotListen: the port is taken.
    """

    def __init__(self, home: str, environ: Mapping[str, str], flags: Mapping[str, object]) -> None:
        # Before the first thread: otherwise each thread that handles a 1 MB event keeps it in its heap.
        keep_memory_small()
        self.home = Path(home)
        self._given = (home, environ, flags)
        self.successor_token: str | None = None
        # Whether `run` ended because the home was removed; a new bridge then continues from its files.
        self.home_removed = False
        self._recorder: Recorder | None = None
        self._reports: Dashboard | None = None
        live = Live(home, environ, flags)
        settings = live.current
        paths.make(home, events=settings.spool.events_dir, responses=settings.spool.responses_dir)
        self._locks = contextlib.ExitStack()
        self._lock = hold_home(Path(paths.state_dir(home)))
        self._locks.callback(self._lock.unlock)
        try:
            self._assemble(live)
        except BaseException:
            self._locks.close()
            raise

    def _assemble(self, live: Live) -> None:
        settings = live.current
        # `loaded`, not `current`: reads by the log are not counted.
        log = open_log(Path(paths.logs_dir(str(self.home))), lambda: live.loaded.settings.log.level)
        signals = Signals(log)
        opened = database.Store(
            self._lock,
            lambda losses: signals.send_threadsafe(StoreReplaced(losses)),
            report=lambda sentence: log.error("store.failed", reason=sentence),
        )
        self._locks.callback(opened.close)
        context = self._context = Context(self.home, opened, live, log, signals, Supervisor(log))
        signals.listen(HomeRemoved, self._home_removed)
        self.server = Server(settings.http.host, settings.http.port)
        self._stop = asyncio.Event()

        modes = self._modes = Modes(context)
        recipients = self._recipients = Recipients(context, modes)
        cleaning = self._cleaning = Cleaning(context)
        history = self.history = History(context)
        self.orders = OperatorActions(context)
        components = self._components = list[Component]()
        self._overview = Overview(context, Counters(signals, context.metrics), components)
        commands = Commands(context, history, self._overview)
        telegram = self._telegram = TelegramConnection(context, recipients, modes, commands, cleaning)
        telegram.hold()
        self._locks.callback(telegram.release)
        windows = Windows(context.metrics)
        self._monitoring = Monitoring(context, components, self._overview, windows)
        recording = self._recording = Recording(context)
        self.streams = Streams(secrets.token_hex(4))
        components += [
            recording,
            self._monitoring,
            Broadcast(context, self.streams, lambda: self.reports),
            Directories(context),
            Sessions(context),
            Alerts(context, modes, windows),
            Telemetry(context),
            AnswerFiles(context),
            AuditLog(context),
            RecoveryNotice(context, modes),
            Expiry(context),
            telegram,
            recipients,
            modes,
            history,
            SettingsNotice(context, modes),
            cleaning,
            SettingsWatch(context, self._stop),
        ]

    async def run(self, ready: Callable[[], None] = lambda: None, *, once: bool = False) -> str:
        """Serve until SIGTERM or SIGINT; requests in flight finish, queued deliveries stay in the store.

        Args:
            ready: called once, when event files are taken and HTTP requests answered.
            once: end when everything is delivered, or nothing more can be.

        Returns:
            With `once`, a description of what was not delivered; empty when everything was.
        """
        loop = asyncio.get_running_loop()
        self._context.signals.bind(loop)
        loop.set_exception_handler(self._context.supervisor.unhandled)
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C arrives as KeyboardInterrupt
                loop.add_signal_handler(number, self.stop)
        try:
            return await self._serve(ready, once=once)
        finally:
            self._locks.close()

    def stop(self) -> None:
        """End `run` after the requests in flight."""
        self._stop.set()

    def restart(self) -> bool:
        """End `run` and leave a token that came through the pipe in `successor_token`, for the next bridge.

        Return False and keep running when the next bridge finds the token by itself.

        Raises:
            config.errors.SettingsError: the settings that the successor would read are invalid.
        """
        live = self._context.live
        telegram, origin = live.current.telegram, live.loaded.origins["telegram.token"]
        if telegram.token is None or origin != "flag":
            return False
        load(*self._given)
        self.successor_token = telegram.token.reveal()
        self.stop()
        return True

    async def metrics(self, accept: str) -> tuple[bytes, str]:
        """Measure everything; return it for Prometheus, and its media type, as `accept` asks."""
        return exposition.scrape(await self._monitoring.sample(), accept)

    async def delivery(self, event_id: str) -> dict[str, Any] | None:
        """Return the deliveries of an event, or None when the store has no such event."""
        return await self._context.store.read(partial(lookup.delivery, event_id=event_id))

    async def set_mode(self, mode: str, lasting: str | None = None) -> str:
        """Change the mode, `muted` optionally for a time such as "1h"; return the confirmation.

        Raises:
            ValueError: the mode or the time is invalid.
        """
        return await self._modes.change(mode, lasting)

    async def cleanup(self, action: str, directories: list[str]) -> dict[str, Any]:
        """Plan or run a cleanup, or return its statistics or history; see Cleaning.answer."""
        return await self._cleaning.answer(action, directories)

    @property
    def reports(self) -> Dashboard:
        """What the dashboard and the terminal view show."""
        if self._reports is None:
            from cctelegram.daemon.dashboard import Dashboard  # noqa: PLC0415 - as the next

            self._reports = Dashboard(
                self._context, self._overview, self._monitoring, self._recording, self._telegram, self._modes
            )
        return self._reports

    @property
    def profiles(self) -> Recorder:
        """What takes profiles of this process."""
        if self._recorder is None:
            from cctelegram.profiles.recorder import Recorder  # noqa: PLC0415 - few bridges are ever profiled

            self._recorder = Recorder(self.home, self._context.log)
        return self._recorder

    @property
    def stuck(self) -> str | None:
        """Why this process must be restarted, as a sentence, or None. Never blocks."""
        return self._context.store.stuck

    def problems(self) -> list[str]:
        """Return the problems of all components, each as a sentence; empty when there are none."""
        return [problem.reason for _, problem in self._overview.problems()]

    @property
    def ready(self) -> bool:
        """Whether event files are taken."""
        return self._overview.ready

    async def status(self) -> dict[str, Any]:
        """Return the content of `/status`; see Overview."""
        return await self._overview.status()

    async def health(self) -> dict[str, Any]:
        """Return the content of `/health`; see Overview."""
        return await self._overview.health()

    async def _serve(self, ready: Callable[[], None], *, once: bool) -> str:
        context = self._context
        recovered = await context.store.run(recover)
        await self._modes.load()
        await self._recipients.load()
        await self._recipients.reassign()
        file, inbox = await self._open_inputs()
        intake_ = Intake(context, inbox, self._recipients, self._modes)
        watch = self._watch = HomeWatch(context, self._lock, file, inbox)
        # A clean stop removes the file.
        self._components[:0] = [intake_, watch, StoreChecks(context, unclean=file.exists())]
        file.write()
        tasks = [
            asyncio.create_task(context.supervisor.supervise(each.name, each.run), name=each.name)
            for each in self._components
        ]
        self._overview.ready = True
        context.log.info("bridge.started", version=version(), port=self.server.port, recovered=recovered)
        ready()
        try:
            if once:
                return await drained(context.store, intake_, self._telegram, self._stuck, self._stop)
            await self._stop.wait()
            return ""
        finally:
            self._overview.ready = False
            self.streams.close()
            watch.end()
            file.remove()
            await inbox.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._recorder is not None:
                await self._recorder.stop()
            await self.server.stop()
            context.log.info("bridge.stopped")

    async def _open_inputs(self) -> tuple[state_file.StateFile, Inbox]:
        """Open the spool and start the HTTP server."""
        context, settings = self._context, self._context.settings
        positions = await context.store.run(intake.positions)
        inbox = Inbox(
            settings.spool,
            paths.rejected_dir(str(self.home)),
            positions=positions,
            on_scan=lambda: self._watch.check(),  # noqa: PLW0108 - `_watch` is assigned later
        )
        key = secrets.token_urlsafe(32)
        signing = await context.store.run(
            lambda c: facts.get_or_make(c, "session_key", lambda: secrets.token_bytes(32))
        )
        await self.server.start(app(self, Access(key, signing), context.metrics))
        return state_file.StateFile(context, self.server, key, version()), inbox

    def _stuck(self) -> str | None:
        return self._telegram.stuck or (None if self._context.settings.telegram.allowed_users else NO_USER)

    def _home_removed(self, _: HomeRemoved) -> None:
        self.home_removed = True
        self.stop()
