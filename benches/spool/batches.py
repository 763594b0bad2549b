"""Taking all files in batches with the bridge's bounds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cctelegram import _native

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def batches(
    home: Path, files: int, threads: int, *, removes: bool = False
) -> Iterator[tuple[_native.Batch, float]]:
    """Yield each batch and the seconds of its take; its files are removed afterwards, or kept.

    Nothing is stored. Raises AssertionError when there were not so many files.
    """
    inbox = _native.Inbox(
        home / "events", home / "rejected", threads=threads, batch_events=512, batch_bytes=256 << 10
    )
    taken, more = 0, True
    while more:
        begin = time.perf_counter()
        batch = inbox.take(0.0)
        took = time.perf_counter() - begin
        taken, more = taken + len(batch), batch.more
        yield batch, took
        if removes:
            inbox.settle(batch, 0.0)
    inbox.close()
    assert taken == files
