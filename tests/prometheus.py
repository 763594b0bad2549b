"""A real Prometheus and its promtool, for tests; Debian's package `prometheus` has both."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from running import PATIENCE, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Nothing is installed on the machines of many users: skipped there, required in CI.
needs_prometheus = pytest.mark.skipif(
    os.environ.get("CCTELEGRAM_TEST_PROMETHEUS") != "1"
    and not (shutil.which("prometheus") and shutil.which("promtool")),
    reason="no Prometheus on this machine",
)


def promtool(*words: str, given: str = "") -> str:
    """Run promtool without a complaint; return what it printed."""
    done = subprocess.run(
        ["promtool", *words], input=given, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus."""

    port: int

    def get(self, path: str, **query: str) -> Any:
        """Return the data of an answer of its HTTP API."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", f"/api/v1/{path}?{urlencode(query)}")
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        assert answer["status"] == "success", (query, answer)
        return answer["data"]

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Return labels and value of each series of an expression, now."""
        found = self.get("query", query=expression)["result"]
        return [(each["metric"], float(each["value"][1])) for each in found]

    def state(self, rule: str) -> str | None:
        """Return whether the alert of a rule is `pending` or `firing`; None when it is neither."""
        found = {each["state"] for each in self.get("alerts")["alerts"] if each["labels"]["rule"] == rule}
        assert len(found) < 2
        return next(iter(found), None)

    def wait_alert(self, rule: str, state: str | None) -> None:
        """Wait until the alert of a rule is in a state."""
        wait_for(lambda: self.state(rule) == state, f"{rule} is {state}")


@contextmanager
def prometheus(config: Path) -> Iterator[Prometheus]:
    """Start Prometheus with a configuration; its data is put beside it."""
    log = config.with_suffix(".log")
    with log.open("w") as out:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={config}",
                f"--storage.tsdb.path={config.parent / 'data'}",
                "--web.listen-address=127.0.0.1:0",
            ],
            cwd=config.parent,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
        try:

            def port() -> int:
                assert process.poll() is None, log.read_text()
                text = log.read_text()
                found = re.search(r'msg="Listening on" address=127\.0\.0\.1:(\d+)', text)
                return int(found[1]) if found and "ready to receive web requests" in text else 0

            yield Prometheus(wait_for(port, "Prometheus listens"))
        finally:
            process.terminate()
            process.wait(PATIENCE)
