"""The exporter's process: it dies, it hangs, and the bridge goes on."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from otel import receiver as receivers
from otel.test_export import ask_and_answer, children, exporting
from running import QUICK, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox


def test_an_exporter_that_is_killed_is_started_again_and_exports_what_came_meanwhile(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    with (
        receivers.receiver() as collector,
        exporting(tmp_path, fast_sandbox, collector.address) as running,
    ):
        wait_for(lambda: collector.metrics, "metrics")
        (first,) = children(running.process.pid)
        os.kill(first, signal.SIGKILL)
        ask_and_answer(running, fast_sandbox)
        wait_for(lambda: children(running.process.pid) not in ([], [first]), "another exporter", 30)
        wait_for(lambda: any(span.name == "answer" for span in collector.spans()), "the trace", 30)
        failed = [line for line in running.log() if "the exporter ended with code -9" in str(line)]
        assert failed, "the log says how it ended"


def test_an_exporter_that_hangs_is_killed_when_the_export_is_turned_off(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    with (
        receivers.receiver() as collector,
        exporting(tmp_path, fast_sandbox, collector.address) as running,
    ):
        wait_for(lambda: collector.metrics, "metrics")
        (child,) = children(running.process.pid)
        os.kill(child, signal.SIGSTOP)
        (running.home / "config.toml").write_text(QUICK, encoding="utf-8")
        wait_for(lambda: children(running.process.pid) == [], "it is gone", 30)
        assert "otel" not in running.status()
