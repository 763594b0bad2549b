"""Size and growth of a directory, and when it reaches a limit; unknown figures are omitted."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cctelegram.cleanup.journal import Past
    from cctelegram.cleanup.policies import Policy
    from cctelegram.cleanup.reports import Report

DAY: Final = 86_400_000_000
# Growth is computed from the rounds within WINDOW (days), if they span at least LEAST (hours).
WINDOW: Final = 7 * DAY
LEAST: Final = 6 * 3_600_000_000
# Most rounds to take slopes between: the number of pairs grows with the square.
POINTS: Final = 40


def statistics_of(
    reports: Sequence[Report], policies: Sequence[Policy], rounds: Sequence[Past], now: int
) -> list[dict[str, Any]]:
    """Return a row for each report of a plan without an error; ages in seconds, `limit_in_days` in days."""
    by_path = {(policy.name, policy.path): policy for policy in policies}
    return [
        _row(report, by_path.get((report.directory, report.path)), rounds, now)
        for report in reports
        if not report.error
    ]


def growth(points: Sequence[tuple[int, int]]) -> float | None:
    """Return the slope of (time in us, value) per day, as the median over pairs; None for too little data.

    The median (Theil and Sen) is robust: a round that emptied the directory is one of many slopes.
    """
    if len(points) < 2 or points[-1][0] - points[0][0] < LEAST:
        return None
    step = max(1, len(points) // POINTS)
    some = points[::-step][::-1]
    slopes = sorted((y - b) / (x - a) for (a, b), (x, y) in combinations(some, 2) if x > a)
    # No statistics.median: `import statistics` loads decimal and fractions, which would stay in memory.
    middle = len(slopes) // 2
    return (slopes[middle] + slopes[~middle]) / 2 * DAY if slopes else None


def days_left(value: int, slope: float | None, limit: int | None) -> float | None:
    """Return in how many days `limit` is reached; None without a limit, a slope, or growth."""
    if limit is None or slope is None:
        return None
    if value >= limit:
        return 0.0
    return (limit - value) / slope if slope > 0 else None


def _row(report: Report, policy: Policy | None, rounds: Sequence[Past], now: int) -> dict[str, Any]:
    seen = [
        (past.at, past.directories[report.directory])
        for past in rounds
        if now - WINDOW <= past.at < now and report.directory in past.directories
    ]
    files = growth([*((at, level.files) for at, level in seen), (now, report.files)])
    size = growth([*((at, level.bytes) for at, level in seen), (now, report.bytes)])
    bounds = (None, None) if policy is None else (policy.count, policy.bytes)
    due = [
        days
        for days in (
            days_left(report.files, files, bounds[0] and bounds[0][0]),
            days_left(report.bytes, size, bounds[1] and bounds[1][0]),
        )
        if days is not None
    ]
    row = {
        "directory": report.directory,
        "path": report.path,
        "files": report.files,
        "bytes": report.bytes,
        "oldest_seconds": _ago(report.oldest, now),
        "newest_seconds": _ago(report.newest, now),
        "mean_age_seconds": _ago(report.mean, now),
        "largest": None
        if report.largest is None
        else {"bytes": report.largest[0], "name": report.largest[1]},
        "files_a_day": None if files is None else round(files, 1),
        "bytes_a_day": None if size is None else round(size),
        "limit_in_days": round(min(due), 1) if due else None,
    }
    return {key: value for key, value in row.items() if value is not None}


def _ago(when: int | None, now: int) -> float | None:
    return None if when is None else round((now - when) / 1_000_000, 3)
