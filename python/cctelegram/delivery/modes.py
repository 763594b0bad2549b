"""What reaches the phone: everything (nomad), what matters (local), nothing (muted); quiet hours and rules.

The mode survives restarts, and so does the end of a timed mute. Held deliveries stay in the store with their
reason, and a digest summarizes them: when `muted` ends, when the quiet hours end, and from time to time for
those that `local` and rules hold.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cctelegram.config.zone import zone
from cctelegram.delivery import digest
from cctelegram.delivery.digest_log import log_digest
from cctelegram.policy.judge import JUDGED_BY, LOCAL, MUTED, NOMAD, QUIET, RULE_DIGEST, PolicyState, judge
from cctelegram.policy.mode import ModeState
from cctelegram.policy.quiet import quiet
from cctelegram.runtime import clock
from cctelegram.runtime.component import Component
from cctelegram.runtime.signals import (
    ClockJumped,
    DeliveriesQueued,
    DeliveryHeld,
    EventsDigested,
    EventsStored,
    SettingsChanged,
    StoreReplaced,
)
from cctelegram.store import facts
from cctelegram.times import duration
from cctelegram.times.instant import moment

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection
    from datetime import tzinfo

    from cctelegram.policy.quiet import Quiet
    from cctelegram.runtime.context import Context
    from cctelegram.store.intake import Row
    from cctelegram.store.judgement import Judgement

# What each mode does, as the confirmation of a change of mode states it.
MODES: Final = {
    NOMAD: "everything reaches the phone, with sound for what needs you",
    LOCAL: "what needs you, completions and failures reach the phone; one silent digest summarizes the rest",
    MUTED: "nothing reaches the phone until you end it; events are held",
}
FACT: Final = "mode"
# The longest timed mute, in seconds.
MAX_MUTE: Final = 366 * 86_400
# The wall clock may step during a sleep: while a deadline is pending, check again this often, in seconds.
MAX_SLEEP: Final = 60.0
TITLES: Final = {
    MUTED: "{events} while muted",
    QUIET: "{events} during quiet hours",
    LOCAL: "{events} held while you are local",
    RULE_DIGEST: "{events} held by your rules",
}


class Change(NamedTuple):
    """A mode to enter, and the sentence that confirms it."""

    state: ModeState
    confirmation: str


class Entered(NamedTuple):
    """A mode was entered: the chats with newly queued deliveries, events in digests, deliveries held."""

    chats: Collection[int]
    digested: int = 0
    held: int = 0


class Modes(Component):
    """The mode of a home; `mode.initial` until one is set."""

    name = "applying the mode"
    wakes_on = (DeliveryHeld, SettingsChanged, ClockJumped)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._state = ModeState(context.settings.mode.initial)
        self._holding = False
        self._maybe_lost = False  # whether the store may have lost the mode
        self._since: float | None = None  # when the next digest of `local` and rules began to fill, monotonic

    @property
    def current(self) -> str:
        """The mode in effect now."""
        return self._state.at(clock.wall())

    @property
    def until(self) -> int | None:
        """When (us) a timed mute ends; None when it has no end of its own."""
        return self._state.until if self.current == MUTED else None

    def status(self) -> dict[str, Any]:
        """Return the mode in effect, and when (us) it ends by itself."""
        return {"mode": self.current, "mode_until": self.until}

    def holds(self) -> str | None:
        """Return the reason why even questions and notices are held now, or None."""
        return MUTED if self.current == MUTED else None

    def policy(self) -> PolicyState:
        """Return the current policy state, for one judgement or a batch of them."""
        settings, now = self._context.settings, clock.wall()
        quiet_now = self._quiet(now)
        return PolicyState(
            self._state.at(now), None if quiet_now is None else quiet_now.let_through, settings.rules
        )

    def batch_judge(self) -> Callable[[Row], Judgement]:
        """Return the judge of the events that are being stored."""
        policy = self.policy()
        known: dict[Row, Judgement] = {}

        def judged(row: Row) -> Judgement:
            key = JUDGED_BY(row)
            found = known.get(key)
            if found is None:
                found = known[key] = judge(policy, row)
                self._holding |= found.state == "held"
            return found

        return judged

    async def load(self) -> None:
        """Load the mode that was set before."""
        stored = await self._store.run(lambda c: facts.get(c, FACT))
        found = None if stored is None else ModeState.unpack(stored)
        if found is not None and found.mode in MODES:
            self._state = found

    def _listeners(self) -> dict[type, Callable[[Any], None]]:
        return {**super()._listeners(), EventsStored: self._stored, StoreReplaced: self._replaced}

    def _replaced(self, _: StoreReplaced) -> None:
        self._maybe_lost = True
        self._wake.set()

    def _stored(self, _: EventsStored) -> None:
        """Wake if one of the judged events is held."""
        if self._holding:
            self._holding = False
            self._wake.set()

    async def change(self, mode: str, duration: str | None = None) -> str:
        """Change the mode, durably on return; return the sentence that confirms it.

        Args:
            duration: for `muted`, such as "1h" or "30m"; afterwards the previous mode returns.

        Raises:
            ValueError: the mode is unknown, or the duration is invalid.
        """
        change = self.prepare(mode, duration)
        # Events stored from now on are judged by the new mode; the earlier ones are settled below.
        self._state = change.state
        self.complete(change, await self._store.run(lambda c: self.enter(c, change)))
        return change.confirmation

    def prepare(self, mode: str, duration: str | None = None, asked_at: int | None = None) -> Change:
        """Return the change that `enter` makes in the caller's transaction.

        Args:
            duration: as in `change`.
            asked_at: when a person asked for it (us), the start of the duration; now, when omitted.

        Raises:
            ValueError: the mode is unknown, or the duration is invalid or already over.
        """
        if mode not in MODES:
            raise ValueError(f"unknown mode {mode!r}; the modes are {', '.join(MODES)}")
        now = clock.wall()
        if duration is None:
            return Change(self._state.change(mode, None, now), f"Mode {mode}: {MODES[mode]}.")
        begins = now if asked_at is None else min(asked_at, now)
        until = begins + _microseconds(mode, duration)
        local = self._zone()
        if until <= now:
            raise ValueError(
                f"the message was sent at {moment(begins, local)}, so the mute already ended at "
                f"{moment(until, local)}: send it again to mute now"
            )
        until_then = "nothing reaches the phone until then; events are held."
        return Change(
            self._state.change(mode, until, now), f"Mode muted until {moment(until, local)}: {until_then}"
        )

    def enter(self, connection: sqlite3.Connection, change: Change) -> Entered:
        """Enter a mode in the caller's transaction."""
        return self._enter(connection, change.state, by_hand=True)

    def complete(self, change: Change, entered: Entered) -> None:
        """Complete a change, once the transaction of `enter` is durable."""
        self._state = change.state
        self._log.info("mode.changed", mode=self._state.mode, until=self._state.until)
        self._signal(entered)
        self._wake.set()

    def digest_now(self, connection: sqlite3.Connection) -> tuple[list[str], digest.Made]:
        """Queue digests of everything that is held, unless the mode is `muted`.

        Returns:
            The lines that answer /digest, and the digests.
        """
        if self.current == MUTED:
            return [
                "Muted: no digest is sent now",
                "Held messages are summarized when the mode ends: /nomad or /local.",
            ], digest.NONE
        held = digest.count_reasons(connection)
        if not held:
            return ["No messages are held"], digest.NONE
        count = sum(held.values())
        summary = (
            "1 held message sent as a digest" if count == 1 else f"{count} held messages sent as a digest"
        )
        return [summary], self._queue_digests(connection, held)

    async def _work(self) -> None:
        """End a timed mute, and make the digest of held deliveries when it is due; sleep otherwise."""
        while True:
            if self._maybe_lost:
                await self._store.run(lambda c: facts.get_or_make(c, FACT, self._state.pack))
                self._maybe_lost = False
            await self._wake.wait(await self._check())

    async def _check(self) -> float | None:
        """Do what is due; return the seconds until the next check, None when only a wake-up causes it."""
        now = clock.wall()
        if self._state.is_over(now):
            new = self._state = ModeState(self._state.back)
            self._log.info("mode.changed", mode=new.mode, until=None)
            self._signal(await self._store.run(lambda c: self._enter(c, new, by_hand=False)))
        if self._state.mode == MUTED:
            return _sleep(self._state.until, now)
        held = await self._store.run(digest.reasons_held) & TITLES.keys()
        quiet_now = self._quiet(now)
        if not held:
            self._since = None
            return None
        if quiet_now is not None:
            return _sleep(quiet_now.ends, now)
        left = 0.0
        if held <= {LOCAL, RULE_DIGEST}:  # these wait for a digest's worth
            if self._since is None:
                self._since = clock.monotonic()
            left = self._since + self._context.settings.lanes.digest_seconds - clock.monotonic()
        if left > 0:
            return left
        self._since = None
        self._signal(Entered(*await self._store.run(lambda c: self._queue_digests(c, held))))
        return None

    def _signal(self, entered: Entered) -> None:
        self._signals.send(DeliveriesQueued(entered.chats))
        if entered.digested:
            self._signals.send(EventsDigested(entered.digested))
        if entered.held:
            self._signals.send(DeliveryHeld({MUTED: entered.held}))

    def _zone(self) -> tzinfo:
        return zone(self._context.settings.display.timezone)

    def _quiet(self, now: int) -> Quiet | None:
        hours = self._context.settings.mode.quiet_hours
        return quiet(hours, self._zone(), now) if hours else None

    def _enter(self, connection: sqlite3.Connection, new: ModeState, *, by_hand: bool) -> Entered:
        facts.put(connection, FACT, new.pack())
        if new.mode == MUTED:
            held = digest.hold_queued(connection, MUTED)
            digest.hold_again(connection, (QUIET, LOCAL, RULE_DIGEST), MUTED)  # one digest covers all
            return Entered(set(), held=held)
        if not by_hand and self._quiet(clock.wall()) is not None:
            # The phone is unattended: the digest at the end of the quiet hours covers what was muted.
            chats = digest.requeue_questions(connection, (MUTED,))
            digest.hold_again(connection, (MUTED,), QUIET)
            return Entered(chats)
        muted = self._queue_digests(connection, (MUTED,))
        local = digest.NONE if new.mode == LOCAL else self._queue_digests(connection, (LOCAL,))
        return Entered({*muted.chats, *local.chats}, muted.events + local.events)

    def _queue_digests(self, connection: sqlite3.Connection, reasons: Collection[str]) -> digest.Made:
        title = next((title for reason, title in TITLES.items() if reason in reasons), "{events} held")
        return digest.of_held(
            connection,
            reasons,
            title,
            clock.wall(),
            self._zone(),
            silent=True,
            made=partial(log_digest, self._log),
        )


def _microseconds(mode: str, text: str) -> int:
    if mode != MUTED:
        raise ValueError(f"only muted takes a duration, not {mode}")
    seconds = duration.seconds(text)
    if not 0 < seconds <= MAX_MUTE:
        raise ValueError(f"a mute lasts more than 0 s and at most 366 days, not {text}")
    return int(seconds * 1_000_000)


def _sleep(until: int | None, now: int) -> float | None:
    return None if until is None else min(MAX_SLEEP, max(0.0, (until - now) / 1_000_000))
