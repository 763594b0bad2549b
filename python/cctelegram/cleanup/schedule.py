"""Compute when the next round is due. Time and random number are arguments."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from cctelegram.times import duration

if TYPE_CHECKING:
    from datetime import tzinfo

OFF: Final = "off"
SECOND: Final = 1_000_000
# An interval is longer by up to this share, so that many homes do not clean at the same time.
SPREAD: Final = 0.1
# A cron expression names a minute; the round starts within it.
WITHIN: Final = 50 * SECOND
FIELDS: Final = 5


def following(schedule: str, now: int, zone: tzinfo, chance: float) -> int | None:
    """Return when the round after `now` is due, in us since the epoch, always later than `now`; or None.

    When the clock changes, a cron expression follows Debian's cron: a fixed time that occurs twice runs the
    first time, a skipped one runs when the clock jumps past it; `*` and steps run in both passes.

    Args:
        schedule: as `cleanup.schedule` allows: "1h", "30 3 * * *", "off".
        now: us since the epoch.
        zone: the zone of a cron expression.
        chance: from 0 to 1, the position within the jitter.
    """
    if schedule == OFF:
        return None
    if len(schedule.split()) < FIELDS:
        return now + int(duration.seconds(schedule) * SECOND * (1 + SPREAD * chance))
    from cronsim import CronSim  # noqa: PLC0415  only for a cron expression

    # Python ignores offsets when it subtracts or compares times of one zone, so compare timestamps.
    for moment in CronSim(schedule, datetime.fromtimestamp(now / SECOND, zone)):
        due = int(moment.timestamp()) * SECOND
        # In the second pass of an hour, CronSim first yields fixed times of the first pass.
        if due > now:
            return due + int(WITHIN * chance)
    return None
