from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cctelegram.config import paths
from cctelegram.config.errors import SettingsError, UnusableDirectory

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("CC_TELEGRAM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    made = tmp_path / "home"
    made.mkdir()
    monkeypatch.setenv("CC_TELEGRAM_HOME", str(made))
    return made


def test_the_home_is_in_the_users_directory_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CC_TELEGRAM_HOME")
    assert paths.home() == str(tmp_path / ".cc_telegram")


def test_a_variable_set_to_nothing_counts_as_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC_TELEGRAM_HOME", "")
    assert paths.home() == str(tmp_path / ".cc_telegram")


def test_a_tilde_is_expanded_in_the_environment_and_in_a_flag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC_TELEGRAM_HOME", "~/elsewhere")
    assert paths.home() == str(tmp_path / "elsewhere")
    assert paths.home("~/flag") == str(tmp_path / "flag")
    monkeypatch.setenv("CC_TELEGRAM_EVENTS_DIR", "~/in")
    assert paths.events_dir() == str(tmp_path / "in")


def test_the_tilde_of_an_unknown_user_is_refused() -> None:
    with pytest.raises(SettingsError, match="no-such-user-here"):
        paths.home("~no-such-user-here/x")


def test_directories_lie_in_the_home(home: Path) -> None:
    assert [
        paths.events_dir(),
        paths.responses_dir(),
        paths.rejected_dir(),
        paths.state_dir(),
        paths.sessions_dir(),
        paths.logs_dir(),
    ] == [str(home / name) for name in ("events", "responses", "rejected", "state", "state/sessions", "logs")]


def test_the_spool_is_moved_by_environment_env_file_profile_and_config_in_this_order(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "config.toml").write_text(
        '[spool]\nevents_dir = "from-config"\n[profile.ci.spool]\nevents_dir = "/from/profile"\n'
    )
    assert paths.events_dir() == str(home / "from-config")
    assert paths.responses_dir() == str(home / "responses")
    monkeypatch.setenv("CC_TELEGRAM_PROFILE", "ci")
    assert paths.events_dir() == "/from/profile"
    (home / ".env").write_text("CC_TELEGRAM_EVENTS_DIR=/from/env-file\n")
    assert paths.events_dir() == "/from/env-file"
    monkeypatch.setenv("CC_TELEGRAM_EVENTS_DIR", "/from/environment")
    assert paths.events_dir() == "/from/environment"


def test_a_directory_that_is_not_a_path_is_refused_with_file_and_key(home: Path) -> None:
    (home / "config.toml").write_text("[spool]\nevents_dir = 7\n")
    with pytest.raises(SettingsError, match=r"config\.toml: spool\.events_dir: .*7"):
        paths.events_dir()


def test_a_config_that_is_not_toml_is_refused_with_its_line(home: Path) -> None:
    (home / "config.toml").write_text("[spool]\nevents_dir = \n")
    with pytest.raises(SettingsError, match=r"config\.toml:2: "):
        paths.events_dir()


def test_make_creates_private_directories_wherever_they_are(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC_TELEGRAM_EVENTS_DIR", str(tmp_path / "a" / "b"))
    monkeypatch.setenv("CC_TELEGRAM_HOME", str(home / "new"))
    paths.make()
    paths.make()
    for path in (home / "new", home / "new/state/sessions", home / "new/responses/taken", tmp_path / "a/b"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_home_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UnusableDirectory, match=f"^{path}: "):
            paths.make(str(path))


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="a file system nobody can write to")  # noqa: PTH112
def test_a_home_on_a_file_system_that_cannot_be_written_is_named() -> None:
    with pytest.raises(UnusableDirectory, match=r"^/proc/self/home: cannot be created"):
        paths.make("/proc/self/home")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_without_write_permission_is_named(home: Path) -> None:
    home.chmod(0o500)
    with pytest.raises(UnusableDirectory, match=f"^{home}"):
        paths.make()


@pytest.mark.parametrize("with_files", [False, True])
def test_finding_the_spool_loads_no_expensive_module(home: Path, with_files: bool) -> None:
    if with_files:
        (home / "config.toml").write_text('[display]\nstyle = "detailed"\n')
        (home / ".env").write_text("TELEGRAM_BOT_TOKEN=1:x\nCC_TELEGRAM_MODE=local\n")
    program = (
        "import os, sys; before = set(sys.modules)\n"
        "from cctelegram.config import environment, paths\n"
        "from cctelegram.client import loopback\n"
        "paths.events_dir(); paths.responses_dir()\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    answer = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name for name in answer.stdout.split() if not name.startswith("cctelegram")}
    assert loaded <= {"__future__"}, loaded
