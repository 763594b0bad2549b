"""Replace a file atomically: write a new one beside it, check, sync, rename."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING

from cctelegram.config.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def replace(file: Path, before: bytes | None, content: bytes, check: Callable[[Path], None]) -> None:
    """Replace a file by `content`; mode and owner stay, a new file is 0600.

    A symbolic link is followed: its target is replaced, and the link stays.

    Args:
        file: the file to replace.
        before: its content when it was read, None if it did not exist; a file that differs now stays.
        content: the new content.
        check: validates the new file before the rename; if it raises, the old file stays.

    Raises:
        SettingsError: the file was changed meanwhile.
        OSError: the file cannot be written.
    """
    target = file.resolve()
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:  # noqa: PTH123
            out.write(content)
            _keep_owner(out.fileno(), target)
            out.flush()
            os.fsync(out.fileno())
        check(beside)
        _is_still(target, before)
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _sync(target.parent)


def read(file: Path) -> bytes | None:
    """Return the content of a file, None if there is none."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def _is_still(target: Path, before: bytes | None) -> None:
    if read(target) != before:
        raise SettingsError("another program changed it meanwhile; nothing was written", file=str(target))


def _keep_owner(descriptor: int, target: Path) -> None:
    try:
        there = target.stat()
    except FileNotFoundError:
        return
    if os.name == "posix":
        with contextlib.suppress(PermissionError):  # only root may change the owner
            os.fchown(descriptor, there.st_uid, there.st_gid)
        os.fchmod(descriptor, there.st_mode & 0o777)


def _sync(directory: Path) -> None:
    if os.name == "posix":
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
