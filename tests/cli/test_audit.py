"""`cctelegram audit`, as a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram.decisions import close, ledger
from cctelegram.decisions.question import question
from cctelegram.events.event import from_row
from cctelegram.store import intake
from cli.commands import run
from owned import Store
from store.rows import NOW, row, to

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path


def decide(connection: sqlite3.Connection) -> None:
    event = {"type": "approval_request", "title": "Deploy\x1b[31m?", "description": "to\nproduction"}
    (taken,) = intake.accept(connection, [row(1, lane=0, fields=event)], to(intake.Recipient(1001)), NOW)
    asked = ledger.open_decision(connection, taken.event, question(from_row(taken.row)), NOW, NOW)
    ann = ledger.Responder(1001, "ann", "Ann\x1b[0m", 1001, 70)
    assert close.answer(connection, asked, ann, NOW, option=1, text="not \x1btoday") is not None


def test_without_a_store_the_command_says_that_no_bridge_has_run(tmp_path: Path) -> None:
    told = run("audit", "verify", home=tmp_path)
    assert told.returncode == 1
    assert "no bridge has run in this home" in told.stderr


def test_verify_accepts_a_complete_log_and_reports_a_broken_one(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    # The decision has a fixed date: with the default it would be too old to be compared some day.
    (tmp_path / "config.toml").write_text("[audit]\nkeep_days = 36500\n")
    store = Store(tmp_path / "state" / "store.db")
    nothing = run("audit", "verify", home=tmp_path)
    assert (nothing.returncode, nothing.stdout) == (0, "No entries yet.\n")
    assert run("audit", "show", home=tmp_path).stdout == "No decisions yet.\n"
    store.submit(decide).result()
    whole = run("audit", "verify", home=tmp_path)
    assert (whole.returncode, "The audit log is complete" in whole.stdout) == (0, True)
    store.submit(lambda c: c.execute("UPDATE decisions SET text = 'today'").rowcount).result()
    broken = run("audit", "verify", home=tmp_path)
    assert (broken.returncode, "BROKEN  event-1: the ledger has" in broken.stdout) == (1, True)
    store.close()


def test_text_from_strangers_reaches_the_terminal_without_control_characters(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    store = Store(tmp_path / "state" / "store.db")
    store.submit(decide).result()
    store.close()
    shown = run("audit", "show", home=tmp_path).stdout
    assert "2027-01-15T08:00:00.000000Z  denied" in shown
    assert "to production" in shown
    assert "\x1b" not in shown
