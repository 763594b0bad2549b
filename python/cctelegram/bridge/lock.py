"""One bridge a home, and one a token on this machine, by locks that end with the process.

Elsewhere Telegram's own 409 tells of a second bridge with the same token.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from cctelegram.config import environment
from cctelegram.spool.lock import FileLock

NAME: Final = "bridge.lock"


class AlreadyRunning(Exception):
    """Another bridge holds the home or the token."""


def hold_home(state: Path) -> FileLock:
    """Lock a home's `state/bridge.lock`, with our process id in it.

    Raises:
        AlreadyRunning: another bridge serves this home.
    """
    lock = FileLock(str(state / NAME))
    if not lock.try_lock():
        raise AlreadyRunning(
            f"A bridge already serves {state.parent}. See `cctelegram status`; one bridge is enough."
        )
    lock.write(f"{os.getpid()}\n".encode())
    return lock


def hold_token(token: str) -> FileLock:
    """Lock a bot token for this user on this machine; the file's name is a hash, never the token.

    Raises:
        AlreadyRunning: another home's bridge uses the token.
    """
    digest = hashlib.sha256(b"cctelegram token lock\0" + token.encode()).hexdigest()[:32]
    folder = _runtime_directory()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(str(folder / f"bot-{digest}.lock"))
    if not lock.try_lock():
        raise AlreadyRunning(
            "Another bridge on this machine uses the same bot token (from another home). "
            "Telegram allows one reader a token: stop the other, or give this home a bot of its own."
        )
    lock.write(f"{os.getpid()}\n".encode())
    return lock


class TokenLock:
    """The lock of the one token that a bridge uses."""

    def __init__(self) -> None:
        self._held: tuple[str, FileLock] | None = None

    def hold(self, token: str) -> None:
        """Lock `token`, and give back the one before.

        Raises:
            AlreadyRunning: another bridge on this machine uses it.
        """
        if self._held is None or self._held[0] != token:
            self.release()
            self._held = (token, hold_token(token))

    def release(self) -> None:
        """Give the lock back."""
        if self._held is not None:
            self._held[1].unlock()
            self._held = None


def _runtime_directory() -> Path:
    runtime = environment.get("XDG_RUNTIME_DIR")
    if runtime and Path(runtime).is_dir():
        return Path(runtime) / "cctelegram"
    user = os.getuid() if hasattr(os, "getuid") else environment.get("USERNAME") or "user"
    return Path(_temporary()) / f"cctelegram-{user}"


def _temporary() -> str:
    if os.name == "posix":  # as tempfile has it, which brings along what unpacks archives
        given = (environment.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
        return next((path for path in given if path and Path(path).is_dir()), "/tmp")  # noqa: S108
    from tempfile import gettempdir  # noqa: PLC0415 - see above

    return gettempdir()
