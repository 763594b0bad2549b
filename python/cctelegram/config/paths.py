"""Paths on disk: the home and the directories of the protocol.

Every function takes the home, or by default finds it: `CC_TELEGRAM_HOME`, else `~/.cc_telegram`.
A path in a setting may begin with `~`, and a relative path is resolved against the home, so that a
bridge and a hook started in different directories use the same one.

The spool can be moved (`spool.events_dir`, `spool.responses_dir`), with the precedence of all settings:
config.toml < its profile < .env < environment; only the bridge takes a flag.
`load.py` applies the same rules; tests/config/test_paths.py compares the two.

Start-cheap: `send`, `hook` and `mcp` call this module first, so the TOML parser is imported only when
config.toml mentions a directory.
"""

# ruff: noqa: PTH100, PTH103, PTH111, PTH118, PTH123  # pathlib costs more than a command's start may take

import os

from cctelegram.config import environment
from cctelegram.config.errors import SettingsError, UnusableDirectory

DEFAULT_HOME = "~/.cc_telegram"
EVENTS = "CC_TELEGRAM_EVENTS_DIR"
RESPONSES = "CC_TELEGRAM_RESPONSES_DIR"


def home(flag: str | None = None) -> str:
    """Return the absolute path of the home: that of the flag, else of the environment, else the default."""
    return os.path.abspath(expand(flag or environment.get("CC_TELEGRAM_HOME") or DEFAULT_HOME))


def events_dir(of: str | None = None) -> str:
    """Return the directory to which producers write events."""
    return _moved(home(of), EVENTS, "events_dir", "events")


def responses_dir(of: str | None = None) -> str:
    """Return the directory to which answers are written; taken answers are in its `taken/`."""
    return _moved(home(of), RESPONSES, "responses_dir", "responses")


def rejected_dir(of: str | None = None) -> str:
    """Return the directory of rejected files."""
    return os.path.join(home(of), "rejected")


def state_dir(of: str | None = None) -> str:
    """Return the directory of the store, the lock and `bridge.json`."""
    return os.path.join(home(of), "state")


def sessions_dir(of: str | None = None) -> str:
    """Return the directory with one locked file per MCP session."""
    return os.path.join(state_dir(of), "sessions")


def audit_dir(of: str | None = None) -> str:
    """Return the directory of the audit log's files."""
    return os.path.join(state_dir(of), "audit")


def logs_dir(of: str | None = None) -> str:
    """Return the directory of the bridge's logs."""
    return os.path.join(home(of), "logs")


def config_file(of: str | None = None) -> str:
    """Return the path of config.toml, whether it exists or not."""
    return os.path.join(home(of), "config.toml")


def env_file(of: str | None = None) -> str:
    """Return the path of .env, whether it exists or not."""
    return os.path.join(home(of), ".env")


def make(of: str | None = None, *, events: str | None = None, responses: str | None = None) -> None:
    """Create the home and all its directories, 0700; the mode of existing ones does not change.

    `events` and `responses` are paths from flags. Raises UnusableDirectory, which names the path, for a
    directory that cannot be created, entered or written.
    """
    root = home(of)
    answers = responses or responses_dir(root)
    for path in (
        root,
        events or events_dir(root),
        answers,
        os.path.join(answers, "taken"),
        rejected_dir(root),
        state_dir(root),
        sessions_dir(root),
        logs_dir(root),
    ):
        try:
            os.makedirs(path, mode=0o700, exist_ok=True)
        except FileExistsError:
            raise UnusableDirectory("is a file; a directory is needed here", file=path) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UnusableDirectory(f"cannot be created: {reason}", file=path) from None
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            raise UnusableDirectory("cannot be written by this user", file=path)


def expand(path: str) -> str:
    """Return `path` with a leading `~` or `~user` expanded. Raises SettingsError if there is no such home."""
    if not path.startswith("~"):
        return path
    expanded = os.path.expanduser(path)
    if expanded.startswith("~"):
        raise SettingsError(f"{path}: there is no home directory for the ~")
    return expanded


def within(root: str, path: str) -> str:
    """Return the path of a setting: expanded, and resolved against the home `root` if relative."""
    return os.path.normpath(os.path.join(root, expand(path)))


def _moved(root: str, variable: str, key: str, usual: str) -> str:
    path = environment.get(variable) or _from_files(root, variable, key) or usual
    return within(root, path)


def _from_files(root: str, variable: str, key: str) -> str | None:
    """Return the value from .env, else the profile, else config.toml; None if none of them sets it."""
    dotenv = _dotenv(root) if _mentions(env_file(root), b"CC_TELEGRAM_") else {}
    if variable in dotenv and dotenv[variable][0]:
        return dotenv[variable][0]
    file = config_file(root)
    if not _mentions(file, key.encode()):
        return None
    from cctelegram.config import toml  # noqa: PLC0415  costs 20 ms, and the spool is rarely moved

    parsed, _ = toml.read(file)
    profile = environment.get("CC_TELEGRAM_PROFILE") or dotenv.get("CC_TELEGRAM_PROFILE", ("", 0))[0]
    for table in (_table(_table(parsed, "profile"), profile), parsed):
        value = _table(table, "spool").get(key)
        if value is not None:
            if not isinstance(value, str) or not value:
                raise SettingsError(f"a path was expected, not {value!r}", file=file, key=f"spool.{key}")
            return value
    return None


def _dotenv(root: str) -> "dict[str, tuple[str, int]]":
    from cctelegram.config import dotenv  # noqa: PLC0415  only if there is an .env

    return dotenv.read(env_file(root))


def _table(parsed: "dict[str, object]", name: str) -> "dict[str, object]":
    table = parsed.get(name)
    return table if isinstance(table, dict) else {}


def _mentions(path: str, word: bytes) -> bool:
    try:
        with open(path, "rb") as opened:
            return word in opened.read()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror}", file=path) from None
