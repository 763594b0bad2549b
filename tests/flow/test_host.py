"""The address of the bridge's own HTTP server: loopback only, and every client finds it."""

from __future__ import annotations

import http.client
import json
import socket
from typing import TYPE_CHECKING

import pytest

from cctelegram.client import lifecycle, routes
from flow.test_life import run
from running import QUICK, bridge, make_home

if TYPE_CHECKING:
    from pathlib import Path


def code(address: str, port: int, host: str, **headers: str) -> int:
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", "/live", headers={"Host": host, **headers})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("setting", "address", "names", "others"),
    [
        ("127.0.0.1", "127.0.0.1", ["127.0.0.1", "localhost", "LOCALHOST"], ["[::1]", "127.0.0.2"]),
        ("127.8.9.10", "127.8.9.10", ["127.8.9.10"], ["localhost", "127.0.0.1"]),
        ("::1", "::1", ["[::1]", "localhost"], ["127.0.0.1", "::1"]),
        ("localhost", "127.0.0.1", ["127.0.0.1", "localhost"], ["[::1]"]),
    ],
)
def test_the_bridge_serves_the_configured_address_and_every_client_finds_it(
    tmp_path: Path, setting: str, address: str, names: list[str], others: list[str]
) -> None:
    if ":" in address:
        try:
            socket.create_server((address, 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("no IPv6 on this machine")
    home = make_home(tmp_path / "home", None, QUICK + f"[http]\nhost = '{setting}'\n")
    with bridge(home) as running:
        at = json.loads((home / "state" / "bridge.json").read_text(encoding="utf-8"))
        assert at["host"] == address
        shown = f"[{address}]" if ":" in address else address
        assert f"(http://{shown}:{at['port']})" in running.ready_line
        assert json.loads(run(home, "status", "--json").stdout)["running"] is True
        assert run(home, "mode", "local").returncode == 0
        assert run(home, "mode").stdout == "local\n"
        assert run(home, "outbox", "list").returncode == 0
        assert json.loads(run(home, "send", "task_failed", "One", "--wait", "20", "--json").stdout)[
            "state"
        ] == ("held")
        assert routes.search(str(home), "One", None, None, 20)["count"] == 1
        for name in names:
            assert code(address, at["port"], f"{name}:{at['port']}") == 200
            origin = f"http://{name}:{at['port']}"
            assert code(address, at["port"], f"{name}:{at['port']}", Origin=origin) == 200
        for name in (*others, "0.0.0.0", "evil.example", ""):
            assert code(address, at["port"], f"{name}:{at['port']}") == 403
        assert code(address, at["port"], f"{names[0]}:{at['port'] + 1}") == 403
        assert lifecycle.stop(str(home))["action"] == "stopped"


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.0.4"])
def test_a_network_address_is_refused_with_a_message(tmp_path: Path, address: str) -> None:
    home = make_home(tmp_path / "home", None, f"[http]\nhost = '{address}'\n")
    refused = run(home, "bridge", "--port", "0")
    assert refused.returncode == 1
    assert f"config.toml:2: http.host: read '{address}'; allowed: a loopback address" in refused.stderr
    assert not (home / "state" / "bridge.json").exists()


def test_a_port_in_use_is_reported_in_a_sentence(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run(home, "bridge", "--port", str(port))
    assert refused.returncode == 1
    assert (
        f"cannot listen on 127.0.0.1, port {port}: Address already in use. Stop the program that uses it"
        in refused.stderr
    )
