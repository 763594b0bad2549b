"""The benches can be run: single steps once, as the tests that they are without a stopwatch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from running import environment

ROOT = Path(__file__).parents[1]


def test_every_single_step_that_is_measured_does_what_is_measured() -> None:
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "benches/test_costs.py"]
    done = subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "5 passed" in done.stdout
