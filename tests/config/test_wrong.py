from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.config import show
from cctelegram.config.table import TABLE
from config.homes import problem, read, refusal, write

if TYPE_CHECKING:
    from pathlib import Path

WRONG = [
    ("[telegram]\npol_seconds = 3", 2, "telegram.pol_seconds", "the nearest is telegram.poll_seconds"),
    (
        "[telegram]\npoll_seconds = 0",
        2,
        "telegram.poll_seconds",
        "read 0; allowed: a whole number from 1 to 50",
    ),
    (
        "[telegram]\n\n# x\npoll_seconds = '5'",
        4,
        "telegram.poll_seconds",
        "read '5'; allowed: a whole number",
    ),
    ("telegram.poll_seconds = true", 1, "telegram.poll_seconds", "read True"),
    ("telegram = {poll_seconds = 1.5}", 1, "telegram.poll_seconds", "read 1.5"),
    ("[telegram]\nallowed_users = 5", 2, "telegram.allowed_users", "read 5; allowed: a list"),
    (
        "[telegram]\nallowed_users = [1, -5]",
        2,
        "telegram.allowed_users",
        "allowed: a list of Telegram user ids",
    ),
    (
        "[telegram]\nallowed_users = ['me']",
        2,
        "telegram.allowed_users",
        "allowed: a list of Telegram user ids",
    ),
    ("[telegram.poll_seconds]\nx = 1", 1, "telegram.poll_seconds", "read {'x': 1}"),
    ("[http]\nport = 65536", 2, "http.port", "from 0 to 65535"),
    ("[http]\nhost = 'example.org'", 2, "http.host", "127.x.x.x, ::1 or localhost"),
    ("[http]\nhost = '0.0.0.0'", 2, "http.host", "read '0.0.0.0'; allowed: a loopback address"),
    ("[http]\nhost = '::'", 2, "http.host", "127.x.x.x, ::1 or localhost"),
    ("[http]\nhost = '192.168.0.4'", 2, "http.host", "127.x.x.x, ::1 or localhost"),
    ("[http]\nhost = '::ffff:127.0.0.1'", 2, "http.host", "127.x.x.x, ::1 or localhost"),
    ("[http]\nhost = '::1%lo'", 2, "http.host", "127.x.x.x, ::1 or localhost"),
    ("[http]\nhost = ''", 2, "http.host", "127.x.x.x, ::1 or localhost"),
    ("[mode]\ninitial = 'away'", 2, "mode.initial", "one of nomad, local, muted"),
    ("[display]\ntimezone = 'Mars/Olympus'", 2, "display.timezone", "an IANA name"),
    ("[display]\ntimezone = 'America'", 2, "display.timezone", "an IANA name"),
    ("[display]\ntimezone = '../../etc/passwd'", 2, "display.timezone", "an IANA name"),
    ("[pacing]\nchat_per_second = nan", 2, "pacing.chat_per_second", "a number from"),
    ("[pacing]\nchat_per_second = 0", 2, "pacing.chat_per_second", "a number from"),
    ("[spool]\nevents_dir = ''", 2, "spool.events_dir", "a path"),
    ("[spool]\nevents_dir = '~nobody-of-this-name/x'", 2, "spool.events_dir", "no home directory"),
    ("[pools.sent]\nidle = 3", 1, "pools.sent", "there is no such setting"),
    ("[nonsense]", 1, "nonsense", "there is no such setting"),
    ("display = 'x'", 1, "display", "there is no such setting"),
    ("home = '/x'", 1, "home", "there is no such setting"),
    ("profile = 1", 1, "", "a table was expected"),
    ("[profile]\nci = 1", 2, "profile.ci", "a table was expected"),
    ("[a\n", 1, "", "is not TOML"),
    ("a = 1\na = 2\n", 2, "", "is not TOML"),
    ("x = " + "9" * 5000, 1, "", ""),
    ("x = " + "[" * 5000, None, "", ""),
]


@pytest.mark.parametrize(("config", "line", "key", "words"), WRONG)
def test_an_error_in_config_toml_names_the_line_the_key_and_the_allowed_values(
    tmp_path: Path, config: str, line: int | None, key: str, words: str
) -> None:
    told = problem(write(tmp_path, config))
    assert told.startswith(f"{tmp_path}/config.toml" + (f":{line}: {key}" if line else ""))
    assert words in told
    assert "\n" not in told


