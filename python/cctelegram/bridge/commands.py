"""What a person may ask the bridge itself, by a command in the chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cctelegram.telegram.commands import Command, parse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# Name and description, as setMyCommands shows them.
COMMANDS: Final = {
    "start": "Say hello and show what this bot does",
    "help": "List the commands",
    "status": "Show what the bridge measured",
    "mode": "Show or change what reaches you: /mode local",
    "nomad": "Away: everything reaches you",
    "local": "At the desk: only what matters",
    "mute": "Nothing reaches you until /nomad or /local",
}

# The commands that name a mode.
MODE_OF: Final = {"nomad": "nomad", "local": "local", "mute": "muted"}


def named(message: dict[str, Any], bot_name: str) -> Command | None:
    """Give the command a message is; None when it is none of ours."""
    command = parse(message.get("text") or "", bot_name)
    return command if command is not None and command.name in COMMANDS else None


async def reply(
    command: Command,
    status: Callable[[], Awaitable[dict[str, Any]]],
    set_mode: Callable[[str], Awaitable[str]],
) -> list[str]:
    """Give the lines that answer a command: the first is the title."""
    mode = MODE_OF.get(command.name) or (command.args.casefold() if command.name == "mode" else "")
    if mode:
        try:
            return [await set_mode(MODE_OF.get(mode, mode))]
        except ValueError as error:
            return ["The mode stays as it is", str(error)]
    if command.name == "mode":
        return [f"Mode: {(await status())['mode']}", "/nomad, /local or /mute changes it."]
    if command.name == "status":
        return _status(await status())
    lines = [f"/{name}  {what}" for name, what in COMMANDS.items()]
    if command.name == "start":
        return ["CCTelegram is connected", "Events from your agents and scripts appear here.", *lines]
    return ["Commands", *lines]


def _status(now: dict[str, Any]) -> list[str]:
    queue = ", ".join(f"{lane} {count}" for lane, count in now["queue"].items() if count) or "empty"
    lines = [
        f"Bridge: {now['health']}",
        *now["reasons"],
        f"Mode: {now['mode']}",
        f"Queue: {queue}",
        f"Running for {now['uptime_seconds']:.0f} s, {now['memory']['rss_bytes'] / 1e6:.1f} MB",
        f"Delivered since start: {now['delivery']['sent']}",
    ]
    seconds = now["delivery"].get("seconds")
    if seconds:
        lines.append(f"Event to phone: p50 {seconds['p50']:.2f} s, p95 {seconds['p95']:.2f} s")
    return lines
