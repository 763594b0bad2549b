"""Print the tests of the rooms that a change touches, for `make check`.

A change is what differs from the commit that the branch left `main` at, and what is not committed; on `main`
itself, from the commit before the last.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Tests that read all the sources, or all the pages; they take seconds.
ALWAYS = ("tests/test_layering.py", "tests/test_tests.py")
# The rooms whose components are tried together.
TOGETHER = ("chat", "daemon", "decisions", "delivery", "intake", "policy", "runtime")


def git(*words: str) -> list[str]:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split("\n")[:-1]


def changed() -> list[str]:
    """Return the paths of the changed files, including untracked ones."""
    base = git("merge-base", "HEAD", "main")[0]
    if base == git("rev-parse", "HEAD")[0]:
        base = "HEAD^"
    return [*git("diff", "--name-only", base), *git("ls-files", "--others", "--exclude-standard")]


def tests_of(path: str) -> list[str]:
    """Return the tests of a file: those of its room, or the file itself if it is a test."""
    parts = Path(path).parts
    if parts[0] == "python" and len(parts) > 3:
        return [f"tests/{parts[2]}", *(["tests/bridge"] if parts[2] in TOGETHER else [])]
    if parts[0] == "tests" and parts[-1].startswith("test_"):
        return [path]
    if parts[0] == "docs" or parts[-1].endswith(".md"):
        return ["tests/test_docs.py"]
    return []


def main() -> None:
    wanted = {*ALWAYS, *(test for path in changed() for test in tests_of(path))}
    there = {test for test in wanted if (ROOT / test).exists()}
    # A file whose room is run as a whole would else be run twice.
    outer = sorted(test for test in there if not {str(above) for above in Path(test).parents} & there)
    sys.stdout.write(" ".join(outer) + "\n")


if __name__ == "__main__":
    main()
