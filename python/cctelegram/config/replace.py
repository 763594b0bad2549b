"""Replace a settings file by a new one that was checked, unless somebody else changed it meanwhile."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cctelegram import durable
from cctelegram.config.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable


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
    with durable.replacing(target) as out:
        out.write(content)
        _keep_owner(out.fileno(), target)
        out.flush()
        os.fsync(out.fileno())  # before the comparison, so that the rename follows it at once
        check(Path(out.name))
        _is_still(target, before)


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
    if sys.platform != "win32":
        with contextlib.suppress(PermissionError):  # only root may change the owner
            os.fchown(descriptor, there.st_uid, there.st_gid)
        os.fchmod(descriptor, there.st_mode & 0o777)
