"""From files to durable rows to removed files, as in the bridge, compared with the sum of three floors.

.venv/bin/python benches/spool/whole.py [--runs 7] [--json]

The floors, in the same run: the C loop that opens and reads, one bare transaction of the same rows with the
same pragmas, a C loop that stats each file again and removes it.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from figures import Figure, main, median_us, ratio
from spool.floors import Floors
from workload import hooks, write_files

from cctelegram import _native
from cctelegram.daemon.bridge_lock import HomeLock
from cctelegram.daemon.counters import Counters
from cctelegram.delivery.modes import Modes
from cctelegram.delivery.recipients import Recipients
from cctelegram.intake.intake import Intake
from cctelegram.runtime.signals import EventsStored
from cctelegram.spool.inbox import Inbox
from cctelegram.store import intake
from cctelegram.store.connection import connect_writer
from cctelegram.store.database import Store
from contexts import context

FILES = 20_000
CHAT = 42


class Silent:
    """A log that drops everything."""

    def info(self, *_: Any, **__: Any) -> None: ...

    warning = error = info


async def whole(home: Path) -> float:
    """Take, store and remove all files; return seconds."""
    store = Store(HomeLock(home))
    given = context(home, store, {"TELEGRAM_ALLOWED_USERS": str(CHAT)}, Silent())
    settings = given.settings
    inbox = Inbox(settings.spool, str(home / "rejected"))
    done = asyncio.Event()
    figures = Counters(given.signals, given.metrics)

    def stored(_: EventsStored) -> None:
        if figures.accepted + settings.spool.batch_events >= FILES:
            done.set()

    given.signals.listen(EventsStored, stored)
    modes = Modes(given)
    taking = Intake(given, inbox, Recipients(given, modes), modes)
    begin = time.perf_counter()
    running = asyncio.create_task(taking.run())
    await done.wait()
    while figures.accepted < FILES or taking.waiting():  # noqa: ASYNC110 - nobody tells of the end
        # The last batch: its files are removed after the signal.
        await asyncio.sleep(0.001)
    seconds = time.perf_counter() - begin
    await inbox.stop()
    await running
    store.close()
    return seconds


def bare(folder: Path, rows: list[tuple[Any, ...]]) -> float:
    """Write the same rows in one transaction, prepared outside: events and deliveries; return seconds."""
    Store(HomeLock(folder)).close()
    connection = connect_writer(HomeLock(folder))
    events = [(index, *row, 1) for index, row in enumerate(rows, 1)]
    waiting = [
        (index, CHAT, None, row[intake.LANE], "queued", 1, None, 1) for index, row in enumerate(rows, 1)
    ]
    begin = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(intake.INSERT, events)
    connection.executemany(intake.DELIVERY, waiting)
    connection.execute("COMMIT")
    seconds = time.perf_counter() - begin
    connection.close()
    return seconds


def taken_rows(home: Path) -> list[tuple[Any, ...]]:
    inbox = _native.Inbox(home / "events", home / "rejected", batch_events=FILES, batch_bytes=1 << 30)
    batch = inbox.take(0.0)
    inbox.close()
    assert len(batch) == FILES
    return batch.rows()


def measure(runs: int) -> list[Figure]:
    floors = Floors()
    names = ("C loop", "bare transaction", "removal", "whole", "sum")
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            (home / "events").mkdir()
            write_files(home / "events", hooks(FILES))
            rows = taken_rows(home)
            parts = [floors.read(home / "events")[0], bare(home, rows)]
            seconds["whole"].append(asyncio.run(whole(home)))
            write_files(home / "events", hooks(FILES))
            parts.append(floors.remove(home / "events")[0])
            for name, value in zip(names, parts, strict=False):
                seconds[name].append(value)
            seconds["sum"].append(sum(parts))
    return [
        *(median_us(f"{name}, an event", seconds[name], FILES) for name in names),
        ratio("files to durable rows to no files, of the sum", seconds["whole"], seconds["sum"], 1.4),
    ]


if __name__ == "__main__":
    main(__doc__ or "", measure, 7)
