"""Commands in the chat that address the bridge itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from cctelegram.chat import pending
from cctelegram.config.zone import zone
from cctelegram.runtime import clock
from cctelegram.telegram.commands import Command, parse
from cctelegram.times.duration import rough
from cctelegram.times.instant import moment

if TYPE_CHECKING:
    from datetime import tzinfo

    from cctelegram.chat.search import History
    from cctelegram.runtime.context import Context

# Name and description, for setMyCommands.
COMMANDS: Final = {
    "start": "Introduce the bot and list the commands",
    "help": "List the commands",
    "status": "Show the health of the bridge, its queue and delivery times",
    "health": "Show what is wrong and what to do, and the measured figures with their budgets",
    "mode": "Show or change the mode: /mode local",
    "nomad": "Away: receive everything",
    "local": "At the desk: receive only what matters",
    "mute": "Receive nothing until /nomad or /local; /mute 1h for an hour",
    "pending": "Show open questions, and queued and held messages",
    "history": "Show the last messages, or search: /history deploy",
    "digest": "Send a digest of the held messages now",
    "cleanup": "Preview a cleanup, with a button that runs it",
}


# Commands that name a mode.
MODE_OF: Final = {"nomad": "nomad", "local": "local", "mute": "muted"}


def find(message: dict[str, Any], bot_name: str) -> Command | None:
    """Return the command in a message; None when it is not one of the bridge's."""
    command = parse(message.get("text") or "", bot_name)
    return command if command is not None and command.name in COMMANDS else None


class Reply(NamedTuple):
    """The answer to a command: lines, the first is the title; `mode` when it has buttons to change it."""

    lines: list[str]
    mode: str | None = None


class ModeRequest(NamedTuple):
    """The mode that a command sets, and for how long, such as "1h"."""

    mode: str
    duration: str | None


def mode_request(command: Command) -> ModeRequest | None:
    """Return the change of mode that a command requests, or None."""
    args = command.args.casefold()
    mode, _, duration = args.partition(" ") if command.name == "mode" else (command.name, "", args)
    if command.name in MODE_OF or (args and command.name == "mode"):
        return ModeRequest(MODE_OF.get(mode, mode), duration.strip() or None)
    return None


class Overview(Protocol):
    """The source of the status of all components."""

    async def status(self) -> dict[str, Any]:
        """Return the content of `/status`."""


class Commands:
    """Answers the read-only commands."""

    def __init__(self, context: Context, history: History, overview: Overview) -> None:
        self._context = context
        self._history = history
        self._overview = overview

    async def reply(self, command: Command, chat_id: int) -> Reply:
        """Return the answer to a command."""
        local = zone(self._context.settings.display.timezone)
        if command.name == "mode":
            now = await self._overview.status()
            return Reply([_mode(now, local), "Change it with /nomad, /local or /mute."], now["mode"])
        if command.name == "status":
            return Reply(_status(await self._overview.status(), local))
        if command.name == "health":
            return Reply(_health(await self._overview.status(), local))
        if command.name == "pending":
            read = self._context.store.read
            return Reply(await read(lambda c: pending.lines(c, chat_id, clock.wall(), local)))
        if command.name == "history":
            return Reply(await self._history.lines(command.args, chat_id))
        lines = [f"/{name}  {description}" for name, description in COMMANDS.items()]
        if command.name == "start":
            return Reply(
                ["CCTelegram is connected", "Events from your agents and scripts appear here.", *lines]
            )
        return Reply(["Commands", *lines])


def _mode(now: dict[str, Any], local: tzinfo) -> str:
    until = now["mode_until"]
    return f"Mode: {now['mode']}" + ("" if until is None else f" until {moment(until, local)}")


def _health(now: dict[str, Any], local: tzinfo) -> list[str]:
    lines = [f"Bridge: {now['health']}"]
    for problem in now["problems"]:
        lines += [line for line in (problem["reason"], problem["action"]) if line is not None]
    for alert in now["alerts"]:
        lines += [
            f"{alert['title']} since {moment(alert['since'], local)}. {alert['says']}.",
            alert["action"],
        ]
    if not now["problems"] and not now["alerts"]:
        lines.append("Nothing is wrong.")
    return [*lines, *_budgets(now["budgets"])]


def _budgets(found: dict[str, dict[str, Any]]) -> list[str]:
    """Return a line for each budget whose use was measured."""
    return [
        f"{each['about']}: {each['value']:.3g} of {each['limit']:g} {each['unit']}"
        for each in found.values()
        if each["value"] is not None
    ]


def _status(now: dict[str, Any], local: tzinfo) -> list[str]:
    queue = ", ".join(f"{lane} {count}" for lane, count in now["queue"].items() if count) or "empty"
    lines = [
        f"Bridge: {now['health']}",
        *now["reasons"],
        _mode(now, local),
        f"Queue: {queue}",
        f"Running for {rough(now['uptime_seconds'])}, {now['memory']['rss_bytes'] / 1e6:.1f} MB",
        f"Delivered since start: {now['delivery']['sent']}",
    ]
    seconds = now["delivery"].get("seconds")
    if seconds:
        lines.append(f"Event to phone: p50 {seconds['p50']:.2f} s, p95 {seconds['p95']:.2f} s")
    return [*lines, *_budgets(now["budgets"])]
