"""The lock of a bot token: one path per user in any environment, safe from other users."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cctelegram.daemon import bridge_lock
from running import COMMAND, RunningBridge, environment, make_home

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox


@pytest.mark.parametrize("variable", ["XDG_RUNTIME_DIR", "XDG_STATE_HOME", "TMPDIR", "HOME"])
def test_a_second_bridge_is_refused_whatever_its_environment_says(
    running: RunningBridge, tmp_path: Path, fast_sandbox: Sandbox, variable: str
) -> None:
    other = make_home(tmp_path / "other", fast_sandbox)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    second = subprocess.run(
        [COMMAND, "bridge", "--home", str(other), "--port", "0", "--once"],
        capture_output=True,
        text=True,
        timeout=30,
        env=environment(**{variable: str(elsewhere)}),
        check=False,
    )
    assert second.returncode == 1
    assert "same bot token" in second.stderr
    assert list(elsewhere.iterdir()) == []


def test_the_file_is_removed_with_its_lock_and_a_killed_bridges_file_by_the_next_bridge(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "locks"
    killed = "import os, sys; from pathlib import Path; from cctelegram.daemon import bridge_lock; "
    killed += "held = bridge_lock.hold_token('2:b', Path(sys.argv[1])); os._exit(9)"
    subprocess.run([sys.executable, "-c", killed, str(folder)], check=False, timeout=30)
    (left,) = folder.iterdir()
    held = bridge_lock.hold_token("1:a", folder)
    (mine,) = folder.iterdir()
    assert mine != left
    assert mine.read_text(encoding="utf-8") == f"{os.getpid()}\n"
    assert folder.stat().st_mode & 0o777 == 0o700
    with pytest.raises(bridge_lock.AlreadyRunning, match="same bot token"):
        bridge_lock.hold_token("1:a", folder)
    held.remove()
    assert list(folder.iterdir()) == []
    bridge_lock.hold_token("1:a", folder).remove()


@pytest.mark.skipif(os.name != "posix", reason="owners and modes are POSIX's")
@pytest.mark.parametrize("kind", ["link", "dangling link", "file", "writable", "foreign"])
def test_a_directory_that_others_could_change_is_refused_with_a_message(tmp_path: Path, kind: str) -> None:
    folder, target = tmp_path / "locks", tmp_path / "target"
    target.mkdir()
    if kind == "link":
        folder.symlink_to(target)
    elif kind == "dangling link":
        folder.symlink_to(tmp_path / "nothing")
    elif kind == "file":
        folder.write_text("")
    else:
        folder.mkdir()
    if kind == "writable":
        folder.chmod(0o777)
    if kind == "foreign":
        if os.geteuid() != 0:
            pytest.skip("only root can give a directory to somebody else")
        os.chown(folder, 12345, -1)
    says = {
        "link": "it is a link",
        "dangling link": "it is a link",
        "file": "it is not a directory",
        "writable": "other users can write to it",
        "foreign": "it belongs to user 12345",
    }[kind]
    with pytest.raises(bridge_lock.Unusable, match=says) as refused:
        bridge_lock.hold_token("1:a", folder)
    assert str(folder) in str(refused.value)
    assert "Remove it" in str(refused.value)
    assert list(target.iterdir()) == []
