"""The audit log as files, compared with the ledger."""

from __future__ import annotations

import json
import os
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.decisions import audit as log
from cctelegram.decisions import audit_files as audit
from cctelegram.decisions import close, ledger, verify
from cctelegram.decisions.question import question
from cctelegram.events.event import from_row
from cctelegram.store import intake, schema
from store.rows import NOW, row, to

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ANN = ledger.Responder(1001, "ann", "Ann", 1001, 70)
DAY = 86_400_000_000


@pytest.fixture
def store() -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(":memory:", isolation_level=None)
    for script in schema.MIGRATIONS:
        opened.executescript(script)
    yield opened
    opened.close()


def decide(store: sqlite3.Connection, count: int = 1, now: int = NOW, **fields: Any) -> list[ledger.Decision]:
    decided = []
    for _ in range(count):
        number = store.execute("SELECT count(*) + 1 FROM events").fetchone()[0]
        event = {"type": "approval_request", "title": "Deploy?", **fields}
        (taken,) = intake.accept(store, [row(number, lane=0, fields=event)], to(intake.Recipient(1001)), now)
        asked = ledger.open_decision(store, taken.event, question(from_row(taken.row)), now, now)
        closed = close.answer(store, asked, ANN, now, option=number % 2)
        assert closed is not None
        decided.append(closed)
    return decided


def write(store: sqlite3.Connection, folder: Path) -> None:
    waiting = log.waiting(store)
    audit.append(folder, waiting)
    log.written(store, waiting[-1].number)


def faults(store: sqlite3.Connection, folder: Path, now: int = NOW) -> list[str]:
    return verify.verify(store, folder, keep_days=30, now=now).faults


def test_a_decision_is_audited_with_its_input_before_and_after_its_line_is_written(
    store: sqlite3.Connection, tmp_path: Path
) -> None:
    decide(store, 3, description="rm -rf build")
    assert faults(store, tmp_path / "audit") == []
    write(store, tmp_path / "audit")
    assert log.waiting(store) == []
    found = verify.verify(store, tmp_path / "audit", keep_days=30, now=NOW)
    assert found.faults == []
    content = found.entries[0].content
    assert (content["user_id"], content["option"], content["action"]) == (1001, "Deny", "denied")
    assert json.loads(content["input"])["description"] == "rm -rf build"
    assert (tmp_path / "audit").stat().st_mode & 0o777 == 0o700
    assert audit.files(tmp_path / "audit")[0].stat().st_mode & 0o777 == 0o600


def test_only_the_hash_of_a_long_input_is_logged(store: sqlite3.Connection, tmp_path: Path) -> None:
    decide(store, description="x" * 20_000)
    (entry,) = verify.verify(store, tmp_path, keep_days=30, now=NOW).entries
    assert "input" not in entry.content
    assert len(entry.content["input_sha256"]) == 64


def test_a_crash_between_the_file_and_the_store_writes_no_line_twice(
    store: sqlite3.Connection, tmp_path: Path
) -> None:
    decide(store, 2)
    audit.append(tmp_path, log.waiting(store))
    assert faults(store, tmp_path) == [], "a line that is in both counts once"
    decide(store, 1)
    write(store, tmp_path)
    (file,) = audit.files(tmp_path)
    assert [json.loads(line)["number"] for line in file.read_text(encoding="utf-8").splitlines()] == [1, 2, 3]


@pytest.mark.parametrize("left", [1, 40, 200])
def test_a_line_that_a_crash_truncated_is_written_again(
    store: sqlite3.Connection, tmp_path: Path, left: int
) -> None:
    decide(store, 2)
    audit.append(tmp_path, log.waiting(store)[:1])
    (file,) = audit.files(tmp_path)
    with file.open("a") as opened:
        opened.write(log.waiting(store)[1].line[:left])
    write(store, tmp_path)
    assert faults(store, tmp_path) == []
    assert file.read_text(encoding="utf-8").count("\n") == 2


def test_full_files_are_rotated_and_old_files_are_removed(
    store: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "FILE_BYTES", 2000)
    decide(store, 12)
    write(store, tmp_path)
    first, *rest = audit.files(tmp_path)
    assert len(rest) > 1
    assert faults(store, tmp_path) == []
    for file in (first, *rest):
        os.utime(file, (NOW / 1e6, NOW / 1e6))
    os.utime(first, (NOW / 1e6 - 31 * 86_400,) * 2)
    os.utime(rest[-1], (NOW / 1e6 - 31 * 86_400,) * 2)
    assert audit.remove_old(tmp_path, 30 * 86_400, NOW) == [first], "the file in use stays, however old"
    later = NOW + 31 * DAY
    assert faults(store, tmp_path, later) == []


def test_a_change_in_the_store_is_detected_by_the_log(store: sqlite3.Connection, tmp_path: Path) -> None:
    decide(store, 2)
    write(store, tmp_path)
    store.execute("UPDATE decisions SET option = 0, user_id = 7 WHERE id = 1")
    (fault,) = faults(store, tmp_path)
    assert fault.startswith("event-1: the ledger has ('answered', 'Approve', None, 7), but entry 1 has")
    store.execute("UPDATE decisions SET option = 1, user_id = 1001 WHERE id = 1")
    store.execute("UPDATE events SET body = '{}' WHERE id = 2")
    assert faults(store, tmp_path) == [
        "event-2: the event in the store differs from the one that was decided on"
    ]


def test_a_truncated_or_missing_log_is_detected(store: sqlite3.Connection, tmp_path: Path) -> None:
    decide(store, 2)
    write(store, tmp_path)
    (file,) = audit.files(tmp_path)
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.splitlines(keepends=True)[0])
    ended, missing = faults(store, tmp_path)
    assert "ends with entry 1, but the newest entry is 2: the end was changed or removed" in ended
    assert missing == "event-2: its decision is in the ledger, but not in the log"
    file.unlink()
    assert "the log is empty, but the newest entry is 2" in faults(store, tmp_path)[0]


def test_a_file_unknown_to_the_store_is_reported(store: sqlite3.Connection, tmp_path: Path) -> None:
    assert faults(store, tmp_path) == []
    (tmp_path / "audit-0000000001.jsonl").write_text("{}\n")
    assert "the store has no record of any entry" in faults(store, tmp_path)[-1]
