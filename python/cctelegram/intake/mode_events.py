"""Events that change the mode: `data.command` is `/cct:nomad`, `/cct:local` or `/cct:mute`.

They are ignored unless `spool.allow_mode_events` is on: any producer could otherwise mute the phone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from cctelegram.chat.commands import MODE_OF
from cctelegram.events.event import from_row
from cctelegram.store import intake

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from cctelegram.delivery.modes import Change, Entered, Modes
    from cctelegram.runtime.context import Context

PREFIX: Final = "/cct:"
MARKER: Final = PREFIX[1:].encode()


class AppliedMode(NamedTuple):
    """A mode that was entered, and what that changed."""

    change: Change
    entered: Entered


class ModeEvents:
    """Reads the commands in accepted events."""

    def __init__(self, context: Context, modes: Modes) -> None:
        self._context = context
        self._modes = modes
        self._log = context.log

    def apply(
        self, connection: sqlite3.Connection, accepted: Sequence[intake.Accepted]
    ) -> AppliedMode | None:
        """Enter the mode that the last of these events asks for, in the transaction that stores them."""
        mode = None
        for item in accepted:
            # A body is decoded only where it can hold a command: most do not. JSON may write `/` as `\/`.
            command = _command(item) if MARKER in item.row[intake.BODY] else None
            if command is not None:
                mode = self._read(command) or mode
        if mode is None or mode == self._modes.current:
            return None
        change = self._modes.prepare(mode)
        return AppliedMode(change, self._modes.enter(connection, change))

    def complete(self, applied: AppliedMode | None) -> None:
        """Complete the change, once the transaction is durable."""
        if applied is not None:
            self._modes.complete(applied.change, applied.entered)

    def _read(self, command: str) -> str | None:
        mode = MODE_OF.get(command.removeprefix(PREFIX).strip())
        if not self._context.settings.spool.allow_mode_events:
            self._log.warning("mode.event_ignored", command=command, reason="spool.allow_mode_events is off")
            return None
        if mode is None:
            self._log.warning("mode.event_invalid", command=command, known=list(MODE_OF))
        return mode


def _command(item: intake.Accepted) -> str | None:
    command = from_row(item.row).data.get("command")
    return command if isinstance(command, str) and command.startswith(PREFIX) else None
