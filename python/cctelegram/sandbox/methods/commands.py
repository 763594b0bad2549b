"""The bot's command list that Telegram offers to users."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import orjson

from cctelegram.sandbox.refused import bad

if TYPE_CHECKING:
    from cctelegram.sandbox.methods.kind import Parameters
    from cctelegram.sandbox.state import State

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")


async def set_my_commands(state: State, params: Parameters) -> bool:
    """Replace the commands of a scope and language."""
    commands = params["commands"]
    if len(commands) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        command["command"] = command["command"].removeprefix("/")
        if not _COMMAND.fullmatch(command["command"]):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(command["description"]) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    state.commands[_scope(params)] = commands
    state.changes.add()
    return True


async def get_my_commands(state: State, params: Parameters) -> list[dict[str, str]]:
    """Return the commands of exactly this scope and language."""
    return state.commands.get(_scope(params), [])


async def delete_my_commands(state: State, params: Parameters) -> bool:
    """Delete the commands of a scope and language."""
    state.commands.pop(_scope(params), None)
    state.changes.add()
    return True


def _scope(params: Parameters) -> tuple[str, str]:
    scope = orjson.dumps(params.get("scope", {"type": "default"}), option=orjson.OPT_SORT_KEYS)
    return scope.decode(), params.get("language_code", "")
