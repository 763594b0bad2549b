"""Parse commands that people write in a chat."""

from __future__ import annotations

import re
from typing import NamedTuple

# The name ends at white space, so that a path such as /usr/bin is not a command.
_COMMAND = re.compile(r"/(?:cct:)?([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]+))?(?:\s+(.*))?", re.DOTALL)


class Command(NamedTuple):
    """A command name in lower case, and the text after it, trimmed."""

    name: str
    args: str


def parse(text: str, bot_name: str) -> Command | None:
    """Return the command in a text; None for other texts and for commands to another bot.

    Commands are `/name`, `/name args`, `/name@botname args`, and the same with `/cct:` before the name.
    """
    found = _COMMAND.fullmatch(text)
    if found is None or (found[2] or bot_name).lower() != bot_name.lower():
        return None
    return Command(found[1].lower(), (found[3] or "").strip())


def for_another(text: str, bot_name: str) -> bool:
    """Return whether a text is a command to another bot: neither a command nor a message for this one."""
    found = _COMMAND.fullmatch(text)
    return found is not None and found[2] is not None and found[2].lower() != bot_name.lower()
