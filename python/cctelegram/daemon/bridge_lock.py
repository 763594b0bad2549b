"""Locks that end with the process: one bridge per home, and one per token and user.

A second bridge with the same token elsewhere shows as Telegram's error 409.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cctelegram.spool.file_lock import FileLock, is_locked
from cctelegram.store.connection import identity, is_gone

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME: Final = "bridge.lock"
# In the home of the account, which is the same however a bridge is started. XDG_STATE_HOME, XDG_RUNTIME_DIR,
# TMPDIR and HOME are not used: they differ between a desktop session, a cron job, ssh and sudo.
FOLDER: Final = ".local/state/cctelegram/locks"
# Seconds that a starting bridge waits for a command that changes the store.
PATIENCE: Final = 3.0


class AlreadyRunning(Exception):
    """Another bridge holds the home or the token."""


class Unusable(Exception):
    """No directory for the token's lock: other users can change it, or it is not writable."""


class HomeLock:
    """The held lock of a home; its holder is the only bridge and the only owner of the store.

    The file is `state/bridge.lock` and contains the process id. Held until `unlock`, or until the object is
    garbage collected.

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
        """Whether the file at the lock's path is the locked one."""
        return self._lock is not None and not is_gone(self.directory / NAME, self._identity)

    def hold(self) -> None:
        """Acquire the lock, again when its file was removed.

        Raises:
            AlreadyRunning: another process has it.
        """
        if self.is_held:
            return
        lock = FileLock(str(self.directory / NAME))
        if not lock.try_lock():
            raise AlreadyRunning(
                f"A bridge already serves {self.directory.parent}. `cctelegram status` shows it; a home has "
                "one bridge."
            )
        lock.write(f"{os.getpid()}\n".encode())
        self._lock, self._identity = lock, identity(self.directory / NAME)

    def unlock(self) -> None:
        """Release the lock."""
        self._lock = None


def hold_home(state: Path) -> HomeLock:
    """Lock a home as a bridge does: wait for a command that holds the lock briefly.

    Raises:
        AlreadyRunning: another bridge serves this home, or a command holds it longer than `PATIENCE`.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return HomeLock(state)
        except AlreadyRunning:
            if _is_bridge(state) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)  # the operating system does not notify of a released lock


def _is_bridge(state: Path) -> bool:
    """Whether the holder of the lock is a bridge, by its `bridge.json`."""
    try:
        holder = (state / NAME).read_text().strip()
        return f'"pid":{holder},' in (state / "bridge.json").read_text()
    except OSError:
        return False


def hold_token(token: str, folder: Path | None = None) -> FileLock:
    """Lock a bot token for this user on this machine; the file's name is a hash, never the token.

    Remove lock files of killed bridges from the directory; `FileLock.remove` releases the lock.

    Args:
        folder: directory of the locks; by default that of this account.

    Raises:
        AlreadyRunning: another home's bridge uses the token.
        Unusable: no directory is safe for the lock.
    """
    digest = hashlib.sha256(b"cctelegram token lock\0" + token.encode()).hexdigest()[:32]
    lock, folder = _first_usable([folder] if folder is not None else list(_folders()), f"bot-{digest}.lock")
    if lock is None:
        raise AlreadyRunning(
            "Another bridge on this machine uses the same bot token (from another home). "
            "Telegram allows one poller per token: stop the other bridge, or use another bot for this home."
        )
    lock.write(f"{os.getpid()}\n".encode())
    _remove_stale(folder)
    return lock


class TokenLock:
    """The lock of the token that a bridge uses."""

    def __init__(self) -> None:
        self._held: tuple[str, FileLock] | None = None

    def hold(self, token: str) -> None:
        """Lock `token`, and release the previous one.

        Raises:
            AlreadyRunning: another bridge on this machine uses it.
            Unusable: no directory is safe for the lock.
        """
        if self._held is None or self._held[0] != token:
            self.release()
            self._held = (token, hold_token(token))

    def release(self) -> None:
        """Release the lock and remove its file."""
        if self._held is not None:
            held, self._held = self._held[1], None
            with contextlib.suppress(OSError):  # the next bridge removes it
                held.remove()


def _first_usable(folders: list[Path], name: str) -> tuple[FileLock | None, Path]:
    """Return the lock in the first writable directory; None for one that another process holds."""
    problems = []
    for folder in folders:
        try:
            _make(folder)
            lock = FileLock(str(folder / name))
            return (lock if lock.try_lock() else None), folder
        except OSError as error:
            problems.append(f"{folder}: {error.strerror or error}")
    raise Unusable(
        f"The lock of the bot token cannot be created ({'; '.join(problems)}). It prevents two bridges "
        "from using one token: make one of these directories writable, and start the bridge again."
    )


def _folders() -> Iterator[Path]:
    """Yield the directories for this account's locks: in its home; in /tmp where that is not writable."""
    if sys.platform == "win32":
        yield Path.home() / "AppData" / "Local" / "cctelegram" / "locks"
        return
    import pwd  # noqa: PLC0415 - exists on POSIX only

    user = os.getuid()
    with contextlib.suppress(KeyError):  # a container's user without an account
        home = Path(pwd.getpwuid(user).pw_dir)
        if home.is_dir():
            yield home / FOLDER
    yield Path("/tmp") / f"cctelegram-{user}"  # noqa: S108 - made 0700 and checked


def _make(folder: Path) -> None:
    """Create the directory, mode 0700. Raises Unusable for a link and when other users can write to it."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700, parents=True)
    if sys.platform == "win32":
        return
    found = folder.lstat()
    wrong = None
    if stat.S_ISLNK(found.st_mode):
        wrong = "it is a link"
    elif not stat.S_ISDIR(found.st_mode):
        wrong = "it is not a directory"
    elif found.st_uid != os.getuid():
        wrong = f"it belongs to user {found.st_uid}, and this is user {os.getuid()}"
    elif found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        wrong = "other users can write to it"
    if wrong is not None:
        raise Unusable(
            f"The lock of the bot token is not safe in {folder}: {wrong}, so two bridges could use one "
            "token. Remove it, and start the bridge again."
        )


def _remove_stale(folder: Path) -> None:
    for file in folder.glob("bot-*.lock"):
        with contextlib.suppress(OSError):
            stale = FileLock(str(file))
            if not is_locked(file) and stale.try_lock():
                stale.remove()
