"""The mode as it was set: its name, its end, and the mode after it; stored as one fact."""

from __future__ import annotations

from typing import Final

import msgspec

from cctelegram.policy.judge import MUTED, NOMAD

# The first byte of a fact that is more than a name.
OBJECT: Final = b"{"


class ModeState(msgspec.Struct, frozen=True, omit_defaults=True):
    """A mode; times in us since the epoch.

    Attributes:
        until: when a mute ends by itself; None when a person ends it.
        back: the mode that was set before `muted`, which returns afterwards.
    """

    mode: str
    until: int | None = None
    back: str = NOMAD

    def at(self, now: int) -> str:
        """Return the mode in effect at `now`."""
        return self.back if self.is_over(now) else self.mode

    def is_over(self, now: int) -> bool:
        """Return whether the mode has ended by `now`."""
        return self.until is not None and now >= self.until

    def change(self, mode: str, until: int | None, now: int) -> ModeState:
        """Return the state after a person asks for `mode` at `now`."""
        if mode != MUTED:
            return ModeState(mode)
        return ModeState(mode, until, self.back if self.at(now) == MUTED else self.at(now))

    def pack(self) -> bytes:
        """Return the stored form: the bare name, as it always was, or an object."""
        return self.mode.encode() if self == ModeState(self.mode) else msgspec.json.encode(self)

    @staticmethod
    def unpack(stored: bytes) -> ModeState | None:
        """Parse the stored form; return None when it is neither."""
        if not stored.startswith(OBJECT):
            return ModeState(stored.decode(errors="replace"))
        try:
            return msgspec.json.decode(stored, type=ModeState)
        except msgspec.MsgspecError:
            return None
