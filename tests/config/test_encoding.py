"""One rule for the encoding of a person's files: UTF-8, or UTF-16 with a byte-order mark."""

from __future__ import annotations

import codecs
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.config import dotenv, toml
from cctelegram.config.encoding import Undecodable, decode
from cctelegram.config.errors import SettingsError
from running import COMMAND, environment

if TYPE_CHECKING:
    from pathlib import Path

MARKED = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}
WITHOUT_NUL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"))


@given(WITHOUT_NUL, st.sampled_from(sorted(MARKED)))
def test_a_text_reads_the_same_in_each_accepted_encoding(text: str, encoding: str) -> None:
    assert decode(MARKED[encoding] + text.encode(encoding)) == text
    assert decode(text.encode()) == text


@given(st.binary())
def test_any_bytes_decode_or_fail_with_a_message(data: bytes) -> None:
    refused: Undecodable | None = None
    try:
        decode(data).encode()
    except Undecodable as error:
        refused = error
    if refused is not None:
        assert str(refused).endswith("Write it in UTF-8, or in UTF-16 with a byte-order mark.")
        assert 0 <= refused.offset < len(data)


@pytest.mark.parametrize("encoding", sorted(MARKED))
def test_env_and_config_are_read_with_a_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    env, config = tmp_path / ".env", tmp_path / "config.toml"
    env.write_bytes(MARKED[encoding] + "# käse\r\nA=b\r\n".encode(encoding))
    config.write_bytes(MARKED[encoding] + '# käse\r\n[mode]\r\ninitial = "local"\r\n'.encode(encoding))
    assert dotenv.read(str(env)) == {"A": ("b", 2)}
    assert toml.read(str(config))[0] == {"mode": {"initial": "local"}}


REFUSED = {
    b"A=1\nB=\xff\n": ":2: is not UTF-8; write it in UTF-8, or in UTF-16 with a byte-order mark",
    "A=1\r\n".encode("utf-16-le"): ":1: is UTF-16 without a byte-order mark; write it in UTF-8, or",
    codecs.BOM_UTF32_LE + "A=1".encode("utf-32-le"): ":1: is UTF-32; write it in UTF-8, or",
}


@pytest.mark.parametrize("data", REFUSED)
def test_another_encoding_is_named_with_advice(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(data)
    for read in (dotenv.read, toml.read):
        with pytest.raises(SettingsError) as raised:
            read(str(file))
        assert REFUSED[data] in str(raised.value)


def test_a_setting_is_changed_in_a_file_in_utf_16(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_bytes(codecs.BOM_UTF16_LE + '# käse\n[mode]\ninitial = "local"\n'.encode("utf-16-le"))
    command = [COMMAND, "config", "set", "mode.initial", "muted", "--home", str(tmp_path)]
    subprocess.run(command, env=environment(), check=True)
    assert config.read_text(encoding="utf-8") == '# käse\n[mode]\ninitial = "muted"\n'
