from __future__ import annotations

import ast
from pathlib import Path

import msgspec
import pytest

from cctelegram.config import show
from cctelegram.config.settings import Settings
from cctelegram.config.table import BY_NAME, TABLE, Key
from config import pages
from config.homes import TOKEN, read, write

DOCS = Path(__file__).parents[2] / "docs"


def test_table_and_settings_have_the_same_names() -> None:
    def names(cls: type, prefix: str = "") -> set[str]:
        found: set[str] = set()
        for field in msgspec.structs.fields(cls):
            if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
                found |= names(field.type, f"{prefix}{field.name}.")
            else:
                found.add(prefix + field.name)
        return found

    # The read time of the poll pool is made from telegram.poll_seconds.
    assert names(Settings) - {"home", "pools.poll.read_seconds"} == set(BY_NAME)


def test_config_show_has_each_key_once_with_value_and_origin(tmp_path: Path) -> None:
    rows = show.rows(read(write(tmp_path, env=f"TELEGRAM_BOT_TOKEN={TOKEN}\nTELEGRAM_ALLOWED_USERS=7,8,7\n")))
    assert [row[0] for row in rows] == ["home", *BY_NAME]
    assert ("telegram.token", "********", ".env, line 1") in rows
    assert ("telegram.allowed_users", "[7, 8]", ".env, line 2") in rows
    assert ("http.port", "8787", "default") in rows


def test_r38_the_example_file_loads_and_is_the_defaults(tmp_path: Path) -> None:
    bare = read(tmp_path).settings
    write(tmp_path, (DOCS / pages.EXAMPLE).read_text(encoding="utf-8"))
    loaded = read(tmp_path)
    assert loaded.settings == bare
    defaults = {name for name, origin in loaded.origins.items() if origin == "default"}
    shown = {key.name for key in TABLE if key.sample}
    secrets = {key.name for key in TABLE if key.secret}
    assert defaults == secrets | shown, "every key but the secrets stands in the example"


@pytest.mark.parametrize("key", [key for key in TABLE if key.sample], ids=lambda key: key.name)
def test_r38_the_samples_of_the_example_file_load(key: Key, tmp_path: Path) -> None:
    assert key.sample is not None
    loaded = read(write(tmp_path, key.sample))
    assert loaded.origins[key.name].startswith("config.toml, line ")


@pytest.mark.parametrize(
    ("name", "made"), [(pages.EXAMPLE, pages.example), (pages.REFERENCE, pages.reference)]
)
def test_r39_the_pages_match_the_table(name: str, made: object) -> None:
    assert callable(made)
    assert (DOCS / name).read_text(encoding="utf-8") == made(), "run: python tests/config/pages.py docs"


PACKAGE = Path(__file__).parents[2] / "python" / "cctelegram"
# Sections that are handed on whole, by the files that read their keys one by one.
WHOLE = {
    "budgets": ("monitor/budgets.py",),
    "pacing": ("delivery/pacing.py",),
    "lanes": ("delivery/sender.py",),
    "pools": ("pools/client.py", "pools/transport.py"),
    "cleanup": ("cleanup/policies.py",),
    "otel": ("daemon/telemetry.py",),
}


def chains(file: Path) -> set[str]:
    """Return every dotted name that a file reads, with a dot before it, and the names of arguments."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = {f".{ast.unparse(node)}" for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return names | {f".{node.arg}" for node in ast.walk(tree) if isinstance(node, ast.arg)}


def test_r39_each_key_is_read_by_the_room_that_it_belongs_to() -> None:
    files = [file for file in PACKAGE.rglob("*.py") if file.parent.name != "config" or file.name == "live.py"]
    everywhere = {name for file in files for name in chains(file)}
    unread = []
    for key in BY_NAME:
        top, *below, last = ["", *key.split(".")] if "." not in key else key.split(".")
        directly = any(name.endswith(f".{key}") for name in everywhere)
        handed_on = (
            top in WHOLE
            and any(name.endswith(f".{last}") for file in WHOLE[top] for name in chains(PACKAGE / file))
            and all(any(name.endswith(f".{part}") for name in everywhere) for part in below)
        )
        if not directly and not handed_on:
            unread.append(key)
    assert not unread
