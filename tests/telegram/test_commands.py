from __future__ import annotations

import pytest

from cctelegram.telegram.commands import Command, parse

COMMANDS = [
    ("/status", ("status", "")),
    ("/STATUS", ("status", "")),
    ("/status@CCTelegram_Bot", ("status", "")),
    ("/status@cctelegram_bot  two words ", ("status", "two words")),
    ("/start 0a1b2c", ("start", "0a1b2c")),
    ("/todo\nfirst\nsecond", ("todo", "first\nsecond")),
    ("/cct:mute", ("mute", "")),
    ("/cct:nomad@cctelegram_bot now", ("nomad", "now")),
    ("/status@other_bot", None),
    ("/usr/bin/env", None),
    ("/cct:", None),
    ("/", None),
    ("/@cctelegram_bot", None),
    ("status", None),
    (" /status", None),
    ("", None),
    ("/statüs", None),
]


@pytest.mark.parametrize(("text", "command"), COMMANDS)
def test_a_text_is_a_command_or_it_is_not(text: str, command: tuple[str, str] | None) -> None:
    assert parse(text, "cctelegram_bot") == (command and Command(*command))
