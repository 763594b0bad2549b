"""The CI workflows: least privilege, actions pinned by hash, and no steps beside the task runner."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TEXTS = {file.name: file.read_text(encoding="utf-8") for file in WORKFLOWS}
# The task runner, the own installation, the two test runners where there is no make, and the comment.
CALLS = re.compile(
    r"bash \.ci/(run|released)$|bash \.ci/run #|make [a-z-]+|cargo test --workspace$"
    r"|python -m (pip (install|wheel)|pytest) |\.venv/bin/python -m pytest |test \"\$RESULTS\"|gh pr comment "
)
# Every permission to write: workflow, job, scope.
WRITES: Final = {
    ("bench.yml", "comment", "pull-requests"),
    ("codspeed.yml", "python", "id-token"),
    ("codspeed.yml", "rust", "id-token"),
    ("release.yml", "attest", "attestations"),
    ("release.yml", "attest", "id-token"),
    ("release.yml", "publish", "id-token"),
}
files = pytest.mark.parametrize("name", TEXTS)


def jobs(text: str) -> dict[str, str]:
    """Return the text of each job."""
    parts = re.split(r"^  ([\w-]+):\n", text.partition("\njobs:\n")[2], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_there_are_workflows() -> None:
    assert {
        "ci.yml",
        "wheels.yml",
        "release.yml",
        "codspeed.yml",
        "bench.yml",
        "advisories.yml",
    } <= TEXTS.keys()


@files
def test_actions_are_pinned_by_hash_with_their_version(name: str) -> None:
    used = re.findall(r"uses: *(.*)", TEXTS[name])
    assert used
    for action in used:
        own = action.startswith("$/.github/workflows/") and action.rpartition("/")[2] in TEXTS
        assert own or re.fullmatch(r"[\w-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


def test_an_action_has_one_version_everywhere() -> None:
    pins = {pin for text in TEXTS.values() for pin in re.findall(r"uses: *([\w/-]+@.*)", text)}
    actions = [pin.partition("@")[0] for pin in pins]
    assert sorted(set(actions)) == sorted(actions)


@files
def test_steps_call_the_task_runner(name: str) -> None:
    for command in re.findall(r"run: *(.*)", TEXTS[name]):
        assert CALLS.match(command), command


def test_what_is_made_by_a_step_is_a_target_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    made = {target for text in TEXTS.values() for target in re.findall(r"run: *make ([a-z-]+)", text)}
    assert made >= {"test", "coverage", "leaks", "cross", "audit", "advisories", "compare", "codspeed-build"}
    for target in made:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@files
def test_tests_that_a_step_names_exist(name: str) -> None:
    for command in re.findall(r"run: *.*python -m pytest (.*)", TEXTS[name]):
        for word in command.split():
            assert word.startswith("--") or (ROOT / word).exists(), word


@files
def test_a_job_has_no_more_permission_than_it_is_listed_with(name: str) -> None:
    text = TEXTS[name]
    assert re.search(r"^permissions: \{\}$", text, re.MULTILINE), "every job says what it needs"
    assert "pull_request_target" not in text
    found = {
        (name, job, scope)
        for job, body in jobs(text).items()
        for scope in re.findall(r"^ +([\w-]+): *write\b", body, re.MULTILINE)
    }
    assert found == {each for each in WRITES if each[0] == name}
    assert len(re.findall(r":\s*[\"']?write", text)) == len(found)


def test_a_job_that_may_write_runs_nothing_of_the_change() -> None:
    comment = jobs(TEXTS["bench.yml"])["comment"]
    assert "checkout" not in comment
    assert re.findall(r"run: *(\w+)", comment) == ["gh"]


def test_the_green_light_waits_for_every_job() -> None:
    found = jobs(TEXTS["ci.yml"])
    green = found.pop("green")
    needed = re.findall(r"needs: \[(.*)\]", green)[0].split(", ")
    assert needed == list(found)
    wanted = re.findall(r'= "(.*)"', green)[0].split()
    assert wanted == ["success"] * len(needed)


def test_publishing_is_started_by_hand_and_nowhere_else() -> None:
    publishing = [name for name, text in TEXTS.items() if "pypi-publish" in text or "twine" in text]
    assert publishing == ["release.yml"]
    text = TEXTS["release.yml"]
    events = text.partition("\non:\n")[2].partition("\n\n")[0]
    assert events.split() == ["workflow_dispatch:"]
    publish = jobs(text)["publish"]
    assert "environment: pypi" in publish
    assert "password" not in re.sub("#.*", "", publish)
    assert "secrets." not in text


def released(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(ROOT / ".ci" / "released")],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], **environment},
    )


def test_only_a_dispatch_on_the_tag_of_the_version_is_a_release() -> None:
    version = re.findall(
        r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(encoding="utf-8"), re.MULTILINE
    )[0]
    tag = f"refs/tags/v{version}"
    assert released(GITHUB_EVENT_NAME="workflow_dispatch", GITHUB_REF=tag).returncode == 0
    for event, ref in (
        ("push", tag),
        ("workflow_dispatch", "refs/heads/main"),
        ("workflow_dispatch", f"{tag}.1"),
        ("workflow_dispatch", f"refs/heads/v{version}"),
    ):
        refused = released(GITHUB_EVENT_NAME=event, GITHUB_REF=ref)
        assert refused.returncode == 1, (event, ref)
        assert refused.stderr
    assert released().returncode == 1


def test_the_auditor_finds_no_problem() -> None:
    auditor = Path(sys.executable).with_name("zizmor")
    done = subprocess.run(
        [auditor, "--offline", "--no-progress", "--quiet", "--persona", "pedantic", *WORKFLOWS],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
