"""The mode as it was set: which one, until when, and what comes after; kept as one fact."""

from __future__ import annotations

from typing import Final

import msgspec

from cctelegram.policy.judge import MUTED, NOMAD

# How a fact begins that is more than a name.
OBJECT: Final = b"{"


class ModeState(msgspec.Struct, frozen=True, omit_defaults=True):
    """A mode; times in us since the epoch.

    Attributes:
        until: when a mute ends by itself; None when a person ends it.
        back: the mode that was set before `muted`, which comes back.
    """

    mode: str
    until: int | None = None
    back: str = NOMAD

    def at(self, now: int) -> str:
        """Give the mode that counts at `now`."""
        return self.back if self.is_over(now) else self.mode

    def is_over(self, now: int) -> bool:
        """Whether its time was up before `now`."""
        return self.until is not None and now >= self.until

    def change(self, mode: str, until: int | None, now: int) -> ModeState:
        """Give what is set when a person asks for `mode` at `now`."""
        if mode != MUTED:
            return ModeState(mode)
        return ModeState(mode, until, self.back if self.at(now) == MUTED else self.at(now))

    def pack(self) -> bytes:
        """Give what the store keeps: the bare name, as it always was, or an object."""
        return self.mode.encode() if self == ModeState(self.mode) else msgspec.json.encode(self)

    @staticmethod
    def unpack(kept: bytes) -> ModeState | None:
        """Read what the store kept; None for what is neither."""
        if not kept.startswith(OBJECT):
            return ModeState(kept.decode(errors="replace"))
        try:
            return msgspec.json.decode(kept, type=ModeState)
        except msgspec.MsgspecError:
            return None
