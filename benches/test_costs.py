"""The cost of single steps of the bridge, for pytest-codspeed.

.venv/bin/python -m pytest benches/test_costs.py --codspeed

Without `--codspeed` each step runs once, as a test.
"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import pytest
from workload import hooks, write_files

from cctelegram import _native
from cctelegram.config.load import load
from cctelegram.policy.judge import PolicyState, judge
from cctelegram.policy.routes import Routes
from cctelegram.store import intake
from cctelegram.store.repeats import Repeats
from store.rows import memory

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

EVENTS = 512
CHAT = 42
NOW = 1_800_000_000_000_000


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[_native.Inbox]:
    (tmp_path / "events").mkdir()
    write_files(tmp_path / "events", hooks(EVENTS))
    opened = _native.Inbox(tmp_path / "events", tmp_path / "rejected", batch_bytes=1 << 30)
    yield opened
    opened.close()


@pytest.fixture
def rows(inbox: _native.Inbox) -> list[tuple[Any, ...]]:
    batch = inbox.take(0.0)
    found: list[tuple[Any, ...]] = batch.rows()
    inbox.release(batch)
    assert len(found) == EVENTS
    return found


@pytest.fixture
def store() -> Iterator[sqlite3.Connection]:
    with closing(memory(bot=False)) as connection:
        yield connection


def test_a_batch_is_taken(benchmark: Any, inbox: _native.Inbox) -> None:
    def take() -> int:
        batch = inbox.take(0.0)
        inbox.release(batch)
        return len(batch)

    assert benchmark(take) == EVENTS


def test_a_batch_crosses_into_python(benchmark: Any, inbox: _native.Inbox) -> None:
    def cross() -> int:
        batch = inbox.take(0.0)
        found = len(batch.rows())
        inbox.release(batch)
        return found

    assert benchmark(cross) == EVENTS


def test_a_batch_is_judged(benchmark: Any, rows: list[tuple[Any, ...]]) -> None:
    policy = PolicyState()
    judged = benchmark(lambda: [judge(policy, row) for row in rows])
    assert len(judged) == EVENTS


def test_a_batch_is_routed(benchmark: Any, rows: list[tuple[Any, ...]]) -> None:
    routes = Routes(load("/nonexistent", {}, {"telegram.allowed_users": [CHAT]}).settings, {})
    found = benchmark(lambda: [routes.recipients(row) for row in rows])
    assert found[0][0].chat_id == CHAT


def test_a_batch_is_stored_in_memory(
    benchmark: Any, rows: list[tuple[Any, ...]], store: sqlite3.Connection
) -> None:
    to = (intake.Recipient(CHAT),)

    def accept() -> int:
        store.execute("BEGIN")
        accepted = intake.accept(store, rows, lambda _: to, NOW)
        folded = Repeats().fold(store, accepted, NOW)
        store.execute("ROLLBACK")
        return len(accepted) - folded

    assert benchmark(accept) == EVENTS
