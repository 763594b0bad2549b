from __future__ import annotations

import os
import pickle
import traceback
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.config import pages, place, show, toml, zone
from cctelegram.config.errors import SettingsError
from cctelegram.config.load import Loaded, load
from cctelegram.config.secret import Secret
from cctelegram.config.settings import Settings
from cctelegram.config.table import BY_NAME, TABLE

TOKEN = "123456789:AAF-made_up_for_this_test_0123456789"
DOCS = Path(__file__).parents[2] / "docs"


def write(home: Path, config: str = "", env: str | None = None) -> Path:
    (home / "config.toml").write_text(config)
    if env is not None:
        (home / ".env").write_text(env)
        (home / ".env").chmod(0o600)
    return home


def read(home: Path, environ: dict[str, str] | None = None, flags: dict[str, object] | None = None) -> Loaded:
    return load(str(home), environ or {}, flags)


def problem(home: Path, environ: dict[str, str] | None = None, flags: dict[str, object] | None = None) -> str:
    with pytest.raises(SettingsError) as raised:
        read(home, environ, flags)
    return str(raised.value)


def test_r30_everything_has_a_default_but_token_and_users(tmp_path: Path) -> None:
    loaded = read(tmp_path / "not-there")
    assert loaded.settings.telegram.token is None
    assert loaded.settings.telegram.allowed_users == ()
    assert loaded.settings.telegram.owner is None
    assert loaded.settings.telegram.bot_id is None
    assert loaded.settings.spool.events_dir == str(tmp_path / "not-there" / "events")
    assert loaded.warnings == ()
    assert set(loaded.origins.values()) == {"default"}


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


def test_later_sources_win_and_origins_say_which_it_was(tmp_path: Path) -> None:
    key, variable = "display.style", "CC_TELEGRAM_MESSAGE_STYLE"
    assert read(tmp_path).origins[key] == "default"
    write(tmp_path, '[display]\nstyle = "detailed"\n[profile.ci.display]\nstyle = "concise"\n')
    loaded = read(tmp_path)
    assert (loaded.settings.display.style, loaded.origins[key]) == ("detailed", "config.toml, line 2")
    profile = {"CC_TELEGRAM_PROFILE": "ci"}
    loaded = read(tmp_path, profile)
    assert loaded.settings.display.style == "concise"
    assert loaded.origins[key] == "config.toml, line 4, profile ci"
    (tmp_path / ".env").write_text(f"\n{variable}=detailed\n")
    loaded = read(tmp_path, profile)
    assert (loaded.settings.display.style, loaded.origins[key]) == ("detailed", ".env, line 2")
    loaded = read(tmp_path, {**profile, variable: "concise"})
    assert loaded.settings.display.style == "concise"
    assert loaded.origins[key] == f"environment, {variable}"
    loaded = read(tmp_path, {**profile, variable: "concise"}, {key: "detailed", "log.level": None})
    assert (loaded.settings.display.style, loaded.origins[key]) == ("detailed", "flag")
    assert loaded.origins["log.level"] == "default"


def test_the_profile_can_be_chosen_in_the_env_file(tmp_path: Path) -> None:
    write(tmp_path, "[profile.slow.pacing]\nchat_per_second = 0.5\n", "CC_TELEGRAM_PROFILE=slow\n")
    assert read(tmp_path).settings.pacing.chat_per_second == 0.5


def test_a_profile_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    write(tmp_path, "[profile.ci.http]\nport = 0\n")
    assert "[profile.cl]" in problem(tmp_path, {"CC_TELEGRAM_PROFILE": "cl"})
    assert problem(tmp_path, {"CC_TELEGRAM_PROFILE": "cl"}).endswith("there is: ci")


def test_a_mistake_in_a_profile_is_told_though_another_one_is_chosen(tmp_path: Path) -> None:
    write(tmp_path, "[profile.a.http]\nport = 0\n[profile.b.http]\nport = 70000\n")
    assert "config.toml:4: http.port: read 70000" in problem(tmp_path, {"CC_TELEGRAM_PROFILE": "a"})


def test_an_env_file_of_the_working_directory_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout" / ".env").write_text(f"TELEGRAM_BOT_TOKEN={TOKEN}\n")
    monkeypatch.chdir(tmp_path / "checkout")
    assert read(tmp_path / "home").settings.telegram.token is None


@pytest.mark.parametrize("key", TABLE, ids=lambda key: key.name)
def test_each_key_is_read_from_its_environment_name(tmp_path: Path, key: object) -> None:
    assert isinstance(key, type(TABLE[0]))
    given = TOKEN if key.secret else str(key.default).strip("[]") or "UTC"
    if key.name == "telegram.allowed_users":
        given = "7, 8"
    assert read(tmp_path, {key.environment: given}).origins[key.name] == f"environment, {key.environment}"


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
    ("[http]\nhost = 'example.org'", 2, "http.host", "an IP address or localhost"),
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
def test_what_is_wrong_in_config_toml_is_told_with_line_key_and_what_is_allowed(
    tmp_path: Path, config: str, line: int | None, key: str, words: str
) -> None:
    told = problem(write(tmp_path, config))
    assert told.startswith(f"{tmp_path}/config.toml" + (f":{line}: {key}" if line else ""))
    assert words in told
    assert "\n" not in told


