"""Rules by type and by source, as the settings hold them; policy/judge.py decides which one applies."""

from __future__ import annotations

from typing import Final

import msgspec

from cctelegram.events.lane import LANES

SOURCE: Final = "source:"
ALLOWED: Final = (
    'tables by type (`[rules.git_push]`) or by source (`[rules."source:ci"]`) with `lane` ("decisions", '
    '"alerts", "ordinary" or "progress"), `silent`, `drop`, `digest` (true or false)'
)
SAMPLE: Final = """\
[rules.git_push]
digest = true
[rules."source:nightly"]
lane = "ordinary"
silent = true
"""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The treatment of the events that a rule matches.

    Attributes:
        lane: their lane, which sets priority and digesting; None for the lane of the protocol.
        silent: whether they are sent without a sound; None for the default of the lane.
        drop: they stay in the store and are never sent.
        digest: they are held, and a silent digest summarizes them from time to time.
    """

    lane: str | None = None
    silent: bool | None = None
    drop: bool = False
    digest: bool = False

    def __post_init__(self) -> None:
        """Refuse contradictory fields, and what is no lane."""
        if self.lane is not None and self.lane not in LANES:
            raise ValueError(f"lane is one of {', '.join(LANES)}, not {self.lane}")
        if self.drop and self.digest:
            raise ValueError("drop and digest cannot both be true: a digest does not report dropped events")
        if (self.drop or self.digest) and (self.lane is not None or self.silent is not None):
            word = "drop" if self.drop else "digest"
            raise ValueError(f"{word} sends no message of its own: leave out lane and silent")
