"""A file is replaced as a whole or not at all, and nothing is left beside it."""

from __future__ import annotations

import io
import stat
from typing import TYPE_CHECKING

import pytest

from cctelegram import durable

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_replaced_at_the_end_of_the_block(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text("old")
    with durable.replacing(file) as out:
        out.write(b"new")
        assert file.read_text() == "old"
    assert file.read_text() == "new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_block_that_raises_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text("old")
    with pytest.raises(io.UnsupportedOperation), durable.replacing(file) as out:
        out.read()
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]
