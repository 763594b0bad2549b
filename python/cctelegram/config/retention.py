"""Kinds of values for retention: limits of `[cleanup.DIRECTORY]`, and the schedule of cleanup."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, TypeVar

from cctelegram.config.kinds import Kind, NotAllowed
from cctelegram.config.size import size
from cctelegram.times import duration

# Shortest interval: a shorter one would be useless work.
SHORTEST_SECONDS: Final = 60
# Ten years: a longer time is a mistake.
LONGEST_SECONDS: Final = 3650 * 86_400
CRON_FIELDS: Final = 5
LONGEST_GLOB: Final = 200
_ANY_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)

T = TypeVar("T")


def _age(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004  one kind of error means "not allowed"
    if value:
        _length(value)
    return value


def _length(text: str) -> float:
    """Return the seconds of a length that removes files: `30` and `6M` could be meant as days and months."""
    found = duration.seconds(text)
    if found > LONGEST_SECONDS or not text.strip()[-1].islower():
        raise ValueError
    return found


def _sizes(value: object) -> tuple[str, str] | tuple[()]:
    above, below = _pair(value, str)
    if above is None or below is None:
        return ()
    if size(below) > size(above):
        raise NotAllowed(f"the target {below} is above the limit {above}")
    return above, below


def _counts(value: object) -> tuple[int, int] | tuple[()]:
    above, below = _pair(value, int)
    if above is None or below is None:
        return ()
    if not 0 <= below <= above:
        raise NotAllowed(f"the target {below} is not between 0 and the limit {above}")
    return above, below


def _pair(value: object, kind: type[T]) -> tuple[T, T] | tuple[None, None]:
    if not isinstance(value, list | tuple) or len(value) not in (0, 2):
        raise ValueError
    if any(type(each) is not kind for each in value):
        raise ValueError
    return (value[0], value[1]) if value else (None, None)


def _globs(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError  # noqa: TRY004  one kind of error means "not allowed"
    for glob in value:
        if not isinstance(glob, str) or not 0 < len(glob) <= LONGEST_GLOB:
            raise ValueError
        if "/" in glob:
            raise NotAllowed(f"{glob!r} has a slash; a glob matches names in one directory")
        if glob.count("[") > glob.count("]") or glob.count("{") != glob.count("}"):
            raise NotAllowed(f"{glob!r} has an unclosed bracket")
    return tuple(value)


def _schedule(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004  one kind of error means "not allowed"
    if value == "off":
        return value
    if len(value.split()) < CRON_FIELDS:
        if _length(value) < SHORTEST_SECONDS:
            raise NotAllowed("shorter than a minute")
        return value
    if len(value.split()) > CRON_FIELDS:
        raise NotAllowed("a cron expression has five fields, beginning with minutes")
    from cronsim import CronSim, CronSimError  # noqa: PLC0415  only for a cron expression

    try:
        next(CronSim(value, _ANY_DAY))
    except (CronSimError, StopIteration) as error:
        raise NotAllowed(str(error) or "it matches no time") from None
    return value


def _words(text: str) -> object:
    words = (part.strip(" '\"") for part in text.split(","))
    return [word for word in words if word]


def _numbers(text: str) -> object:
    return [int(part) for part in text.replace(",", " ").split()]


AGE = Kind("duration", 'a duration such as "90m", "24h", "14d"; "" for no limit', _age)
SIZES = Kind(
    "two sizes",
    'the limit and the target, such as ["100MB", "50MB"]; [] for no limit',
    _sizes,
    _words,
)
COUNTS = Kind(
    "two numbers", "the limit and the target, such as [1000, 500]; [] for no limit", _counts, _numbers
)
GLOBS = Kind("list of globs", 'a list of globs for file names, such as ["*.json"]', _globs, _words)
SCHEDULE = Kind(
    "schedule",
    'an interval of a minute or more ("1h"), a cron expression of five fields ("30 3 * * *"), or "off"',
    _schedule,
)
