"""Fixtures of all rooms."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from cctelegram.sandbox import child
from running import RunningBridge, bridge, make_home

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

# How long an example takes says how busy the machine is, and in a fresh clone the first ones make tables.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run crash and soak tests in their long form")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the longest tests first: with several workers, the last to start would be the last to end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture
def sandbox() -> Iterator[child.Sandbox]:
    """A sandbox for this test, with Telegram's limits."""
    with child.running() as started:
        yield started


@pytest.fixture
def fast_sandbox() -> Iterator[child.Sandbox]:
    """A sandbox for this test, without rate limits."""
    with child.running(*child.UNLIMITED) as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None and os.environ.get("CCTELEGRAM_TEST_BROWSER") != "1":
        pytest.skip("no Chromium on this machine")
    assert CHROMIUM is not None, "CCTELEGRAM_TEST_BROWSER=1 and no Chromium"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield made
        made.close()


@pytest.fixture
def home(tmp_path: Path, fast_sandbox: child.Sandbox) -> Path:
    """A home that points at the test's sandbox."""
    return make_home(tmp_path / "home", fast_sandbox)


@pytest.fixture
def running(home: Path) -> Iterator[RunningBridge]:
    """A bridge over that home."""
    with bridge(home) as started:
        yield started
