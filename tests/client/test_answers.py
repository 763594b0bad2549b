"""Waiting for the answer to a question, as the tool `ask` and the command `ask` do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from cctelegram.client import answers
from cctelegram.config import paths
from cctelegram.spool import responses
from spool.posting import post_answer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> str:
    paths.make(str(tmp_path / "home"))
    return str(tmp_path / "home")


def test_an_answer_is_taken_and_a_decision_is_found_among_those_taken(home: str) -> None:
    directory = paths.responses_dir(home)
    post_answer(directory, {"kind": "decision", "event_id": "e", "action": "approved"})
    found = answers.wait(home, "e", 20)
    assert found is not None
    assert found["action"] == "approved"
    assert responses.names(directory) == []
    assert responses.taken_decision(directory, "e") == found
    assert responses.taken_decision(directory, "e2") is None


def test_without_a_bridge_a_wait_ends_with_its_time(home: str) -> None:
    began = time.monotonic()
    passed: list[float] = []
    assert answers.wait(home, "e", 0.6, passed.append) is None
    assert 0.6 <= time.monotonic() - began < answers.GRACE
    assert passed[0] < passed[1] < 0.6 <= passed[-1]


def test_what_the_check_raises_ends_the_wait(home: str) -> None:
    def check(_: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        answers.wait(home, "e", 20, check)
