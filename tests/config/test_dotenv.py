from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.config import dotenv
from cctelegram.config.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

READ = {
    "A=b": {"A": "b"},
    "A = b ": {"A": "b"},
    "export A=b": {"A": "b"},
    "\ufeffA=b\r\nB=c\r\n": {"A": "b", "B": "c"},
    "# A=b\n\n  # x\nA=c": {"A": "c"},
    "A=b # comment": {"A": "b"},
    "A=b#no-comment": {"A": "b#no-comment"},
    "A=#comment": {"A": ""},
    "A=": {"A": ""},
    "A='b # c' # d": {"A": "b # c"},
    r"A='b\n'": {"A": r"b\n"},
    r'A="b\n\"\\ \x"': {"A": 'b\n"\\ \\x'},
    "A=b=c": {"A": "b=c"},
    "A=$HOME": {"A": "$HOME"},
    "A=1\nA=2": {"A": "2"},
    "A=\u2028b\u2028\nB=1": {"A": "b", "B": "1"},
}


@pytest.mark.parametrize(("text", "values"), READ.items())
def test_a_line_is_read_as_documented(text: str, values: dict[str, str]) -> None:
    assert {name: value for name, (value, _) in dotenv.parse(text).items()} == values


@pytest.mark.parametrize("line", ["A", "=b", "A B=c", "1A=b", "A-B=c", "A='b", 'A="b\\"', "A='b' c"])
def test_an_invalid_line_is_reported_by_number_and_never_shown(line: str) -> None:
    with pytest.raises(SettingsError, match=r"^\.env:2: ") as raised:
        dotenv.parse(f"X=secret\n{line}\n")
    assert "secret" not in str(raised.value)


def test_a_file_that_is_not_utf_8_is_reported_with_its_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=b\nB=\xff\n")
    with pytest.raises(SettingsError, match=r"\.env:2: is not UTF-8"):
        dotenv.read(str(tmp_path / ".env"))


names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]*", fullmatch=True)
values = st.text(st.characters(exclude_categories=["Cs"]))


def _quoted(value: str) -> str:
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        value = value.replace(plain, escaped)
    return f'"{value}"'


@given(st.dictionaries(names, values))
def test_a_quoted_value_is_read_back_unchanged(given_: dict[str, str]) -> None:
    text = "".join(f"{name}={_quoted(value)}\n" for name, value in given_.items())
    assert {name: value for name, (value, _) in dotenv.parse(text).items()} == given_


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read = dotenv.parse(text)
    except SettingsError as error:
        line = error.line
    else:
        line = 1
        assert len(read) <= text.count("\n") + 1
    assert line in range(1, text.count("\n") + 2)
