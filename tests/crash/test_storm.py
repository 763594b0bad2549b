"""The short form of `make crash`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crash.storm import storm

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_kills_at_random_instants_lose_nothing_and_repeat_nothing_unmarked(tmp_path: Path) -> None:
    result = storm(tmp_path, events=150, kills=10, seed=7)
    assert result.faults == [], result.table()
    assert (result.kills, result.account.events) >= (10, 150)
