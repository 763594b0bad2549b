from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cctelegram.config import paths, show
from cctelegram.config.load import load, survey
from cctelegram.config.restart import value_of
from cctelegram.config.table import TABLE, Key
from config.homes import TOKEN, problem, read, refusal, write

if TYPE_CHECKING:
    from pathlib import Path


def test_r30_everything_has_a_default_but_token_and_users(tmp_path: Path) -> None:
    loaded = read(tmp_path / "not-there")
    assert loaded.settings.telegram.token is None
    assert loaded.settings.telegram.allowed_users == ()
    assert loaded.settings.telegram.owner is None
    assert loaded.settings.telegram.bot_id is None
    assert loaded.settings.spool.events_dir == str(tmp_path / "not-there" / "events")
    assert loaded.warnings == ()
    assert set(loaded.origins.values()) == {"default"}


def test_later_sources_override_and_the_origin_names_the_source(tmp_path: Path) -> None:
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


def test_an_unknown_profile_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    write(tmp_path, "[profile.ci.http]\nport = 0\n")
    assert "[profile.cl]" in problem(tmp_path, {"CC_TELEGRAM_PROFILE": "cl"})
    assert problem(tmp_path, {"CC_TELEGRAM_PROFILE": "cl"}).endswith("there are: ci")


def test_an_error_in_a_profile_that_is_not_chosen_is_reported(tmp_path: Path) -> None:
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
    if key.name == "otel.endpoint":
        given = "http://127.0.0.1:4318"
    if key.sample:  # tables are written as JSON
        given = json.dumps(key.default)
    assert read(tmp_path, {key.environment: given}).origins[key.name] == f"environment, {key.environment}"


scalars = (
    st.integers(-2, 70_000)
    | st.floats(0, 100).map(lambda value: round(value, 3))
    | st.sampled_from([word for key in TABLE for word in key.kind.allowed.replace(",", "").split()])
    | st.sampled_from(["UTC", "~/x", "https://example.org", "::1", TOKEN])
    | st.booleans()
)


@given(key=st.sampled_from([key for key in TABLE if not key.secret]), value=scalars)
def test_r39_the_environment_accepts_the_values_of_config_toml(
    tmp_path_factory: pytest.TempPathFactory, key: Key, value: object
) -> None:
    home = tmp_path_factory.getbasetemp() / "environment"
    home.mkdir(exist_ok=True)
    section, _, name = key.name.rpartition(".")
    write(
        home, f"[{section}]\n{name} = {show.text(value)}\n" if section else f"{name} = {show.text(value)}\n"
    )
    in_file = None if refusal(home) else value_of(read(home).settings, key.name)
    write(home)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    assume(
        not isinstance(value, bool) or key.kind.name == "boolean"
    )  # a text has no other kind than the key's
    loaded, problems = survey(str(home), {key.environment: text})
    if in_file is not None:
        assert problems == ()
        assert value_of(loaded.settings, key.name) == in_file
        assert loaded.origins[key.name] == f"environment, {key.environment}"
    elif isinstance(value, str) and key.kind.text is str:
        assert [each.key for each in problems] == [key.name]


def test_config_toml_as_windows_writes_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xef\xbb\xbf[log]\r\nlevel = 'debug'\r\n")
    loaded = read(tmp_path)
    assert (loaded.settings.log.level, loaded.origins["log.level"]) == ("debug", "config.toml, line 2")


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
        f"{tmp_path}/.env can be read by other users; run chmod 600 {tmp_path}/.env",
    )


def test_the_fast_and_the_full_reader_find_the_same_directories(
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
        assert spool.events_dir == paths.events_dir(str(tmp_path))
        assert spool.responses_dir == paths.responses_dir(str(tmp_path))
        seen.add(spool.events_dir)
    assert len(seen) == 4
