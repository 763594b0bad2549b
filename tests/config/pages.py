"""The pages that are generated from the table: the example file and the reference.

`python tests/config/pages.py docs` writes both; a test fails when they differ from the table.
"""

from __future__ import annotations

import sys
import textwrap
from itertools import groupby
from pathlib import Path

from cctelegram.config.show import text
from cctelegram.config.table import TABLE, Key

EXAMPLE = "config.example.toml"
REFERENCE = "settings.md"

_EXAMPLE_HEAD = """\
# All settings of CCTelegram, with their defaults. Copy those that you change to config.toml in the home
# (~/.cc_telegram, or the directory that CC_TELEGRAM_HOME names).
"""

_REFERENCE_HEAD = """\
# Settings

The sources of a value, where a later one overrides an earlier one: default, `config.toml` in the home, its
table `[profile.NAME]` when `CC_TELEGRAM_PROFILE` is `NAME`, `.env` in the home, the environment, flags. An
`.env` in the working directory is never read. `cctelegram config show --origin` prints each value and its
source; [configuration.md](configuration.md) describes how to change settings and when a change takes effect.

The home is `~/.cc_telegram`; `CC_TELEGRAM_HOME` or `--home` moves it. `~` is expanded in every path, and a
relative path is relative to the home. An empty variable counts as not set.

A key or a value that this table does not allow is refused, with its file and line; so is a line of `.env`
that sets anything else. An environment variable that begins with `CC_TELEGRAM_` and is not listed here causes
a warning. [config.example.toml](config.example.toml) contains all keys with their defaults.

"Live" means that a change takes effect without a restart.

| key | environment | allowed | default | live | |
|---|---|---|---|---|---|
"""


def example() -> str:
    """Return the example file: each key with its default, and the secret as a comment."""
    parts = [_EXAMPLE_HEAD]
    for section, keys in groupby(TABLE, key=_section):
        parts.append(f"\n[{section}]\n" if section else "\n")
        parts.extend(_example_line(key) for key in keys)
    return "".join(parts)


def reference() -> str:
    """Return the reference page: one line for each key."""
    return _REFERENCE_HEAD + "".join(
        f"| `{key.name}` | `{key.environment}` | {key.kind.allowed.replace('|', '&#124;')} "
        f"| {_default(key)} | {'yes' if key.live else 'no'} | {_about(key)} |\n"
        for key in TABLE
    )


def write(folder: Path) -> None:
    """Write both pages into `folder`."""
    (folder / EXAMPLE).write_text(example(), encoding="utf-8")
    (folder / REFERENCE).write_text(reference(), encoding="utf-8")


def _section(key: Key) -> str:
    return key.name.rpartition(".")[0]


def _example_line(key: Key) -> str:
    comment = textwrap.fill(
        f"{key.about} {_sentence(key.kind.allowed)}", 100, initial_indent="# ", subsequent_indent="# "
    )
    if key.where:
        return f"{comment}\n# Set it in .env, never here: {key.environment}=...\n"
    if key.sample:
        return f"{comment} For example:\n{textwrap.indent(key.sample, '# ')}"
    return f"{comment}\n{key.name.rpartition('.')[2]} = {text(key.default)}\n"


def _sentence(allowed: str) -> str:
    return allowed[0].upper() + allowed[1:] + "."


def _default(key: Key) -> str:
    return f"`{text(key.default)}`" if key.default not in (None, "") else "none"


def _about(key: Key) -> str:
    return f"{key.about} Not in config.toml." if key.where else key.about


if __name__ == "__main__":
    write(Path(sys.argv[1]))
