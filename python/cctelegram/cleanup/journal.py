"""The journal of cleanup: what each round found and removed, and the clock for ages.

Both are files under `state/`, written only by the holder of the round's lock. A damaged file is replaced:
only figures are lost.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from cctelegram import durable
from cctelegram.cleanup import steady
from cctelegram.config import paths

if TYPE_CHECKING:
    from cctelegram.cleanup.reports import Round
    from cctelegram.cleanup.steady import Steady

CLOCK: Final = "cleanup.clock.json"
ROUNDS: Final = "cleanup.rounds.jsonl"
# Rounds to retain, six weeks of hourly ones; at twice as many, the older half is removed.
KEPT: Final = 1000


class Level(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a round found in a directory and removed from it."""

    files: int
    bytes: int
    removed: int = 0
    freed: int = 0
    by_rule: dict[str, int] = {}
    failed: int = 0


class Past(msgspec.Struct, frozen=True):
    """A past round; `at` in us since the epoch."""

    at: int
    seconds: float
    directories: dict[str, Level]


def clock(home: str) -> Steady:
    """Return the clock for ages, without storing the reading."""
    return steady.following(_clock(home), steady.read())


def note_clock(home: str, now: Steady) -> None:
    """Store a reading of the clock."""
    _write(_path(home, CLOCK), msgspec.json.encode(now))


def note(home: str, done: Round) -> None:
    """Append a round to the stored ones."""
    file = _path(home, ROUNDS)
    with file.open("ab") as out:
        if out.tell() == 0:
            file.chmod(0o600)
        out.write(msgspec.json.encode(past(done)) + b"\n")
    lines = file.read_bytes().splitlines(keepends=True)
    if len(lines) >= 2 * KEPT:
        _write(file, b"".join(lines[-KEPT:]))


def past(done: Round) -> Past:
    """Return the stored form of a round; reports of two paths under one name are added up."""
    levels: dict[str, Level] = {}
    for report in done.directories:
        before = levels.get(report.directory, Level(0, 0))
        by_rule = dict(before.by_rule)
        for rule, amount in report.by_rule.items():
            by_rule[rule] = by_rule.get(rule, 0) + amount.files
        levels[report.directory] = Level(
            files=before.files + report.files,
            bytes=before.bytes + report.bytes,
            removed=before.removed + report.removed.files,
            freed=before.freed + report.removed.bytes,
            by_rule=by_rule,
            failed=before.failed + report.failed,
        )
    return Past(done.at, round(done.seconds, 3), levels)


def rounds(home: str, limit: int = KEPT) -> list[Past]:
    """Return at most `limit` stored rounds, the newest last."""
    try:
        lines = _path(home, ROUNDS).read_bytes().splitlines()
    except OSError:
        return []
    found = []
    for line in lines[-limit:] if limit > 0 else []:
        with contextlib.suppress(msgspec.DecodeError):  # a crash truncated the line
            found.append(msgspec.json.decode(line, type=Past))
    return found


def _clock(home: str) -> Steady | None:
    try:
        return msgspec.json.decode(_path(home, CLOCK).read_bytes(), type=steady.Steady)
    except (OSError, msgspec.DecodeError):
        return None


def _path(home: str, name: str) -> Path:
    return Path(paths.state_dir(home)) / name


def _write(file: Path, data: bytes) -> None:
    with durable.replacing(file) as out:
        out.write(data)
