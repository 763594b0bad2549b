"""The connection to Telegram: from a token to a bot that sends and polls; renewed with the token."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cctelegram.chat import commands
from cctelegram.chat.cleanup_button import CleanupButton
from cctelegram.chat.courtesies import Courtesies
from cctelegram.chat.dispatcher import ChatServices, Dispatcher
from cctelegram.config.errors import SettingsError
from cctelegram.daemon import bridge_lock, measurements
from cctelegram.decisions import codes
from cctelegram.delivery.cards import Cards
from cctelegram.delivery.line import Bot
from cctelegram.delivery.pacing import Pacing
from cctelegram.delivery.pauses import Pauses
from cctelegram.delivery.sender import Sender
from cctelegram.delivery.topics import Topics
from cctelegram.monitor import catalogue
from cctelegram.pools.pools import Pools
from cctelegram.retry import CONNECT, TOKEN_LOCK
from cctelegram.runtime import clock
from cctelegram.runtime.component import Component
from cctelegram.runtime.jumps import SLEPT
from cctelegram.runtime.problem import Problem
from cctelegram.runtime.signals import ClockJumped, SettingsChanged, StoreReplaced, TokenRejected
from cctelegram.store import chats, facts, updates
from cctelegram.telegram import access, errors
from cctelegram.telegram.api import Api
from cctelegram.telegram.poller import Poller

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from cctelegram.cleanup.cleaning import Cleaning
    from cctelegram.config.secret import Secret
    from cctelegram.config.settings import Settings
    from cctelegram.delivery.modes import Modes
    from cctelegram.delivery.recipients import Recipients
    from cctelegram.monitor.values import Metrics
    from cctelegram.pools.counters import Counters
    from cctelegram.runtime.context import Context

CONNECTING: Final = Problem("connecting to Telegram", "Wait some seconds; the reason follows if it fails.")
UNCONFIGURED: Final = Problem(
    "no bot token configured: set TELEGRAM_BOT_TOKEN=<token from @BotFather> in .env in the home; "
    "events are queued until then"
)
NETWORK: Final = (
    "Check the network and the proxy of this machine; the bridge tries again by itself, and nothing is lost."
)
WAIT: Final = "There is nothing to do: what waits is sent then."
READMIT: Final = "Let the bot into the chat again, or unblock it, and write to it there; or change `routes`."
REOPEN: Final = "Open the topic again, or change `routes`."


class Connected(NamedTuple):
    """An established connection: the bot, and the components that use it."""

    me: dict[str, Any]  # the result of getMe
    bot: Bot
    topics: Topics
    outbound: Sender
    poller: Poller


class TelegramConnection(Component):
    """Keeps one connection to Telegram."""

    name = "the connection to Telegram"

    def __init__(
        self,
        context: Context,
        recipients: Recipients,
        modes: Modes,
        answers: commands.Commands,
        cleaning: Cleaning,
    ) -> None:
        super().__init__(context)
        self._live = context.live
        self._recipients = recipients
        self._modes = modes
        self._commands = answers
        self._cleaning = cleaning
        self._lock = bridge_lock.TokenLock()
        self._pools: Pools | None = None
        self._counters: dict[str, Counters] = {}
        self._up: Connected | None = None
        self._problem: Problem | None = CONNECTING
        self._needs_operator = False
        self._renew = False
        self._token: Secret | None = None
        self._clock_set = False
        # Unix seconds: when a poll was last answered, before the first when the connection was begun.
        self._answered_at: float | None = None

    def _listeners(self) -> dict[type, Callable[[Any], None]]:
        return {
            SettingsChanged: self._settings_changed,
            TokenRejected: self._token_rejected,
            ClockJumped: self._jumped,
            StoreReplaced: self._replaced,
        }

    def problems(self) -> list[Problem]:
        """Return what keeps events from the phone and answers from the agent."""
        up = self._up
        found = [] if self._problem is None else [self._problem]
        if up is None:
            return found
        polling = up.poller.status()
        if polling.problem is not None:
            found.append(Problem(polling.problem, polling.action))
        served = self._recipients.routes.chats
        found += [
            Problem(f"chat {chat} is unreachable, its queue is kept: {reason}", READMIT)
            for chat, reason in up.outbound.dead.items()
            if chat in served
        ]
        found += [Problem(each, REOPEN) for each in up.topics.problems]
        if pause := up.bot.pauses.longest():
            found.append(Problem(f"Telegram asks to wait another {pause:.0f} s", WAIT))
        return found

    def status(self) -> dict[str, Any]:
        """Return the bot, whether the last poll succeeded, chats with a problem, the pools' counters."""
        up = self._up
        return {
            "telegram_connected": up is not None and up.poller.status().connected,
            "bot": None if up is None else up.me.get("username"),
            "chats": {
                "dead": {} if up is None else _named(up.outbound.dead),
                "no_topics": {} if up is None else _named(up.topics.refused),
            },
            "pools": None if self._pools is None else self._pools.snapshot(),
        }

    def measure(self, metrics: Metrics) -> None:
        """Set the state of polling, the longest pause, and the totals of the pools."""
        up = self._up
        polling = None if up is None else up.poller.status()
        metrics.set(catalogue.CONNECTED, int(polling is not None and polling.connected))
        if polling is not None and polling.last_poll_at is not None:
            self._answered_at = polling.last_poll_at
        at = self._answered_at
        metrics.set(catalogue.POLL_AGE, None if at is None else max(0.0, clock.wall() / 1_000_000 - at))
        metrics.set(catalogue.PAUSE_LEFT, None if up is None else up.bot.pauses.longest())
        for name, counters in self._counters.items():
            measurements.of_pool(name, counters, metrics)

    @property
    def pauses(self) -> dict[int | None, float] | None:
        """The current pauses in seconds, by chat (None for all chats); None without a connection."""
        return None if self._up is None else self._up.bot.pauses.each()

    @property
    def stuck(self) -> str | None:
        """The problem that a person must fix before anything is sent, or None when waiting may help."""
        return self._problem.reason if self._problem is not None and self._needs_operator else None

    @property
    def dead_chats(self) -> dict[int, str]:
        """The unreachable chats, each with the reason."""
        return {} if self._up is None else dict(self._up.outbound.dead)

    def hold(self) -> None:
        """Lock the token, if one is set, before any other work.

        Raises:
            bridge_lock.AlreadyRunning: another bridge on this machine uses it.
            bridge_lock.Unusable: no directory is safe for the lock.
        """
        token = self._live.current.telegram.token
        if token is not None:
            self._lock.hold(token.reveal())

    def release(self) -> None:
        """Release the token's lock."""
        self._lock.release()

    async def _work(self) -> None:
        """Connect; reconnect when the token or the API base changes."""
        while True:
            settings = self._live.current
            token = settings.telegram.token
            if token is None:
                self._problem, self._needs_operator = UNCONFIGURED, True
                self._answered_at = None
                await self._wake.wait()
                continue
            try:
                self._lock.hold(token.reveal())
            except (bridge_lock.AlreadyRunning, bridge_lock.Unusable) as error:
                self._problem, self._needs_operator = Problem(str(error)), True
                await self._wake.wait(TOKEN_LOCK.first)
                continue
            self._problem, self._needs_operator, self._renew = CONNECTING, False, False
            self._token = token
            if self._answered_at is None:
                self._answered_at = clock.wall() / 1_000_000
            work = asyncio.create_task(self._serve(settings), name="telegram")
            try:
                await self._until_changed(settings, work)
            finally:
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)

    def _settings_changed(self, _: SettingsChanged) -> None:
        # At once, not when the task runs next: no poll may wait longer than the read timeout of its pool.
        if self._pools is not None:
            self._pools.change(self._live.current)
        if self._up is not None:
            self._up.bot.pacing.change(self._live.current.pacing, clock.monotonic())
        self._wake.set()

    def _token_rejected(self, rejected: TokenRejected) -> None:
        origin = self._live.loaded.origins["telegram.token"]
        source, remedy = _source_of(origin)
        self._needs_operator = True
        self._problem = Problem(
            f"Telegram refuses the token {source} ({rejected.reason}): {remedy}; events are queued"
        )
        self._log.error("telegram.token_rejected", reason=rejected.reason, origin=origin)
        self._reject_token()

    def _reject_token(self) -> None:
        if self._token is not None:
            self._live.refuse(self._token)

    def _jumped(self, jump: ClockJumped) -> None:
        # Connections are dead after sleep; pauses are stored again by the new wall clock.
        self._renew |= jump.slept > SLEPT
        self._clock_set = True
        self._wake.set()

    def _replaced(self, _: StoreReplaced) -> None:
        # Rows that running components refer to by id may be gone: reconnect and start again from the store.
        self._renew = True
        self._wake.set()

    async def _until_changed(self, settings: Settings, work: asyncio.Task[None]) -> None:
        while True:
            changed = asyncio.create_task(self._wake.wait())
            await asyncio.wait({work, changed}, return_when=asyncio.FIRST_COMPLETED)
            changed.cancel()
            if work.done():
                try:
                    await work
                except SettingsError as error:
                    self._problem = Problem(str(error))
                    await self._wake.wait()
                return
            now = self._live.current
            if self._renew or (now.telegram.token, now.telegram.api_base) != (
                settings.telegram.token,
                settings.telegram.api_base,
            ):
                return
            if self._clock_set and self._up is not None:
                self._clock_set = False
                await self._up.bot.pauses.store()

    async def _serve(self, settings: Settings) -> None:
        pools = self._pools = Pools(settings, self._counters)
        self._counters = pools.counters
        token = settings.telegram.token
        assert token is not None  # noqa: S101 - checked in _work()
        send, files, poll = (
            Api(pool, settings.telegram.api_base, token.reveal(), self._context.metrics)
            for pool in (pools.send, pools.files, pools.poll)
        )
        try:
            me = await self._get_bot(send)
            if me is None:
                await asyncio.Event().wait()  # rejected; a change of the token ends this task
                return
            bot = await self._bot(send, files, settings, me)
            await self._serve_over(bot, poll, settings, me)
        finally:
            self._up = None
            await pools.aclose()

    async def _get_bot(self, api: Api) -> dict[str, Any] | None:
        """Call getMe until Telegram answers; return the bot, or None when the token is rejected."""
        for attempt in range(10**9):
            try:
                return await api.get_me()
            except errors.Unauthorized as error:
                self._token_rejected(TokenRejected(str(error)))
                return None
            except errors.RetryAfter as error:
                wait = float(error.seconds)
                self._problem = Problem(f"Telegram asks to wait {wait:.0f} s", WAIT)
            except errors.TelegramError as error:
                wait = CONNECT.seconds(attempt, random.random())  # noqa: S311 - spreads load
                self._problem = Problem(f"Telegram cannot be reached: {error}", NETWORK)
            self._log.warning(
                "telegram.connect_failed", reason=self._problem.reason, again_seconds=round(wait, 1)
            )
            await asyncio.sleep(wait)
        return None  # pragma: no cover - the range does not end

    async def _bot(self, api: Api, files: Api, settings: Settings, me: dict[str, Any]) -> Bot:
        def work(connection: sqlite3.Connection) -> tuple[int, bytes]:
            row = chats.bot(connection, settings.telegram.api_base, int(me["id"]))
            return row, facts.get_or_make(connection, "card_key", codes.new_key)

        row, key = await self._store.run(work)
        pauses = Pauses(self._store, row)
        await pauses.load()
        await self._recipients.load()
        # The settings of now: a change since the connection began had no pacing to apply to.
        return Bot(api, files, row, key, pauses, Pacing(self._live.current.pacing))

    async def _serve_over(self, bot: Bot, poll: Api, settings: Settings, me: dict[str, Any]) -> None:
        context, recipients, modes = self._context, self._recipients, self._modes
        topics = Topics(context, bot, in_private=me.get("has_topics_enabled") is True)
        await topics.load()
        outbound = Sender(context, bot, recipients, topics, modes)
        courtesies = Courtesies(context)
        answering = ChatServices(
            self._commands,
            CleanupButton(context, bot, self._cleaning, courtesies),
            courtesies,
            access.Me(int(me["id"]), str(me.get("username", ""))),
        )
        inbound = Dispatcher(context, bot, recipients, modes, answering)
        start = await self._store.run(lambda c: updates.offset(c, bot.row))
        poller = Poller(
            poll,
            inbound.store,
            offset=start or None,
            poll_seconds=lambda: self._live.current.telegram.poll_seconds,
            token_refused=self._reject_token,
            metrics=context.metrics,
        )
        self._up = Connected(me, bot, topics, outbound, poller)
        self._problem = None
        self._log.info("telegram.connected", bot=me.get("username"), api_base=settings.telegram.api_base)
        async with asyncio.TaskGroup() as group:
            for component in (outbound, Cards(context, bot), inbound, courtesies):
                group.create_task(
                    context.supervisor.supervise(component.name, component.run), name=component.name
                )
            group.create_task(poller.run(), name="poll")
            group.create_task(self._set_commands(bot.api), name="commands")

    async def _set_commands(self, api: Api) -> None:
        try:
            await api.set_my_commands(commands.COMMANDS)
        except errors.TelegramError as error:
            self._log.warning("telegram.commands_failed", reason=str(error))


def _source_of(origin: str) -> tuple[str, str]:
    """Return a phrase for the origin of a rejected token, as named by config.load, and the remedy."""
    if origin == "flag":
        return "from standard input", "write a valid token to .env in the home, which then takes precedence"
    if origin.startswith("environment"):
        return (
            f"from the {origin}",
            "write a valid token to .env in the home, which then takes precedence, or restart with another",
        )
    return f"from {origin}", "replace it there by a valid token"


def _named(chats: dict[int, str]) -> dict[str, str]:
    return {str(chat): reason for chat, reason in chats.items()}
