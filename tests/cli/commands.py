"""The installed command, run as a user runs it. As a script: writes the help files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from cctelegram.cli import COMMANDS
from running import COMMAND, environment

HELP: Final = Path(__file__).parent / "help"
# Each help text that is kept: the file's name, and the words behind `cctelegram`.
TEXTS: Final = {
    "cctelegram": ["--help"],
    **{name: [name, "--help"] for name in COMMANDS},
    **{f"config-{name}": ["config", name, "--help"] for name in ("show", "check", "set", "unset", "edit")},
    **{f"outbox-{name}": ["outbox", name, "--help"] for name in ("list", "show", "retry", "drop")},
    **{f"store-{name}": ["store", name, "--help"] for name in ("check", "backup", "restore")},
}


def run(
    *words: str, home: Path | None = None, given: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    """Run `cctelegram` with these words; 80 columns, so that help breaks its lines alike everywhere."""
    where = {} if home is None else {"CC_TELEGRAM_HOME": str(home)}
    return subprocess.run(
        [COMMAND, *(word.encode() for word in words)],  # whatever the locale of the tests is
        input=given,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        env=environment(**{"COLUMNS": "80", "NO_COLOR": "1", **where, **env}),
    )


def main() -> None:
    """Write every help text to its file."""
    HELP.mkdir(exist_ok=True)
    for name, words in TEXTS.items():
        (HELP / f"{name}.txt").write_text(run(*words).stdout)


if __name__ == "__main__":
    os.environ.setdefault("PYTHON_COLORS", "0")
    main()
