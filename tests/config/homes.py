"""A home for one test, and its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cctelegram.config.errors import SettingsError
from cctelegram.config.load import Loaded, load

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "123456789:AAF-made_up_for_this_test_0123456789"


def write(home: Path, config: str = "", env: str | None = None) -> Path:
    (home / "config.toml").write_text(config, encoding="utf-8")
    if env is not None:
        (home / ".env").write_text(env, encoding="utf-8")
        (home / ".env").chmod(0o600)
    return home


def read(home: Path, environ: dict[str, str] | None = None, flags: dict[str, object] | None = None) -> Loaded:
    return load(str(home), environ or {}, flags)


def problem(home: Path, environ: dict[str, str] | None = None, flags: dict[str, object] | None = None) -> str:
    with pytest.raises(SettingsError) as raised:
        read(home, environ, flags)
    return str(raised.value)


def refusal(home: Path) -> SettingsError | None:
    try:
        read(home)
    except SettingsError as error:
        return error
    return None
