from __future__ import annotations

import pickle
import traceback
from typing import TYPE_CHECKING

import msgspec
import pytest

from cctelegram.config import show
from cctelegram.config.errors import SettingsError
from cctelegram.config.secret import Secret
from config.homes import TOKEN, problem, read, write

if TYPE_CHECKING:
    from pathlib import Path


def test_r49_a_token_in_config_toml_is_refused_and_the_message_names_the_right_place(
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


def test_r49_the_token_is_in_no_representation_of_the_settings(tmp_path: Path) -> None:
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
