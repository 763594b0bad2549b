"""`cctelegram config`: the errors it reports, what it writes, and what it refuses to write."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from cctelegram.config.load import load
from cli.commands import run
from running import COMMAND, environment, make_home

if TYPE_CHECKING:
    from pathlib import Path

WRITTEN = "# mine\n[pacing]\nchat_burst = 5 # few\n"
TOKEN = "123456789:AAF-made_up_for_this_test_0123456789"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path / "home", None, WRITTEN)


def config(home: Path) -> str:
    return (home / "config.toml").read_text(encoding="utf-8")


def left_behind(home: Path) -> list[str]:
    return sorted(file.name for file in home.iterdir() if file.name not in ("config.toml", ".env"))


def test_check_reports_all_errors_in_all_sources_and_fails(home: Path) -> None:
    (home / "config.toml").write_text(
        "[pacing]\nchat_burst = 0\nchat_bust = 5\n[lanes]\nalert_bound = 'x'\n[profile.ci.http]\nport = -1\n"
    )
    (home / ".env").write_text("nonsense\nCC_TELEGRAM_MODE=away\n")
    told = run("config", "check", home=home, CC_TELEGRAM_LOG_LEVEL="loud", CC_TELEGRAM_X="1")
    assert told.returncode == 1
    lines = told.stdout.splitlines()
    assert [line.split(": ")[0].removeprefix(f"{home}/") for line in lines] == [
        ".env:1",
        "config.toml:2",
        "config.toml:3",
        "config.toml:5",
        "config.toml:7",
        ".env:2",
        "CC_TELEGRAM_LOG_LEVEL",
    ]
    assert "CC_TELEGRAM_X" in told.stderr
    as_json = json.loads(run("config", "check", "--json", home=home).stdout)
    assert as_json["valid"] is False
    assert [each["line"] for each in as_json["problems"]] == [1, 2, 3, 5, 7, 2]
    assert as_json["problems"][1]["key"] == "pacing.chat_burst"


def test_check_of_valid_settings_succeeds(home: Path) -> None:
    told = run("config", "check", home=home)
    assert (told.returncode, told.stderr) == (0, "")
    assert "are valid" in told.stdout
    assert json.loads(run("config", "check", "--json", home=home).stdout) == {
        "valid": True,
        "problems": [],
        "warnings": [],
    }


def test_show_prints_values_and_with_origin_where_they_come_from(home: Path) -> None:
    plain = run("config", "show", home=home).stdout
    assert "pacing.chat_burst" in plain
    assert "config.toml, line 3" not in plain
    (line,) = [
        line
        for line in run("config", "show", "--origin", home=home).stdout.splitlines()
        if line.startswith("pacing.chat_burst")
    ]
    assert line.split(maxsplit=2) == ["pacing.chat_burst", "5", "config.toml, line 3"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["pacing.chat_burst", "7"], "# mine\n[pacing]\nchat_burst = 7 # few\n"),
        (["display.style", "detailed"], WRITTEN + '\n[display]\nstyle = "detailed"\n'),
        (["telegram.allowed_users", "[7, 8]"], WRITTEN + "\n[telegram]\nallowed_users = [7, 8]\n"),
        (["telegram.allowed_users", "7,8"], WRITTEN + "\n[telegram]\nallowed_users = [7, 8]\n"),
    ],
)
def test_set_changes_one_setting_and_keeps_the_rest_of_the_file(
    home: Path, words: list[str], expected: str
) -> None:
    (home / "config.toml").chmod(0o640)
    told = run("config", "set", *words, home=home)
    assert (told.returncode, told.stderr) == (0, "")
    assert config(home) == expected
    assert (home / "config.toml").stat().st_mode & 0o777 == 0o640
    assert left_behind(home) == []


def test_set_creates_a_home_and_a_file_that_others_cannot_read(tmp_path: Path) -> None:
    home = tmp_path / "new"
    assert run("config", "set", "pacing.chat_burst", "7", home=home).returncode == 0
    assert config(home) == "[pacing]\nchat_burst = 7\n"
    assert home.stat().st_mode & 0o777 == 0o700
    assert (home / "config.toml").stat().st_mode & 0o777 == 0o600


def test_set_follows_a_link_and_leaves_it_a_link(home: Path, tmp_path: Path) -> None:
    (home / "config.toml").rename(tmp_path / "dotfile")
    (home / "config.toml").symlink_to("../dotfile")
    assert run("config", "set", "pacing.chat_burst", "7", home=home).returncode == 0
    assert (home / "config.toml").is_symlink()
    assert "chat_burst = 7" in (tmp_path / "dotfile").read_text(encoding="utf-8")


def test_set_in_a_profile_says_when_it_takes_effect(home: Path) -> None:
    told = run("config", "set", "pacing.chat_burst", "1", "--profile", "ci", home=home)
    assert told.returncode == 0
    assert "The value in force comes from: config.toml, line 3." in told.stdout
    assert load(str(home), {"CC_TELEGRAM_PROFILE": "ci"}).settings.pacing.chat_burst == 1
    assert load(str(home), {}).settings.pacing.chat_burst == 5
    assert run("config", "unset", "pacing.chat_burst", "--profile", "ci", home=home).returncode == 0
    assert load(str(home), {"CC_TELEGRAM_PROFILE": "ci"}).settings.pacing.chat_burst == 5


def test_set_reports_what_overrides_it_and_what_needs_a_restart(home: Path) -> None:
    told = run("config", "set", "log.level", "debug", home=home, CC_TELEGRAM_LOG_LEVEL="error")
    assert "The value in force comes from: environment, CC_TELEGRAM_LOG_LEVEL." in told.stdout
    assert "at the next start" in run("config", "set", "http.port", "9000", home=home).stdout


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["set", "pacing.chat_burst", "0"], 1, "pacing.chat_burst: read '0'; allowed: a whole number"),
        (["set", "pacing.chat_bust", "1"], 1, "the nearest is pacing.chat_burst"),
        (["set", "display.style", "loud"], 1, "one of concise, detailed"),
        (["set", "pacing.chat_burst"], 2, "a value is needed"),
        (["set", "pacing.chat_burst", "1\n[lanes]"], 1, "allowed: a whole number"),
        (["set", "telegram.token", TOKEN], 2, "can read a command's arguments"),
        (["set", "telegram.token", "--profile", "ci"], 2, "no profiles"),
        (["unset", "lanes.alert_bound"], 1, "is not set in"),
        (["unset", "telegram.token"], 1, "is not set in"),
    ],
)
def test_a_refused_value_changes_nothing(home: Path, words: list[str], code: int, says: str) -> None:
    told = run("config", *words, home=home)
    assert told.returncode == code
    assert says in told.stderr
    assert "Traceback" not in told.stderr
    assert TOKEN not in told.stdout + told.stderr
    assert (config(home), left_behind(home)) == (WRITTEN, [])


def test_a_file_that_is_wrong_elsewhere_is_not_replaced_by_another_wrong_one(home: Path) -> None:
    (home / "config.toml").write_text(WRITTEN + "[lanes]\nalert_bound = 0\n")
    told = run("config", "set", "pacing.chat_burst", "7", home=home)
    assert told.returncode == 1
    assert f"{home}/config.toml:5: lanes.alert_bound" in told.stderr
    assert run("config", "set", "lanes.alert_bound", "9", home=home).returncode == 0, "what mends it is taken"


def test_unset_removes_a_setting_and_says_which_value_applies_now(home: Path) -> None:
    told = run("config", "unset", "pacing.chat_burst", home=home)
    assert told.returncode == 0
    assert "comes from: default" in told.stdout
    assert config(home) == "# mine\n[pacing]\n"


def test_r49_the_token_is_read_from_standard_input_and_written_only_to_the_env_file(home: Path) -> None:
    (home / ".env").write_text("# mine\nTELEGRAM_ALLOWED_USERS=7\n")
    told = run("config", "set", "telegram.token", home=home, given=f"{TOKEN}\n")
    assert (told.returncode, told.stderr) == (0, "")
    assert TOKEN not in told.stdout
    assert (home / ".env").read_text(
        encoding="utf-8"
    ) == f"# mine\nTELEGRAM_ALLOWED_USERS=7\nTELEGRAM_BOT_TOKEN={TOKEN}\n"
    assert (home / ".env").stat().st_mode & 0o777 == 0o600
    assert config(home) == WRITTEN
    wrong = run("config", "set", "telegram.token", home=home, given="12345 not a token\n")
    assert wrong.returncode == 1
    assert "the value (not shown)" in wrong.stderr
    assert "not a token" not in wrong.stderr
    assert run("config", "unset", "telegram.token", home=home).returncode == 0
    assert (home / ".env").read_text(encoding="utf-8") == "# mine\nTELEGRAM_ALLOWED_USERS=7\n"


def edit(home: Path, script: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Edit with a shell script as the editor; the copy is its `$1`, and `$N` how often it was opened."""
    editor = home.parent / "editor"
    counted = f'echo x >> "{home.parent}/opened"; N=$(wc -l < "{home.parent}/opened")\n'
    editor.write_text(f"#!/bin/sh\n{counted}{script}\n")
    editor.chmod(0o755)
    return subprocess.run(
        [COMMAND, "config", "edit", "--home", str(home)],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(VISUAL=f"{editor} --flag-of-mine", EDITOR="/nowhere") | {"HOME": str(home)},
    )


