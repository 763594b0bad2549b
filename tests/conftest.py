"""Fixtures of all rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cctelegram.sandbox.child import UNLIMITED, Sandbox, running

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox of this test's own, with Telegram's limits."""
    with running() as started:
        yield started


@pytest.fixture
def fast_sandbox() -> Iterator[Sandbox]:
    """A sandbox of this test's own, without limits of pace."""
    with running(*UNLIMITED) as started:
        yield started
