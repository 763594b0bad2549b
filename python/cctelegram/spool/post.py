"""An event from this process into the spool. Cheap to import; works when the bridge is down."""

from __future__ import annotations

import os

from cctelegram import _native


def post(events_dir: str, data: bytes) -> str:
    """Write an event atomically and durably; return the path of its file.

    Raises OSError when the write fails.
    """
    return os.path.join(events_dir, _native.deliver(events_dir, data))  # noqa: PTH118  pathlib is not cheap
