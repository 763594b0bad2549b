"""What the dashboard shows beside figures: links to Telegram, the end of the log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cctelegram.daemon.dashboard import link
from cctelegram.runtime import log_tail

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("chat_id", "thread_id", "message_id", "address"),
    [
        (1001, None, 7, "https://t.me/my_bot"),
        (-1001234567890, None, 7, "https://t.me/c/1234567890/7"),
        (-1001234567890, 3, 7, "https://t.me/c/1234567890/3/7"),
        (-42, None, 7, None),  # a basic group has no address
        (1001, None, None, None),  # not on the phone yet
        (None, None, None, None),
    ],
)
def test_a_question_is_linked_where_telegram_has_an_address(
    chat_id: int | None, thread_id: int | None, message_id: int | None, address: str | None
) -> None:
    question = {"chat_id": chat_id, "thread_id": thread_id, "message_id": message_id}
    assert link(question, "my_bot") == address


def test_the_end_of_a_long_log_is_read_and_broken_lines_are_passed_over(tmp_path: Path) -> None:
    lines = [json.dumps({"event": "x", "level": "info", "number": number}) for number in range(40_000)]
    lines[39_990] = '{"event": "cut'
    (tmp_path / "bridge.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert (tmp_path / "bridge.jsonl").stat().st_size > log_tail.MOST
    found = log_tail.tail(tmp_path, "info", None, 20)
    assert [line["number"] for line in found] == [*range(39_979, 39_990), *range(39_991, 40_000)]
    everything = log_tail.tail(tmp_path, "debug", None, 10**6)
    assert 0 < everything[0]["number"] < 40_000, "a part of it, from a whole line on"


def test_the_log_goes_on_in_the_file_that_was_rotated_last(tmp_path: Path) -> None:
    for name, number in (("bridge-20261127T0.jsonl", 1), ("bridge-20261128T0.jsonl", 2), ("bridge.jsonl", 3)):
        (tmp_path / name).write_text(json.dumps({"level": "info", "number": number}) + "\n", encoding="utf-8")
    assert [line["number"] for line in log_tail.tail(tmp_path, "info", None, 5)] == [2, 3]
    assert [line["number"] for line in log_tail.tail(tmp_path, "info", None, 1)] == [3]


def test_without_a_log_there_are_no_lines(tmp_path: Path) -> None:
    assert log_tail.tail(tmp_path, "debug", None, 5) == []
