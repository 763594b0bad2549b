"""The settings in force, reloaded when their files change.

A change is read as a whole and swapped in one step: readers see the old snapshot or the new one. Settings
that cannot be read are refused, and the last good ones stay in force. A setting that needs a restart keeps
its value (restart.py).

A watch on the directories of the files reports changes. Where it reports nothing (a network mount), the
files are compared every `config.ttl_seconds` while `watch` runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, Final

from cctelegram import _native
from cctelegram.config.errors import SettingsError
from cctelegram.config.load import load
from cctelegram.config.restart import Waiting, hold
from cctelegram.config.sources import NAMES, Sources, Version
from cctelegram.retry import DISK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cctelegram.config.load import Loaded
    from cctelegram.config.secret import Secret
    from cctelegram.config.settings import Settings

# Seconds without a change after which those before are one reload, and how many times they are waited for.
STEP: Final = 0.2
STEPS: Final = 2
# Seconds to wait for a file that is gone or empty: it may be in the middle of a write.
WRITING: Final = 0.5
# Seconds between two checks during that wait.
WRITING_INTERVAL: Final = 0.05


class Live:
    """The settings of a home; `current` is the snapshot in force.

    Args:
        clock: monotonic seconds.

    Raises:
        SettingsError: the settings cannot be read at the start; a later invalid change is refused instead.
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
        self._changed = asyncio.Event()
        self._moved = False  # the watched directories are no longer those of the files
        self._read_at = self._clock()
        self._compared()

    @property
    def current(self) -> Settings:
        """The snapshot in force, from any thread; hold on to it to read two settings that belong together."""
        if self._fresh:  # a flag instead of a clock: reading the time costs as much as all the rest
            self.hits += 1
        else:
            self.misses += 1  # the watch compares the files: a read waits for no disk and wakes no loop
        return self.loaded.settings

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each swap and each refusal."""
        self._listeners.append(listener)

    def figures(self) -> dict[str, Any]:
        """Return the counts since the start, and the age of the snapshot in seconds.

        `hits` are reads of a snapshot younger than its time to live, `misses` reads of an older one, which is
        then compared with its files. `compared_seconds`: time since it was last known to match its files.
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
        """Read the sources again; return whether they were accepted. `refused` says why not."""
        self._take(*self._read())
        return self.refused is None

    def refuse(self, token: Secret) -> None:
        """Replace a token that Telegram refused by the one in .env, present now or written later.

        Without another token it stays in force. A change of `telegram.api_base` makes all refused tokens
        eligible again.
        """
        if token not in self._refused_tokens:
            self._refused_tokens |= {token}
            self.reload()

    async def compare(self, *, sure: bool = False) -> None:
        """Reload if the files changed; with `sure`, reload in any case.

        Disk reads run in a thread; the swap happens in the event loop, between two steps of any task.
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
        loop = asyncio.get_running_loop()
        names: set[str | None] = set()

        def note(name: str | None) -> None:
            names.add(name)
            self._changed.set()

        def report(name: str | None) -> None:  # in the thread of the watch
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(note, name)

        while True:
            directories = await asyncio.to_thread(self._sources.directories)
            self._moved = False
            if not directories:
                await self.compare()  # a missing home is a version of its own
                await asyncio.sleep(DISK.first)
                continue
            changes = await asyncio.to_thread(_native.Changes, list(directories), report)
            try:
                await self.compare()  # finds what changed before the watch
                while not self._moved:
                    await self._changed.wait()
                    for _ in range(STEPS):
                        self._changed.clear()
                        await asyncio.sleep(STEP)
                        if not self._changed.is_set():
                            break
                    self._changed.clear()
                    written = {name for name in names if name is None or name in NAMES}
                    names.clear()
                    await self.compare(sure=bool(written))
                    if await asyncio.to_thread(self._sources.directories) != directories:
                        break
            finally:
                changes.close()

    async def _follow_age(self) -> None:
        while True:
            self._just_compared.clear()
            left = self._compared_at + self.loaded.settings.config.ttl_seconds - self._clock()
            self._fresh = left > 0
            if not self._fresh:
                await self.compare()
                # The watch reported nothing, so restart it too: the directory may have been replaced.
                self._moved = True
                self._changed.set()
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._just_compared.wait()

    async def _written(self, version: Version) -> None:
        """Wait for a short time while a file that had content is gone or empty."""
        deadline = self._clock() + WRITING
        while self._sources.is_cut_short(self._version, version) and self._clock() < deadline:
            await asyncio.sleep(WRITING_INTERVAL)
            version = await asyncio.to_thread(self._sources.version)

    def _read(self) -> tuple[Version, Loaded | SettingsError]:
        # The version comes first: a write during the read then shows up as another version.
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
                return  # touched, or rewritten without a change
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
