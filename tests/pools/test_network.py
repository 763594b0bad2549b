"""A changing network: dead connections are not used, unsent requests are not unclear, the bridge recovers."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cctelegram.pools import network
from running import environment

CHANGE = Path(__file__).with_name("net_change.py")
# A network of one's own needs Linux, the rights for it, and the commands that arrange it.
OWN = ("unshare", "-n")


def possible() -> str:
    """Why no network namespace can be created; empty if it can."""
    if not all(shutil.which(command) for command in ("unshare", "ip")):
        return "needs the commands unshare and ip"
    arrange = "ip link set lo up && ip link add here type veth peer name there"
    done = subprocess.run([*OWN, "sh", "-c", arrange], capture_output=True, text=True, check=False)
    return f"no network of one's own: {done.stderr.strip()}" if done.returncode else ""


WHY_NOT = possible()
own_network = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "it can be had")


def seen(what: str) -> dict[str, Any]:
    done = subprocess.run(
        [*OWN, sys.executable, str(CHANGE), what],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@own_network
def test_a_connection_from_a_lost_local_address_is_not_used_and_the_next_one_works() -> None:
    found = seen("address")
    first, without, after = found["said"]
    assert (first, after, found["asked"]) == ("sent", "sent", 2)
    assert without.startswith("NotSent: "), "known at once, not unclear after a silence"
    assert found["seen"]["errors"] == {"ConnectError": 1}


@own_network
def test_a_connection_dropped_by_a_router_causes_no_unclear_send_and_a_poll_over_it_ends() -> None:
    found = seen("router")
    first, lost, after = found["said"]
    assert (first, after, found["asked"]) == ("sent", "sent", "2")
    assert lost.startswith("NotSent: ")
    assert re.search(r"no connection to \S+ within 0\.5 s$", lost)
    assert found["poll"] == "ReadError"
    assert found["poll_seconds"] < 10, "not only when the time of a poll, 60 s, is over"


@own_network
def test_a_bridge_whose_address_disappears_and_returns_sends_each_message_once() -> None:
    found = seen("bridge")
    assert [text.split()[1] for text in found["texts"]] == ["before", "without", "after"]
    assert not any("repeat" in text for text in found["texts"]), "nothing left while the address was gone"
    assert set(found["errors"]) == {"ConnectError"}
    assert found["seconds"] < 10


def test_every_connection_sends_keep_alive_probes() -> None:
    options = {option: value for _, option, value in network.OPTIONS}
    assert options[socket.SO_KEEPALIVE] == 1
    if sys.platform == "linux":
        idle, between, count = (
            options[getattr(socket, f"TCP_KEEP{name}")] for name in ("IDLE", "INTVL", "CNT")
        )
        assert idle + between * count == 30 == options[socket.TCP_USER_TIMEOUT] / 1000
