"""`cctelegram dashboard` opens the user's browser, or says that there is none."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

import httpx

from cli.commands import run

if TYPE_CHECKING:
    from pathlib import Path

    from running import RunningBridge

LINK = re.compile(r"http://127\.0\.0\.1:\d+/\S+")


def visit(link: str) -> int:
    """Follow a link as a browser does, with the cookie that it gets; return the status of the page."""
    answer = httpx.get(link)
    if answer.status_code != 303:
        return answer.status_code
    cookie = answer.headers["set-cookie"].partition(";")[0]
    page = httpx.get(httpx.URL(link).join(answer.headers["location"]), headers={"cookie": cookie})
    return page.status_code


def test_the_browser_of_the_user_is_opened_with_a_link_that_works_once(
    running: RunningBridge, tmp_path: Path
) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!{sys.executable}\nimport sys\nopen("{opened}", "w").write(sys.argv[1])\n')
    browser.chmod(0o755)
    done = run("dashboard", home=running.home, BROWSER=str(browser))
    assert (done.returncode, done.stdout) == (0, "The dashboard opens in the browser.\n")
    link = opened.read_text()
    assert LINK.fullmatch(link)
    assert visit(link) == 200
    assert visit(link) >= 400


def test_without_a_browser_the_link_is_printed(running: RunningBridge, tmp_path: Path) -> None:
    # No browser of the system is found on this path, and the named one fails.
    (tmp_path / "empty").mkdir()
    path = os.pathsep.join([str(tmp_path / "empty")])
    done = run("dashboard", home=running.home, BROWSER="/bin/false", PATH=path)
    assert done.returncode == 0, done.stderr
    said, link = done.stdout.splitlines()
    assert said == "No browser can be opened here. This link works once, within a minute:"
    assert visit(link) == 200