def test_config_toml_that_is_not_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"[log]\nlevel = 'inf\xff'")
    assert "config.toml:2: is not UTF-8" in problem(tmp_path)


def test_config_toml_as_windows_writes_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xef\xbb\xbf[log]\r\nlevel = 'debug'\r\n")
    loaded = read(tmp_path)
    assert (loaded.settings.log.level, loaded.origins["log.level"]) == ("debug", "config.toml, line 2")


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
def test_what_is_wrong_in_the_environment_is_told_with_its_variable(
    tmp_path: Path, environ: dict[str, str], words: str
) -> None:
    assert words in problem(tmp_path, environ)


def test_what_is_wrong_in_a_flag_is_told(tmp_path: Path) -> None:
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
        ("CC_TELEGRAM_HOME=/x", "counts in the environment alone"),
        ("CC_TELEGRAM_MODE=away", ".env:2: mode.initial: read 'away'; allowed: one of nomad, local, muted"),
        ("just words", ".env:2: this line is not KEY=VALUE"),
    ],
)
def test_what_is_wrong_in_the_env_file_is_told_with_its_line(tmp_path: Path, line: str, words: str) -> None:
    assert words in problem(write(tmp_path, env=f"# mine\n{line}\n"))


def test_unknown_variables_of_the_environment_are_a_warning(tmp_path: Path) -> None:
    (warning,) = read(tmp_path, {"CC_TELEGRAM_MESAGE_STYLE": "x", "PATH": "/bin", "TELEGRAM_X": "1"}).warnings
    assert "CC_TELEGRAM_MESAGE_STYLE" in warning
    assert "the nearest is CC_TELEGRAM_MESSAGE_STYLE" in warning


@pytest.mark.skipif(os.name != "posix", reason="no modes")
def test_an_env_file_that_others_can_read_is_a_warning(tmp_path: Path) -> None:
    write(tmp_path, env=f"TELEGRAM_BOT_TOKEN={TOKEN}\n")
    assert read(tmp_path).warnings == ()
    (tmp_path / ".env").chmod(0o640)
    assert read(tmp_path).warnings == (
        f"{tmp_path}/.env can be read by other users: chmod 600 {tmp_path}/.env",
    )


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
def test_plain_http_goes_to_this_machine_alone(tmp_path: Path, address: str, fine: bool) -> None:
    if fine:
        loaded = read(tmp_path, flags={"telegram.api_base": address})
        assert loaded.settings.telegram.api_base == address.rstrip("/")
    else:
        assert "plain http:// only to this machine" in problem(tmp_path, flags={"telegram.api_base": address})


def test_r49_the_token_is_not_taken_from_config_toml_and_the_message_says_where_it_goes(
    tmp_path: Path,
) -> None:
    told = problem(write(tmp_path, f'[telegram]\ntoken = "{TOKEN}"\n'))
    assert told.startswith(f"{tmp_path}/config.toml:2: telegram.token: ")
    assert f"TELEGRAM_BOT_TOKEN=... to {tmp_path}/.env" in told
    assert TOKEN not in told


MISPLACED = [
    ("", f"TELEGRAM_BOT_TOKEN='{TOKEN} x'"),
    ("", f"TELEGRAM_BOT_TOKEN={TOKEN}/x"),
    ("", f"TELEGRAM_BOT_TOKEN='{TOKEN}"),
    ("", f"TELEGRAM_BOT_TOKEN {TOKEN}"),
    ("", f"TELEGRAM_ALLOWED_USERS={TOKEN}"),
    ("", f"CC_TELEGRAM_API_BASE=https://api.telegram.org/bot{TOKEN}?"),
    (f'[telegram]\nbot_token = "{TOKEN}"', ""),
    (f'[telegram]\nallowed_users = ["{TOKEN}"]', ""),
    (f'[telegram]\ntoken = {{x = "{TOKEN}"}}', ""),
    (f"[telegram]\ntoken = {TOKEN}", ""),
]


