"""The settings in force, and when they are read again.

A change is read whole and swapped in one step: readers hold the old snapshot or the new one. One that
cannot be read is refused, and the last good one stays in force. What needs a restart stays as it is
(restart.py).

A watch on the directories in which the files lie reports a change. Where it does not (a network mount), the
files are compared every `config.ttl_seconds`, as long as settings are read.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cctelegram.absent import importing
from cctelegram.config.errors import SettingsError
from cctelegram.config.load import load
from cctelegram.config.restart import Waiting, hold
from cctelegram.config.sources import NAMES, Sources, Version

with importing("watchfiles"):
    import watchfiles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cctelegram.config.load import Loaded
    from cctelegram.config.secret import Secret
    from cctelegram.config.settings import Settings

# Milliseconds in which changes are gathered into one reading; measured at 0.04 % of a core.
STEP: Final = 200
# Milliseconds after which the watch looks up although nothing happened.
LOOK_UP: Final = 60_000
# A file that is gone or empty may be one that is being written: so many seconds are given to who writes it.
WRITING: Final = 0.5
# Between two looks while it is, and while the home is not there.
LOOK: Final = 0.05
HOME_AGAIN: Final = 1.0


class Live:
    """The settings of a home; `current` is the snapshot in force.

    Args:
        clock: seconds that only go forward.

    Raises:
        SettingsError: the settings cannot be read at the start; a later bad change is refused instead.
    """

    def __init__(
        self,
        home: str,
        environ: Mapping[str, str],
        flags: Mapping[str, object],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._given = (home, environ, flags)
        self._clock = clock
        self._sources = Sources(home)
        self._version = self._sources.version()
        self.loaded: Loaded = load(home, environ, flags)
        self.refused: str | None = None
        self._refused_tokens: frozenset[Secret] = frozenset()
        self.restart: tuple[Waiting, ...] = ()
        self.hits = self.misses = self.reloads = self.refusals = self.compared = 0
        self._listeners: list[Callable[[], None]] = []
        self._reading = asyncio.Lock()
        self._just_compared = asyncio.Event()
        self._moved = asyncio.Event()  # what is watched is not where the files are
        self._read_at = self._clock()
        self._compared()

    @property
    def current(self) -> Settings:
        """The snapshot in force, from any thread; keep it to read two settings that belong together."""
        if self._fresh:  # a flag and no clock: asking for the time costs as much as all the rest
            self.hits += 1
        else:
            self.misses += 1  # the watch sees it and compares: a read waits for no disk and wakes no loop
        return self.loaded.settings

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each swap and each refusal."""
        self._listeners.append(listener)

    def figures(self) -> dict[str, Any]:
        """Return what was counted since the start, and the age of the snapshot in seconds.

        `hits` were answered by a snapshot that is younger than its time to live, `misses` by an older one,
        which is then compared with its files. `compared_seconds` ago it was last known to be what they say.
        """
        reads, now = self.hits + self.misses, self._clock()
        return {
            "hits": self.hits,
            "misses": self.misses,
            "hit_rate": round(self.hits / reads, 6) if reads else None,
            "reloads": self.reloads,
            "refused": self.refusals,
            "age_seconds": round(now - self._read_at, 3),
            "compared_seconds": round(now - self._compared_at, 3),
        }

    def reload(self) -> bool:
        """Read the sources again; returns whether they were taken. `refused` says why not."""
        self._take(*self._read())
        return self.refused is None

    def refuse(self, token: Secret) -> None:
        """Let a token that Telegram refused give way to the one in .env, there now or written there later.

        Without another it stays in force. All are tried again when `telegram.api_base` changes.
        """
        if token not in self._refused_tokens:
            self._refused_tokens |= {token}
            self.reload()

    async def compare(self, *, sure: bool = False) -> None:
        """Look whether the files changed, and reload if so; with `sure`, reload anyway.

        The disk is waited for in a thread; the swap happens in the loop, between two steps of any task.
        """
        async with self._reading:
            version = await asyncio.to_thread(self._sources.version)
            if version == self._version and not sure:
                self._compared()
                return
            await self._written(version)
            self._take(*await asyncio.to_thread(self._read))

    async def watch(self, stop: asyncio.Event) -> None:
        """Reload at each change of a source file until `stop` is set."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._follow_files()), group.create_task(self._follow_age())]
            await stop.wait()
            for task in tasks:
                task.cancel()

    async def _follow_files(self) -> None:
        while True:
            places = await asyncio.to_thread(self._sources.places)
            self._moved.clear()
            if not places:
                await self.compare()  # the home is gone, which is another version of it
                await asyncio.sleep(HOME_AGAIN)
                continue
            changes = watchfiles.awatch(
                *places,
                watch_filter=None,
                step=STEP,
                debounce=STEP * 2,
                rust_timeout=LOOK_UP,
                recursive=False,
                stop_event=self._moved,
                ignore_permission_denied=True,
            )
            # The first step of the iterator sets the watch; what changed before it is seen by looking.
            following = asyncio.ensure_future(anext(changes, None))
            try:
                await asyncio.sleep(0)
                await self.compare()
                while (found := await following) is not None:
                    await self.compare(sure=any(Path(path).name in NAMES for _, path in found))
                    if await asyncio.to_thread(self._sources.places) != places:
                        break
                    following = asyncio.ensure_future(anext(changes, None))
            finally:
                # A step that is under way ends first: an iterator that runs cannot be closed.
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
                await changes.aclose()

    async def _follow_age(self) -> None:
        while True:
            self._just_compared.clear()
            left = self._compared_at + self.loaded.settings.config.ttl_seconds - self._clock()
            self._fresh = left > 0
            if not self._fresh:
                await self.compare()
                # Where the watch reports nothing, it is made again as well: the directory may be another one.
                self._moved.set()
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._just_compared.wait()

    async def _written(self, version: Version) -> None:
        """Wait, for a short time, while a file that was there is gone or empty."""
        deadline = self._clock() + WRITING
        while self._sources.is_cut_short(self._version, version) and self._clock() < deadline:
            await asyncio.sleep(LOOK)
            version = await asyncio.to_thread(self._sources.version)

    def _read(self) -> tuple[Version, Loaded | SettingsError]:
        # The version first: what is written while the files are read is another one.
        version = self._sources.version()
        try:
            self._sources.check()
            read = load(*self._given, self._refused_tokens)
            if read.settings.telegram.api_base != self.loaded.settings.telegram.api_base:
                self._refused_tokens = frozenset()
                read = load(*self._given)
        except SettingsError as error:
            return version, error
        return version, read

    def _take(self, version: Version, read: Loaded | SettingsError) -> None:
        self._version = version
        if isinstance(read, SettingsError):
            self.refusals += 1
            self.refused = str(read)
        else:
            held, restart = hold(self.loaded, read)
            if (held, restart, None) == (self.loaded, self.restart, self.refused):
                self._compared()
                return  # touched, or written as it was
            self.reloads += 1
            self.loaded, self.restart, self.refused = held, restart, None
            self._read_at = self._clock()
        self._compared()
        for listener in self._listeners:
            listener()

    def _compared(self) -> None:
        self.compared += 1
        self._compared_at = self._clock()
        self._fresh = True
        self._just_compared.set()
