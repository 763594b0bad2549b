"""Fixtures of all rooms."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from cctelegram.sandbox.child import UNLIMITED, Sandbox, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


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
