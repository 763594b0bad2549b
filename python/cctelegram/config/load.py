"""Read the settings from all sources and check them.

Later wins: defaults < config.toml < its table `[profile.NAME]` that `CC_TELEGRAM_PROFILE` chooses < .env <
environment < flags. Both files lie in the home; an .env of the working directory is never read, since that
may be anybody's checkout.

One wrong value refuses the whole: what counts is always one set of settings that is right in all places.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
from typing import TYPE_CHECKING, Any

import msgspec

from cctelegram.config import dotenv, environment, place, toml
from cctelegram.config.errors import SettingsError
from cctelegram.config.kinds import PATH, NotAllowed
from cctelegram.config.settings import Settings
from cctelegram.config.table import BY_NAME, BY_VARIABLE, TABLE, Key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOME = "CC_TELEGRAM_HOME"
PROFILE = "CC_TELEGRAM_PROFILE"
# Values are shown in messages; a token that was pasted into the wrong place is not.
_TOKEN_LIKE = re.compile(r"[0-9]{6,}:[A-Za-z0-9_-]{10,}")
_SHOWN = 80  # characters of a wrong value


class Loaded(msgspec.Struct, frozen=True):
    """Settings, where each value comes from (key -> words), and what the operator should hear of."""

    settings: Settings
    origins: dict[str, str]
    warnings: tuple[str, ...]


class _Read(msgspec.Struct, frozen=True):
    """A checked value and its origin, in words."""

    value: Any
    origin: str


def load(
    home: str | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Loaded:
    """Return the settings of a home. Raises SettingsError.

    Args:
        home: the home, else the one of `environ`, else the usual one.
        environ: variables to read, else those of this process.
        flags: dotted key -> value, as text or as TOML would give it; None counts as not given.
    """
    environ = environment.snapshot() if environ is None else environ
    root = place.home(home or environ.get(HOME) or place.DEFAULT_HOME)
    found = {key.name: _default(root, key) for key in TABLE}
    file, env_file = place.config_file(root), place.env_file(root)
    in_env_file = dotenv.read(env_file)
    profile = environ.get(PROFILE) or in_env_file.get(PROFILE, ("", 0))[0]
    found.update(_config_file(root, file, profile))
    found.update(_env_file(root, env_file, in_env_file))
    for name, text in environ.items():
        if text and (key := BY_VARIABLE.get(name)):
            value = _from_text(root, key, text, file=name)
            found[key.name] = _Read(value, f"environment, {name}")
    for name, given in (flags or {}).items():
        if given is not None:
            value = _flag(root, name, given)
            found[name] = _Read(value, "flag")
    values = {name: read.value for name, read in found.items()}
    settings: Settings = _build(Settings, {**values, "home": root}, "")
    warnings = (*_unknown_variables(environ), *_open_to_others(env_file))
    return Loaded(settings, {name: read.origin for name, read in found.items()}, warnings)


def _default(root: str, key: Key) -> _Read:
    value = None if key.default is None else _checked(root, key, key.default)
    return _Read(value, "default")


def _config_file(root: str, file: str, profile: str) -> dict[str, _Read]:
    parsed, text = toml.read(file)
    profiles = parsed.pop("profile", {})
    found = dict(_table(root, file, text, (), parsed))
    if not isinstance(profiles, dict):
        raise SettingsError(
            "a table was expected: [profile.NAME]", file=file, line=toml.line_of(text, ("profile",))
        )
    # All are read, not the chosen one alone: a mistake is told when it is made.
    by_name = {
        name: dict(_table(root, file, text, ("profile", name), each)) for name, each in profiles.items()
    }
    if profile and profile not in by_name:
        there = ", ".join(by_name) or "none"
        raise SettingsError(f"there is no [profile.{profile}] in {file}; there is: {there}", file=PROFILE)
    found.update(by_name.get(profile, {}))
    return found


def _table(
    root: str, file: str, text: str, prefix: tuple[str, ...], table: object
) -> Iterator[tuple[str, _Read]]:
    """Yield the settings below `prefix`; SettingsError for the first that is unknown or wrong."""
    if not isinstance(table, dict):
        line = toml.line_of(text, prefix)
        raise SettingsError("a table was expected", file=file, line=line, key=".".join(prefix))
    for path, value in _leaves((), table):
        name = ".".join(path)
        line = toml.line_of(text, prefix + path)
        key = BY_NAME.get(name)
        if key is None:
            raise SettingsError(_unknown(name, BY_NAME), file=file, line=line, key=name)
        if key.where:
            problem = key.where.format(env_file=place.env_file(root))
            raise SettingsError(problem, file=file, line=line, key=name)
        checked = _checked(root, key, value, file=file, line=line)
        origin = f"config.toml, line {line}" + (f", profile {prefix[1]}" if prefix else "")
        yield name, _Read(checked, origin)


def _leaves(path: tuple[str, ...], table: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for word, value in table.items():
        below = (*path, word)
        section = ".".join(below) + "."
        if isinstance(value, dict) and any(name.startswith(section) for name in BY_NAME):
            yield from _leaves(below, value)
        else:
            yield below, value


def _env_file(root: str, file: str, lines: Mapping[str, tuple[str, int]]) -> Iterator[tuple[str, _Read]]:
    for name, (text, line) in lines.items():
        if name == HOME:
            problem = f"{HOME} counts in the environment alone; this file already lies in the home"
            raise SettingsError(problem, file=file, line=line)
        if name == PROFILE:
            continue
        key = BY_VARIABLE.get(name)
        if key is None:
            raise SettingsError(f"{name}: {_unknown(name, BY_VARIABLE)}", file=file, line=line)
        if text:
            yield key.name, _Read(_from_text(root, key, text, file=file, line=line), f".env, line {line}")


def _flag(root: str, name: str, given: object) -> Any:
    key = BY_NAME.get(name)
    if key is None:
        raise SettingsError(_unknown(name, BY_NAME), file="flag", key=name)
    if isinstance(given, str):
        return _from_text(root, key, given, file="flag")
    return _checked(root, key, given, file="flag")


def _from_text(root: str, key: Key, text: str, *, file: str, line: int | None = None) -> Any:
    try:
        value = key.kind.text(text)
    except ValueError as error:
        raise _wrong(key, text, file, line, error) from None
    return _checked(root, key, value, file=file, line=line)


def _checked(root: str, key: Key, value: object, *, file: str | None = None, line: int | None = None) -> Any:
    try:
        checked = key.kind.check(value)
    except ValueError as error:
        # `from None`: the cause would carry the value, and it may be a secret.
        raise _wrong(key, value, file, line, error) from None
    if key.kind is PATH:
        try:
            return place.within(root, checked)
        except SettingsError as error:
            raise SettingsError(error.problem, file=file, line=line, key=key.name) from None
    return checked


def _wrong(key: Key, value: object, file: str | None, line: int | None, error: ValueError) -> SettingsError:
    read = "the value (not shown)" if key.secret else shown(value)
    detail = f" ({error})" if isinstance(error, NotAllowed) else ""
    problem = f"read {read}{detail}; allowed: {key.kind.allowed}"
    return SettingsError(problem, file=file, line=line, key=key.name)


def shown(value: object) -> str:
    """Return a wrong value for a message: short, on one line, and without anything like a token."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested deeply, or a number of more digits than int() writes
        return f"a {type(value).__name__}"
    text = _TOKEN_LIKE.sub("********", text)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _unknown(name: str, known: Mapping[str, Key]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return "there is no such setting" + (f"; the nearest is {near[0]}" if near else "")


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield a warning for each variable that looks like ours and is not.

    No refusal: what is in the environment may be meant for another version that runs beside this one.
    """
    for name in sorted(environ):
        if name.startswith("CC_TELEGRAM_") and name not in {*BY_VARIABLE, HOME, PROFILE}:
            yield f"environment: {name}: {_unknown(name, BY_VARIABLE)}; it is not read"


def _open_to_others(env_file: str) -> Iterator[str]:
    try:
        mode = os.stat(env_file).st_mode  # noqa: PTH116  the path is text in all of this room
    except OSError:
        return
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield f"{env_file} can be read by other users: chmod 600 {env_file}"


def _build(cls: type[Any], values: Mapping[str, Any], prefix: str) -> Any:
    made = {}
    for field in msgspec.structs.fields(cls):
        name = prefix + field.name
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            made[field.name] = _build(field.type, values, f"{name}.")
        else:
            made[field.name] = values.get(name, field.default)
    return cls(**made)
