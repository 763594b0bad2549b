"""The settings in force, and the watch on the files they come from.

A change is read whole and swapped in one step: readers hold the old snapshot or the new one. One that
cannot be read is refused, and the last good one stays in force.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

from cctelegram.config.errors import SettingsError
from cctelegram.config.load import load

# `import watchfiles` brings along what restarts processes at a change, and with it multiprocessing. A module
# in the place of `watchfiles.run` keeps them out.
_RUN = "watchfiles.run"
_had = _RUN in sys.modules
if not _had:
    _empty = ModuleType(_RUN)
    for _name in ("arun_process", "run_process"):
        setattr(_empty, _name, None)
    sys.modules[_RUN] = _empty
import watchfiles  # noqa: E402 - after the block above

if not _had:
    del sys.modules[_RUN]

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cctelegram.config.load import Loaded
    from cctelegram.config.settings import Settings

NAMES: Final = frozenset({"config.toml", ".env"})
# Milliseconds in which changes are gathered into one reading; measured at 0.04 % of a core.
STEP: Final = 200
# Milliseconds after which the watch looks up although nothing happened.
LOOK_UP: Final = 60_000


class Live:
    """The settings of a home; `current` is the snapshot in force.

    Raises:
        SettingsError: the settings cannot be read at the start; a later bad change is refused instead.
    """

    def __init__(self, home: str, environ: Mapping[str, str], flags: Mapping[str, object]) -> None:
        self._sources = (home, environ, flags)
        self._stamps = self._look()
        self.loaded: Loaded = load(home, environ, flags)
        self.refused: str | None = None
        self._listeners: list[Callable[[], None]] = []

    @property
    def current(self) -> Settings:
        """The snapshot in force."""
        return self.loaded.settings

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each swap and each refusal."""
        self._listeners.append(listener)

    def reload(self) -> bool:
        """Read the sources again; returns whether they were taken. `refused` says why not."""
        self._stamps = self._look()
        try:
            self.loaded = load(*self._sources)
            self.refused = None
        except SettingsError as error:
            self.refused = str(error)
        for listener in self._listeners:
            listener()
        return self.refused is None

    async def watch(self, stop: asyncio.Event) -> None:
        """Reload at each change of a source file until `stop` is set."""
        home = Path(self._sources[0])
        changes = watchfiles.awatch(
            home,
            watch_filter=lambda _, path: Path(path).name in NAMES and Path(path).parent == home,
            step=STEP,
            debounce=STEP * 2,
            rust_timeout=LOOK_UP,
            recursive=False,
            stop_event=stop,
            ignore_permission_denied=True,
        )
        # The first step of the iterator sets the watch; what changed before it was set is seen by looking.
        following = asyncio.ensure_future(anext(changes, None))
        await asyncio.sleep(0)
        if self._look() != self._stamps:
            self.reload()
        while await following is not None:
            self.reload()
            following = asyncio.ensure_future(anext(changes, None))

    def _look(self) -> tuple[tuple[int, int, int] | None, ...]:
        """Give what tells one version of the source files from another."""
        return tuple(_stamp(Path(self._sources[0]) / name) for name in sorted(NAMES))


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_size)
