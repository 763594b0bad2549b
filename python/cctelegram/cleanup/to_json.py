"""Format rounds for programs: JSON, times as RFC 3339."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from cctelegram.times.instant import rfc3339_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cctelegram.cleanup.journal import Past
    from cctelegram.cleanup.reports import Report, Round

# Rounds that `history` shows.
SHOWN: Final = 50


def round_of(done: Round) -> dict[str, Any]:
    """Return a plan or a round."""
    files, size = done.removed.files, done.removed.bytes
    return {
        "dry_run": done.dry,
        "at": rfc3339_seconds(done.at),
        "seconds": round(done.seconds, 3),
        "files": files,
        "bytes": size,
        "directories": [_directory(report) for report in done.directories],
        "problems": done.problems,
    }


def history(rounds: Sequence[Past]) -> dict[str, Any]:
    """Return past rounds, the newest first."""
    return {
        "rounds": [
            {**msgspec.to_builtins(past), "at": rfc3339_seconds(past.at), "seconds": past.seconds}
            for past in reversed(rounds)
        ]
    }


def _directory(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(report)
    for key in ("oldest", "newest", "mean"):
        if key in found:
            found[key] = rfc3339_seconds(found[key])
    found["named"] = [{"name": name, "rule": rule} for name, rule in report.named]
    found["faults"] = [{"name": name, "reason": reason} for name, reason in report.faults]
    if report.largest is not None:
        found["largest"] = {"bytes": report.largest[0], "name": report.largest[1]}
    return {
        "files": 0,
        "bytes": 0,
        **{key: value for key, value in found.items() if value not in ([], None)},
    }
