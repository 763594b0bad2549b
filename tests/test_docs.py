"""Every block of the documentation is run, every link has a target, every generated part is current."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram import _native, version
from cctelegram.cli import COMMANDS
from cctelegram.cli.command import parser_of
from cctelegram.sandbox.client import Control
from cctelegram.sandbox.faults import FIELDS
from documents import blocks, pages
from flow.phone import see
from running import bridge, environment, make_home
from test_layering import MAY_IMPORT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cctelegram.sandbox.child import Sandbox

LANGUAGES = {"sh", "python", "json", "toml", "text"}
RUN = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}
# What must be on the phone when the blocks of a page have run.
SHOWN = {
    "README.md": ["Build #42 failed", "Migration finished", "Deploy to production?"],
    "docs/protocol.md": [
        "Build #42 failed",
        "Nightly backup",
        "Deployed to alpha",
        "Deployed to beta",
        "3 tests failed",
        "Deploy 1.4 to production?",
    ],
    "docs/configuration.md": [],
    "docs/faults.md": ["may be a repeat"],
    "docs/sandbox.md": ["How far are you?", "Bridge: "],
}
RUNNABLE = [page for page in blocks.PAGES if any(block.language in RUN for block in blocks.blocks(page))]


@contextmanager
def a_person_who_taps(sandbox: Sandbox) -> Iterator[None]:
    """Answer each question with its first option, as soon as it is on the phone."""
    done = threading.Event()

    def answer() -> None:
        with Control(sandbox.control_url) as control:
            while not done.is_set():
                control.wait_for(lambda phone: done.is_set() or _asking(phone), 60)
                for message in _asking(control):
                    control.tap(message["message_id"], 0)
                    control.wait_for(lambda phone: done.is_set() or not _asking(phone), 60)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield
    finally:
        done.set()
        sandbox.control.say("thank you")  # a wait ends when something happens
        thread.join()


def _asking(control: Control) -> list[dict[str, Any]]:
    return [message for message in control.messages() if "callback_data" in json.dumps(message)]


@pytest.mark.parametrize("page", RUNNABLE, ids=blocks.name_of)
def test_the_code_blocks_of_a_page_run(page: Path, tmp_path: Path, fast_sandbox: Sandbox) -> None:
    user = tmp_path / "user"
    # The bridge is pointed at the sandbox by its environment: a page may write an .env of its own.
    given = {
        "TELEGRAM_BOT_TOKEN": fast_sandbox.token,
        "TELEGRAM_ALLOWED_USERS": str(fast_sandbox.user_id),
        "CC_TELEGRAM_API_BASE": fast_sandbox.api_base,
    }
    home = make_home(user / ".cc_telegram", None)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with bridge(home, **given), a_person_who_taps(fast_sandbox):
        for block in blocks.blocks(page):
            if block.language not in RUN:
                continue
            done = subprocess.run(
                [*RUN[block.language], block.text],
                cwd=user,
                env=environment(HOME=str(user), PATH=path, CONTROL=fast_sandbox.control_url),
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            where = f"{blocks.name_of(page)}:{block.line}"
            assert done.returncode == 0, f"{where}\n{done.stdout}{done.stderr}"
        for title in SHOWN[blocks.name_of(page)]:
            see(fast_sandbox, title)
        assert not list((home / "rejected").iterdir())
        for answer in (home / "responses").rglob("*.json"):
            assert set(json.loads(answer.read_text(encoding="utf-8"))) <= named_in(
                "docs/protocol.md", "## Answers"
            )


def named_in(page: str, heading: str) -> set[str]:
    """Return the names in the first column of the tables below a heading."""
    section = blocks.read(blocks.ROOT / page).partition(f"\n{heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
    return {word for row in rows for word in re.findall(r"`([a-z_]+)`", row)}


def test_the_page_of_faults_lists_every_field() -> None:
    assert set(FIELDS) == named_in("docs/faults.md", "## Fields")


def _wrong(block: blocks.Block) -> str | None:
    if block.language not in LANGUAGES:
        return f"{block.language or 'no language'} is none of {sorted(LANGUAGES)}"
    try:
        if block.language == "toml":
            tomllib.loads(block.text)
        if block.language == "json" and "title" in json.loads(block.text):
            return str(_native.validate_event(block.text.encode()) or "") or None
    except ValueError as error:
        return str(error)
    return None


def test_blocks_that_are_data_can_be_read() -> None:
    wrong = [
        f"{blocks.name_of(page)}:{block.line}: {_wrong(block)}"
        for page in blocks.PAGES
        for block in blocks.blocks(page)
        if _wrong(block) is not None
    ]
    assert not wrong


def test_commands_on_a_page_exist() -> None:
    targets = re.findall(r"^([a-z-]+):", (blocks.ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    unknown = []
    for page in blocks.PAGES:
        found = [*blocks.commands(page), *re.findall(r"`((?:make|cctelegram) [^`]+)`", blocks.read(page))]
        for command in (part for line in found for part in line.split(" -- ")):
            words = _words(command)
            made = words[0] != "make" or words[1] in targets
            named = words[0] == "cctelegram" and words[1:2] != ["COMMAND"] and words[1:]
            if not made or (named and not _is_command(words[1], words[2:])):
                unknown.append(f"{blocks.name_of(page)}: {command}")
    assert not unknown


def _words(command: str) -> list[str]:
    return [word.strip("\"'") for word in re.findall(r"\"[^\"]*\"|'[^']*'|\S+", command)]


def _is_command(name: str, words: list[str]) -> bool:
    if name not in COMMANDS:
        return False
    known = _flags(parser_of(name))
    return all(word.partition("=")[0] in known for word in words if word.startswith("--"))


def _flags(parser: argparse.ArgumentParser) -> set[str]:
    found: set[str] = set()
    for action in parser._actions:
        found |= set(action.option_strings)
        if isinstance(action, argparse._SubParsersAction):
            found |= {flag for below in action.choices.values() for flag in _flags(below)}
    return found


def test_links_have_targets() -> None:
    dead = []
    for page in blocks.PAGES:
        for target in blocks.links(page):
            file, _, anchor = target.partition("#")
            goal = (page.parent / file).resolve() if file else page
            if not goal.exists() or (anchor and anchor not in blocks.anchors(goal)):
                dead.append(f"{blocks.name_of(page)}: {target}")
    assert not dead


def test_every_page_is_reachable_from_the_readme() -> None:
    seen, to_read = set(), [blocks.ROOT / "README.md"]
    while to_read:
        page = to_read.pop()
        seen.add(page)
        goals = {(page.parent / target.partition("#")[0]).resolve() for target in blocks.links(page)}
        to_read += [goal for goal in goals - seen if goal.suffix == ".md" and goal.is_file()]
    assert {page for page in blocks.PAGES if page.parent.name == "docs"} <= seen


@pytest.mark.parametrize(
    ("page", "part"), [(page, part) for page, parts in pages.PARTS.items() for part in parts]
)
def test_generated_parts_match_the_code(page: str, part: str) -> None:
    found = pages.between(part).search((pages.DOCS / page).read_text(encoding="utf-8"))
    assert found is not None
    # Line breaks within a help differ between versions of Python.
    assert found[2].split() == pages.PARTS[page][part]().split(), "run: python tests/documents/pages.py"


def test_the_architecture_page_has_the_table_of_imports() -> None:
    text = blocks.read(blocks.ROOT / "docs" / "architecture.md")
    rows = re.findall(r"^\| `(\w+)` \| [^|]* \| ([^|]*) \|$", text, re.MULTILINE)
    said = {room: None if may == "anything" else set(re.findall(r"`(\w+)[`.]", may)) for room, may in rows}
    assert said == MAY_IMPORT


def test_the_changelog_has_a_section_for_this_version() -> None:
    stated = tomllib.loads((blocks.ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"][
        "version"
    ]
    assert stated == version()
    sections = re.findall(r"^## (\S+)", blocks.read(blocks.ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert sections[0] == stated


def test_pages_contain_no_emoji() -> None:
    emoji = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")
    for page in blocks.PAGES:
        assert not emoji.search(blocks.read(page)), page
