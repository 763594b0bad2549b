"""Quiet hours as the settings hold them; policy/quiet.py decides when one of their windows is open."""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WORDS: Final = {"all": DAYS, "weekdays": DAYS[:5], "weekends": DAYS[5:]}
NEEDS_YOU: Final = "needs_you"
ALERTS: Final = "alerts"
NOTHING: Final = "nothing"
ALLOWED: Final = (
    'a list of tables with `from` and `to` ("HH:MM"; past midnight when `to` is not later), `days` (a list '
    'of mon, tue, wed, thu, fri, sat, sun, or one of "all", "weekdays", "weekends"; default "all") and '
    '`let_through` ("needs_you", "alerts" or "nothing"; default "needs_you")'
)
SAMPLE: Final = """\
[[mode.quiet_hours]]
days = "weekdays"
from = "22:00"
to = "07:30"
let_through = "needs_you"
"""


class QuietHours(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"begins": "from", "ends": "to"},
):
    """A window on certain days, in local time.

    Attributes:
        days: the days on which it begins: a word, or names of days.
        begins: "HH:MM", written `from`.
        ends: "HH:MM", written `to`; on the next day if not later than `begins`.
        let_through: events that still reach the phone.
    """

    days: str | tuple[str, ...] = "all"
    begins: str
    ends: str
    let_through: Literal["needs_you", "alerts", "nothing"] = NEEDS_YOU

    def __post_init__(self) -> None:
        """Check what the types cannot express."""
        names = self.days if isinstance(self.days, tuple) else WORDS.get(self.days, (self.days,))
        if unknown := [name for name in names if name not in DAYS]:
            raise ValueError(f"{unknown[0]!r} is not a day; allowed: {', '.join((*DAYS, *WORDS))}")
        if not names:
            raise ValueError("days is empty")
        for time in (self.begins, self.ends):
            if not re.fullmatch(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", time):
                raise ValueError(f"{time!r} is not a time such as 07:30")

    @property
    def weekdays(self) -> frozenset[int]:
        """The days on which it begins, Monday 0 to Sunday 6."""
        names = self.days if isinstance(self.days, tuple) else WORDS[self.days]
        return frozenset(DAYS.index(name) for name in names)
