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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cctelegram.bridge.archive import Archive
from cctelegram.cleanup import memory, rounds, told, words
from cctelegram.cleanup.policies import HISTORY, policies
from cctelegram.cleanup.statistics import statistics_of
from cctelegram.cli import FAILED, USAGE, table
from cctelegram.cli.failed import Failed
from cctelegram.cli.home import add_home, add_json, home_of
from cctelegram.cli.printed import json_line
from cctelegram.config import place
from cctelegram.config.load import load
from cctelegram.outbox import schema
from cctelegram.outbox.store import Store, connect

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from cctelegram.cleanup.reports import Round
    from cctelegram.config.settings import Settings

STORE = "store.db"


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
        _print(parsed, told.history(memory.rounds(home, told.SHOWN)), _past(home))
        return 0
    store = _store(settings, parsed.directory)
    try:
        archive = None if store is None else Archive(store, settings.spool.events_dir)
        if parsed.action == "run":
            done = _run(settings, parsed.directory, archive)
        else:
            now = memory.clock(home).now
            done = rounds.dry(settings, now, only=parsed.directory, history=archive)
    except rounds.Unknown as error:
        raise Failed(str(error), USAGE) from None
    except rounds.Busy as error:
        raise Failed(str(error)) from None
    except sqlite3.Error as error:
        raise Failed(f"the store cannot be cleaned: {error}") from None
    finally:
        if store is not None:
            store.close()
    if parsed.action == "stats":
        rows = statistics_of(done.directories, policies(settings), memory.rounds(home), done.at)
        _print(parsed, {"directories": rows}, [_row(row) for row in rows])
    else:
        lines = [words.line(report, dry=done.dry) for report in done.directories]
        _print(parsed, told.round_of(done), [words.title(done), *lines])
    return FAILED if done.problems else 0


def _run(settings: Settings, only: Sequence[str], archive: Archive | None) -> Round:
    with rounds.Alone(settings.home):
        now = memory.clock(settings.home)
        memory.note_clock(settings.home, now)
        done = rounds.run(settings, now.now, only=only, history=archive)
        memory.note(settings.home, done)
    if now.behind:
        hours = now.behind / 3_600_000_000
        sys.stderr.write(
            f"The clock of this machine went {hours:.1f} h ahead within less: ages are told by the time that "
            "surely passed, until the clock has held for a day.\n"
        )
    return done


def _store(settings: Settings, only: Sequence[str]) -> Store | None:
    """Open the store if it is asked for, is there, and is of this version: only the bridge changes that."""
    path = Path(place.state_dir(settings.home)) / STORE
    if (only and HISTORY not in only) or not path.exists():
        return None
    looking = connect(path, read_only=True)
    try:
        (version,) = looking.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error as error:
        raise Failed(f"the store {path} cannot be read: {error}") from None
    finally:
        looking.close()
    if version != schema.VERSION:
        sys.stderr.write("The store is of another version: its history is left to the bridge.\n")
        return None
    try:
        return Store(path)
    except sqlite3.Error as error:
        raise Failed(f"the store {path} cannot be opened: {error}") from None


def _print(parsed: argparse.Namespace, content: dict[str, Any], lines: Sequence[str]) -> None:
    if parsed.json:
        json_line(content)
    else:
        sys.stdout.write("".join(f"{table.clean(line)}\n" for line in lines))


def _past(home: str) -> list[str]:
    lines = []
    for past in reversed(memory.rounds(home, told.SHOWN)):
        rows = [
            f"{name} {level.removed} ({words.amount(level.freed)})"
            for name, level in past.directories.items()
            if level.removed
        ]
        lines.append(f"{told.moment(past.at)}  {', '.join(rows) or 'nothing to remove'}")
    return lines or ["Nothing was cleaned yet."]


def _row(row: dict[str, Any]) -> str:
    said = [f"{row['directory']}: {row['files']} entries, {words.amount(row['bytes'])}"]
    if "oldest_seconds" in row:
        said.append(
            f"oldest {words.span(row['oldest_seconds'])}, mean age {words.span(row['mean_age_seconds'])}"
            if "mean_age_seconds" in row
            else f"oldest {words.span(row['oldest_seconds'])}"
        )
    if "largest" in row:
        said.append(f"largest {words.amount(row['largest']['bytes'])}")
    if "bytes_a_day" in row:
        said.append(f"{row['files_a_day']:+g} entries and {row['bytes_a_day'] / 1e6:+.2f} MB a day")
    if "limit_in_days" in row:
        said.append(f"a limit is met in {row['limit_in_days']:g} days")
    return ", ".join(said)