COPY = 'shift; F="$1"; '


def test_edit_writes_a_valid_file(home: Path) -> None:
    told = edit(home, COPY + 'sed -i s/5/6/ "$F"')
    assert told.returncode == 0
    assert config(home) == WRITTEN.replace("5", "6")
    assert left_behind(home) == []


def test_edit_reopens_the_copy_until_it_is_valid(home: Path) -> None:
    told = edit(home, COPY + 'sed -i "s/= .*/= $((N - 1))/" "$F"', given="\n")
    assert told.returncode == 0
    assert f"{home}/config.toml:3: pacing.chat_burst: read 0" in told.stderr
    assert config(home) == "# mine\n[pacing]\nchat_burst = 1\n"


def test_edit_keeps_the_copy_when_it_is_not_corrected(home: Path) -> None:
    for given in ("n\n", ""):
        told = edit(home, COPY + 'sed -i s/5/0/ "$F"', given=given)
        assert told.returncode == 1
        (copy,) = left_behind(home)
        assert copy in told.stderr
        assert config(home) == WRITTEN
        (home / copy).unlink()


def test_edit_writes_nothing_when_nothing_changed_or_the_editor_failed(home: Path) -> None:
    before = (home / "config.toml").stat().st_ino
    assert "Nothing was changed" in edit(home, ":").stdout
    assert left_behind(home) == []
    failed = edit(home, "exit 3")
    assert (failed.returncode, config(home)) == (1, WRITTEN)
    assert (home / "config.toml").stat().st_ino == before
    (home.parent / "editor").unlink()
    missing = run("config", "edit", home=home, VISUAL="/nowhere/at/all")
    assert "cannot be started" in missing.stderr
    assert missing.returncode == 1


def test_edit_does_not_overwrite_a_concurrent_change(home: Path) -> None:
    other = WRITTEN.replace("5", "8")
    told = edit(home, COPY + f'sed -i s/5/6/ "$F"; printf "{other}" > "{home}/config.toml"')
    assert told.returncode == 1
    assert "changed it meanwhile" in told.stderr
    assert config(home) == other
    assert [name for name in left_behind(home) if name in told.stderr], "what was written is kept"


def test_commands_that_only_read_do_not_load_the_toml_writer() -> None:
    import sys

    code = "import cctelegram.cli.config, sys; sys.exit('tomlkit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, env=dict(os.environ)).returncode == 0
