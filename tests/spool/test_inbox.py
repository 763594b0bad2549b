"""Events in, through the async inbox, from real producers."""

import asyncio
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec
import pytest

from cctelegram import _native
from cctelegram.config.load import load
from cctelegram.events.build import build
from cctelegram.spool.inbox import Inbox
from cctelegram.spool.post import post
from contexts import open_inbox

DEADLINE = 20.0


class Received:
    """The received events, and a wait for a number of them."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.rejected: list[_native.Rejected] = []
        self.troubles: list[_native.Trouble] = []
        self.changed = asyncio.Condition()

    async def until(self, seen: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE), self.changed:
            await self.changed.wait_for(seen)

    def has(self, count: int) -> bool:
        return len(self.titles) == count

    async def pump(self, inbox: Inbox) -> None:
        async for batch in inbox.batches():
            settled = await inbox.done(batch)
            async with self.changed:
                self.titles += [row[3] for row in batch.rows()]
                self.rejected += batch.rejected
                self.troubles += [*batch.troubles, *settled.troubles]
                self.changed.notify_all()


@asynccontextmanager
async def receiving(home: Path) -> AsyncIterator[tuple[Received, Path, Inbox]]:
    events = home / "events"
    inbox = open_inbox(home)
    received = Received()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(received.pump(inbox))
        yield received, events, inbox
        await inbox.stop()


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await scenario()

    asyncio.run(main())


def test_a_shell_writes_in_place_and_it_arrives_at_once_r1(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with receiving(tmp_path) as (received, events, _):
            for n in range(3):  # one after the other: what is awaited is what is pumped
                line = f'echo \'{{"type":"build_failed","title":"Build #{n}: failed"}}\' > {events}/b.json'
                await asyncio.to_thread(subprocess.run, ["sh", "-c", line], check=True)
                await received.until(partial(received.has, n + 1))
            assert received.titles == ["Build #0: failed", "Build #1: failed", "Build #2: failed"]
            assert list(events.iterdir()) == []

    run(scenario)


def test_files_that_exist_before_the_start_are_delivered_r20_r4(tmp_path: Path) -> None:
    for n in range(5):
        post(str(tmp_path / "events"), build("info_notification", f"{n}"))

    async def scenario() -> None:
        async with receiving(tmp_path) as (received, _, _):
            await received.until(lambda: len(received.titles) == 5)
            assert sorted(received.titles) == list("01234")

    run(scenario)


def test_a_slow_writer_is_waited_for_and_never_delivered_half_r3(tmp_path: Path) -> None:
    code = (
        "import sys; f = open(sys.argv[1], 'w')\n"
        'for part in [\'{"type":"x",\', \'"title":"whole\', \'"}\']:\n'
        "    sys.stdin.readline(); f.write(part); f.flush(); print('wrote', flush=True)\n"
    )

    async def scenario() -> None:
        async with receiving(tmp_path) as (received, events, inbox):
            writer = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                code,
                str(events / "slow.json"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            assert writer.stdin
            assert writer.stdout
            for _ in range(3):
                writer.stdin.write(b"\n")
                assert await writer.stdout.readline() == b"wrote\n"
                inbox.wake()
            await received.until(lambda: bool(received.titles))
            assert received.titles == ["whole"]
            assert received.rejected == []
            await writer.wait()

    run(scenario)


def test_bad_files_are_rejected_and_good_ones_beside_them_arrive(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with receiving(tmp_path) as (received, events, _):
            (events / "bad.json").write_text("not json")
            (events / "over.json").write_bytes(b'{"title":"' + b"x" * (1 << 20) + b'"}')
            (events / "x.json").mkdir()
            (events / "link.json").symlink_to("/etc/hostname")
            (events / "good.json").write_text('{"type":"x","title":"good"}')
            await received.until(lambda: len(received.rejected) == 2)
            assert received.titles == ["good"]
            assert sorted(rejected.origin for rejected in received.rejected) == ["bad.json", "over.json"]
            assert sorted(path.name for path in events.iterdir()) == ["link.json", "x.json"]

    run(scenario)


def test_a_directory_that_is_removed_and_created_again_is_watched_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with receiving(tmp_path) as (received, events, _):
            (events / "a.json").write_text('{"title":"a"}')
            await received.until(lambda: received.titles == ["a"])
            events.rmdir()
            await asyncio.to_thread(post, str(events), b'{"title":"b"}')
            await received.until(lambda: received.titles == ["a", "b"])
            assert events.stat().st_mode & 0o777 == 0o700

    run(scenario)


def test_an_unreadable_events_directory_is_reported_and_recovers(tmp_path: Path) -> None:
    (tmp_path / "events").write_text("in the way")

    async def scenario() -> None:
        async with receiving(tmp_path) as (received, events, inbox):
            assert inbox.trouble
            events.unlink()
            events.mkdir()
            (events / "a.json").write_text('{"title":"a"}')
            await received.until(lambda: received.titles == ["a"])

    run(scenario)


def test_a_released_batch_is_returned_again_with_its_keys(tmp_path: Path) -> None:
    post(str(tmp_path / "events"), b'{"title":"a"}')

    async def scenario() -> None:
        inbox = open_inbox(tmp_path)
        rows = []
        async for batch in inbox.batches():
            rows += batch.rows()
            if len(rows) == 2:
                await inbox.done(batch)
                break
            inbox.release(batch)
        await inbox.stop()
        assert rows[0] == rows[1]

    run(scenario)


def test_a_yielded_batch_can_be_finished_after_the_stop(tmp_path: Path) -> None:
    post(str(tmp_path / "events"), b'{"title":"a"}')

    async def scenario() -> None:
        inbox = open_inbox(tmp_path)
        async for batch in inbox.batches():
            await inbox.stop()
            assert (await inbox.done(batch)).removed == 1

    run(scenario)


def test_columns_and_rows_agree(tmp_path: Path) -> None:
    post(str(tmp_path / "events"), build("build_failed", "t", event_id="e", correlation_id="c"))
    inbox = _native.Inbox(tmp_path / "events", tmp_path / "rejected")
    (row,) = inbox.take(time.monotonic()).rows()
    named = dict(zip(_native.EVENT_COLUMNS, row, strict=True))
    assert isinstance(named["intake_key"], bytes)
    assert len(named["intake_key"]) == 16
    assert (named["event_id"], named["correlation_id"], named["lane"]) == ("e", "c", 1)


UNREADABLE = """
import os, sys, time
from cctelegram import _native
home = sys.argv[1]
if os.getuid() == 0:  # root reads everything
    os.setgid(65534); os.setuid(65534)
