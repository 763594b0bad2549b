"""Answers: posted, listed, taken once, left to the session that waits."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cctelegram import _native
from cctelegram.spool.file_lock import FileLock, is_locked
from cctelegram.spool.responses import newest, take, wait
from spool.posting import post_answer

NOON = 1_795_455_672_123_456


@pytest.fixture
def responses(tmp_path: Path) -> str:
    return str(tmp_path / "responses")


def test_two_answers_in_one_microsecond_are_two_files_r21(responses: str) -> None:
    names = {post_answer(responses, {"event_id": "e", "n": n}, at_us=NOON) for n in range(50)}
    assert len(names) == 50
    assert all(name.startswith("20261123T174112.123456Z-e-") for name in names)
    assert len(newest(responses, 100)) == 50


def test_only_answers_are_returned_as_answers_r25(responses: str) -> None:
    post_answer(responses, {"action": "approved"})
    for other in ("state.json", "mode.json", "bridge.pid", "answer.json.tmp"):
        Path(responses, other).write_text('{"mode":"muted"}')
    assert [answer for _, answer in newest(responses, 10)] == [{"action": "approved"}]
    assert [answer for _, answer in take(responses)] == [{"action": "approved"}]
    assert sorted(p.name for p in Path(responses).iterdir()) == [
        "answer.json.tmp",
        "bridge.pid",
        "mode.json",
        "state.json",
        "taken",
    ]


def test_an_answer_is_returned_once_however_many_take_r26(responses: str) -> None:
    for n in range(200):
        post_answer(responses, {"n": n}, at_us=NOON + n)
    with ThreadPoolExecutor(8) as pool:
        taken = [
            answer["n"] for batch in pool.map(lambda _: take(responses), range(8)) for _, answer in batch
        ]
    assert sorted(taken) == list(range(200))
    assert take(responses) == []


def test_answers_are_taken_oldest_first_and_no_more_than_requested(responses: str) -> None:
    for n in (3, 1, 2):
        post_answer(responses, {"n": n}, at_us=NOON + n)
    assert [answer["n"] for _, answer in take(responses, limit=2)] == [1, 2]
    assert [answer["n"] for _, answer in newest(responses, 5)] == [3]


@pytest.fixture
def live_session(tmp_path: Path) -> Iterator[str]:
    """A process that holds the lock of its session's file."""
    path = tmp_path / "sessions" / "s1.json"
    code = (
        "import sys; from cctelegram._native import FileLock;"
        f"lock = FileLock({str(path)!r}); assert lock.try_lock();"
        "print('locked', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        assert process.stdout
        assert process.stdout.readline() == b"locked\n"
        yield "s1"


def test_an_answer_a_live_session_waits_for_is_left_to_it(
    responses: str, tmp_path: Path, live_session: str
) -> None:
    sessions = str(tmp_path / "sessions")
    post_answer(responses, {"n": 1, "awaited_by": live_session}, at_us=NOON)
    post_answer(responses, {"n": 2, "awaited_by": "dead"}, at_us=NOON + 1)
    post_answer(responses, {"n": 3, "awaited_by": "../../etc/passwd"}, at_us=NOON + 2)
    others = take(responses, session="s2", sessions_dir=sessions)
    assert [answer["n"] for _, answer in others] == [2, 3]
    own = take(responses, session=live_session, sessions_dir=sessions)
    assert [answer["n"] for _, answer in own] == [1]


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "bridge.lock"
    code = (
        "import os; from cctelegram._native import FileLock;"
        f"lock = FileLock({str(path)!r}); assert lock.try_lock(); lock.write(b'me'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    assert path.read_bytes() == b"me"
    assert not is_locked(path)
    lock = FileLock(path)
    assert lock.try_lock()
    assert is_locked(path)
    assert not FileLock(path).try_lock()
    lock.unlock()
    assert not is_locked(path)
    with pytest.raises(PermissionError):
        lock.write(b"not mine")


def test_waiting_ends_with_the_answer_and_takes_it(responses: str) -> None:
    post_answer(responses, {"event_id": "other"})
    waiter = _native.AnswerWaiter(responses)
    posted = threading.Thread(target=post_answer, args=(responses, {"event_id": "e 1", "action": "approved"}))
    posted.start()
    found = wait(responses, "e 1", 20, waiter=waiter)
    posted.join()
    assert found
    assert found[1]["action"] == "approved"
    assert [answer["event_id"] for _, answer in newest(responses, 10)] == ["other"]


def test_waiting_ends_when_nothing_comes_and_when_it_is_closed(responses: str) -> None:
    assert wait(responses, "e", 0.0) is None
    waiter = _native.AnswerWaiter(responses)
    closing = threading.Thread(target=waiter.close)
    closing.start()
    assert wait(responses, "e", 20, waiter=waiter) is None
    closing.join()


def test_a_missing_directory_holds_no_answers(responses: str) -> None:
    assert newest(responses, 5) == []
    assert _native.list_answers(responses) == []


def test_names_that_lead_elsewhere_are_refused(responses: str) -> None:
    for name in ("../x.json", "x.json", "20261123T174112.123456Z-../../x-00000001.json"):
        with pytest.raises(ValueError, match="not the name of an answer"):
            _native.deliver_answer(responses, name, b"{}")
        with pytest.raises(ValueError, match="not the name of an answer"):
            _native.take_answers(responses, [name])