def test_config_toml_that_is_not_utf_8_is_reported_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"[log]\nlevel = 'inf\xff'")
    assert "config.toml:2: is not UTF-8" in problem(tmp_path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for name in (".env", "config.toml"):
        (tmp_path / name).mkdir()
        assert problem(tmp_path) == f"{tmp_path}/{name}: cannot be read: Is a directory"
        (tmp_path / name).rmdir()


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        (
            {"CC_TELEGRAM_HEALTH_PORT": "many"},
            "CC_TELEGRAM_HEALTH_PORT: http.port: read 'many'; allowed: a whole",
        ),
        ({"CC_TELEGRAM_HEALTH_PORT": "1_0"}, "read '1_0'"),
        ({"TELEGRAM_ALLOWED_USERS": "1,@me"}, "telegram.allowed_users: read '1,@me'; allowed: a list"),
        ({"CC_TELEGRAM_PACING_CHAT_PER_SECOND": "inf"}, "pacing.chat_per_second: read inf"),
    ],
)
def test_an_error_in_the_environment_names_the_variable(
    tmp_path: Path, environ: dict[str, str], words: str
) -> None:
    assert words in problem(tmp_path, environ)


def test_an_error_in_a_flag_is_reported(tmp_path: Path) -> None:
    assert problem(tmp_path, flags={"http.port": "-1"}).startswith("flag: http.port: read -1")
    assert problem(tmp_path, flags={"http.port": 1.0}).startswith("flag: http.port: read 1.0")
    assert "the nearest is http.port" in problem(tmp_path, flags={"http.prt": 1})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "TELEGRAM_BOT_TOKE=x",
            ".env:2: TELEGRAM_BOT_TOKE: there is no such setting; the nearest is TELEGRAM_BOT_TOKEN",
        ),
        ("CC_TELEGRAM_HOME=/x", "is read from the environment only"),
        ("CC_TELEGRAM_MODE=away", ".env:2: mode.initial: read 'away'; allowed: one of nomad, local, muted"),
        ("just words", ".env:2: this line is not KEY=VALUE"),
    ],
)
def test_an_error_in_the_env_file_names_the_line(tmp_path: Path, line: str, words: str) -> None:
    assert words in problem(write(tmp_path, env=f"# mine\n{line}\n"))


ADDRESSES = {
    "https://api.telegram.org": True,
    "https://bot-api.example.org:8443/telegram": True,
    "http://127.0.0.1:8081": True,
    "http://127.8.9.1": True,
    "http://localhost:1": True,
    "http://[::1]:80/": True,
    "http://api.telegram.org": False,
    "http://192.168.1.4:8081": False,
    "http://0.0.0.0:8081": False,
    "http://localhost.example.org": False,
    "http://127.0.0.1.example.org": False,
    "http://127.0.0.1@example.org": False,
    "http://127.0.0.1\\@example.org": False,
    "http://127.0.0.1#@example.org": False,
    "http://127.1": False,
    "http://[::ffff:9.9.9.9]": False,
    "https://user:word@example.org": False,
    "https://example.org?x=1": False,
    "https://": False,
    "https://example.org:99999": False,
    "https://exa mple.org": False,
    "https://example.org\nx": False,
    "ftp://example.org": False,
    "api.telegram.org": False,
    "": False,
}


@pytest.mark.parametrize(("address", "fine"), ADDRESSES.items())
def test_plain_http_is_allowed_to_this_machine_only(tmp_path: Path, address: str, fine: bool) -> None:
    if fine:
        loaded = read(tmp_path, flags={"telegram.api_base": address})
        assert loaded.settings.telegram.api_base == address.rstrip("/")
    else:
        assert "plain http:// only to this machine" in problem(tmp_path, flags={"telegram.api_base": address})


scalars = (
    st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3), max_leaves=6)


def _toml(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    return str(value).lower() if isinstance(value, bool) else show.text(value)


@given(key=st.sampled_from(TABLE), value=values)
def test_any_value_of_a_key_is_accepted_or_refused_with_line_and_name(
    tmp_path_factory: pytest.TempPathFactory, key: object, value: object
) -> None:
    assert isinstance(key, type(TABLE[0]))
    home = tmp_path_factory.getbasetemp() / "any-value"
    home.mkdir(exist_ok=True)
    section, _, name = key.name.rpartition(".")
    head = f"[{section}]" if section else ""  # a key may stand in no section
    write(home, f"# first line\n{head}\n{name} = {_toml(value)}\n")
    error = refusal(home)
    if error is not None:
        assert (error.line, error.key) == (3, key.name)
        assert "allowed: " in error.problem or key.secret or "~" in error.problem


@given(
    text=st.text(st.characters(exclude_categories=["Cs"])) | st.from_regex(r"(\[[a-z.]+\]|[a-z.]+ = .*|\n)*")
)
def test_any_file_is_accepted_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    home = tmp_path_factory.getbasetemp() / "any-text"
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_bytes(text.encode())
    error = refusal(home)
    if error is not None:
        assert error.file == f"{home}/config.toml"
        assert error.line is not None
