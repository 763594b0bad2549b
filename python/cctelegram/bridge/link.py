"""The link to Telegram: from a token to a bot that sends and listens, made anew when the token changes."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cctelegram.bridge import clock, commands, lock
from cctelegram.bridge.broom import Broom
from cctelegram.bridge.cards import Cards
from cctelegram.bridge.courtesies import Courtesies
from cctelegram.bridge.inbound import Bells, Inbound
from cctelegram.bridge.line import Line
from cctelegram.bridge.outbound import Outbound
from cctelegram.bridge.pauses import Pauses
from cctelegram.bridge.topics import Topics
from cctelegram.bridge.verdict import backoff
from cctelegram.bridge.wake import Wake
from cctelegram.config.errors import SettingsError
from cctelegram.decisions import codes
from cctelegram.outbox import chats, facts, updates
from cctelegram.outbox.pacing import Pacing
from cctelegram.pools.pools import Pools
from cctelegram.telegram import access, errors
from cctelegram.telegram.api import Api
from cctelegram.telegram.updates import Poller

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from cctelegram.bridge.audience import Audience
    from cctelegram.bridge.cleaning import Cleaning
    from cctelegram.bridge.compose import Manner
    from cctelegram.bridge.figures import Figures
    from cctelegram.bridge.judge import Standing
    from cctelegram.bridge.keep import Faults
    from cctelegram.bridge.modes import Modes
    from cctelegram.config.live import Live
    from cctelegram.config.secret import Secret
    from cctelegram.config.settings import Settings
    from cctelegram.outbox.store import Store
    from cctelegram.pools.counters import Counters

CONNECTING: Final = "connecting to Telegram"
NOT_GIVEN: Final = (
    "no token: put TELEGRAM_BOT_TOKEN=<token from @BotFather> into .env in the home; "
    "what comes meanwhile is kept"
)
# A token that another bridge holds is tried again after this many seconds.
LOCKED_AGAIN: Final = 10.0


class Link:
    """Keeps one line to Telegram up until it is cancelled.

    Args:
        audience: knows who gets events now.
        holds: gives the reason for which even notices are held now, or None.
        modes: gives the home's mode, which commands change.
        standing: gives what counts now: mode, quiet hours, rules.
        held: told after something was held that had been queued.
        desk: answers what the outbox is asked in a chat.
        answered: told after a decision was closed or a message was filed.
        turn: as Outbound has it.
    """

    def __init__(
        self,
        store: Store,
        live: Live,
        *,
        audience: Audience,
        holds: Callable[[], str | None],
        manner: Callable[[], Manner],
        modes: Callable[[], Modes],
        standing: Callable[[], Standing],
        held: Callable[[], None],
        desk: commands.Desk,
        answered: Callable[[], None],
        turn: asyncio.Lock,
        cleaning: Cleaning,
        figures: Figures,
        faults: Faults,
        log: Any,
    ) -> None:
        self._store = store
        self._live = live
        self._audience = audience
        self._holds = holds
        self._manner = manner
        self._modes = modes
        self._standing = standing
        self._held = held
        self._desk = desk
        self._answered = answered
        self._turn = turn
        self._cleaning = cleaning
        self._figures = figures
        self._faults = faults
        self._log = log
        self._change = Wake()
        self._outbound: Outbound | None = None
        self._cards: Cards | None = None
        self._topics: Topics | None = None
        self._poller: Poller | None = None
        self._pauses: Pauses | None = None
        self._pacing: Pacing | None = None
        self._lock = lock.TokenLock()
        self._token: Secret | None = None  # the one of the line that is up
        self._pools: Pools | None = None
        self._counters: dict[str, Counters] = {}
        self.problem: str | None = CONNECTING
        self._needs_a_person = False
        self._renew = False
        self.bot: dict[str, Any] | None = None
        live.on_change(self._settings_changed)

    @property
    def connected(self) -> bool:
        """Whether Telegram answered the last poll."""
        return self._poller is not None and self._poller.status().connected

    @property
    def stuck(self) -> str | None:
        """Why nothing is sent until a person mends it, in a sentence; None when waiting may help."""
        return self.problem if self._needs_a_person else None

    @property
    def paused_seconds(self) -> float:
        """How long the longest pause that Telegram asked for still lasts; 0 when there is none."""
        return 0.0 if self._pauses is None else self._pauses.longest()

    @property
    def poll_problem(self) -> str | None:
        """What is wrong with listening, in a sentence; None when nothing is."""
        return None if self._poller is None else self._poller.status().problem

    @property
    def dead_chats(self) -> dict[int, str]:
        """The chats that cannot be written to, each with the reason."""
        return {} if self._outbound is None else dict(self._outbound.dead)

    @property
    def chats(self) -> dict[str, Any]:
        """What is wrong with chats, by chat: `dead` cannot be written to, `no_topics` cannot have topics."""
        refused = {} if self._topics is None else self._topics.refused
        return {"dead": _named(self.dead_chats), "no_topics": _named(refused)}

    @property
    def chat_problems(self) -> list[str]:
        """What keeps events from the chats they are for, in sentences."""
        served = self._audience.routes.chats
        dead = [
            f"nothing can be sent to {chat}; its queue is kept: {reason}"
            for chat, reason in self.dead_chats.items()
            if chat in served
        ]
        return dead if self._topics is None else [*dead, *self._topics.problems]

    @property
    def pools(self) -> dict[str, dict[str, Any]] | None:
        """What the pools of connections counted, by name, since the bridge started; None before the first."""
        return None if self._pools is None else self._pools.snapshot()

    def renew(self) -> None:
        """Give up every connection and make the line anew: the machine slept, or the store is another."""
        self._renew = True
        self._change.ring()

    async def clock_set(self) -> None:
        """Tell that the wall clock was set: what is kept by it is written down by the new one."""
        if self._pauses is not None:
            await self._pauses.keep()
        if self._outbound is not None:
            self._outbound.wake_all()
        self.closed()

    def queued(self, chat_ids: set[int]) -> None:
        """Tell that something was queued for these chats."""
        if self._outbound is not None:
            for chat_id in chat_ids:
                self._outbound.wake(chat_id)

    def closed(self) -> None:
        """Tell that a decision was closed: its cards are to be edited."""
        if self._cards is not None:
            self._cards.wake()

    async def run(self) -> None:
        """Connect; when the token or the API base changes, connect anew."""
        while True:
            settings = self._live.current
            token = settings.telegram.token
            if token is None:
                self.problem, self._needs_a_person = NOT_GIVEN, True
                await self._change.wait()
                continue
            try:
                self._lock.hold(token.reveal())
            except (lock.AlreadyRunning, lock.Unusable) as error:
                self.problem, self._needs_a_person = str(error), True
                await self._change.wait(LOCKED_AGAIN)
                continue
            self.problem, self._needs_a_person, self._renew = CONNECTING, False, False
            self._token = token
            work = asyncio.create_task(self._serve(settings), name="link")
            try:
                await self._until_changed(settings, work)
            finally:
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)

    def hold(self) -> None:
        """Lock the token, if there is one, before anything else is done.

        Raises:
            lock.AlreadyRunning: another bridge on this machine uses it.
            lock.Unusable: there is no directory where the lock is safe.
        """
        token = self._live.current.telegram.token
        if token is not None:
            self._lock.hold(token.reveal())

    def release(self) -> None:
        """Give the token's lock back."""
        self._lock.release()

    def _settings_changed(self) -> None:
        # At once, and not when the task below gets its turn: no poll may wait longer than its pool reads.
        if self._pools is not None:
            self._pools.change(self._live.current)
        self._change.ring()

    async def _until_changed(self, settings: Settings, work: asyncio.Task[None]) -> None:
        while True:
            changed = asyncio.create_task(self._change.wait())
            await asyncio.wait({work, changed}, return_when=asyncio.FIRST_COMPLETED)
            changed.cancel()
            if work.done():
                try:
                    await work
                except SettingsError as error:
                    self.problem = str(error)
                    await self._change.wait()
                return
            now = self._live.current
            if self._renew or (now.telegram.token, now.telegram.api_base) != (
                settings.telegram.token,
                settings.telegram.api_base,
            ):
                return
            self._follow(now)

    def _follow(self, settings: Settings) -> None:
        """Use changed settings on the line that is up."""
        if self._pacing is not None:
            self._pacing.change(clock.monotonic(), **msgspec.structs.asdict(settings.pacing))
        if self._outbound is not None:
            self._outbound.changed()
        if self._cards is not None:
            self._cards.wake()  # somebody may be off the list

    async def _serve(self, settings: Settings) -> None:
        pools = self._pools = Pools(settings, self._counters)
        self._counters = pools.counters
        token = settings.telegram.token
        assert token is not None  # noqa: S101 - run() looked
        api = Api(pools.send, settings.telegram.api_base, token.reveal())
        try:
            me = await self._greet(api)
            if me is None:
                await asyncio.Event().wait()  # refused; whoever changes the token ends this task
                return
            self.bot = me
            files = Api(pools.files, settings.telegram.api_base, token.reveal())
            line = await self._line(api, files, settings, me)
            await self._work(line, Api(pools.poll, settings.telegram.api_base, token.reveal()), settings, me)
        finally:
            self._outbound = self._cards = self._topics = self._poller = None
            self._pauses = self._pacing = self.bot = None
            await pools.aclose()

    async def _greet(self, api: Api) -> dict[str, Any] | None:
        """Ask who we are until Telegram answers; None when it does not know the token."""
        for attempt in range(10**9):
            try:
                return await api.get_me()
            except errors.Unauthorized as error:
                self._refused(str(error))
                return None
            except errors.RetryAfter as error:
                wait = float(error.seconds)
                self.problem = f"Telegram asks to wait {wait:.0f} s"
            except errors.TelegramError as error:
                wait = min(30.0, backoff(attempt, random.random()))  # noqa: S311 - spreads load
                self.problem = f"Telegram cannot be reached: {error}"
            self._log.warning("not connected", reason=self.problem, again_seconds=round(wait, 1))
            await asyncio.sleep(wait)
        return None  # pragma: no cover - the range does not end

    async def _line(self, api: Api, files: Api, settings: Settings, me: dict[str, Any]) -> Line:
        def work(connection: sqlite3.Connection) -> tuple[int, bytes]:
            bot = chats.bot(connection, settings.telegram.api_base, int(me["id"]))
            return bot, facts.get_or_make(connection, "card_key", codes.new_key)

        bot, key = await self._store.run(work)
        pauses = self._pauses = Pauses(self._store, bot)
        await pauses.load()
        await self._audience.load()
        # As they are now, not as they were when this line began: a change meanwhile found no line to tell.
        pacing = self._pacing = Pacing(**msgspec.structs.asdict(self._live.current.pacing))
        return Line(api, files, bot, key, pauses, pacing)

    async def _work(self, line: Line, poll_api: Api, settings: Settings, me: dict[str, Any]) -> None:
        topics = self._topics = Topics(
            self._store,
            line,
            most=self._most_topics,
            in_private=me.get("has_topics_enabled") is True,
            log=self._log,
        )
        await topics.load()
        outbound = self._outbound = Outbound(
            self._store,
            line,
            audience=self._audience,
            topics=topics,
            allowed=self._allowed,
            manner=self._manner,
            figures=self._figures,
            faults=self._faults,
            bounds=lambda: self._live.current.lanes,
            standing=self._standing,
            held=self._held,
            token_refused=self._refused,
            arrived=self.closed,
            turn=self._turn,
            log=self._log,
        )
        cards = self._cards = Cards(
            self._store, line, allowed=self._allowed, manner=self._manner, log=self._log
        )
        courtesies = Courtesies(log=self._log)
        inbound = Inbound(
            self._store,
            line,
            audience=self._audience,
            allowed=self._allowed,
            holds=self._holds,
            manner=self._manner,
            modes=self._modes(),
            desk=self._desk,
            broom=Broom(
                self._store,
                line,
                self._cleaning,
                courtesies=courtesies,
                queued=outbound.wake,
                log=self._log,
            ),
            courtesies=courtesies,
            bells=Bells(
                answered=self._answered, queued=outbound.wake, revived=outbound.revive, killed=outbound.kill
            ),
            me=access.Me(int(me["id"]), str(me.get("username", ""))),
            figures=self._figures,
            log=self._log,
        )
        start = await self._store.run(lambda c: updates.offset(c, line.bot))
        poller = self._poller = Poller(
            poll_api,
            inbound.keep,
            offset=start or None,
            poll_seconds=lambda: self._live.current.telegram.poll_seconds,
            token_refused=self._give_way,
        )
        self.problem = None
        self._log.info("connected", bot=me.get("username"), api_base=settings.telegram.api_base)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._faults.keep("sending", outbound.run), name="outbound")
            group.create_task(self._faults.keep("editing cards", cards.run), name="cards")
            group.create_task(self._faults.keep("handling updates", inbound.run), name="inbound")
            group.create_task(self._faults.keep("courtesies", courtesies.run), name="courtesies")
            group.create_task(poller.run(), name="poll")
            group.create_task(self._introduce(line.api), name="commands")

    def _most_topics(self) -> int:
        display = self._live.current.display
        return display.max_topics if display.project_topics else 0

    def _allowed(self) -> tuple[int, ...]:
        return self._live.current.telegram.allowed_users

    async def _introduce(self, api: Api) -> None:
        try:
            await api.set_my_commands(commands.COMMANDS)
        except errors.TelegramError as error:
            self._log.warning("commands not set", reason=str(error))

    def _refused(self, reason: str) -> None:
        origin = self._live.loaded.origins["telegram.token"]
        words, cure = _place_of(origin)
        self._needs_a_person = True
        self.problem = f"Telegram refuses the token {words} ({reason}): {cure}; everything is kept"
        self._log.error("token refused", reason=reason, origin=origin)
        self._give_way()

    def _give_way(self) -> None:
        if self._token is not None:
            self._live.refuse(self._token)


def _place_of(origin: str) -> tuple[str, str]:
    """Say where a refused token came from, as config.load names it, and what to do about it."""
    if origin == "flag":
        return "that came by the pipe", "put the right one into .env in the home, which then counts"
    if origin.startswith("environment"):
        return (
            f"of the {origin}",
            "put the right one into .env in the home, which then counts, or start the bridge again with it",
        )
    return f"of {origin}", "put the right one there"


def _named(chats: dict[int, str]) -> dict[str, str]:
    return {str(chat): reason for chat, reason in chats.items()}
