"""Show what would be cleaned of a home, clean it, show how full its directories are.

    cctelegram cleanup plan      what would go now, and by which rule; removes nothing
    cctelegram cleanup run       clean now
    cctelegram cleanup stats     how full each directory is, how fast it grows, when it meets a limit
    cctelegram cleanup history   what was cleaned before

The bridge cleans by itself (`cleanup.schedule`). This works with and without it. Nothing goes that was not
delivered. What is kept, and how long, says `[cleanup.DIRECTORY]` in config.toml.
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

# A round over a million files takes some seconds; the bridge is waited for so long.
SECONDS: Final = 600.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("action", choices=["plan", "run", "stats", "history"], help="what to do")
    parser.add_argument(
        "--directory",
        action="append",
        default=[],
        metavar="D",
        help="only this one: rejected, responses, taken, logs, captures, reports, temporary, history; "
        "may be repeated",
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
    """Do what a bridge would; the store is written with the home locked, and only read for the rest."""
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
            f"The clock of this machine went {hours:.1f} h ahead within less: ages are told by the time that "
            "surely passed, until the clock has held for a day.\n"
        )
    return done


class _History:
    """The store's history where no bridge runs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def plan(self, now: int, age: int) -> Report:
        """Say what is finished and older than `age`; only reads."""
        return store.reading(self._settings.home, lambda path, c: planned(path, retention.look(c, now, age)))

    def run(self, now: int, age: int, stop: Callable[[], bool]) -> Report:
        """Remove it, with the home locked meanwhile."""
        try:
            with store.owned(self._settings.home) as opened:
                return Archive(opened, self._settings.spool.events_dir).run(now, age, stop)
        except Failed as error:
            path = paths.state_dir(self._settings.home)
            return Report(directory=HISTORY, path=path, error=str(error))


def _history(settings: Settings, only: Sequence[str]) -> _History | None:
    """Return the history if it is asked for, there, and of this version: only the bridge changes that."""
    if (only and HISTORY not in only) or not store.exists(settings.home):
        return None
    try:
        store.reading(settings.home, lambda _, __: None)
    except (schema.NewerStore, schema.OlderStore):
        sys.stderr.write("The store is of another version: its history is left to the bridge.\n")
        return None
    return _History(settings)


# What `words` needs of a directory's report, under the same names in what programs read.
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
    return lines or ["Nothing was cleaned yet."]


def _row(row: dict[str, Any]) -> str:
    said = [f"{row['directory']}: {row['files']} entries, {summary.amount(row['bytes'])}"]
    if "oldest_seconds" in row:
        said.append(
            f"oldest {rough(row['oldest_seconds'])}, mean age {rough(row['mean_age_seconds'])}"
            if "mean_age_seconds" in row
            else f"oldest {rough(row['oldest_seconds'])}"
        )
    if "largest" in row:
        said.append(f"largest {summary.amount(row['largest']['bytes'])}")
    if "bytes_a_day" in row:
        said.append(f"{row['files_a_day']:+g} entries and {row['bytes_a_day'] / 1e6:+.2f} MB a day")
    if "limit_in_days" in row:
        said.append(f"a limit is met in {row['limit_in_days']:g} days")
    return ", ".join(said)
