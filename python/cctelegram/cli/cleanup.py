"""Show what cleanup would remove from a home, run it, show the size and growth of the directories.

    cctelegram cleanup plan      what would be removed now, and by which rule; removes nothing
    cctelegram cleanup run       run a round now
    cctelegram cleanup stats     the size and growth of each directory, and when it reaches a limit
    cctelegram cleanup history   what earlier rounds removed

The bridge runs rounds by schedule (`cleanup.schedule`); this command works with and without a bridge. Events
that are not delivered are never removed. `[cleanup.DIRECTORY]` in config.toml sets the retention.
Exit codes: 0 success, 1 a directory could not be cleaned or another round is running, 2 unknown directory.
"""

from __future__ import annotations

import sqlite3
import sys
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cctelegram.cleanup import journal, rounds, summary, to_json
from cctelegram.cleanup.archive import Archive, planned
from cctelegram.cleanup.policies import HISTORY, policies
from cctelegram.cleanup.reports import Report, Round
from cctelegram.cleanup.statistics import statistics_of
from cctelegram.cli import FAILED, USAGE, store, table
from cctelegram.cli.failed import Failed
from cctelegram.cli.home import add_home, add_json, home_of
from cctelegram.cli.printed import json_line
from cctelegram.client import BridgeError, Unreachable, routes
from cctelegram.config import paths
from cctelegram.config.load import load
from cctelegram.store import retention, schema
from cctelegram.times.duration import rough
from cctelegram.times.instant import rfc3339_seconds

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from cctelegram.config.settings import Settings

# The longest wait for the bridge. A round over a million files takes some seconds.
SECONDS: Final = 600.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("action", choices=["plan", "run", "stats", "history"], help="as described above")
    parser.add_argument(
        "--directory",
        action="append",
        default=[],
        metavar="D",
        help="only this directory: rejected, responses, taken, logs, captures, reports, temporary, history; "
        "can be repeated (default: all)",
    )
    add_home(parser)
    add_json(parser)


def run(parsed: argparse.Namespace) -> int:
    """Do it and print."""
    home = home_of(parsed)
    settings = load(home).settings
    if parsed.action == "history":
        _print(parsed, to_json.history(journal.rounds(home, to_json.SHOWN)), _past(home))
        return 0
    try:
        rounds.check(settings, parsed.directory)
        try:
            found = routes.cleanup(home, parsed.action, parsed.directory, SECONDS)
        except Unreachable:
            found = _without_bridge(parsed, settings)
    except rounds.Unknown as error:
        raise Failed(str(error), USAGE) from None
    except (rounds.Busy, BridgeError) as error:
        raise Failed(str(error)) from None
    if parsed.action == "stats":
        _print(parsed, found, [_row(row) for row in found["directories"]])
        return 0
    reports = [_report(each) for each in found["directories"]]
    done = Round(at=0, seconds=found["seconds"], dry=found["dry_run"], directories=reports)
    _print(parsed, found, [summary.title(done), *(summary.line(each, dry=done.dry) for each in reports)])
    return FAILED if found["problems"] else 0


def _without_bridge(parsed: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    """Do what a bridge would do; the home is locked while the store is written."""
    only = parsed.directory
    try:
        archive = _history(settings, only)
        if parsed.action == "run":
            return to_json.round_of(_run(settings, only, archive))
        done = rounds.dry(settings, journal.clock(settings.home).now, only=only, history=archive)
    except sqlite3.Error as error:
        raise Failed(f"the store cannot be read: {error}") from None
    if parsed.action == "plan":
        return to_json.round_of(done)
    past = journal.rounds(settings.home)
    return {"directories": statistics_of(done.directories, policies(settings), past, done.at)}


def _run(settings: Settings, only: Sequence[str], archive: _History | None) -> Round:
    with rounds.Alone(settings.home):
        now = journal.clock(settings.home)
        journal.note_clock(settings.home, now)
        done = rounds.run(settings, now.now, only=only, history=archive)
        journal.note(settings.home, done)
    if now.behind:
        hours = now.behind / 3_600_000_000
        sys.stderr.write(
            f"The clock of this machine jumped {hours:.1f} h ahead: ages are computed from the time that has "
            "certainly passed, until the clock has been stable for a day.\n"
        )
    return done


class _History:
    """The store's history, for a home without a running bridge."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def plan(self, now: int, age: int) -> Report:
        """Report the finished events older than `age` at `now`; times in us."""
        return store.reading(
            self._settings.home, lambda path, c: planned(path, retention.measure(c, now, age))
        )

    def run(self, now: int, age: int, stop: Callable[[], bool]) -> Report:
        """Remove the finished events older than `age`; the home is locked meanwhile."""
        try:
            with store.owned(self._settings.home) as opened:
                return Archive(opened, self._settings.spool.events_dir).run(now, age, stop)
        except Failed as error:
            path = paths.state_dir(self._settings.home)
            return Report(directory=HISTORY, path=path, error=str(error))


def _history(settings: Settings, only: Sequence[str]) -> _History | None:
    """Return the history if it is selected and the store exists in this version: only the bridge migrates."""
    if (only and HISTORY not in only) or not store.exists(settings.home):
        return None
    try:
        store.reading(settings.home, lambda _, __: None)
    except (schema.NewerStore, schema.OlderStore):
        sys.stderr.write(
            "The store has another schema version: its history is not cleaned without the bridge.\n"
        )
        return None
    return _History(settings)


# Fields of a directory's report that `words` needs, named as in the JSON form.
NEEDED: Final = ("directory", "path", "files", "bytes", "by_rule", "more", "changed", "failed", "error")


def _report(found: dict[str, Any]) -> Report:
    return msgspec.convert({key: found[key] for key in NEEDED if key in found}, Report)


def _print(parsed: argparse.Namespace, content: dict[str, Any], lines: Sequence[str]) -> None:
    if parsed.json:
        json_line(content)
    else:
        sys.stdout.write("".join(f"{table.clean(line)}\n" for line in lines))


def _past(home: str) -> list[str]:
    lines = []
    for past in reversed(journal.rounds(home, to_json.SHOWN)):
        rows = [
            f"{name} {level.removed} ({summary.amount(level.freed)})"
            for name, level in past.directories.items()
            if level.removed
        ]
        lines.append(f"{rfc3339_seconds(past.at)}  {', '.join(rows) or 'nothing to remove'}")
    return lines or ["No rounds yet."]


def _row(row: dict[str, Any]) -> str:
    parts = [f"{row['directory']}: {row['files']} entries, {summary.amount(row['bytes'])}"]
    if "oldest_seconds" in row:
        parts.append(
            f"oldest {rough(row['oldest_seconds'])}, mean age {rough(row['mean_age_seconds'])}"
            if "mean_age_seconds" in row
            else f"oldest {rough(row['oldest_seconds'])}"
        )
    if "largest" in row:
        parts.append(f"largest {summary.amount(row['largest']['bytes'])}")
    if "bytes_a_day" in row:
        parts.append(f"{row['files_a_day']:+g} entries and {row['bytes_a_day'] / 1e6:+.2f} MB a day")
    if "limit_in_days" in row:
        parts.append(f"reaches a limit in {row['limit_in_days']:g} days")
    return ", ".join(parts)
