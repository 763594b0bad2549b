"""`cctelegram config set`, `unset` and `edit`: each validates all settings before it replaces the file."""

from __future__ import annotations

import getpass
import secrets
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cctelegram.cli import USAGE, given
from cctelegram.cli.failed import Failed
from cctelegram.cli.home import home_of
from cctelegram.config import change, dotenv, environment, paths, toml
from cctelegram.config.encoding import decode
from cctelegram.config.errors import SettingsError
from cctelegram.config.load import Loaded, survey
from cctelegram.config.replace import read, replace

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from cctelegram.config.table import Key


def put(parsed: argparse.Namespace) -> int:
    """Set one setting."""
    key = change.key_of(parsed.key)
    if key.secret:
        return _put_secret(parsed, key)
    if parsed.value is None:
        raise Failed(f"a value is needed: cctelegram config set {key.name} VALUE", USAGE)
    value = change.value_of(key, parsed.value)
    path = _path(parsed, key)
    loaded = _change_config(home_of(parsed), lambda text: change.put(text, path, value))
    _confirm(key, loaded, parsed.profile, f"{key.name} is set in {paths.config_file(home_of(parsed))}.")
    return 0


def drop(parsed: argparse.Namespace) -> int:
    """Remove one setting."""
    key, home = change.key_of(parsed.key), home_of(parsed)
    file = paths.env_file(home) if key.secret else paths.config_file(home)
    try:
        if key.secret:
            loaded = _change_env(home, lambda text: change.drop_lines(text, key.environment))
        else:
            loaded = _change_config(home, lambda text: change.drop(text, _path(parsed, key)))
    except KeyError:
        raise Failed(f"{key.name} is not set in {file}") from None
    origin = loaded.origins[key.name]
    sys.stdout.write(f"{key.name} is removed from {file}; the value in force comes from: {origin}.\n")
    return 0


def edit(parsed: argparse.Namespace) -> int:
    """Open a copy in an editor, and accept it when it is valid."""
    home = home_of(parsed)
    file = Path(paths.config_file(home))
    Path(home).mkdir(mode=0o700, parents=True, exist_ok=True)
    before = read(file)
    copy = Path(home) / f".config.{secrets.token_hex(4)}.toml"
    copy.touch(mode=0o600)
    copy.write_bytes(before or b"")
    editor = shlex.split(environment.get("VISUAL") or environment.get("EDITOR") or "vi")
    while True:
        if not _opened(editor, copy):
            raise Failed(f"{editor[0]} failed; config.toml is unchanged, your text is in {copy}")
        content = copy.read_bytes()
        if content == (before or b""):
            copy.unlink()
            sys.stdout.write("Nothing was changed.\n")
            return 0
        _, problems = survey(home, config_file=str(copy))
        if not problems:
            break
        sys.stderr.write("".join(f"{each}\n" for each in problems) + "Edit it again? [Y/n] ")
        sys.stderr.flush()
        answer = given.line()
        if not answer or answer.strip().lower().startswith("n"):
            raise Failed(f"config.toml is unchanged; your text is in {copy}")
    try:
        replace(file, before, content, lambda _: None)
    except SettingsError as error:
        raise Failed(f"{error}; your text is in {copy}") from None
    copy.unlink()
    sys.stdout.write(f"{file} is changed.\n")
    return 0


def _opened(editor: list[str], copy: Path) -> bool:
    try:
        return subprocess.run([*editor, str(copy)], check=False).returncode == 0  # noqa: S603 - the user's own
    except OSError as error:
        copy.unlink()
        raise Failed(f"the editor {editor[0]} cannot be started: {error.strerror}") from None


def _put_secret(parsed: argparse.Namespace, key: Key) -> int:
    if parsed.value is not None:
        raise Failed(
            f"{key.name} is a secret, and other users of this machine can read a command's arguments: leave "
            "the value out, and enter it on standard input or at the prompt",
            USAGE,
        )
    if parsed.profile is not None:
        raise Failed(f"{key.name} is set in .env, which has no profiles", USAGE)
    text = _prompted().strip()
    change.value_of(key, text)
    home = home_of(parsed)
    loaded = _change_env(home, lambda old: change.put_line(old, key.environment, text))
    _confirm(key, loaded, None, f"{key.name} is set in {paths.env_file(home)}.")
    return 0


def _prompted() -> str:
    if sys.stdin is None or not sys.stdin.isatty():
        return given.line()
    try:
        return getpass.getpass("Token: ")
    except EOFError:
        raise Failed("no token was entered; nothing was changed") from None


def _path(parsed: argparse.Namespace, key: Key) -> tuple[str, ...]:
    within = ("profile", parsed.profile) if parsed.profile else ()
    return (*within, *key.name.split("."))


def _change_config(home: str, make: Callable[[str], str]) -> Loaded:
    file = Path(paths.config_file(home))
    toml.read(str(file))  # raises, with the line, for a file that cannot be parsed
    return _change(home, file, make, "config_file")


def _change_env(home: str, make: Callable[[str], str]) -> Loaded:
    file = Path(paths.env_file(home))
    dotenv.read(str(file))
    return _change(home, file, make, "env_file")


def _change(home: str, file: Path, make: Callable[[str], str], which: str) -> Loaded:
    Path(home).mkdir(mode=0o700, parents=True, exist_ok=True)
    before = read(file)
    text = make(decode(before or b""))  # written back in UTF-8
    found: list[Loaded] = []

    def check(beside: Path) -> None:
        loaded, problems = survey(home, **{which: str(beside)})  # type: ignore[arg-type]
        if problems:
            raise Failed("; ".join(map(str, problems)) + "; nothing was written")
        found.append(loaded)

    replace(file, before, text.encode(), check)
    return found[0]


def _confirm(key: Key, loaded: Loaded, profile: str | None, done: str) -> None:
    origin = loaded.origins[key.name]
    expected = ".env" if key.secret else "config.toml"
    notes = [done]
    if not origin.startswith(expected) or (profile and not origin.endswith(f"profile {profile}")):
        notes.append(f"The value in force comes from: {origin}.")
    elif not key.live:
        notes.append("It takes effect at the next start of the bridge.")
    sys.stdout.write(" ".join(notes) + "\n")
