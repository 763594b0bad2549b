"""How much the directories of a home hold. Blocks: not for the event loop's thread."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from cctelegram import _native
from cctelegram.config import paths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cctelegram.config.settings import Settings


class Size(NamedTuple):
    """The files of a directory, without those of directories below it.

    Attributes:
        oldest: when the oldest file last changed, in us since the epoch; None without a file.
    """

    files: int
    bytes: int
    oldest: int | None


def sizes(settings: Settings, now: int) -> dict[str, Size]:
    """Return the size of each directory by name; one that cannot be listed is left out."""
    home, responses = settings.home, settings.spool.responses_dir
    state = paths.state_dir(home)
    # A .jsonl file stays in events/ while it is followed, though its lines are taken.
    found = {
        "events": _size(settings.spool.events_dir, now, exclude=("*.tmp", "*.jsonl")),
        "rejected": _size(paths.rejected_dir(home), now, exclude=("*.reason.json",)),
        "responses": _size(responses, now, exclude=("*.tmp",)),
        "taken": _size(_in(responses, "taken"), now),
        "logs": _size(paths.logs_dir(home), now),
        "captures": _size(_in(home, "captures"), now),
        "reports": _size(_in(home, "reports"), now),
        "state": _size(state, now),
        "snapshots": _size(_in(state, "snapshots"), now),
        "audit": _size(paths.audit_dir(home), now),
    }
    return {name: size for name, size in found.items() if size is not None}


def free(home: str) -> int | None:
    """Return the free bytes of the disk that holds the home; None when it cannot be asked."""
    try:
        if sys.platform == "win32":
            from shutil import disk_usage  # noqa: PLC0415 - half a megabyte, which os.statvfs saves

            return disk_usage(home).free
        found = os.statvfs(home)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize


def _size(path: str, now: int, exclude: Sequence[str] = ()) -> Size | None:
    try:
        plan = _native.plan_cleanup(path, now, exclude=list(exclude), most=1)
    except OSError:
        return None
    return Size(plan.files, plan.bytes, plan.span_us[0] if plan.span_us else None)


def _in(folder: str, name: str) -> str:
    return os.path.join(folder, name)  # noqa: PTH118  paths are strings in config too
