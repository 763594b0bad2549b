"""The metrics of Telegram and of the pools, driven by a real bridge and what the sandbox answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from cctelegram.config.load import load
from cctelegram.daemon import measurements
from cctelegram.monitor import catalogue
from cctelegram.monitor.values import Metrics
from cctelegram.pools.pools import Pools
from driven import drives
from flow.phone import see
from monitor.scraped import scrape, scrape_until
from pools import authority
from pools.wire import result, wire

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox
    from running import RunningBridge


def connected(running: RunningBridge) -> None:
    running.wait_status(lambda now: now["telegram_connected"], "connected")


@drives(
    catalogue.REQUESTS,
    catalogue.REQUEST_TIME,
    catalogue.POOL_REQUESTS,
    catalogue.POOL_OPENED,
    catalogue.POOL_REUSED,
    catalogue.POOL_OPEN,
    catalogue.POOL_ERRORS,
)
def test_requests_are_counted_by_method_and_result_and_connections_as_opened_or_reused(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    connected(running)
    fast_sandbox.control.fail("sendMessage", error_code=406, description="Not Acceptable")
    for title in ("Refused", "First", "Second"):
        running.put(f"{title}.json", {"type": "task_failed", "title": title})
        scrape_until(
            running,
            lambda found: (
                found.spread(catalogue.REQUEST_TIME, "sendMessage").count
                == len(fast_sandbox.control.calls("sendMessage"))
                > 0
            ),
            f"{title} is sent",
        )
    see(fast_sandbox, "Second")
    now = scrape_until(
        running, lambda found: found.value(catalogue.REQUESTS, "sendMessage", "ok") == 2, "two arrived"
    )
    assert now.value(catalogue.REQUESTS, "sendMessage", "Rejected") == 1
    assert now.value(catalogue.REQUESTS, "getMe", "ok") == 1
    assert now.spread(catalogue.REQUEST_TIME, "sendMessage").count == 3
    assert 0 < now.spread(catalogue.REQUEST_TIME, "sendMessage").sum < 10
    # getMe, setMyCommands, three messages
    assert now.value(catalogue.POOL_REQUESTS, "send") == 5
    opened, reused = now.value(catalogue.POOL_OPENED, "send"), now.value(catalogue.POOL_REUSED, "send")
    assert opened + reused == 5
    assert reused > 0 < opened
    assert 1 <= now.value(catalogue.POOL_OPEN, "send") <= opened
    assert now.value(catalogue.POOL_ERRORS, "send") == 0
    fast_sandbox.control.fail("sendMessage", drop="before")
    running.put("dropped.json", {"type": "task_failed", "title": "Dropped at first"})
    see(fast_sandbox, "Dropped at first")
    assert scrape(running).value(catalogue.POOL_ERRORS, "send") == 1


@drives(
    catalogue.CONNECTED,
    catalogue.POLL_AGE,
    catalogue.POLLS,
    catalogue.POLL_FAILURES,
    catalogue.CONFLICTS,
    catalogue.UPDATES,
    catalogue.UNAUTHORIZED,
)
def test_polls_updates_and_strangers_are_counted(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    control = fast_sandbox.control
    connected(running)
    now = scrape(running)
    assert now.value(catalogue.CONNECTED) == 1
    assert now.value(catalogue.UPDATES) == now.value(catalogue.UNAUTHORIZED) == 0
    age = now.value(catalogue.POLL_AGE)
    assert 0 <= age < 30
    assert scrape(running).value(catalogue.POLL_AGE) > age, "it grows while nothing is answered"
    control.say("let me in", user_id=666)
    control.say("hello")
    now = scrape_until(running, lambda found: found.value(catalogue.UPDATES) == 2, "both came")
    now = scrape_until(running, lambda found: found.value(catalogue.UNAUTHORIZED) == 1, "one is a stranger")
    polls = now.value(catalogue.POLLS)
    assert polls >= 2
    assert now.value(catalogue.POLL_FAILURES) == now.value(catalogue.CONFLICTS) == 0
    control.fail(kind="other-poller", times=0)
    control.say("ends the poll that waits")
    now = scrape_until(
        running,
        lambda found: found.value(catalogue.CONFLICTS) > 0 == found.value(catalogue.CONNECTED),
        "the conflict",
    )
    assert now.value(catalogue.POLL_FAILURES) >= now.value(catalogue.CONFLICTS)
    assert now.value(catalogue.POLLS) > polls
    control.reset()
    scrape_until(running, lambda found: found.value(catalogue.CONNECTED) == 1, "connected again")


@drives(catalogue.POOL_WAITS, catalogue.POOL_WAITED, catalogue.TLS, catalogue.HANDSHAKES)
@pytest.mark.skipif(authority.OPENSSL is None, reason="needs the openssl command")
def test_waits_for_a_connection_and_tls_handshakes_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, vouched = authority.issue(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", vouched)

    async def run() -> Metrics:
        async with wire(result(1), tls=context) as server:
            base = server.base.replace("http:", "https:")
            flags: dict[str, object] = {"telegram.api_base": base, "pools.send.connections": 1}
            pools = Pools(load("/nonexistent", {}, flags).settings)
            await asyncio.gather(*(pools.send.post(base, content=b"{}") for _ in range(3)))
            metrics = Metrics()
            measurements.of_pool("send", pools.send.counters, metrics)
            await pools.aclose()
            return metrics

    metrics = asyncio.run(run())
    assert metrics.value(catalogue.HANDSHAKES, "send") == 1
    assert 0 < (metrics.value(catalogue.TLS, "send") or 0) < 10
    assert metrics.value(catalogue.POOL_WAITS, "send") == 2
    assert 0 < (metrics.value(catalogue.POOL_WAITED, "send") or 0) < 10