@pytest.mark.parametrize(("config", "env"), MISPLACED)
def test_r49_a_token_in_the_wrong_place_is_in_no_message(tmp_path: Path, config: str, env: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read(write(tmp_path, config, env))
    told = "".join(traceback.format_exception(raised.value))
    assert TOKEN.partition(":")[2] not in told + repr(raised.value)


def test_r49_the_token_shows_in_nothing_that_is_written_down(tmp_path: Path) -> None:
    loaded = read(write(tmp_path, env=f"TELEGRAM_BOT_TOKEN={TOKEN}\n"))
    token = loaded.settings.telegram.token
    assert token is not None
    assert token.reveal() == TOKEN
    assert loaded.settings.telegram.bot_id == 123456789
    written = [repr(loaded), str(loaded), f"{token} {token!r} {token!s:>3}", str(show.rows(loaded))]
    assert not any(TOKEN.partition(":")[2] in text for text in written)
    with pytest.raises(TypeError):
        pickle.dumps(token)
    with pytest.raises(TypeError):
        msgspec.json.encode(loaded.settings)
    assert token == Secret(TOKEN)
    assert hash(token) == hash(Secret(TOKEN))


def test_config_show_has_each_key_once_with_value_and_origin(tmp_path: Path) -> None:
    rows = show.rows(read(write(tmp_path, env=f"TELEGRAM_BOT_TOKEN={TOKEN}\nTELEGRAM_ALLOWED_USERS=7,8,7\n")))
    assert [row[0] for row in rows] == ["home", *BY_NAME]
    assert ("telegram.token", "********", ".env, line 1") in rows
    assert ("telegram.allowed_users", "[7, 8]", ".env, line 2") in rows
    assert ("http.port", "8787", "default") in rows


def test_r38_the_example_file_loads_and_is_the_defaults(tmp_path: Path) -> None:
    bare = read(tmp_path).settings
    write(tmp_path, (DOCS / pages.EXAMPLE).read_text())
    loaded = read(tmp_path)
    assert loaded.settings == bare
    defaults = {name for name, origin in loaded.origins.items() if origin == "default"}
    assert defaults == {"telegram.token"}, "every key but the token stands in the example"


@pytest.mark.parametrize(
    ("name", "made"), [(pages.EXAMPLE, pages.example), (pages.REFERENCE, pages.reference)]
)
def test_r39_the_pages_are_what_the_table_says(name: str, made: object) -> None:
    assert callable(made)
    assert (DOCS / name).read_text() == made(), "run: python -m cctelegram.config.pages docs"


def test_the_cheap_and_the_whole_reader_find_the_same_directories(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [
        (
            "config",
            '[spool]\nevents_dir = "a"\nresponses_dir = "~/b"\n[profile.p.spool]\nevents_dir = "/p"\n',
        ),
        ("profile", "p"),
        ("env", "CC_TELEGRAM_EVENTS_DIR=e\nCC_TELEGRAM_RESPONSES_DIR=''\nCC_TELEGRAM_PROFILE=q\n"),
        ("environment", "~/c"),
    ]
    for name in [name for name in os.environ if name.startswith("CC_TELEGRAM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    seen = set()
    for source, given_ in sources:
        if source == "config":
            (tmp_path / "config.toml").write_text(given_)
        elif source == "profile":
            monkeypatch.setenv("CC_TELEGRAM_PROFILE", given_)
        elif source == "env":
            (tmp_path / ".env").write_text(given_)
        else:
            monkeypatch.setenv("CC_TELEGRAM_EVENTS_DIR", given_)
        spool = load(str(tmp_path)).settings.spool
        assert spool.events_dir == place.events_dir(str(tmp_path))
        assert spool.responses_dir == place.responses_dir(str(tmp_path))
        seen.add(spool.events_dir)
    assert len(seen) == 4


def test_the_zone_is_the_named_one_or_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(zone.zone("Europe/Berlin")) == "Europe/Berlin"
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    assert str(zone.zone("")) == "Asia/Kathmandu"
    monkeypatch.delenv("TZ")
    assert zone.zone("").utcoffset(None) is None or zone.zone("") is not None


def test_the_line_of_a_key_is_found_in_every_way_toml_can_write_it() -> None:
    text = """\
a.b = 1
[ x . 'y' ] # comment
"k=" = 2
long = '''
[z]
k = 4'''
in = {line = 1}
[[many]]
k = 1
"""
    assert [
        toml.line_of(text, path)
        for path in [("a", "b"), ("x", "y"), ("x", "y", "long"), ("x", "y", "in", "line"), ("many",), ("no",)]
    ] == [1, 2, 4, 7, 8, None]


scalars = (
    st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3), max_leaves=6)


def refusal(home: Path) -> SettingsError | None:
    try:
        read(home)
    except SettingsError as error:
        return error
    return None


def _toml(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    return str(value).lower() if isinstance(value, bool) else show.text(value)


@given(key=st.sampled_from(TABLE), value=values)
def test_whatever_stands_at_a_key_is_taken_or_refused_by_line_and_name(
    tmp_path_factory: pytest.TempPathFactory, key: object, value: object
) -> None:
    assert isinstance(key, type(TABLE[0]))
    home = tmp_path_factory.getbasetemp() / "any-value"
    home.mkdir(exist_ok=True)
    section, _, name = key.name.rpartition(".")
    write(home, f"# first line\n[{section}]\n{name} = {_toml(value)}\n")
    error = refusal(home)
    if error is not None:
        assert (error.line, error.key) == (3, key.name)
        assert "allowed: " in error.problem or key.secret or "~" in error.problem


@given(
    text=st.text(st.characters(exclude_categories=["Cs"])) | st.from_regex(r"(\[[a-z.]+\]|[a-z.]+ = .*|\n)*")
)
def test_whatever_stands_in_the_file_is_taken_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    home = tmp_path_factory.getbasetemp() / "any-text"
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_bytes(text.encode())
    error = refusal(home)
    if error is not None:
        assert error.file == f"{home}/config.toml"
        assert error.line is not None
