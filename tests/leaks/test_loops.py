"""What a loop of one step keeps, by memray: less than its limit from every place that allocates.

`make leaks` runs these with a flame graph of each. The limit is for one place in a whole loop: in `ROUNDS`
rounds a place that keeps 400 bytes a round is over it, while caches that fill once are not. Each step runs
`WARM_UP` rounds before it is measured.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cctelegram import _native
from cctelegram.cleanup import rounds
from cctelegram.config.load import load
from cctelegram.events.build import build
from cctelegram.pools.pools import Pools
from cctelegram.spool.post import post
from cctelegram.store import intake
from cctelegram.store.repeats import Repeats
from cctelegram.telegram.api import Api
from cleanup.homes import DAY, NOW, make, write
from leaks.known import is_ours
from running import environment
from store.rows import memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cctelegram.sandbox.child import Sandbox

pytest.importorskip("pytest_memray", reason="memray is not for this system")

ROUNDS = 250
WARM_UP = 50
LIMIT = "100 KB"
CHAT = 42
pytestmark = pytest.mark.alone


def warm(step: Callable[[], None]) -> Callable[[], None]:
    for _ in range(WARM_UP):
        step()
    return step


@pytest.fixture
def taking(tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Write an event, take it, and remove its file."""
    events = tmp_path / "events"
    events.mkdir(mode=0o700)
    inbox = _native.Inbox(events, tmp_path / "rejected")

    def step() -> None:
        post(str(events), build("info_notification", "an event"))
        batch = inbox.take(0.0)
        assert len(batch.rows()) == 1
        assert inbox.settle(batch, 0.0).removed == 1
        inbox.release(batch)

    yield warm(step)
    inbox.close()


@pytest.fixture
def storing(tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Store one event that differs each time, fold repeats, and undo it."""
    events = tmp_path / "events"
    events.mkdir(mode=0o700)
    inbox = _native.Inbox(events, tmp_path / "rejected")
    repeats = Repeats()
    to = (intake.Recipient(CHAT),)
    with closing(memory(bot=False)) as store:

        def step() -> None:
            post(str(events), build("info_notification", f"event {next(numbers)}"))
            batch = inbox.take(0.0)
            rows = batch.rows()
            inbox.settle(batch, 0.0)
            inbox.release(batch)
            store.execute("BEGIN")
            accepted = intake.accept(store, rows, lambda _: to, NOW)
            assert len(accepted) == 1
            repeats.fold(store, accepted, NOW)
            store.execute("ROLLBACK")

        numbers = iter(range(10 * ROUNDS))
        yield warm(step)
    inbox.close()


@pytest.fixture
def sweeping(tmp_path: Path) -> Callable[[], None]:
    """Clean a home that has one file to remove."""
    settings = make(tmp_path, "[cleanup.rejected]\nkeep = 0\n")

    def step() -> None:
        write(tmp_path / "rejected" / "old.json", 90 * DAY)
        rounds.run(settings, NOW, only=["rejected"], by_content=True)
        assert not (tmp_path / "rejected" / "old.json").exists()

    return warm(step)


@pytest.fixture
def sending(fast_sandbox: Sandbox) -> Iterator[Callable[[], None]]:
    """Send a message to the sandbox over a connection that stays open."""
    flags: dict[str, object] = {"telegram.api_base": fast_sandbox.api_base}
    with asyncio.Runner() as runner:

        async def pools() -> Pools:
            return Pools(load("/nonexistent", {}, flags).settings)

        opened = runner.run(pools())
        api = Api(opened.send, fast_sandbox.api_base, fast_sandbox.token)
        yield warm(lambda: runner.run(send(api, fast_sandbox.user_id)))
        runner.run(opened.aclose())


async def send(api: Api, user: int) -> None:
    sent = await api.send_message(user, "a message")
    assert sent["message_id"]


@pytest.mark.limit_leaks(LIMIT, filter_fn=is_ours)
def test_taking_events_keeps_no_memory(taking: Callable[[], None]) -> None:
    for _ in range(ROUNDS):
        taking()


@pytest.mark.limit_leaks(LIMIT, filter_fn=is_ours)
def test_storing_events_keeps_no_memory(storing: Callable[[], None]) -> None:
    for _ in range(ROUNDS):
        storing()


@pytest.mark.limit_leaks(LIMIT, filter_fn=is_ours)
def test_a_round_of_cleanup_keeps_no_memory(sweeping: Callable[[], None]) -> None:
    for _ in range(ROUNDS):
        sweeping()


@pytest.mark.limit_leaks(LIMIT, filter_fn=is_ours)
def test_sending_messages_keeps_no_memory(sending: Callable[[], None]) -> None:
    for _ in range(ROUNDS):
        sending()


PLANTED = """
import sys
import pytest
from leaks.known import is_ours
kept = []

def loop(size):
    for _ in range({rounds}):
        kept.append(bytearray(size))

@pytest.mark.limit_leaks("{limit}", filter_fn=is_ours)
def test_a_leak():
    loop(800)

@pytest.mark.limit_leaks("{limit}", filter_fn=is_ours)
def test_no_leak():
    for _ in range({rounds}):
        bytearray(800)

def intern():
    names = [sys.intern(f"name {{number}}") for number in range(200_000)]
    return len(names)

@pytest.mark.limit_leaks("{limit}")
def test_the_table_of_interned_strings_grows():
    assert intern()

@pytest.mark.limit_leaks("{limit}", filter_fn=is_ours)
def test_the_table_does_not_count():
    assert intern()
"""


def test_a_loop_that_keeps_memory_fails(tmp_path: Path) -> None:
    (tmp_path / "test_planted.py").write_text(PLANTED.format(rounds=ROUNDS, limit=LIMIT))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--memray",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(tmp_path),
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(Path(__file__).parents[1])),
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "2 failed, 2 passed" in done.stdout
    assert "test_planted.py::test_a_leak" in done.stdout
    assert "test_planted.py::test_the_table_of_interned_strings_grows" in done.stdout
