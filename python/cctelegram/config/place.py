"""Where things lie on disk: the home and the directories of the protocol.

Every function takes the home, or finds it when it is not given: `CC_TELEGRAM_HOME`, else `~/.cc_telegram`.
A path in a setting may begin with `~`, and one that is not absolute is taken from the home, so that a
bridge and a hook that were started in different directories mean the same one.

The spool can be moved (`spool.events_dir`, `spool.responses_dir`), and then the sources count as they do
for all settings: config.toml < its profile < .env < environment; a flag is given to the bridge alone.
`load.py` reads the same; tests/config/test_place.py holds the two together.

Start-cheap: `send`, `hook` and `mcp` ask here before anything else, so the TOML parser is imported only
when config.toml says something of a directory.
"""

# ruff: noqa: PTH100, PTH103, PTH111, PTH118, PTH123  # pathlib costs more than a command that starts here may

import os

from cctelegram.config import environment
from cctelegram.config.errors import SettingsError, UnusableDirectory

DEFAULT_HOME = "~/.cc_telegram"
EVENTS = "CC_TELEGRAM_EVENTS_DIR"
RESPONSES = "CC_TELEGRAM_RESPONSES_DIR"


def home(given: str | None = None) -> str:
    """Return the absolute path of the home: `given` (a flag), else the environment's, else the default."""
    return os.path.abspath(expand(given or environment.get("CC_TELEGRAM_HOME") or DEFAULT_HOME))


def events_dir(of: str | None = None) -> str:
    """Return the directory that producers write events to."""
    return _moved(home(of), EVENTS, "events_dir", "events")


def responses_dir(of: str | None = None) -> str:
    """Return the directory that answers are written to; the ones taken lie in `taken/` below it."""
    return _moved(home(of), RESPONSES, "responses_dir", "responses")


def rejected_dir(of: str | None = None) -> str:
    """Return the directory of the files that could not be used."""
    return os.path.join(home(of), "rejected")


def state_dir(of: str | None = None) -> str:
    """Return the directory of the store, the lock and `bridge.json`."""
    return os.path.join(home(of), "state")


def sessions_dir(of: str | None = None) -> str:
    """Return the directory with one locked file for each MCP session."""
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
    """Make the home and all its directories, 0700; those that exist keep the mode they have.

    `events` and `responses` are where a flag has put them. Raises UnusableDirectory, which names the path,
    for one that cannot be made, entered or written.
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
            raise UnusableDirectory("is a file, and a directory is needed here", file=path) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UnusableDirectory(f"cannot be made: {reason}", file=path) from None
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            raise UnusableDirectory("cannot be written by this user", file=path)


def expand(path: str) -> str:
    """Return `path` with a leading `~` or `~user` expanded; SettingsError where there is no such home."""
    if not path.startswith("~"):
        return path
    expanded = os.path.expanduser(path)
    if expanded.startswith("~"):
        raise SettingsError(f"{path}: there is no home directory to put in place of the ~")
    return expanded


def within(root: str, path: str) -> str:
    """Return `path` as a setting means it: expanded, and taken from the home `root` if not absolute."""
    return os.path.normpath(os.path.join(root, expand(path)))


def _moved(root: str, variable: str, key: str, usual: str) -> str:
    path = environment.get(variable) or _from_files(root, variable, key) or usual
    return within(root, path)


def _from_files(root: str, variable: str, key: str) -> str | None:
    """Return what .env, else the profile, else config.toml says; None if none of them says anything."""
    dotenv = _dotenv(root) if _mentions(env_file(root), b"CC_TELEGRAM_") else {}
    if variable in dotenv and dotenv[variable][0]:
        return dotenv[variable][0]
    file = config_file(root)
    if not _mentions(file, key.encode()):
        return None
    from cctelegram.config import toml  # noqa: PLC0415  costs 20 ms, and hardly anyone moves the spool

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
    from cctelegram.config import dotenv  # noqa: PLC0415  only where there is an .env

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
