"""Read the settings from all sources and check them.

Later wins: defaults < config.toml < its table `[profile.NAME]` that `CC_TELEGRAM_PROFILE` selects < .env <
environment < flags. Both files are in the home; an .env of the working directory is never read, since that
directory may be an untrusted checkout.

One wrong value refuses all settings: the settings in force are always one set that is valid throughout.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from cctelegram.config import dotenv, environment, paths, toml
from cctelegram.config.errors import SettingsError
from cctelegram.config.kinds import PATH, NotAllowed
from cctelegram.config.settings import Settings
from cctelegram.config.table import BY_NAME, BY_VARIABLE, TABLE, Key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from cctelegram.config.secret import Secret

HOME = "CC_TELEGRAM_HOME"
PROFILE = "CC_TELEGRAM_PROFILE"
# Messages show values, but not a token that was pasted into the wrong setting.
_TOKEN_LIKE = re.compile(r"[0-9]{6,}:[A-Za-z0-9_-]{10,}")
_SHOWN = 80  # characters of a wrong value, at most


class Loaded(msgspec.Struct, frozen=True):
    """Settings, the origin of each value (key -> description), and warnings for the operator."""

    settings: Settings
    origins: dict[str, str]
    warnings: tuple[str, ...]


class _Read(msgspec.Struct, frozen=True):
    """A checked value and the description of its origin."""

    value: Any
    origin: str


def load(
    home: str | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
    refused: Collection[Secret] = (),
) -> Loaded:
    """Return the settings of a home. Raises SettingsError.

    Args:
        home: the home; by default the one in `environ`, else the default home.
        environ: variables to read; by default those of this process.
        flags: dotted key -> value, as text or as a TOML value; None counts as absent.
        refused: secrets that do not work: each yields to one from an earlier source than its own.
    """
    loaded, problems = survey(home, environ, flags, refused=refused)
    if problems:
        raise problems[0]
    return loaded


def survey(
    home: str | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
    *,
    refused: Collection[Secret] = (),
    config_file: str | None = None,
    env_file: str | None = None,
) -> tuple[Loaded, tuple[SettingsError, ...]]:
    """Return the settings of a home and all errors in them, in the order of the sources.

    With errors, the settings hold the remaining values of the sources: inspect them, but never use them.

    Args:
        home, environ, flags, refused: as for `load`.
        config_file, env_file: read instead of the home's own files; messages name the home's own.
    """
    environ = environment.snapshot() if environ is None else environ
    root = paths.home(home or environ.get(HOME) or paths.DEFAULT_HOME)
    problems: list[SettingsError] = []
    found = {key.name: _default(root, key) for key in TABLE}
    env = paths.env_file(root)
    in_env_file: dict[str, tuple[str, int]] = {}
    with _noted(problems):
        in_env_file = dotenv.read(env_file or env, problems)
    if env_file:
        problems = [SettingsError(each.problem, file=env, line=each.line) for each in problems]
    profile = environ.get(PROFILE) or in_env_file.get(PROFILE, ("", 0))[0]
    with _noted(problems):
        found.update(_config_file(root, config_file, profile, problems))
    found.update(_env_file(root, env, in_env_file, problems))
    for name, text in environ.items():
        if text and (key := BY_VARIABLE.get(name)):
            with _noted(problems):
                read = _Read(_from_text(root, key, text, file=name), f"environment, {name}")
                _put(found, key.name, read, refused)
    for name, flag in (flags or {}).items():
        if flag is not None:
            with _noted(problems):
                _put(found, name, _Read(_flag(root, name, flag), "flag"), refused)
    warnings = (*_unknown_variables(environ), *_open_to_others(env))
    settings = build({name: read.value for name, read in found.items()}, root)
    return Loaded(settings, {name: read.origin for name, read in found.items()}, warnings), tuple(problems)


def _put(found: dict[str, _Read], name: str, read: _Read, refused: Collection[Secret]) -> None:
    """Override the value of an earlier source, unless the new one is a refused secret and the old one set."""
    if not (BY_NAME[name].secret and read.value in refused and found[name].value is not None):
        found[name] = read


@contextmanager
def _noted(problems: list[SettingsError]) -> Iterator[None]:
    """Record an error and continue: one mistake does not hide the next."""
    try:
        yield
    except SettingsError as error:
        problems.append(error)


def _default(root: str, key: Key) -> _Read:
    value = None if key.default is None else _checked(root, key, key.default)
    return _Read(value, "default")


def _config_file(
    root: str, instead: str | None, profile: str, problems: list[SettingsError]
) -> dict[str, _Read]:
    file = paths.config_file(root)
    try:
        parsed, text = toml.read(instead or file)
    except SettingsError as error:
        raise SettingsError(error.problem, file=file, line=error.line) from None
    profiles = parsed.pop("profile", {})
    found = dict(_table(root, file, text, (), parsed, problems))
    if not isinstance(profiles, dict):
        raise SettingsError(
            "a table was expected: [profile.NAME]", file=file, line=toml.line_of(text, ("profile",))
        )
    # All profiles are read, not only the selected one, so that a mistake is reported when it is made.
    by_name = {}
    for name, each in profiles.items():
        with _noted(problems):
            by_name[name] = dict(_table(root, file, text, ("profile", name), each, problems))
    if profile and profile not in profiles:
        there = ", ".join(profiles) or "none"
        problems.append(
            SettingsError(f"there is no [profile.{profile}] in {file}; there are: {there}", file=PROFILE)
        )
    found.update(by_name.get(profile, {}))
    return found


def _table(
    root: str,
    file: str,
    text: str,
    prefix: tuple[str, ...],
    table: object,
    problems: list[SettingsError],
) -> Iterator[tuple[str, _Read]]:
    """Yield the settings below `prefix`; append unknown and wrong ones to `problems`."""
    if not isinstance(table, dict):
        line = toml.line_of(text, prefix)
        raise SettingsError("a table was expected", file=file, line=line, key=".".join(prefix))
    for path, value in _leaves((), table):
        name = ".".join(path)
        line = toml.line_of(text, prefix + path)
        key = BY_NAME.get(name)
        if key is None:
            problems.append(SettingsError(unknown(name, BY_NAME), file=file, line=line, key=name))
        elif key.where:
            problem = key.where.format(env_file=paths.env_file(root))
            problems.append(SettingsError(problem, file=file, line=line, key=name))
        else:
            with _noted(problems):
                try:
                    checked = _checked(root, key, value, file=file, line=line)
                except SettingsError as error:
                    if not error.below:
                        raise
                    line = toml.line_of(text, prefix + path + error.below)
                    raise SettingsError(error.problem, file=file, line=line, key=error.key) from None
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


def _env_file(
    root: str, file: str, lines: Mapping[str, tuple[str, int]], problems: list[SettingsError]
) -> Iterator[tuple[str, _Read]]:
    for name, (text, line) in lines.items():
        if name == HOME:
            problem = f"{HOME} is read from the environment only; this file is in the home already"
            problems.append(SettingsError(problem, file=file, line=line))
        elif name != PROFILE and name not in BY_VARIABLE:
            problem = f"{name}: {unknown(name, BY_VARIABLE)}"
            problems.append(SettingsError(problem, file=file, line=line))
        elif name != PROFILE and text:
            with _noted(problems):
                value = _from_text(root, BY_VARIABLE[name], text, file=file, line=line)
                yield BY_VARIABLE[name].name, _Read(value, f".env, line {line}")


def _flag(root: str, name: str, value: object) -> Any:
    key = BY_NAME.get(name)
    if key is None:
        raise SettingsError(unknown(name, BY_NAME), file="flag", key=name)
    if isinstance(value, str):
        return _from_text(root, key, value, file="flag")
    return _checked(root, key, value, file="flag")


def _from_text(root: str, key: Key, text: str, *, file: str, line: int | None = None) -> Any:
    try:
        value = key.kind.text(text)
    except ValueError as error:
        raise wrong(key, text, file, line, error) from None
    return _checked(root, key, value, file=file, line=line)


def _checked(root: str, key: Key, value: object, *, file: str | None = None, line: int | None = None) -> Any:
    try:
        checked = key.kind.check(value)
    except ValueError as error:
        # `from None`: the cause would carry the value, which may be a secret.
        raise wrong(key, value, file, line, error) from None
    if key.kind is PATH:
        try:
            return paths.within(root, checked)
        except SettingsError as error:
            raise SettingsError(error.problem, file=file, line=line, key=key.name) from None
    return checked


def wrong(key: Key, value: object, file: str | None, line: int | None, error: ValueError) -> SettingsError:
    """Return the error that names the read value and the allowed ones, without the value of a secret."""
    below: tuple[str, ...] = ()
    detail = ""
    if isinstance(error, NotAllowed):
        detail, below = f" ({error})", error.below
        value = value if error.read is None else error.read
    read = "the value (not shown)" if key.secret else shown(value)
    problem = f"read {read}{detail}; allowed: {key.kind.allowed}"
    return SettingsError(problem, file=file, line=line, key=".".join((key.name, *below)), below=below)


def shown(value: object) -> str:
    """Return a wrong value for a message: short, on one line, with anything like a token masked."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested deeply, or an integer with more digits than repr() writes
        return f"a {type(value).__name__}"
    text = _TOKEN_LIKE.sub("********", text)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def unknown(name: str, known: Mapping[str, Key]) -> str:
    """Return a message that the setting is unknown, with the nearest name."""
    from difflib import get_close_matches  # noqa: PLC0415 - needed only for a mistake

    near = get_close_matches(name, known, n=1)
    return "there is no such setting" + (f"; the nearest is {near[0]}" if near else "")


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield a warning for each unknown variable with the bridge's prefix.

    Not an error: the variable may be for another version that runs beside this one.
    """
    for name in sorted(environ):
        if name.startswith("CC_TELEGRAM_") and name not in {*BY_VARIABLE, HOME, PROFILE}:
            yield f"environment: {name}: {unknown(name, BY_VARIABLE)}; it is not read"


def _open_to_others(env_file: str) -> Iterator[str]:
    try:
        mode = os.stat(env_file).st_mode  # noqa: PTH116  paths are strings in all of config
    except OSError:
        return
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield f"{env_file} can be read by other users; run chmod 600 {env_file}"


def build(values: Mapping[str, Any], home: str) -> Settings:
    """Build a snapshot from checked values by dotted name."""
    made: Settings = _build(Settings, {**values, "home": home}, "")
    return made


def _build(cls: type[Any], values: Mapping[str, Any], prefix: str) -> Any:
    made = {}
    for field in msgspec.structs.fields(cls):
        name = prefix + field.name
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            made[field.name] = _build(field.type, values, f"{name}.")
        else:
            made[field.name] = values.get(name, field.default)
    return cls(**made)