inbox = _native.Inbox(home + "/events", home + "/rejected")
for name in ("secret", "good"):
    with open(f"{home}/events/{name}.json", "w") as file:
        file.write('{"title":"%s"}' % name)
os.chmod(home + "/events/secret.json", 0)
batch = inbox.take(100.0)
assert [row[3] for row in batch.rows()] == ["good"], batch.rows()
assert [trouble.name for trouble in batch.troubles] == ["secret.json"], batch.troubles
assert "ermission" in batch.troubles[0].reason
inbox.settle(batch, 100.0)
assert inbox.take(101.0).is_empty, "told once"
assert 0 < inbox.due(101.0) <= 30
log = home + "/events/log.jsonl"
with open(log, "w") as file:
    file.write('{"title":"half')
assert inbox.take(102.0).is_empty
assert inbox.due(102.0) == 1.0, "it may be open in its writer"
os.chmod(log, 0)
batch = inbox.take(104.0)
assert [trouble.name for trouble in batch.troubles] == ["log.jsonl"], batch.troubles
assert inbox.due(105.0) > 20, "nothing asks for a look at once, and again"
os.chmod(home + "/events/secret.json", 0o600)
assert [row[3] for row in inbox.take(130.0).rows()] == ["secret"], "and found again by itself"
"""

UNREMOVABLE = """
import os, sys
from cctelegram import _native
home = sys.argv[1]
if os.getuid() == 0:  # root removes everything
    os.setgid(65534); os.setuid(65534)
inbox = _native.Inbox(home + "/events", home + "/rejected")
with open(home + "/events/a.json", "w") as file:
    file.write('{"title":"a"}')
os.chmod(home + "/events", 0o500)
batch = inbox.take(100.0)
settled = inbox.settle(batch, 100.0)
assert (len(batch), settled.removed) == (1, 0)
assert [trouble.name for trouble in settled.troubles] == ["a.json"]
assert inbox.take(101.0).is_empty, "durable, so not read again"
os.chmod(home + "/events", 0o700)
assert inbox.take(131.0).is_empty
assert os.listdir(home + "/events") == [], "and removed in the end"
"""


@pytest.fixture
def open_home() -> Iterator[Path]:
    """A directory that an unprivileged user may enter; those below pytest's own are closed."""
    home = Path(tempfile.mkdtemp(prefix="cct-"))
    home.chmod(0o777)
    yield home
    shutil.rmtree(home)


def test_an_unreadable_file_stays_is_reported_and_blocks_nothing_r17(open_home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNREADABLE, open_home], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_file_that_cannot_be_removed_is_reported_and_not_read_again_r17(open_home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNREMOVABLE, open_home], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_wait_without_change_ends_in_time_and_close_ends_all(tmp_path: Path) -> None:
    inbox = _native.Inbox(tmp_path / "events", tmp_path / "rejected")
    assert inbox.wait(0) == "changed"
    assert inbox.wait(0.05) == "timeout"
    assert inbox.watching
    assert inbox.trouble is None
    closing = threading.Thread(target=inbox.close)
    closing.start()
    assert inbox.wait(DEADLINE) == "closed"
    closing.join()


def test_a_wait_is_interrupted_by_a_signal(tmp_path: Path) -> None:
    code = (
        "import signal, sys; from cctelegram import _native\n"
        # Whoever runs the tests in the background of a shell has it ignored, and children inherit that.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"inbox = _native.Inbox({str(tmp_path / 'e')!r}, {str(tmp_path / 'r')!r}); inbox.wait(0)\n"
        "try:\n    print('waiting', flush=True); inbox.wait(30)\n"
        "except KeyboardInterrupt:\n    sys.exit(42)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE) == 42


def test_invalid_bounds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be"):
        _native.Inbox(tmp_path / "events", tmp_path / "rejected", batch_events=0)


def test_r42_changed_bounds_apply_to_the_current_wait(tmp_path: Path) -> None:
    spool = msgspec.structs.replace(
        load(str(tmp_path), {}, {}).settings.spool,
        max_event_bytes=1024,
        batch_events=1,
        batch_bytes=1024,
        rescan_seconds=1.0,
    )

    async def scenario() -> None:
        async with receiving(tmp_path) as (received, events, inbox):
            with (events / "a.jsonl").open("w", buffering=1) as lines:
                lines.write('{"title":"a"}\n')
                await received.until(lambda: received.has(1))
                await asyncio.sleep(0.5)  # it waits again, which nothing reports
                inbox.change(spool)
                lines.write('{"title":"b"}\n')  # no watch reports it before the file is closed
                async with asyncio.timeout(DEADLINE / 4):
                    await received.until(lambda: received.titles == ["a", "b"])
            with pytest.raises(ValueError, match="must be"):
                inbox.change(msgspec.structs.replace(spool, batch_bytes=0))

    run(scenario)
