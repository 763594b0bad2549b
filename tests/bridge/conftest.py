"""A bridge over the sandbox, ready to be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from running import RunningBridge, bridge, make_home

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox


@pytest.fixture
def home(tmp_path: Path, fast_sandbox: Sandbox) -> Path:
    """A home that points at the test's sandbox."""
    return make_home(tmp_path / "home", fast_sandbox)


@pytest.fixture
def running(home: Path) -> Iterator[RunningBridge]:
    """A bridge over that home."""
    with bridge(home) as started:
        yield started
