"""`python -m cctelegram.otel`: the exporter, a child of the bridge.

The first line of standard input is the configuration, and each further one the commit of a batch; it ends
with its input, so with the bridge. Standard output has a line of JSON after each round that changed
something.
"""

from __future__ import annotations

import json
import queue
import sqlite3
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cctelegram.otel.export import Export

MISSING: Final = (
    "otel.endpoint is set, but the packages for OpenTelemetry are not installed: "
    "pip install 'cctelegram[otel]'"
)
# The exit code when that, or the settings, must be changed first.
UNUSABLE: Final = 3


def main() -> int:
    """Export until the input ends."""
    given = json.loads(sys.stdin.readline())
    try:
        from cctelegram.otel.checkpoint import Checkpoint  # noqa: PLC0415 - without the extra, say so
        from cctelegram.otel.export import Export  # noqa: PLC0415
        from cctelegram.otel.post import Collector, headers_of  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("opentelemetry", "google"):
            raise
        _report({"problem": MISSING})
        return UNUSABLE
    try:
        headers = headers_of(given["headers"] or "")
    except ValueError as error:
        _report({"problem": str(error)})
        return UNUSABLE
    from cctelegram.config import paths  # noqa: PLC0415 - as above

    checkpoint = Checkpoint(Path(paths.state_dir(given["home"])))
    with Collector(given["endpoint"], headers) as collector:
        export = Export(given["home"], checkpoint, collector, given["since"])
        _serve(export, given["interval_seconds"])
    checkpoint.close()
    return 0


def _serve(export: Export, interval: float) -> None:
    """Export every `interval` seconds, later after a failure, and once more at the end."""
    from cctelegram.otel.export import Commit  # noqa: PLC0415 - as above
    from cctelegram.otel.post import Unreachable  # noqa: PLC0415
    from cctelegram.retry import COLLECTOR  # noqa: PLC0415

    ended: queue.SimpleQueue[None] = queue.SimpleQueue()

    def listen() -> None:
        for line in sys.stdin:
            export.committed(Commit(*json.loads(line)))
        ended.put(None)

    threading.Thread(target=listen, daemon=True).start()
    failures, said, over = 0, "", False
    while not over:
        problem, wait = None, interval
        try:
            if export.round():
                wait = 0.0
            failures = 0
        except (Unreachable, OSError, sqlite3.Error) as error:
            problem = str(error)
            after = error.after if isinstance(error, Unreachable) else None
            wait = max(after or 0.0, COLLECTOR.seconds(failures, time.time() % 1))
            failures += 1
        said = _report(_state(export, problem, wait), said)
        over = _ends(ended, wait)
    if not failures:
        try:
            export.round(measured=False)
        except (Unreachable, OSError, sqlite3.Error) as error:
            _report(_state(export, str(error), 0.0))


def _ends(ended: queue.SimpleQueue[None], seconds: float) -> bool:
    """Wait; return whether the input ended meanwhile."""
    try:
        ended.get(timeout=seconds) if seconds else ended.get_nowait()
    except queue.Empty:
        return False
    return True


def _state(export: Export, problem: str | None, wait: float) -> dict[str, Any]:
    return {
        "problem": problem,
        "again_seconds": round(wait, 1) if problem else None,
        "exported": dict(export.exported),
        "refused": dict(export.refused),
        "waiting": export.waiting(),
    }


def _report(state: dict[str, Any], before: str = "") -> str:
    """Print a state that differs from the one before."""
    line = json.dumps(state)
    if line != before:
        sys.stdout.write(f"{line}\n")  # the bridge reads it
        sys.stdout.flush()
    return line


if __name__ == "__main__":
    sys.exit(main())
