"""One bridge a home, and one a token for a user, by locks that end with the process.

Elsewhere Telegram's own 409 tells of a second bridge with the same token.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cctelegram.spool.lock import FileLock, is_locked
from cctelegram.store.connection import identity, is_gone

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME: Final = "bridge.lock"
# In the home of the account, where every way to start a bridge meets. XDG_STATE_HOME, XDG_RUNTIME_DIR, TMPDIR
# and HOME are not asked: a desktop session, a cron job, ssh and sudo differ in them.
FOLDER: Final = ".local/state/cctelegram/locks"
# A bridge that starts waits for a command that changes the store for so many seconds.
PATIENCE: Final = 3.0


class AlreadyRunning(Exception):
    """Another bridge holds the home or the token."""


class Unusable(Exception):
    """The token's lock cannot be kept: its directory is one that others can change, or cannot be written."""


class HomeLock:
    """The lock of a home, held: who has it is its one bridge, and the one owner of its store.

    It is `state/bridge.lock` with our process id in it, and held until `unlock`, or until nobody refers to
    it any more.

    Raises:
        AlreadyRunning: another process has it.
    """

    def __init__(self, state: Path) -> None:
        self.directory = state
        self._lock: FileLock | None = None
        self._identity: tuple[int, int] | None = None
        self.hold()

    @property
    def is_held(self) -> bool:
        """Whether the file that has the lock's name is the one that is locked."""
        return self._lock is not None and not is_gone(self.directory / NAME, self._identity)

    def hold(self) -> None:
        """Take the lock again where its file was removed.

        Raises:
            AlreadyRunning: another process has it.
        """
        if self.is_held:
            return
        lock = FileLock(str(self.directory / NAME))
        if not lock.try_lock():
            raise AlreadyRunning(
                f"A bridge already serves {self.directory.parent}. See `cctelegram status`; one bridge is "
                "enough."
            )
        lock.write(f"{os.getpid()}\n".encode())
        self._lock, self._identity = lock, identity(self.directory / NAME)

    def unlock(self) -> None:
        """Give the lock back."""
        self._lock = None


def hold_home(state: Path) -> HomeLock:
    """Lock a home as a bridge does: a command that has the lock for a moment is waited for.

    Raises:
        AlreadyRunning: another bridge serves this home, or a command has it for more than `PATIENCE`.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return HomeLock(state)
        except AlreadyRunning:
            if _is_bridge(state) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)  # a lock of the operating system rings no bell


def _is_bridge(state: Path) -> bool:
    """Whether who holds the lock says that it serves."""
    try:
        holder = (state / NAME).read_text().strip()
        return f'"pid":{holder},' in (state / "bridge.json").read_text()
    except OSError:
        return False


def hold_token(token: str, folder: Path | None = None) -> FileLock:
    """Lock a bot token for this user on this machine; the file's name is a hash, never the token.

    Files that killed bridges left in the directory are removed; `FileLock.remove` gives the lock back.

    Args:
        folder: where the locks lie; by default the one place of this account.

    Raises:
        AlreadyRunning: another home's bridge uses the token.
        Unusable: there is no directory where the lock is safe.
    """
    digest = hashlib.sha256(b"cctelegram token lock\0" + token.encode()).hexdigest()[:32]
    lock, folder = _first_usable([folder] if folder is not None else list(_folders()), f"bot-{digest}.lock")
    if lock is None:
        raise AlreadyRunning(
            "Another bridge on this machine uses the same bot token (from another home). "
            "Telegram allows one reader a token: stop the other, or give this home a bot of its own."
        )
    lock.write(f"{os.getpid()}\n".encode())
    _remove_stale(folder)
    return lock


class TokenLock:
    """The lock of the one token that a bridge uses."""

    def __init__(self) -> None:
        self._held: tuple[str, FileLock] | None = None

    def hold(self, token: str) -> None:
        """Lock `token`, and give back the one before.

        Raises:
            AlreadyRunning: another bridge on this machine uses it.
            Unusable: there is no directory where the lock is safe.
        """
        if self._held is None or self._held[0] != token:
            self.release()
            self._held = (token, hold_token(token))

    def release(self) -> None:
        """Give the lock back; its file goes."""
        if self._held is not None:
            held, self._held = self._held[1], None
            with contextlib.suppress(OSError):  # the next bridge removes it
                held.remove()


def _first_usable(folders: list[Path], name: str) -> tuple[FileLock | None, Path]:
    """Return the lock in the first directory that can be written; None for one that another process holds."""
    problems = []
    for folder in folders:
        try:
            _make(folder)
            lock = FileLock(str(folder / name))
            return (lock if lock.try_lock() else None), folder
        except OSError as error:
            problems.append(f"{folder}: {error.strerror or error}")
    raise Unusable(
        f"The lock of the bot token cannot be kept ({'; '.join(problems)}). It keeps two bridges "
        "from one token: make one of these directories writable, and start the bridge again."
    )


def _folders() -> Iterator[Path]:
    """Yield where the locks of this account lie: in its home; in /tmp where it cannot write there."""
    if os.name != "posix":
        yield Path.home() / "AppData" / "Local" / "cctelegram" / "locks"
        return
    import pwd  # noqa: PLC0415 - POSIX has it alone

    user = os.getuid()
    with contextlib.suppress(KeyError):  # a container's user without an account
        home = Path(pwd.getpwuid(user).pw_dir)
        if home.is_dir():
            yield home / FOLDER
    yield Path("/tmp") / f"cctelegram-{user}"  # noqa: S108 - made 0700 and checked


def _make(folder: Path) -> None:
    """Make the directory, 0700. Raises Unusable for a link and for one that others can write to."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700, parents=True)
    if os.name != "posix":
        return
    found = folder.lstat()
    wrong = None
    if stat.S_ISLNK(found.st_mode):
        wrong = "it is a link"
    elif not stat.S_ISDIR(found.st_mode):
        wrong = "it is no directory"
    elif found.st_uid != os.getuid():
        wrong = f"it belongs to user {found.st_uid}, and this is user {os.getuid()}"
    elif found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        wrong = "other users can write to it"
    if wrong is not None:
        raise Unusable(
            f"The lock of the bot token cannot be kept in {folder}: {wrong}, so two bridges could use one "
            "token. Remove it, and start the bridge again."
        )


def _remove_stale(folder: Path) -> None:
    for file in folder.glob("bot-*.lock"):
        with contextlib.suppress(OSError):
            stale = FileLock(str(file))
            if not is_locked(file) and stale.try_lock():
                stale.remove()
