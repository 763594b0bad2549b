"""The package imports where Unix's own modules are missing; `make lint` checks its types for Windows."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from running import environment

if TYPE_CHECKING:
    from pathlib import Path

# What Windows' Python has not got, and what this package requires elsewhere only.
MISSING = (
    "_curses",
    "_posixshmem",
    "_posixsubprocess",
    "crypt",
    "curses",
    "fcntl",
    "grp",
    "memray",
    "nis",
    "posix",
    "pty",
    "pwd",
    "readline",
    "resource",
    "spwd",
    "syslog",
    "termios",
    "tty",
)
# The standard library decides by the platform's name, which stays, and imports some of these for itself: its
# parts that do are imported before. An own module that asks for one afterwards is refused.
CODE = """
import asyncio, getpass, importlib, json, pkgutil, posixpath, shutil, socketserver, subprocess, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name in MISSING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

for name in MISSING:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Refuse())
package = importlib.import_module(PACKAGE)
names = [PACKAGE, *(found.name for found in pkgutil.walk_packages(package.__path__, f"{PACKAGE}."))]
failed = {}
taken = [name for name in names if name.startswith(PREFIXES) is WITH]
for name in taken:
    try:
        importlib.import_module(name)
    except Exception as error:
        failed[name] = repr(error)
print(json.dumps({"imported": len(taken), "failed": failed}))
"""
# The sandbox serves with the whole of uvicorn, of which the bridge keeps parts out (`absent.py`): they are
# never in one process.
SANDBOX = ("cctelegram.sandbox", "cctelegram.cli.sandbox")


def imports(
    package: str, prefixes: tuple[str, ...], *, having: bool, path: str = ""
) -> tuple[int, dict[str, str]]:
    """Return how many modules were imported in a child process, and which failed: name to error."""
    code = CODE.replace("PACKAGE", repr(package)).replace("PREFIXES", repr(prefixes))
    code = code.replace("WITH", repr(having)).replace("MISSING", repr(MISSING))
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {path!r})\n{code}"],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    found = json.loads(done.stdout)
    return found["imported"], found["failed"]


@pytest.mark.parametrize(("sandbox", "least"), [(False, 250), (True, 30)], ids=["package", "sandbox"])
def test_every_module_imports_where_unix_modules_are_missing(sandbox: bool, least: int) -> None:
    imported, failed = imports("cctelegram", SANDBOX, having=sandbox)
    assert failed == {}
    assert imported >= least


def test_a_module_that_needs_a_unix_module_is_found(tmp_path: Path) -> None:
    package = tmp_path / "planted"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "portable.py").write_text("import json\n")
    for name in ("fcntl", "resource", "termios"):
        (package / f"with_{name}.py").write_text(f"import {name}\n")
    (package / "inside.py").write_text("def lock():\n    import fcntl\n    return fcntl\n")
    imported, failed = imports("planted", ("",), having=True, path=str(tmp_path))
    assert imported == 6
    assert sorted(failed) == ["planted.with_fcntl", "planted.with_resource", "planted.with_termios"]
    assert "No module named 'fcntl'" in failed["planted.with_fcntl"]
