"""The dashboard in a real browser, opened as a person opens it."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from running import COMMAND, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

    from running import RunningBridge

Scheme = Literal["light", "dark"]


def link(running: RunningBridge) -> str:
    """Return a one-time link."""
    return subprocess.run(
        [COMMAND, "dashboard", "--print", "--home", str(running.home)],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    ).stdout.strip()


def order(running: RunningBridge, *words: str) -> None:
    """Run a command over the bridge's home."""
    subprocess.run(
        [COMMAND, *words, "--home", str(running.home)], env=environment(), check=True, capture_output=True
    )


@contextmanager
def dashboard(
    browser: Browser,
    running: RunningBridge,
    *,
    width: int = 1280,
    height: int = 900,
    scheme: Scheme = "light",
    may_fail: tuple[str, ...] = (),
    **more: Any,
) -> Iterator[Page]:
    """Open the page; fails on any error of its scripts and any request to outside.

    Args:
        may_fail: parts of messages of the console that a test makes happen.
    """
    errors: list[str] = []
    address = link(running)
    origin = address.partition("/login")[0]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-GB", **more
    )
    page = context.new_page()
    page.set_default_timeout(15_000)

    def said(message: ConsoleMessage) -> None:
        known = any(part in message.text for part in may_fail)
        if message.type in ("error", "warning") and not known:
            errors.append(message.text)

    def asked(request: Request) -> None:
        if not request.url.startswith(origin):
            errors.append(f"asked {request.url}")

    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", said)
    page.on("request", asked)
    page.goto(address)
    page.wait_for_selector("body:not(.loading)")
    try:
        yield page
    finally:
        context.close()
    assert errors == []
