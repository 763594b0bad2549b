"""The help texts are kept as files, so that a change is visible in review."""

from __future__ import annotations

import pytest

from cli.commands import HELP, TEXTS, run


@pytest.mark.parametrize("name", TEXTS)
def test_the_help_of_each_command_equals_its_file(name: str) -> None:
    told = run(*TEXTS[name])
    assert told.returncode == 0
    assert told.stderr == ""
    kept = (HELP / f"{name}.txt").read_text(encoding="utf-8")
    assert told.stdout == kept, "after a wanted change: python tests/cli/commands.py"


def test_every_help_file_belongs_to_a_command() -> None:
    assert {file.stem for file in HELP.iterdir()} == set(TEXTS)


@pytest.mark.parametrize("words", [[], ["-h"], ["help"]])
def test_without_a_command_the_list_of_commands_is_shown(words: list[str]) -> None:
    assert run(*words).stdout == (HELP / "cctelegram.txt").read_text(encoding="utf-8")
