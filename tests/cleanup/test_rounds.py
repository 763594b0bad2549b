"""A round over a home: what is removed by which rule, and what never is."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cctelegram.cleanup import journal, policies, rounds, summary, to_json
from cctelegram.cleanup.reports import Amount, Report, Round
from cctelegram.cleanup.statistics import days_left, growth, statistics_of
from cctelegram.spool.file_lock import FileLock
from cleanup.homes import ANSWER, DAY, HOUR, NOW, answer, make, write
from running import environment

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.config.settings import Settings


def clean(settings: Settings, *only: str, now: int = NOW) -> dict[str, Report]:
    """Clean by the age of contents; return the reports of directories with something to report."""
    done = rounds.run(settings, now, only=only, by_content=True)
    return {each.directory: each for each in done.directories if each.files or each.error}


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir() if file.is_file()}


def test_by_default_files_within_their_retention_are_kept_and_older_ones_removed(tmp_path: Path) -> None:
    settings = make(tmp_path)
    rejected, responses = tmp_path / "rejected", tmp_path / "responses"
    for day in range(40):
        write(rejected / f"{day}.json", day * DAY + HOUR)
        answer(responses, day, day * DAY + HOUR)
        answer(responses / "taken", day, day * DAY + HOUR)
    done = clean(settings)
    assert len(names(rejected)) == 14
    # The newest ten stay, whatever their age.
    assert len(names(responses)) == 10
    assert len(names(responses / "taken")) == 10
    assert done["rejected"].by_rule == {"age": Amount(26, 260)}
    assert clean(settings)["rejected"].by_rule == {}


def test_count_and_size_limits_remove_down_to_the_target_but_nothing_of_the_last_day(tmp_path: Path) -> None:
    config = '[cleanup.rejected]\ncount = [100, 40]\nbytes = ["100KB", "20KB"]\nkeep = 0\n'
    settings = make(tmp_path, config)
    for number in range(60):
        write(tmp_path / "rejected" / f"old-{number}", DAY + HOUR + number, 1000)
        write(tmp_path / "rejected" / f"new-{number}", HOUR + number, 1000)
    (report,) = clean(settings, "rejected").values()
    assert report.by_rule == {"bytes": Amount(60, 60_000)}
    assert all(name.startswith("new-") for name in names(tmp_path / "rejected"))
    assert len(names(tmp_path / "rejected")) == 60


def test_r45_include_and_exclude_are_globs(tmp_path: Path) -> None:
    config = '[cleanup.rejected]\ninclude = ["build-*.json"]\nexclude = ["*-keep.json"]\nkeep = 0\n'
    settings = make(tmp_path, config)
    for name in ("build-1.json", "build-1-keep.json", "rebuild-1.json", "build-1.json.txt"):
        write(tmp_path / "rejected" / name, 90 * DAY)
    clean(settings)
    assert names(tmp_path / "rejected") == {"build-1-keep.json", "rebuild-1.json", "build-1.json.txt"}


def test_r45_events_are_never_cleaned_only_temporary_files_of_a_crash(tmp_path: Path) -> None:
    settings = make(tmp_path, '[cleanup.temporary]\nage = "1s"\n')
    events = tmp_path / "events"
    for name in ("a.json", "b.jsonl", "C.JSON", ".d.json", ".123-abc.tmp", "e.json.tmp", "notes.txt"):
        write(events / name, 3650 * DAY)
    assert clean(settings)["temporary"].by_rule == {"age": Amount(2, 20)}
    assert names(events) == {"a.json", "b.jsonl", "C.JSON", ".d.json", "notes.txt"}


def test_r25_state_and_files_that_are_not_answers_are_never_cleaned(tmp_path: Path) -> None:
    settings = make(tmp_path, '[cleanup.responses]\nkeep = 0\ninclude = ["*"]\n')
    for name in ("mode.json", "bridge.json", "state.db", "20261123-notes.json"):
        write(tmp_path / "responses" / name, 3650 * DAY)
        write(tmp_path / "state" / name, 3650 * DAY)
    answer(tmp_path / "responses", 1, 3650 * DAY)
    clean(settings)
    assert names(tmp_path / "responses") == {"mode.json", "bridge.json", "state.db", "20261123-notes.json"}
    assert names(tmp_path / "state") == {"mode.json", "bridge.json", "state.db", "20261123-notes.json"}
    assert str(tmp_path / "state") not in {policy.path for policy in policies.policies(settings)}


@pytest.mark.skipif(os.name != "posix", reason="links of Unix")
def test_r45_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    write(outside / "precious", 3650 * DAY)
    settings = make(tmp_path / "home", "[cleanup.rejected]\nkeep = 0\n[cleanup.reports]\nkeep = 0\n")
    (tmp_path / "home" / "rejected" / "link").symlink_to(outside / "precious")
    (tmp_path / "home" / "reports").symlink_to(outside)
    done = clean(settings)
    assert names(outside) == {"precious"}
    assert (tmp_path / "home" / "rejected" / "link").is_symlink()
    assert "is a link" in str(done["reports"].error)


def test_the_current_log_stays_and_rotated_ones_are_removed_by_age(tmp_path: Path) -> None:
    settings = make(tmp_path, "[log]\nkeep = '2d'\n[cleanup.logs]\nkeep = 0\n")
    for name in ("bridge.jsonl", "bridge.start"):
        write(tmp_path / "logs" / name, 90 * DAY)
    for day in range(5):
        write(tmp_path / "logs" / f"bridge-{day}.jsonl", day * DAY + HOUR)
    clean(settings)
    assert names(tmp_path / "logs") == {"bridge.jsonl", "bridge.start", "bridge-0.jsonl", "bridge-1.jsonl"}


def test_a_rule_can_be_switched_off(tmp_path: Path) -> None:
    settings = make(tmp_path, '[cleanup.rejected]\nage = ""\nbytes = []\ncount = []\nkeep = 0\n')
    write(tmp_path / "rejected" / "a.json", 3650 * DAY)
    clean(settings)
    assert names(tmp_path / "rejected") == {"a.json"}


def test_a_file_that_was_just_moved_is_young_whatever_its_content(tmp_path: Path) -> None:
    settings = make(tmp_path, "[cleanup.taken]\nkeep = 0\n")
    now = journal.clock(str(tmp_path)).now
    name = ANSWER.format(number=1)
    file = tmp_path / "responses" / "taken" / name
    write(tmp_path / "responses" / name, 6 * DAY, now=now).rename(file)
    rounds.run(settings, now)
    assert file.exists()
    rounds.run(settings, now + 25 * HOUR)
    assert not file.exists()


def test_a_round_removes_what_was_planned_and_nothing_newer(tmp_path: Path) -> None:
    settings = make(tmp_path, "[cleanup.rejected]\nkeep = 0\n")
    write(tmp_path / "rejected" / "planned", 90 * DAY)
    write(tmp_path / "rejected" / "replaced", 90 * DAY)
    planned = rounds.plan(settings, NOW, by_content=True)
    write(tmp_path / "rejected" / "later", 90 * DAY)
    write(tmp_path / "rejected" / "replaced", 90 * DAY, 11)
    done = rounds.run(settings, NOW, planned=rounds.RoundPlan(NOW, planned))
    assert names(tmp_path / "rejected") == {"later", "replaced"}
    assert done.removed == Amount(1, 10)
    assert next(each.changed for each in done.directories if each.directory == "rejected") == 1


def test_a_directory_larger_than_a_plan_is_cleaned_in_several_plans(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "MOST", 10)
    settings = make(tmp_path, "[cleanup.rejected]\nkeep = 3\n")
    for number in range(105):
        write(tmp_path / "rejected" / str(number), 90 * DAY + number)
    (report,) = clean(settings, "rejected").values()
    assert (report.files, report.removed.files, report.more) == (105, 102, False)


def test_a_round_that_is_stopped_leaves_the_rest_to_the_next(tmp_path: Path) -> None:
    settings = make(tmp_path, "[cleanup.rejected]\nkeep = 0\n")
    for number in range(1200):
        write(tmp_path / "rejected" / str(number), 90 * DAY)
    looks = iter([False, False, True, True, True])
    done = rounds.run(settings, NOW, only=["rejected"], by_content=True, stop=lambda: next(looks, True))
    assert done.removed.files == rounds.STEP
    assert clean(settings)["rejected"].removed.files == 1200 - rounds.STEP


def test_a_killed_run_leaves_complete_files_and_no_lock(tmp_path: Path) -> None:
    settings = make(tmp_path, "[cleanup.rejected]\nkeep = 0\n")
    for number in range(1200):
        write(tmp_path / "rejected" / str(number), 90 * DAY)
    code = (
        "import os, signal, sys\n"
        "from cctelegram.cleanup import rounds\n"
        "from cctelegram.config.load import load\n"
        "settings = load(sys.argv[1], {}, {}).settings\n"
        "looks = iter([0, 0, 1])\n"
        "def stop(): return next(looks) and os.kill(os.getpid(), signal.SIGKILL)\n"
        f"with rounds.Alone(sys.argv[1]): rounds.run(settings, {NOW}, by_content=True, stop=stop)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=environment(), check=False)
    assert killed.returncode == -9
    left = list((tmp_path / "rejected").iterdir())
    assert 0 < len(left) < 1200
    assert all(file.stat().st_size == 10 for file in left)
    with rounds.Alone(str(tmp_path)):
        clean(settings)
    assert names(tmp_path / "rejected") == set()


def test_one_round_at_a_time_cleans_a_home(tmp_path: Path) -> None:
    make(tmp_path)
    other = FileLock(str(tmp_path / "state" / rounds.LOCK))
    assert other.try_lock()
    with pytest.raises(rounds.Busy, match="is running"), rounds.Alone(str(tmp_path)):
        raise AssertionError
    other.unlock()
    with rounds.Alone(str(tmp_path)), pytest.raises(rounds.Busy), rounds.Alone(str(tmp_path)):
        raise AssertionError


def test_an_unknown_directory_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(rounds.Unknown, match="rejected, responses, taken, logs"):
        rounds.plan(make(tmp_path), NOW, only=["events"])


def test_an_invalid_glob_is_reported_and_the_rest_is_cleaned(tmp_path: Path) -> None:
    config = '[cleanup.rejected]\ninclude = ["[z-a]"]\n[cleanup.reports]\nkeep = 0\n'
    settings = make(tmp_path, config)
    (tmp_path / "reports").mkdir()
    write(tmp_path / "reports" / "old", 100 * DAY)
    done = rounds.run(settings, NOW, by_content=True)
    assert "rejected" in done.problems[0]
    assert names(tmp_path / "reports") == set()


def test_rounds_and_the_growth_of_directories_are_recorded(tmp_path: Path) -> None:
    settings = make(tmp_path)
    home = str(tmp_path)
    for hour in range(25):
        now = NOW + hour * HOUR
        write(tmp_path / "rejected" / f"{hour}.json", 0, 1_000_000, now)
        journal.note(home, rounds.run(settings, now, by_content=True))
    found = rounds.plan(settings, NOW + 24 * HOUR, by_content=True)
    rows = statistics_of(
        [each.report for each in found], policies.policies(settings), journal.rounds(home), NOW + 24 * HOUR
    )
    row = next(row for row in rows if row["directory"] == "rejected")
    assert (row["files"], row["bytes"]) == (25, 25_000_000)
    assert row["files_a_day"] == pytest.approx(24, rel=0.1)
    assert row["limit_in_days"] == pytest.approx(75 / 24, rel=0.1)
    assert (row["oldest_seconds"], row["newest_seconds"]) == (24 * 3600, 0)
    assert row["mean_age_seconds"] == 12 * 3600
    assert len(to_json.history(journal.rounds(home))["rounds"]) == 25


def test_recorded_rounds_are_bounded_and_a_torn_line_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "KEPT", 10)
    make(tmp_path)
    for number in range(55):
        journal.note(str(tmp_path), Round(at=number, seconds=0.0, dry=False, directories=[]))
    file = tmp_path / "state" / journal.ROUNDS
    assert 10 <= len(file.read_bytes().splitlines()) < 20
    assert file.stat().st_mode & 0o777 == 0o600
    with file.open("a") as out:
        out.write('{"at": 99, "sec')
    assert journal.rounds(str(tmp_path), 3)[-1].at == 54
    assert journal.rounds(str(tmp_path / "nowhere")) == []


def test_growth_is_the_median_slope_and_not_reported_too_early() -> None:
    assert growth([]) is None
    assert growth([(0, 1), (HOUR, 100)]) is None
    steady = [(hour * HOUR, hour * 10) for hour in range(48)]
    assert growth(steady) == pytest.approx(240)
    steady[24] = (24 * HOUR, 0)
    assert growth(steady) == pytest.approx(240)


@pytest.mark.parametrize(
    ("value", "slope", "limit", "days"),
    [
        (50, 10.0, 100, 5.0),
        (100, 10.0, 100, 0.0),
        (50, 0.0, 100, None),
        (50, None, 100, None),
        (5, 1.0, None, None),
    ],
)
def test_a_forecast_leaves_out_what_is_unknown(
    value: int, slope: float | None, limit: int | None, days: float | None
) -> None:
    assert days_left(value, slope, limit) == days


def test_rounds_are_described_in_words() -> None:
    report = Report(
        directory="rejected",
        path="/r",
        files=9,
        bytes=12_345,
        by_rule={"age": Amount(3, 400), "count": Amount(1, 5)},
    )
    assert summary.line(report, dry=True) == "rejected: of 9 (12.3 KB) would remove age 3, count 1"
    assert summary.line(report, dry=False) == "rejected: of 9 (12.3 KB) removed age 3, count 1"
    plan = Round(at=NOW, seconds=0.1, dry=True, directories=[report])
    assert summary.title(plan) == "Would remove 4 entries, 405 B"
    assert to_json.round_of(plan)["directories"][0]["by_rule"] == {
        "age": {"files": 3, "bytes": 400},
        "count": {"files": 1, "bytes": 5},
    }
