"""The CI workflows: least privilege, actions pinned by hash, and no steps beside the task runner."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# The task runner, the package's own installation, and the two test runners where there is no make.
CALLS = re.compile(
    r"bash \.ci/run|make [a-z-]+|cargo test --workspace|python -m (pip install|pytest) |test \"\$RESULTS\""
)


def test_there_is_a_workflow() -> None:
    assert WORKFLOWS


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_actions_are_pinned_by_hash_with_their_version(file: Path) -> None:
    used = re.findall(r"uses: *(.*)", file.read_text(encoding="utf-8"))
    assert used
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_steps_call_the_task_runner(file: Path) -> None:
    for command in re.findall(r"run: *(.*)", file.read_text(encoding="utf-8")):
        assert CALLS.match(command), command


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_workflows_have_read_permission_only(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert re.search(r"^permissions: \{\}$", text, re.MULTILINE), "every job says what it needs"
    assert "write" not in text
    assert "pull_request_target" not in text


def test_the_auditor_finds_no_problem() -> None:
    auditor = Path(sys.executable).with_name("zizmor")
    done = subprocess.run(
        [auditor, "--offline", "--no-progress", "--quiet", "--persona", "pedantic", *WORKFLOWS],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
