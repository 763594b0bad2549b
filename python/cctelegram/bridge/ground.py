"""What the bridge stands on, looked at whenever something wakes anyway: its files and the clocks.

A home that is removed and made anew takes the lock, `bridge.json` and the store with it; all are made anew.
A machine that slept has dead connections, and a clock that was set makes waits wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cctelegram.bridge import lock, state
from cctelegram.bridge.jumps import Jump, Jumps
from cctelegram.outbox.opened import identity, is_gone

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cctelegram.outbox.store import Store
    from cctelegram.spool.lock import FileLock

TAKEN: Final = "the home was removed, and another bridge serves the one that was made anew: stop one of them"


class Ground:
    """Looks after a home's files.

    Args:
        directory: its state directory.
        jumps: a seam for tests.

    Raises:
        lock.AlreadyRunning: another bridge serves the home.
    """

    def __init__(self, directory: Path, *, jumps: Jumps | None = None) -> None:
        self._state = directory
        self._lock: FileLock = lock.hold_home(directory)
        self._held = identity(directory / lock.NAME)
        self._jumps = jumps or Jumps()
        self.problem: str | None = None

    def release(self) -> None:
        """Give the lock back."""
        self._lock.unlock()

    def look(self, store: Store, write: Callable[[], None], jumped: Callable[[Jump], None], log: Any) -> None:
        """Make anew what is not there any more; when all is, it costs a few looks at names.

        Args:
            write: told that `bridge.json` is gone, alone or with the home.
            jumped: told of a machine that slept and of a clock that was set.
        """
        jump = self._jumps.look()
        if jump is not None:
            log.warning("time jumped", slept_seconds=round(jump.slept), set_by_seconds=round(jump.set_by))
            jumped(jump)
        store.look()
        try:
            self._hold(write, log)
        except lock.AlreadyRunning:
            self.problem = TAKEN
        except OSError as error:
            self.problem = f"cannot write {self._state}: {error.strerror or error}"
        else:
            self.problem = None

    def _hold(self, write: Callable[[], None], log: Any) -> None:
        if not is_gone(self._state / lock.NAME, self._held):
            if not (self._state / state.NAME).exists():
                write()
            return
        held = lock.hold_home(self._state)
        self._lock.unlock()
        self._lock, self._held = held, identity(self._state / lock.NAME)
        write()
        log.warning("home made anew", state=str(self._state))
