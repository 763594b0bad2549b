"""A home with old files, for tests of cleanup: real files with set times."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cctelegram.config import paths
from cctelegram.config.load import load

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.config.settings import Settings

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
NOW = 1_800_000_000 * SECOND
ANSWER = "20261123T174112.{number:06}Z-deploy-0123abcd.json"


def make(folder: Path, config: str = "") -> Settings:
    """Make a home with all its directories; return its settings."""
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text(config)
    paths.make(str(folder))
    return load(str(folder), {}, {}).settings


def write(file: Path, age: int, size: int = 10, now: int = NOW) -> Path:
    """Write a file whose content is `age` (us) old."""
    file.write_bytes(b"x" * size)
    when = (now - age) * 1000
    os.utime(file, ns=(when, when))
    return file


def answer(folder: Path, number: int, age: int) -> Path:
    """Write a file with the name of an answer."""
    return write(folder / ANSWER.format(number=number), age)
